/**
 * Notifications to the sender: a message failed, is late, or has arrived.
 *
 * RFC 3464 (delivery status), RFC 6522 (multipart/report), RFC 6533 (beyond ASCII), RFC 3834 §5 (Auto-Submitted).
 */
import { isAscii } from '../names/domain.ts';
import { decodeUnitext, decodeXtext } from '../names/xtext.ts';
import { formatDateTime } from './date-time.ts';
import { explain } from './dsn-text.ts';
import { encodeQuotedPrintable, LONGEST_LINE, octetFacts } from './encodings.ts';
import { type Charset, formatField, printable } from './field.ts';
import { readHeaderSection } from './headers.ts';
import {
  LONGEST_ADDRESS,
  LONGEST_TEXT,
  type Notification,
  type NotificationKind,
  type NotifiedRecipient,
  replyText,
  type Travel,
} from './notification.ts';

const ORIGINAL_LIMITS = { bytes: 65_536, fields: 1_000 };

/**
 * Builds the whole notification, header included: lines of at most 998 octets.
 *
 * It is 7-bit, unless the address that it goes to is not ASCII: then it takes SMTPUTF8 in any case, and is written in
 * UTF-8 (RFC 6533).
 *
 * @param random 16 to 60 letters and digits that nobody can foresee: the Message-ID and the boundary.
 */
export function buildNotification(notification: Notification, random: string): Buffer {
  const charset: Charset = isAscii(notification.to) ? 'us-ascii' : 'utf-8';
  const contents = [
    explanationPart(notification, charset),
    statusPart(notification, charset),
    originalPart(notification, charset),
  ];
  const boundary = freeBoundary(
    random,
    contents.map(({ bytes }) => bytes),
  );
  return Buffer.concat([
    Buffer.from(`${header(notification, random, boundary, charset)}\r\n`),
    Buffer.from('This is a delivery report in MIME format.\r\n'),
    ...contents.flatMap(({ fields, bytes }) => [Buffer.from(`\r\n--${boundary}\r\n${fields}\r\n`), bytes]),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

/** A body part: its header fields, and what follows them. */
interface Part {
  readonly fields: string;
  readonly bytes: Uint8Array;
}

const EIGHT_BIT = 'Content-Transfer-Encoding: 8bit\r\n';
const QUOTED_PRINTABLE = 'Content-Transfer-Encoding: quoted-printable\r\n';

const SUBJECTS: Record<NotificationKind, string> = {
  failed: 'Your message could not be delivered',
  delayed: 'Your message is delayed; delivery is still being tried',
  relayed: 'Your message was passed on',
  delivered: 'Your message was delivered',
  expanded: 'Your message was passed on to several mailboxes',
};

function header(
  { kind, hostname, to, now }: Notification,
  random: string,
  boundary: string,
  charset: Charset,
): string {
  // RFC 6522 §3: the report type is the subtype of the second part.
  const type = `multipart/report; report-type=${statusType(charset)}; boundary="${boundary}"`;
  return [
    formatField('From', `Mail Delivery System <mailer-daemon@${printable(hostname, LONGEST_ADDRESS)}>`),
    formatField('To', `<${printable(to, LONGEST_ADDRESS, charset)}>`, charset),
    formatField('Subject', SUBJECTS[kind]),
    formatField('Date', formatDateTime(now)),
    formatField('Message-ID', `<${random}@${printable(hostname, LONGEST_ADDRESS)}>`),
    formatField('Auto-Submitted', 'auto-replied'),
    formatField('MIME-Version', '1.0'),
    formatField('Content-Type', type),
    charset === 'utf-8' ? EIGHT_BIT : '',
  ].join('');
}

function statusType(charset: Charset): string {
  return charset === 'utf-8' ? 'global-delivery-status' : 'delivery-status';
}

function explanationPart(notification: Notification, charset: Charset): Part {
  return {
    fields: `Content-Type: text/plain; charset=${charset}\r\n${charset === 'utf-8' ? EIGHT_BIT : ''}`,
    bytes: Buffer.from(explain(notification, charset)),
  };
}

/** The machine's part: one group of fields for the message, one for each recipient (RFC 3464 §2.1). */
function statusPart(notification: Notification, charset: Charset): Part {
  const { hostname, envelopeId, arrivedAt, recipients } = notification;
  const perMessage = [
    // RFC 3464 §2.2.1: without the encoding that it had on the way.
    ...(envelopeId === null ? [] : [formatField('Original-Envelope-Id', withoutXtext(envelopeId))]),
    formatField('Reporting-MTA', `dns; ${printable(hostname, LONGEST_ADDRESS)}`),
    formatField('Arrival-Date', formatDateTime(arrivedAt)),
  ];
  const groups = recipients.map((recipient) => recipientFields(notification, recipient, charset));
  const text = [perMessage, ...groups].map((group) => group.join('')).join('\r\n');
  return {
    fields: `Content-Type: message/${statusType(charset)}\r\n${charset === 'utf-8' ? EIGHT_BIT : ''}`,
    bytes: Buffer.from(text),
  };
}

function recipientFields(
  { kind, retryUntil }: Notification,
  recipient: NotifiedRecipient,
  charset: Charset,
): string[] {
  const { address, originalRecipient, remote, reply, lastAttemptAt, travel } = recipient;
  const fields: string[] = [];
  if (originalRecipient !== null) {
    fields.push(formatField('Original-Recipient', originalAddress(originalRecipient, charset), charset));
  }
  fields.push(
    formatField('Final-Recipient', typedAddress(address, charset), charset),
    formatField('Action', kind),
    formatField('Status', enhancedStatus(recipient.status, kind)),
  );
  if (remote !== null)
    fields.push(formatField('Remote-MTA', `dns; ${printable(remote.host, LONGEST_ADDRESS)}`));
  // RFC 3464 §2.3.6: the type says whose words follow; only a reply of SMTP may be called smtp.
  const diagnostic =
    reply === null ? `x-waxwing; ${recipient.tls ?? recipient.because}` : `smtp; ${replyText(reply)}`;
  fields.push(formatField('Diagnostic-Code', printable(diagnostic, LONGEST_TEXT)));
  if (lastAttemptAt !== null) fields.push(formatField('Last-Attempt-Date', formatDateTime(lastAttemptAt)));
  if (kind === 'delayed' && retryUntil !== null) {
    fields.push(formatField('Will-Retry-Until', formatDateTime(retryUntil)));
  }
  if (travel !== null) fields.push(...travelFields(travel));
  return fields;
}

/** RFC 3464 §2.4: fields that no other program need know begin with `X-`. */
function travelFields({ outcome, required, by, version, because }: Travel): string[] {
  const words = [
    outcome ?? 'not-sent',
    `required=${required}`,
    `by=${by}`,
    ...(version === null ? [] : [`version=${version}`]),
  ];
  return [
    formatField('X-Waxwing-TLS', words.join('; ')),
    formatField('X-Waxwing-TLS-Because', printable(because, LONGEST_TEXT)),
  ];
}

/** The address with its type (RFC 3464 §2.3.1, RFC 6533 §3): `utf-8` where it is not ASCII. */
function typedAddress(address: string, charset: Charset): string {
  if (isAscii(address)) return `rfc822; ${printable(address, LONGEST_ADDRESS)}`;
  const text = charset === 'utf-8' ? address : toUtf8AddrXtext(address.slice(0, LONGEST_ADDRESS));
  return `utf-8; ${printable(text, LONGEST_TEXT, charset)}`;
}

/** ORCPT without the encoding that it had on the way (RFC 3464 §2.3.1); as it came where that cannot be undone. */
function originalAddress(orcpt: string, charset: Charset): string {
  const [, type = '', encoded = ''] = /^([^;]+);(.*)$/s.exec(orcpt) ?? [];
  if (type.toLowerCase() !== 'utf-8') {
    return printable(type === '' ? orcpt : `${type}; ${withoutXtext(encoded)}`, LONGEST_TEXT);
  }
  const address = decodeUnitext(encoded);
  return address === undefined ? printable(orcpt, LONGEST_TEXT) : typedAddress(address, charset);
}

/** RFC 3461 §4: xtext stands for printable ASCII; what stands for anything else stays as it came. */
function withoutXtext(text: string): string {
  const plain = decodeXtext(text);
  return plain !== undefined && /^[\x20-\x7e]*$/.test(plain) ? plain : text;
}

/** The 7-bit form of an address that is not ASCII (RFC 6533 §3, utf-8-addr-xtext). */
function toUtf8AddrXtext(address: string): string {
  return address.replace(/[^\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e]/gu, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
    return `\\x{${hex.padStart(2, '0')}}`;
  });
}

const STATUS_CLASS: Record<NotificationKind, string> = {
  failed: '5',
  delayed: '4',
  relayed: '2',
  delivered: '2',
  expanded: '2',
};

function enhancedStatus(status: string, kind: NotificationKind): string {
  const fits = /^[245]\.[0-9]{1,3}\.[0-9]{1,3}$/.test(status) && status.startsWith(STATUS_CLASS[kind]);
  return fits ? status : `${STATUS_CLASS[kind]}.0.0`;
}

/** What is given back of the original (RFC 6522 §3, RFC 6533 §4). */
function originalPart({ original }: Notification, charset: Charset): Part {
  const { kind, message } = original;
  if (kind === 'full') {
    const eightBit = octetFacts(message).eightBit;
    const fields = eightBit
      ? `Content-Type: message/global\r\n${EIGHT_BIT}`
      : 'Content-Type: message/rfc822\r\n';
    return { fields, bytes: message };
  }
  return headerPart(message.subarray(0, readHeaderSection(message, ORIGINAL_LIMITS).end), charset);
}

/** As many whole fields as the limits allow, encoded where they are not plain text. */
function headerPart(bytes: Uint8Array, charset: Charset): Part {
  const facts = octetFacts(bytes);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  // What is no UTF-8 does not survive being read as such.
  const isUtf8 = facts.eightBit && Buffer.from(text).equals(bytes);
  const global = charset === 'utf-8' && isUtf8;
  const type = `Content-Type: ${global ? 'message/global-headers' : 'text/rfc822-headers'}\r\n`;
  // Control characters and lone CR or LF are not text; quoted-printable carries them, and keeps them harmless.
  const isText =
    facts.longestLine <= LONGEST_LINE && /^(?:[\t\x20-\x7e\u{a0}-\u{10ffff}]|\r\n)*$/u.test(text);
  if (isText && !facts.eightBit) return { fields: type, bytes };
  if (isText && global) return { fields: `${type}${EIGHT_BIT}`, bytes };
  return { fields: `${type}${QUOTED_PRINTABLE}`, bytes: encodeQuotedPrintable(bytes) };
}

/** A boundary that occurs in none of the contents: the random text alone, unless somebody foresaw it. */
function freeBoundary(random: string, contents: readonly Uint8Array[]): string {
  for (let attempt = 0; ; attempt++) {
    const boundary = `=_${random}_${attempt}`;
    if (!contents.some((content) => Buffer.from(content).includes(boundary))) return boundary;
  }
}
