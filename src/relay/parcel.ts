/** A message with those of its recipients that go the same way. */
import { formatMailDomain, type MailDomain, parseMailbox } from '../names/mailbox.ts';
import type { RecipientWishes, SenderWishes } from '../names/wishes.ts';
import { type Route, routeFor } from '../policies/overrides/route.ts';
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
}

export interface Parcel {
  readonly course: Course;
  /** Whose room its connections take: the scheduling key. */
  readonly destination: string;
  readonly sender: string;
  readonly wishes: SenderWishes;
  /** At least one. */
  readonly recipients: readonly Addressee[];
  readonly properties: MessageProperties;
  /** The content; read only once a host waits for it. */
  readonly body: () => Promise<BodySource>;
  /** Waited for between two transactions, with those whom the first one delivered to. */
  readonly onDelivered: (delivered: readonly RecipientResult[]) => Promise<void>;
}

/**
 * Groups recipients whose mail may share a transaction: the same hosts under the same rule.
 *
 * By MX that is a domain; behind a configured next hop it is all that the rule sends there, whatever the domain.
 */
export function byCourse(
  recipients: readonly Addressee[],
  { routes }: Pick<Outgoing, 'routes'>,
): Iterable<Pick<Parcel, 'course' | 'recipients'>> {
  const groups = new Map<string, { course: Course; recipients: Addressee[] }>();
  for (const recipient of recipients) {
    const mailbox = parseMailbox(recipient.address, { utf8: true });
    if (mailbox.kind !== 'ok') throw new Error(`the queue holds a bad address: ${mailbox.because}`);
    const { at } = mailbox.value;
    const route = routeFor(at, routes);
    const configured = route !== undefined && route.to !== null;
    // A rule for one domain, or with one host for all: either way the same certificate is asked of the same host.
    const key = configured ? String(routes.indexOf(route)) : formatMailDomain(at);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { course: { domain: at, route }, recipients: [recipient] });
    else group.recipients.push(recipient);
  }
  return groups.values();
}
