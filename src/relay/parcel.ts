/** A message with those of its recipients that go the same way. */
import { formatMailDomain, type Mailbox, type MailDomain, parseMailbox } from '../names/mailbox.ts';
import type { MessageTerms } from '../names/message-terms.ts';
import type { RecipientWishes, SenderWishes } from '../names/wishes.ts';
import { type MessageDemand, messageDemand } from '../policies/message.ts';
import type { Release } from '../policies/overrides/release.ts';
import { type Route, routeFor } from '../policies/overrides/route.ts';
import { type Ruled, ruledFor } from '../policies/overrides/rule.ts';
import type { MessageProperties } from '../store/queue-store.ts';
import type { BodySource } from '../wire/bytes.ts';
import type { RecipientResult } from './result.ts';
import type { Outgoing } from './settings.ts';

/** A recipient as the envelope names it. */
export interface Addressee {
  readonly address: string;
  readonly wishes: RecipientWishes;
}

/** How recipients are reached: what is settled before any host is looked up. */
export interface Course {
  /** Where there is no configured next hop, this domain's hosts are asked; else it is that of the first recipient. */
  readonly domain: MailDomain;
  readonly route: Route | undefined;
  /** What the operator's rules say of mail between just these two. */
  readonly ruled: Ruled;
  /** What an operator has said of just this message, and still holds. */
  readonly release: Release | null;
}

export interface Parcel {
  readonly course: Course;
  /** Whose room its connections take: the scheduling key. */
  readonly destination: string;
  readonly sender: string;
  readonly wishes: SenderWishes;
  readonly terms: MessageTerms;
  /** At least one. */
  readonly recipients: readonly Addressee[];
  readonly properties: MessageProperties;
  /** The content; read only once a host waits for it. */
  readonly body: () => Promise<BodySource>;
  /** Waited for between two transactions, with those whom the first one delivered to. */
  readonly onDelivered: (delivered: readonly RecipientResult[]) => Promise<void>;
}

/** What the message itself asks for on this course. */
export function demandOf(
  { course: { route }, sender, terms }: Pick<Parcel, 'course' | 'sender' | 'terms'>,
  outgoing: Pick<Outgoing, 'requireTls'>,
): MessageDemand | null {
  return demandOn(route, { sender, terms }, outgoing);
}

function demandOn(
  route: Route | undefined,
  { sender, terms: { tls } }: Pick<Parcel, 'sender' | 'terms'>,
  { requireTls }: Pick<Outgoing, 'requireTls'>,
): MessageDemand | null {
  // How far REQUIRETLS goes there is said in the configuration.
  if (route?.endsHere === true && (tls === 'encrypt' || tls === 'authenticate')) return null;
  return messageDemand(tls, route?.requireTls ?? requireTls, sender === '');
}

/** A message as far as it decides about its way. */
interface Sorted extends Pick<Parcel, 'sender' | 'terms' | 'recipients'>, Pick<Course, 'release'> {}

/**
 * Groups recipients whose mail may share a transaction: the same hosts under the same rule.
 *
 * By MX that is a domain; behind a configured next hop it is all that the rule sends there, whatever the domain.
 */
export function byCourse(
  { sender, terms, recipients, release }: Sorted,
  outgoing: Pick<Outgoing, 'routes' | 'rules' | 'requireTls'>,
): Iterable<Pick<Parcel, 'course' | 'recipients'>> {
  const { routes, rules } = outgoing;
  const groups = new Map<string, { course: Course; recipients: Addressee[] }>();
  const from = sender === '' ? null : mailboxOf(sender);
  for (const recipient of recipients) {
    const to = mailboxOf(recipient.address);
    const { at } = to;
    const route = routeFor(at, routes);
    const demand = demandOn(route, { sender, terms }, outgoing);
    const ruled = asDemanded(ruledFor({ account: terms.account, from, to }, rules), demand);
    const configured = route !== undefined && route.to !== null;
    // A rule for one domain, or with one host for all: either way the same certificate is asked of the same host.
    const way = configured ? String(routes.indexOf(route)) : formatMailDomain(at);
    const key = `${way} ${ruled.tls?.level ?? '-'} ${ruled.onBlocked ?? '-'}`;
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { course: { domain: at, route, ruled, release }, recipients: [recipient] });
    else group.recipients.push(recipient);
  }
  return groups.values();
}

/** RFC 8689 §4.2.1: where REQUIRETLS cannot be had the sender "MUST" be told, whatever a rule says of blocked mail. */
function asDemanded(ruled: Ruled, demand: MessageDemand | null): Ruled {
  return demand?.requireTls === 'must' ? { ...ruled, onBlocked: 'bounce' } : ruled;
}

function mailboxOf(address: string): Mailbox {
  const mailbox = parseMailbox(address, { utf8: true });
  if (mailbox.kind !== 'ok') throw new Error(`the queue holds a bad address: ${mailbox.because}`);
  return mailbox.value;
}
