/** Who sends, and for whom: the envelope of a message that comes by HTTP. */
import { readHeaderSection } from '../../mail/headers.ts';
import { withCrlf } from '../../mail/line-endings.ts';
import type { IpAddress } from '../../names/address.ts';
import { isAscii } from '../../names/domain.ts';
import { formatMailDomain, type Mailbox, parseMailbox } from '../../names/mailbox.ts';
import type { MessageTerms } from '../../names/message-terms.ts';
import { type NotifyCondition, noSenderWishes } from '../../names/wishes.ts';
import { covers } from '../../policies/overrides/rule.ts';
import type { Envelope } from '../../protocols/smtp/server/state.ts';
import type { TlsFacts } from '../../wire/tls-facts.ts';
import { faultOfHeader } from '../senders.ts';
import { type Refused, refused } from './answers.ts';
import type { ApiKey } from './api-key.ts';
import { type JsonMessage, notifyConditions, tlsWishes } from './message-json.ts';
import { type Query, valueOf } from './query.ts';

/** What a request says of the way of its message. */
export interface Directions {
  readonly kind: 'ok';
  /** null: the null sender. */
  readonly from: Mailbox | null;
  /** At least one. */
  readonly to: readonly Mailbox[];
  readonly notify: readonly NotifyCondition[] | null;
  readonly terms: Pick<MessageTerms, 'tls' | 'tellOutcome'>;
  /** Whether each copy names its recipient in its envelope sender. */
  readonly verp: boolean;
  /** Whether what the header holds beyond ASCII is UTF-8 (RFC 6532 §3.2), as it is where it was made here. */
  readonly utf8: boolean;
}

/** The names that {@link directionsInQuery} reads: once, and as often as one likes. */
export const envelopeNames = { single: ['from', 'tls', 'tell', 'notify', 'verp'], several: ['to'] } as const;

/** Of a message that is handed in as it is: by the query of its URL. */
export function directionsInQuery(query: Query, mostRecipients: number): Directions | Refused {
  const from = valueOf(query, 'from');
  if (from === undefined)
    return refused(400, 'from: is missing; from= without a value is the null sender', { field: 'from' });
  const sender = from === '' ? null : mailboxIn('from', from);
  if (sender?.kind === 'refused') return sender;
  const to: Mailbox[] = [];
  for (const text of query.values.get('to') ?? []) {
    const recipient = mailboxIn('to', text);
    if (recipient.kind === 'refused') return recipient;
    to.push(recipient.mailbox);
  }
  const terms = termsIn(query);
  if (terms.kind === 'refused') return terms;
  const directions: Directions = {
    kind: 'ok',
    from: sender?.mailbox ?? null,
    to,
    utf8: [sender?.mailbox.text ?? '', ...to.map(({ text }) => text)].some((text) => !isAscii(text)),
    ...terms.value,
  };
  return bounded(directions, mostRecipients);
}

/** Of a message that is made here: by its envelope, else by its header. */
export function directionsInMessage(message: JsonMessage, mostRecipients: number): Directions | Refused {
  const { envelope, from, to, cc, bcc, tls = null, tell, notify = null, verp } = message;
  const directions: Directions = {
    kind: 'ok',
    from: envelope.from === undefined ? from.mailbox : envelope.from,
    to: envelope.to ?? [...to, ...cc, ...bcc].map(({ mailbox }) => mailbox),
    notify,
    utf8: true,
    terms: { tls, tellOutcome: tell === 'outcome' },
    verp,
  };
  return bounded(directions, mostRecipients);
}

function bounded(directions: Directions, most: number): Directions | Refused {
  const { length } = directions.to;
  if (length === 0) return refused(400, 'to: no recipient is named', { field: 'to' });
  return length > most
    ? refused(400, `to: ${length} recipients are too many, the limit is ${most}`, {
        field: 'to',
        limit: most,
      })
    : directions;
}

type MailboxRead = { readonly kind: 'ok'; readonly mailbox: Mailbox } | Refused;

function mailboxIn(field: string, text: string): MailboxRead {
  const parsed = parseMailbox(text, { utf8: true });
  return parsed.kind === 'ok'
    ? { kind: 'ok', mailbox: parsed.value }
    : refused(400, `${field}: ${parsed.because}`, { field });
}

function termsIn(
  query: Query,
): { readonly kind: 'ok'; readonly value: Pick<Directions, 'terms' | 'notify' | 'verp'> } | Refused {
  const asked = valueOf(query, 'tls');
  const tls = asked === undefined ? null : tlsWishes.find((wish) => wish === asked);
  if (tls === undefined) return refused(400, `tls: is one of ${tlsWishes.join(', ')}`, { field: 'tls' });
  if (tls === 'optional')
    // It has to stand in the message for the relays behind us, and the message stays as it is.
    return refused(400, 'tls: say optional in the header of the message, TLS-Required: No', { field: 'tls' });
  const tell = valueOf(query, 'tell');
  if (tell !== undefined && tell !== 'outcome') return refused(400, 'tell: is outcome', { field: 'tell' });
  const notify = valueOf(query, 'notify');
  const conditions = notify === undefined ? null : conditionsIn(notify);
  if (conditions === undefined)
    return refused(400, `notify: is a list of ${notifyConditions.join(', ')} with commas, or never`, {
      field: 'notify',
    });
  const verp = valueOf(query, 'verp');
  if (verp !== undefined && verp !== 'yes') return refused(400, 'verp: is yes', { field: 'verp' });
  const terms = { tls, tellOutcome: tell !== undefined };
  return { kind: 'ok', value: { notify: conditions, terms, verp: verp !== undefined } };
}

function conditionsIn(text: string): readonly NotifyCondition[] | undefined {
  if (text === 'never') return [];
  const conditions = text.split(',').map((word) => notifyConditions.find((known) => known === word));
  return conditions.every((condition) => condition !== undefined) ? conditions : undefined;
}

/** @param senders whom the message claims to be from. */
export function forbiddenSender(
  senders: readonly (Mailbox | null)[],
  { name, senders: allowed }: ApiKey,
): Refused | undefined {
  if (allowed === null) return undefined;
  const wrong = senders.find(
    (sender) => sender === null || !allowed.some((pattern) => covers(pattern, sender)),
  );
  if (wrong === undefined) return undefined;
  const who = wrong === null ? 'the null sender' : wrong.text;
  return refused(403, `the key ${name} may not send as ${who}`, { field: 'from' });
}

/** So much of a message is looked at; a longer header section is refused where it matters who stands in it. */
const HEADER_LIMITS = { bytes: 64 * 1024, fields: 5_000 };

/** @param content with line ends as files have them. */
export function forbiddenHeader(
  content: Uint8Array,
  { name, senders }: Pick<ApiKey, 'name' | 'senders'>,
): Refused | undefined {
  if (senders === null) return undefined;
  const head = withCrlf(content.subarray(0, HEADER_LIMITS.bytes + 1));
  const because = faultOfHeader({ head, section: readHeaderSection(head, HEADER_LIMITS) }, senders);
  return because === undefined ? undefined : refused(403, `the key ${name} may not send this: ${because}`);
}

/** Who hands it in. */
interface Origin {
  readonly account: string;
  readonly address: IpAddress;
  readonly tls: TlsFacts | undefined;
}

export function envelopeOf(
  { from, to, notify, terms, verp, utf8 }: Directions,
  { account, address, tls }: Origin,
): Envelope {
  const wishes = { notify, originalRecipient: null };
  return {
    hello: formatMailDomain({ kind: 'literal', address }),
    extended: true,
    tls,
    account,
    sender: from,
    smtpUtf8: utf8,
    requireTls: terms.tls === 'requiretls',
    wishes: noSenderWishes,
    recipients: to.map((mailbox) => ({ mailbox, wishes })),
    ...(verp ? { verp: '' } : {}),
  };
}
