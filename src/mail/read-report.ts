/**
 * Reads what other mail servers say of a message that they were given: a delivery status notification.
 *
 * RFC 3464 (delivery status), RFC 6522 (multipart/report), RFC 6533 (beyond ASCII).
 */
import { decodeUnitext } from '../names/xtext.ts';
import { fromUtf8 } from './address-list.ts';
import { type ContentType, parseContentType, parseTransferEncoding } from './content-type.ts';
import { fieldsNamed, type HeaderSection, readHeaderSection, unfoldedValue } from './headers.ts';
import { splitMultipart } from './multipart.ts';

const reportedActions = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'] as const;

/** What became of one recipient (RFC 3464 §2.3). */
export interface ReportedRecipient {
  readonly action: (typeof reportedActions)[number];
  /** `5.1.1` (RFC 3464 §2.3.4). */
  readonly status: string;
  readonly finalRecipient: string | null;
  readonly originalRecipient: string | null;
  /** The host that said so; null: the report does not tell. */
  readonly remoteMta: string | null;
  /** What it said, without the type in front, one line of printable characters. */
  readonly diagnostic: string | null;
}

export type ReadReport =
  | {
      readonly kind: 'report';
      /** Who wrote the report; null: it cannot be read. */
      readonly reportingMta: string | null;
      /** What the sender of the message had called it (RFC 3464 §2.2.1). */
      readonly envelopeId: string | null;
      /** At least one. */
      readonly recipients: readonly ReportedRecipient[];
    }
  | { readonly kind: 'none'; readonly because: string };

const HEADER_LIMITS = { bytes: 65_536, fields: 1_000 };
const PART_LIMITS = { bytes: 16_384, fields: 100 };
const MOST_PARTS = 20;
/** Of one report; more are not read. */
const MOST_RECIPIENTS = 100;
/** Octets of the part that is read. */
const MOST_STATUS = 131_072;
/** Characters of what is kept of a value. */
const LONGEST_VALUE = 500;

/** @param message its beginning at least, with the whole of its second part. */
export function readReport(message: Uint8Array): ReadReport {
  const section = readHeaderSection(message, HEADER_LIMITS);
  const type = typeOf(message, section);
  if (type?.type !== 'multipart' || type.subtype !== 'report') return none('it is no multipart/report');
  const said = type.parameters?.get('report-type')?.toLowerCase();
  // Whoever writes message/global-delivery-status may call the whole by that name, too.
  if (said !== 'delivery-status' && said !== 'global-delivery-status')
    return none('its report-type is not delivery-status');
  const boundary = type.parameters?.get('boundary');
  if (boundary === undefined || !/^[\x20-\x7e]{1,70}$/.test(boundary))
    return none('its boundary is malformed');
  const body = message.subarray(section.bodyStart);
  const split = splitMultipart(body, boundary, MOST_PARTS);
  if (split.kind === 'unreadable') return none(split.because);
  for (const { start, end } of split.parts) {
    const status = statusIn(body.subarray(start, end));
    if (status !== undefined) return readStatus(status);
  }
  return none('it has no part with the delivery status');
}

/** @returns what the part holds; undefined: it is another one. */
function statusIn(part: Uint8Array): Uint8Array | undefined {
  const section = readHeaderSection(part, PART_LIMITS);
  const type = typeOf(part, section);
  if (type?.type !== 'message') return undefined;
  // RFC 6533 §4: message/global-delivery-status says it in UTF-8.
  if (type.subtype !== 'delivery-status' && type.subtype !== 'global-delivery-status') return undefined;
  const status = decoded(part.subarray(section.bodyStart), encodingOf(part, section));
  // The CRLF in front of the boundary is not of the part, and the last field may need it.
  return Buffer.concat([status.subarray(0, MOST_STATUS), Buffer.from('\r\n')]);
}

function typeOf(bytes: Uint8Array, section: HeaderSection): ContentType | undefined {
  const [field, second] = fieldsNamed(section, 'content-type');
  if (field === undefined || second !== undefined) return undefined;
  const parsed = parseContentType(unfoldedValue(bytes, field));
  return parsed.kind === 'ok' ? parsed.value : undefined;
}

function encodingOf(bytes: Uint8Array, section: HeaderSection): string {
  const [field] = fieldsNamed(section, 'content-transfer-encoding');
  const parsed = field === undefined ? undefined : parseTransferEncoding(unfoldedValue(bytes, field));
  return parsed?.kind === 'ok' ? parsed.value : '7bit';
}

function decoded(bytes: Uint8Array, encoding: string): Uint8Array {
  if (encoding === 'base64') return Buffer.from(Buffer.from(bytes).toString('latin1'), 'base64');
  if (encoding !== 'quoted-printable') return bytes;
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace(/=[ \t]*\r\n/g, '')
    .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, 'latin1');
}

/** RFC 3464 §2.1: fields about the message, and behind an empty line those of each recipient. */
function readStatus(status: Uint8Array): ReadReport {
  let rest = withoutEmptyLines(status);
  const message = readHeaderSection(rest, PART_LIMITS);
  const reportingMta = typedValue(rest, message, 'reporting-mta');
  const envelopeId = valueOf(rest, message, 'original-envelope-id') ?? null;
  // Some servers leave the fields of the message out, or the empty line behind them.
  const recipients = [recipientIn(rest, message)].flatMap((one) => one ?? []);
  for (let from = message; from.endedBy === 'empty-line' && recipients.length < MOST_RECIPIENTS; ) {
    rest = withoutEmptyLines(rest.subarray(from.bodyStart));
    if (rest.length === 0) break;
    from = readHeaderSection(rest, PART_LIMITS);
    const recipient = recipientIn(rest, from);
    if (recipient !== undefined) recipients.push(recipient);
  }
  return recipients.length === 0
    ? none('it says of no recipient what became of him')
    : { kind: 'report', reportingMta, envelopeId, recipients };
}

function withoutEmptyLines(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) at += 2;
  return bytes.subarray(at);
}

/** @returns undefined where it lacks one of the two fields that every recipient has: Action and Status. */
function recipientIn(bytes: Uint8Array, section: HeaderSection): ReportedRecipient | undefined {
  const word = valueOf(bytes, section, 'action')?.toLowerCase();
  const action = reportedActions.find((one) => one === word);
  const [status] =
    /^[245]\.[0-9]{1,3}\.[0-9]{1,3}(?=$|[ \t(])/.exec(valueOf(bytes, section, 'status') ?? '') ?? [];
  if (action === undefined || status === undefined) return undefined;
  return {
    action,
    status,
    finalRecipient: typedValue(bytes, section, 'final-recipient'),
    originalRecipient: typedValue(bytes, section, 'original-recipient'),
    remoteMta: typedValue(bytes, section, 'remote-mta'),
    diagnostic: typedValue(bytes, section, 'diagnostic-code'),
  };
}

/** `rfc822; user@example.org`: what stands behind the type. */
function typedValue(bytes: Uint8Array, section: HeaderSection, name: string): string | null {
  const value = valueOf(bytes, section, name);
  const [, type = '', text] = /^([^;]*);[ \t]*(.*)$/s.exec(value ?? '') ?? [];
  if (text === undefined) return null;
  // What is decoded may be anything, also what ends a line or steers a terminal.
  const said = type.trim().toLowerCase() === 'utf-8' ? onOneLine(decodeUnitext(text) ?? text) : text;
  return said === '' ? null : said;
}

/** The first of that name, in one line of printable characters. */
function valueOf(bytes: Uint8Array, section: HeaderSection, name: string): string | undefined {
  const [field] = fieldsNamed(section, name);
  if (field === undefined) return undefined;
  const latin1 = unfoldedValue(bytes, field);
  return onOneLine(fromUtf8(latin1) ?? latin1);
}

/** Printable characters, and not too many. */
function onOneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/gu, ' ')
    .replaceAll(/ {2,}/g, ' ')
    .trim()
    .slice(0, LONGEST_VALUE)
    .toWellFormed();
}

function none(because: string): ReadReport {
  return { kind: 'none', because };
}
