/**
 * As whom an account may write: in the envelope, and in the header where that is asked for.
 *
 * RFC 6409 §6.1: a submission server may refuse an address for which the account has no rights, with 550 and 5.7.1.
 */
import { readAddressList } from '../mail/address-list.ts';
import { fieldsNamed, unfoldedValue } from '../mail/headers.ts';
import type { Mailbox } from '../names/mailbox.ts';
import { covers, type MailboxPattern } from '../policies/overrides/rule.ts';
import type { Refusal } from '../protocols/smtp/server/state.ts';
import type { Accounts } from './accounts.ts';
import type { IncomingMessage, Treatment } from './treatment.ts';

export interface SenderRights {
  /** null: every address. */
  readonly senders: readonly MailboxPattern[] | null;
  /** Whether the null sender is one of them, which notifications have (RFC 5321 §4.5.5). */
  readonly nullSender: boolean;
  /** Whether From and Sender in the header have to be such addresses, too. */
  readonly header: boolean;
}

export const anySender: SenderRights = { senders: null, nullSender: true, header: false };

/** @returns why the account may not have this sender in the envelope; undefined where it may. */
export function refusalOfSender(
  user: string,
  { senders, nullSender }: SenderRights,
  sender: Mailbox | null,
): Refusal | undefined {
  if (sender === null) {
    return nullSender ? undefined : refusal(`${user} may not send with the empty sender`);
  }
  if (senders === null || isOneOf(senders, sender)) return undefined;
  return refusal(`${user} may not send as ${sender.text}`);
}

/** Refuses messages whose From or Sender is not the account's. */
export function headerSenders(rightsOf: Accounts['rightsOf']): Treatment {
  return (message, before) => {
    const user = message.envelope.account;
    const rights = user === null ? undefined : rightsOf(user)?.sender;
    if (user === null || rights === undefined || !rights.header || rights.senders === null) return before;
    const because = faultOfHeader(message, rights.senders);
    return because === undefined ? before : { kind: 'refused', ...refusal(`${user} may not: ${because}`) };
  };
}

/**
 * Whether From and Sender name only such addresses.
 *
 * RFC 5322 §3.6: From stands exactly once and Sender at most once. Of two From fields each reader shows another one, so a
 * second one is refused, and so is a header section whose end was not seen or is in doubt.
 */
export function faultOfHeader(
  { head, section }: Pick<IncomingMessage, 'head' | 'section'>,
  senders: readonly MailboxPattern[],
): string | undefined {
  if (section.endedBy === 'limit') return 'the header section is too long to be looked at';
  // Some readers skip the line, and take a From behind it for the author.
  if (section.endedBy === 'not-a-field') return 'a line of the header section is not a field';
  for (const [name, least] of [
    ['From', 1],
    ['Sender', 0],
  ] as const) {
    const fields = fieldsNamed(section, name);
    if (fields.length > 1) return `there is more than one ${name} field`;
    const [field] = fields;
    if (field === undefined) {
      if (least === 1) return 'there is no From field';
      continue;
    }
    const addresses = readAddressList(unfoldedValue(head, field));
    if (addresses.kind === 'invalid') return `the ${name} field cannot be read: ${addresses.because}`;
    const other = addresses.value.find((address) => !isOneOf(senders, address));
    if (other !== undefined) return `${name} names ${other.text}`;
  }
  return undefined;
}

function isOneOf(senders: readonly MailboxPattern[], mailbox: Mailbox): boolean {
  return senders.some((pattern) => covers(pattern, mailbox));
}

/** Of an address that is not ASCII a reply shows what every client can read. */
function refusal(text: string): Refusal {
  return { code: 550, enhanced: '5.7.1', text: text.replace(/[^\x20-\x7e]/gu, '?') };
}
