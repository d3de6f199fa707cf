/**
 * Notifications to the sender: a message failed, or it is late.
 *
 * RFC 3464 (delivery status), RFC 6522 (multipart/report), RFC 3834 §5 (Auto-Submitted).
 */
import { formatDateTime } from './date-time.ts';
import { explain } from './dsn-text.ts';
import { encodeQuotedPrintable, isPlain } from './encodings.ts';
import { formatField, printable } from './field.ts';
import { readHeaderSection } from './headers.ts';
import {
  LONGEST_ADDRESS,
  LONGEST_TEXT,
  type Notification,
  type NotifiedRecipient,
  replyText,
} from './notification.ts';

const ORIGINAL_LIMITS = { bytes: 65_536, fields: 1_000 };

/**
 * Builds the whole notification: 7-bit, lines of at most 998 octets, header included.
 *
 * @param random 16 to 60 letters and digits that nobody can foresee: the Message-ID and the boundary.
 */
export function buildNotification(notification: Notification, random: string): Buffer {
  const explanation = ascii(explain(notification));
  const status = ascii(deliveryStatus(notification));
  const original = originalHeader(notification.original);
  const boundary = freeBoundary(random, [explanation, status, original.bytes]);
  return Buffer.concat([
    ascii(`${header(notification, random, boundary)}\r\n`),
    ascii('This is a delivery report in MIME format.\r\n'),
    ...part(boundary, 'Content-Type: text/plain; charset=us-ascii\r\n', explanation),
    ...part(boundary, 'Content-Type: message/delivery-status\r\n', status),
    ...part(boundary, `Content-Type: text/rfc822-headers\r\n${original.encoding}`, original.bytes),
    ascii(`\r\n--${boundary}--\r\n`),
  ]);
}

function header({ kind, hostname, to, now }: Notification, random: string, boundary: string): string {
  const subject =
    kind === 'failed'
      ? 'Your message could not be delivered'
      : 'Your message is delayed; delivery is still being tried';
  return [
    formatField('From', `Mail Delivery System <mailer-daemon@${printable(hostname, LONGEST_ADDRESS)}>`),
    formatField('To', `<${printable(to, LONGEST_ADDRESS)}>`),
    formatField('Subject', subject),
    formatField('Date', formatDateTime(now)),
    formatField('Message-ID', `<${random}@${printable(hostname, LONGEST_ADDRESS)}>`),
    formatField('Auto-Submitted', 'auto-replied'),
    formatField('MIME-Version', '1.0'),
    formatField('Content-Type', `multipart/report; report-type=delivery-status; boundary="${boundary}"`),
  ].join('');
}

/** The machine's part: one group of fields for the message, one for each recipient (RFC 3464 §2.1). */
function deliveryStatus(notification: Notification): string {
  const perMessage = [
    formatField('Reporting-MTA', `dns; ${printable(notification.hostname, LONGEST_ADDRESS)}`),
    formatField('Arrival-Date', formatDateTime(notification.arrivedAt)),
  ];
  const groups = notification.recipients.map((recipient) => recipientFields(notification, recipient));
  return [perMessage, ...groups].map((group) => group.join('')).join('\r\n');
}

function recipientFields({ kind, retryUntil }: Notification, recipient: NotifiedRecipient): string[] {
  const { address, remote, reply, lastAttemptAt } = recipient;
  const fields = [
    formatField('Final-Recipient', `rfc822; ${printable(address, LONGEST_ADDRESS)}`),
    formatField('Action', kind),
    formatField('Status', enhancedStatus(recipient.status, kind)),
  ];
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
  return fields;
}

function enhancedStatus(status: string, kind: Notification['kind']): string {
  if (/^[245]\.[0-9]{1,3}\.[0-9]{1,3}$/.test(status)) return status;
  return kind === 'failed' ? '5.0.0' : '4.0.0';
}

/** As many whole fields as the limits allow, encoded where they are not plain text. */
function originalHeader(message: Uint8Array): { bytes: Uint8Array; encoding: string } {
  const bytes = message.subarray(0, readHeaderSection(message, ORIGINAL_LIMITS).end);
  const text = Buffer.from(bytes).toString('latin1');
  // Control characters and lone CR or LF are not text; quoted-printable carries them, and keeps them harmless.
  if (isPlain(bytes) && /^(?:[\t\x20-\x7e]|\r\n)*$/.test(text)) return { bytes, encoding: '' };
  return {
    bytes: encodeQuotedPrintable(bytes),
    encoding: 'Content-Transfer-Encoding: quoted-printable\r\n',
  };
}

/** A boundary that occurs in none of the contents: the random text alone, unless somebody foresaw it. */
function freeBoundary(random: string, contents: readonly Uint8Array[]): string {
  for (let attempt = 0; ; attempt++) {
    const boundary = `=_${random}_${attempt}`;
    if (!contents.some((content) => Buffer.from(content).includes(boundary))) return boundary;
  }
}

function part(boundary: string, fields: string, content: Uint8Array): Uint8Array[] {
  return [ascii(`\r\n--${boundary}\r\n${fields}\r\n`), content];
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
