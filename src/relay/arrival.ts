/** What is put on record of a message that comes in: in front of its content, and as events. */
import type { DeliveryEvent, EventArrival, EventTls } from '../events/delivery-event.ts';
import { fieldsNamed, type HeaderSection, unfoldedValue } from '../mail/headers.ts';
import { formatReceived } from '../mail/received.ts';
import { missingFields } from '../mail/submission.ts';
import { formatMailDomain, type MailDomain } from '../names/mailbox.ts';
import { type MessageTerms, noTerms } from '../names/message-terms.ts';
import type { Envelope } from '../protocols/smtp/server/state.ts';
import type { Receipt } from '../store/queue-store.ts';

/** Who hands the message over. */
export interface Submitter {
  readonly address: string;
  /** `local`: through the control socket, so that no wire was involved; `http`: through the HTTP API. */
  readonly by: 'smtp' | 'local' | 'http';
  /** `submission`: it comes from its author, and what the header lacks is added (RFC 6409 §8). */
  readonly role: 'submission' | 'mx';
  /** What the listener demands. */
  readonly requires: 'none' | 'encrypt';
  /** In a network of the operator's, or this host itself. */
  readonly trusted: boolean;
  /** The address is that of a front or a proxy, which named no client; absent: it is the client's own. */
  readonly anonymous?: boolean;
  /** Of a user of this host, the user id. */
  readonly uid?: number;
  /** What it says of this message beside envelope and content; absent: nothing. */
  readonly said?: Said;
}

/** Whoever is on the control socket. */
export const atTheSocket: Submitter = {
  address: '127.0.0.1',
  by: 'local',
  role: 'submission',
  requires: 'none',
  trusted: true,
};

export interface Said {
  readonly terms: Pick<MessageTerms, 'tls' | 'tellOutcome' | 'trace'>;
  /** null: the request has no key. */
  readonly receipt: Receipt | null;
}

export interface Arrival {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly submitter: Submitter;
  readonly envelope: Envelope;
  /** Our name. */
  readonly hostname: MailDomain;
}

/** What holds for the message before any step has looked at it. */
export function firstTerms({ said }: Submitter, { account, requireTls }: Envelope): MessageTerms {
  return { ...noTerms, account, ...said?.terms, ...(requireTls ? { tls: 'requiretls' } : {}) };
}

/** The fields that go in front of the content, whose header section is `section`. */
export function frontFields(arrival: Arrival, section: HeaderSection): string {
  const { id, at, submitter, envelope } = arrival;
  const hostname = formatMailDomain(arrival.hostname);
  const received = formatReceived({
    helo: envelope.hello,
    peer: submitter.uid === undefined ? submitter.address : { uid: submitter.uid },
    by: hostname,
    protocol: submitter.by === 'http' ? 'http' : envelope.extended ? 'esmtp' : 'smtp',
    authenticated: envelope.account !== null,
    utf8: envelope.smtpUtf8,
    cipher: envelope.tls?.cipher ?? null,
    id,
    recipients: envelope.recipients.map(({ mailbox }) => mailbox.text),
    at,
  });
  if (submitter.role !== 'submission') return received;
  return received + missingFields(section, { at, token: id, domain: hostname });
}

/** Message-IDs are shorter; each recipient's trail keeps it. */
const MOST_MESSAGE_ID = 250;

/** What the message is called by its header as it is kept; null: it is not, or not in a way that is worth keeping. */
export function messageIdOf(
  { id, submitter, hostname }: Arrival,
  beginning: Uint8Array,
  section: HeaderSection,
): string | null {
  const [field] = fieldsNamed(section, 'message-id');
  if (field !== undefined) {
    const value = unfoldedValue(beginning, field).trim();
    return value === '' || value.length > MOST_MESSAGE_ID ? null : value;
  }
  const domain = formatMailDomain(hostname);
  const added = submitter.role === 'submission' ? missingFields(section, { at: 0, token: id, domain }) : '';
  return added.includes('Message-ID:') ? `<${id}@${domain}>` : null;
}

/** One for each recipient. */
export function arrivalEvents(
  { id, at, submitter, envelope }: Arrival,
  { trace }: Pick<MessageTerms, 'trace'>,
  content: Pick<EventArrival, 'messageId' | 'size'>,
): DeliveryEvent[] {
  const { by, anonymous, address, uid } = submitter;
  const arrival: EventArrival = {
    by,
    client: by === 'local' || anonymous === true ? null : address,
    account: envelope.account,
    uid: uid ?? null,
    ...content,
    recipients: envelope.recipients.length,
  };
  // Through the control socket there was no wire, so there is nothing to say about TLS.
  const tls = submitter.by === 'local' ? null : tlsOfArrival(submitter, envelope);
  return envelope.recipients.map(({ mailbox }) => ({
    event: 'received',
    id,
    at: new Date(at).toISOString(),
    from: envelope.sender?.text ?? '',
    to: mailbox.text,
    mx: null,
    reply: null,
    attempt: 0,
    tls,
    nextAttemptAt: null,
    ...(trace === null ? {} : { trace }),
    arrival,
  }));
}

function tlsOfArrival({ address, requires }: Submitter, { tls: facts, account }: Envelope): EventTls {
  const how = facts === undefined ? 'in clear' : 'over TLS';
  return {
    outcome: facts === undefined ? 'cleartext' : 'encrypted',
    required: requires,
    by: 'default',
    because: `taken ${how} from ${address}${account === null ? '' : `, logged in as ${account}`}`,
    version: facts?.version ?? null,
    cipher: facts?.cipher ?? null,
    group: facts?.group ?? null,
    certificateSha256: null,
    peerName: null,
    tlsa: null,
  };
}
