/** Reads what Postfix's postcat prints of the envelope of a message, by `postcat -e`. */
import { isAscii, type Parsed } from '../../names/domain.ts';
import { formatMailDomain, type Mailbox, parseMailbox } from '../../names/mailbox.ts';
import type { NotifyCondition, RecipientWishes, SenderWishes } from '../../names/wishes.ts';
import { toAsciiUnitext } from '../../names/xtext.ts';
import type { NewRecipient } from '../../store/queue-store.ts';

export interface PostfixEnvelope {
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** null: the null sender. */
  readonly sender: Mailbox | null;
  readonly wishes: SenderWishes;
  /** Those who still have to get it; empty: nobody, the message is done. */
  readonly recipients: readonly NewRecipient[];
}

interface Draft {
  receivedAt: number | undefined;
  sender: Mailbox | null | undefined;
  ret: SenderWishes['ret'];
  envelopeId: string | null;
  notify: RecipientWishes['notify'];
  originalRecipient: string | null;
  readonly recipients: NewRecipient[];
}

const UTF8 = { utf8: true } as const;
/** RFC 3461 §4.2. */
const MAX_ORIGINAL_RECIPIENT = 500;
/** As asctime(3) writes it. */
const TIME =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4}$/;
/** The bits of notify_flags; the first one, alone, is NEVER. */
const NEVER = 1;
const CONDITIONS: readonly (readonly [bit: number, condition: NotifyCondition])[] = [
  [2, 'success'],
  [4, 'failure'],
  [8, 'delay'],
];

/** @param text with TZ=UTC, as the time stands in it without a zone. */
export function readPostcatEnvelope(text: string): Parsed<PostfixEnvelope> {
  const draft: Draft = {
    receivedAt: undefined,
    sender: undefined,
    ret: null,
    envelopeId: null,
    notify: null,
    originalRecipient: null,
    recipients: [],
  };
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('***')) continue;
    const colon = line.indexOf(': ');
    if (colon === -1) return invalid(`it has a line without a name: ${line}`);
    const because = takeLine(draft, line.slice(0, colon), line.slice(colon + 2));
    if (because !== undefined) return invalid(because);
  }
  const { receivedAt, sender, ret, envelopeId, recipients } = draft;
  if (receivedAt === undefined || sender === undefined)
    return invalid('it does not say when it came, or from whom');
  return { kind: 'ok', value: { receivedAt, sender, wishes: { ret, envelopeId }, recipients } };
}

/** @returns what is wrong with it. */
function takeLine(draft: Draft, name: string, value: string): string | undefined {
  switch (name) {
    case 'message_arrival_time': {
      const at = TIME.test(value) ? Date.parse(`${value} UTC`) : Number.NaN;
      if (!Number.isFinite(at)) return `its time of arrival is ${value}`;
      draft.receivedAt = at;
      return undefined;
    }
    case 'sender': {
      const mailbox = value === '' ? undefined : parseMailbox(value, UTF8);
      if (mailbox?.kind === 'invalid') return `its sender: ${mailbox.because}`;
      draft.sender = mailbox?.value ?? null;
      return undefined;
    }
    case 'named_attribute':
      return takeAttribute(draft, value);
    case 'recipient':
    case 'done_recipient':
    case 'canceled_recipient': {
      const { notify, originalRecipient } = draft;
      // These stand before each recipient anew.
      draft.notify = null;
      draft.originalRecipient = null;
      if (name !== 'recipient') return undefined;
      const mailbox = parseMailbox(value, UTF8);
      if (mailbox.kind === 'invalid') return `a recipient: ${mailbox.because}`;
      const destination = formatMailDomain(mailbox.value.at);
      draft.recipients.push({
        address: mailbox.value.text,
        destination,
        wishes: { notify, originalRecipient },
      });
      return undefined;
    }
    default:
      return undefined;
  }
}

function takeAttribute(draft: Draft, attribute: string): string | undefined {
  const equals = attribute.indexOf('=');
  const value = attribute.slice(equals + 1);
  switch (attribute.slice(0, equals)) {
    case 'envelope_id':
      draft.envelopeId = toXtext(value);
      return undefined;
    case 'ret_flags':
      if (value !== '0' && value !== '1' && value !== '2') return `its ret_flags are ${value}`;
      draft.ret = value === '1' ? 'full' : value === '2' ? 'headers' : null;
      return undefined;
    case 'notify_flags': {
      const flags = Number(value);
      if (!/^[0-9]{1,2}$/.test(value) || flags > 15) return `its notify_flags are ${value}`;
      const asked = CONDITIONS.flatMap(([bit, condition]) => ((flags & bit) === 0 ? [] : [condition]));
      draft.notify = flags === 0 ? null : flags === NEVER ? [] : asked;
      return undefined;
    }
    case 'dsn_orig_rcpt': {
      const [, type = '', address = ''] = /^([A-Za-z0-9-]+);(.+)$/.exec(value) ?? [];
      // RFC 6533 §3: beyond ASCII the type is utf-8, and its 7-bit form can go anywhere.
      const isUtf8 = type.toLowerCase() === 'utf-8';
      const written = isUtf8 ? toUnitext(address) : toXtext(address);
      const fits = written.length <= MAX_ORIGINAL_RECIPIENT;
      draft.originalRecipient =
        address !== '' && fits && (isAscii(address) || isUtf8) ? `${type};${written}` : null;
      return undefined;
    }
    default:
      return undefined;
  }
}

/** RFC 6533 §3, in its 7-bit form. */
function toUnitext(text: string): string {
  return toAsciiUnitext(
    text.replace(/[\\+= ]/g, (character) => `\\x{${character.charCodeAt(0).toString(16).toUpperCase()}}`),
  );
}

/** RFC 3461 §4; Postfix keeps what it stands for. */
function toXtext(text: string): string {
  return text.replace(/[^\x21-\x2a\x2c-\x3c\x3e-\x7e]/g, (character) => {
    const hex = character.charCodeAt(0).toString(16).toUpperCase();
    return `+${hex.padStart(2, '0')}`;
  });
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
