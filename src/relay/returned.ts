/** Mail that came back to one of our bounce addresses: who it was for, what became of it, and whether it counts. */
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { type ReturnedEvent, returnedEvent } from '../events/returned-event.ts';
import { type ReadReport, type ReportedRecipient, readReport } from '../mail/read-report.ts';
import { type Mailbox, parseMailbox } from '../names/mailbox.ts';
import type { SuppressionRule } from '../store/client-store.ts';
import type { BounceAddress, BounceAddresses, BounceSettings } from './bounce-addresses.ts';
import { isHard, type Suppressions } from './suppression.ts';
import type { IncomingMessage, Treatment } from './treatment.ts';

/** Characters. */
const LONGEST_DIAGNOSTIC = 500;
/** Of one message: a report of 100 recipients that is sent to 1,000 spellings of one address would raise 100,000. */
const MOST_EVENTS = 100;

export interface ReturnedParts {
  readonly addresses: BounceAddresses;
  /** null: nobody is suppressed. */
  readonly suppress: SuppressionRule | null;
  readonly suppressions: Pick<Suppressions, 'note'>;
  readonly onEvents: (events: readonly ReturnedEvent[]) => void;
}

/** Reads what came back; the message itself goes on as it is, and is told of once it is kept. */
export function readingReturned(parts: ReturnedParts): Treatment {
  const { addresses, suppress, suppressions, onEvents } = parts;
  return (message, before) => {
    const reached = reachedBy(message.envelope.recipients, addresses);
    if (reached.length === 0) return before;
    const report = readReport(message.head);
    const events = reached
      .flatMap(({ mailbox, address }) => eventsOf(message, mailbox, address, report, suppress !== null))
      .slice(0, MOST_EVENTS);
    if (events.length === 0) return before;
    return {
      ...before,
      whenKept() {
        onEvents(events);
        if (suppress === null) return;
        for (const { counted, recipient, status, diagnostic } of events) {
          const mailbox = recipient === null ? undefined : mailboxOf(recipient);
          if (counted && mailbox !== undefined && status !== null)
            suppressions.note({ recipient: mailbox, at: message.at, status, diagnostic }, suppress);
        }
      },
    };
  };
}

interface Reached {
  readonly mailbox: Mailbox;
  readonly address: BounceAddress;
}

/**
 * Each copy once: with other delimiters and in another case an address is the same, and whoever names it three times in one
 * message would have it count as three.
 */
function reachedBy(
  recipients: IncomingMessage['envelope']['recipients'],
  addresses: BounceAddresses,
): readonly Reached[] {
  const seen = new Set<string>();
  const reached = new Map<string, Reached>();
  for (const { mailbox } of recipients) {
    const text = mailbox.text.toLowerCase();
    const address = seen.has(text) ? undefined : addresses.read(mailbox);
    if (address === undefined) continue;
    seen.add(text);
    const { sender, verp } = address;
    const recipient = verp?.recipient?.text.toLowerCase();
    const copy =
      verp === null || recipient === undefined ? text : `${verp.proof} ${sender.text} ${recipient}`;
    if (!reached.has(copy)) reached.set(copy, { mailbox, address });
    if (seen.size === MOST_EVENTS) break;
  }
  return [...reached.values()];
}

/** One for the recipient that the address names; else one for each that the report names. */
function eventsOf(
  message: IncomingMessage,
  to: Mailbox,
  { sender, verp }: BounceAddress,
  report: ReadReport,
  counts: boolean,
): readonly ReturnedEvent[] {
  const from = message.envelope.sender?.text ?? '';
  const proof = verp?.proof ?? 'untagged';
  const eventOf = (recipient: string | null, said: ReportedRecipient | undefined): ReturnedEvent => {
    // Notifications come from nobody (RFC 5321 §4.5.5): what has a sender was written by somebody who got our mail.
    const isProof = proof === 'ours' && from === '';
    return returnedEvent({
      id: message.id,
      at: new Date(message.at).toISOString(),
      from,
      to: to.text,
      sender: sender.text,
      recipient,
      proof,
      action: said?.action ?? null,
      status: said?.status ?? null,
      diagnostic: said?.diagnostic ?? null,
      remoteMta: said?.remoteMta ?? null,
      reportingMta: report.kind === 'report' ? report.reportingMta : null,
      envelopeId: report.kind === 'report' ? report.envelopeId : null,
      counted: counts && isProof && said?.action === 'failed' && isHardIn(said),
    });
  };
  const recipients = report.kind === 'report' ? report.recipients : [];
  if (verp !== null) return [eventOf(verp.recipient?.text ?? null, saidOf(verp.recipient, recipients))];
  return recipients.map((said) => eventOf(said.originalRecipient ?? said.finalRecipient, said));
}

/**
 * Exim writes 5.0.0 (RFC 3463 §3.1, "Other undefined Status") for whatever stood in the reply, and the reply beside it: what
 * that says of policy or content must not count against the recipient.
 */
function isHardIn({ status, diagnostic }: ReportedRecipient): boolean {
  const [, code, replied] =
    /^(5[0-9]{2})(?:[ -](5\.[0-9]{1,3}\.[0-9]{1,3}))?(?= |$)/.exec(diagnostic ?? '') ?? [];
  const exact = status === '5.0.0' && replied !== undefined ? replied : status;
  return isHard(exact, code === undefined ? undefined : Number(code));
}

/** What a report says of this recipient; of a copy for one recipient alone it is about nobody else, whatever it calls him. */
function saidOf(
  recipient: Mailbox | null,
  recipients: readonly ReportedRecipient[],
): ReportedRecipient | undefined {
  const own = recipient?.text.toLowerCase();
  const named = recipients.find(({ originalRecipient, finalRecipient }) =>
    [originalRecipient, finalRecipient].some((name) => name !== null && name.toLowerCase() === own),
  );
  return named ?? (recipients.length === 1 ? recipients[0] : undefined);
}

/** Counts what hosts refused for good when we tried: of that there is no report, as the sender hears it from us. */
export function noteOwnBounces(
  events: readonly DeliveryEvent[],
  { addresses, suppress }: Pick<BounceSettings, 'addresses' | 'suppress'>,
  suppressions: Pick<Suppressions, 'note'>,
): void {
  if (suppress === null) return;
  for (const { event, from, to, at, reply } of events) {
    if ((event !== 'bounced' && event !== 'dropped') || reply === null || reply.code < 500) continue;
    if (!addresses.some(({ text }) => text.toLowerCase() === from.toLowerCase())) continue;
    const status = reply.enhanced ?? '5.0.0';
    const recipient = mailboxOf(to);
    if (recipient === undefined || !isHard(status, reply.code)) continue;
    const diagnostic = `${reply.code} ${reply.text}`.slice(0, LONGEST_DIAGNOSTIC);
    suppressions.note({ recipient, at: Date.parse(at), status, diagnostic }, suppress);
  }
}

function mailboxOf(text: string): Mailbox | undefined {
  const parsed = parseMailbox(text, { utf8: true });
  return parsed.kind === 'ok' ? parsed.value : undefined;
}
