/**
 * What to send to a server that takes no 8-bit content, or where a line is longer than SMTP allows.
 *
 * RFC 6152 §3: a message that cannot be sent as it is has to be converted to 7-bit MIME or returned.
 * RFC 5321 §4.5.3.1.6: no line over 1000 octets, CRLF included.
 */
import { type ContentType, parseContentType, parseTransferEncoding } from './content-type.ts';
import {
  encodeBase64,
  encodeQuotedPrintable,
  isPlain,
  LONGEST_LINE,
  type OctetFacts,
  octetFacts,
} from './encodings.ts';
import {
  defaultHeaderLimits,
  fieldsNamed,
  type HeaderField,
  type HeaderSection,
  readHeaderSection,
  unfoldedValue,
} from './headers.ts';
import { splitMultipart } from './multipart.ts';

export type Conversion =
  | { readonly kind: 'converted'; readonly bytes: Uint8Array }
  | ({ readonly kind: 'impossible' } & Obstacle);

/** Why a message cannot be converted. */
interface Obstacle {
  readonly because: string;
  /** 5.6.3: conversion required but not supported (RFC 3463 §3.7); 5.6.9: the header needs SMTPUTF8 (RFC 6531). */
  readonly status: '5.6.3' | '5.6.9';
}

const DEEPEST = 16;
const MOST_PARTS = 1_000;
const CRLF = ascii('\r\n');

/** Whether the content cannot go as it is to a server that offers this. */
export function needsConversion(content: OctetFacts, server: { readonly eightBitMime: boolean }): boolean {
  return (content.eightBit && !server.eightBitMime) || content.longestLine > LONGEST_LINE;
}

/**
 * Gives the message in octets below 128 and lines of at most 998, meaning exactly what it meant.
 *
 * Parts that need nothing stay as they are, octet for octet; the others are encoded and decode to what they were.
 * Only a preamble or epilogue, which no reader shows (RFC 2046 §5.1.1), is left out where it is not 7-bit.
 *
 * @param message lines end in CRLF; no dot stuffing.
 */
export function toSevenBit(message: Uint8Array): Conversion {
  const walk: Walk = { pieces: [], partsLeft: MOST_PARTS };
  const obstacle = convertEntity(walk, message, { depth: 0, isMessage: true, inDigest: false });
  if (obstacle !== undefined) return { kind: 'impossible', ...obstacle };
  // Base64 drops the line end of the message into the encoded text; the transport still needs one.
  const last = walk.pieces.findLast((piece) => piece.length > 0);
  if (!endsInCrlf(last) && endsInCrlf(message)) walk.pieces.push(CRLF);
  const bytes = walk.pieces.length === 1 && walk.pieces[0] ? walk.pieces[0] : Buffer.concat(walk.pieces);
  // Whatever the structure was, nothing else leaves here: delimiter lines with endless padding end up in this.
  if (!isPlain(bytes)) return { kind: 'impossible', ...unfit('its multipart structure has overlong lines') };
  return { kind: 'converted', bytes };
}

interface Walk {
  readonly pieces: Uint8Array[];
  partsLeft: number;
}

interface Place {
  readonly depth: number;
  /** Whether the header section is that of a message, not of a body part. */
  readonly isMessage: boolean;
  /** RFC 2046 §5.1.5: without a Content-Type, a part of a digest is a message. */
  readonly inDigest: boolean;
}

/** A header section that was found fit: 7-bit, and of one meaning. */
interface Head {
  readonly bytes: Uint8Array;
  readonly section: HeaderSection;
  readonly type: ContentType | undefined;
  readonly encoding: string;
  readonly encodingField: HeaderField | undefined;
  readonly place: Place;
}

function convertEntity(walk: Walk, entity: Uint8Array, place: Place): Obstacle | undefined {
  if (isPlain(entity)) {
    walk.pieces.push(entity);
    return undefined;
  }
  if (place.depth > DEEPEST) return unfit(`it is nested deeper than ${DEEPEST} levels`);
  const head = readHead(entity, place);
  if ('because' in head) return head;
  const body = entity.subarray(head.section.bodyStart);
  if (!['7bit', '8bit', 'binary'].includes(head.encoding)) return refold(walk, head, body);
  const { type, subtype } = head.type ?? defaultType(place);
  if (type === 'multipart') return convertMultipart(walk, head, body);
  if (type === 'message' && subtype === 'rfc822') {
    // RFC 2046 §5.2.1: no encoding but 7bit, 8bit and binary is permitted, so the message inside is converted.
    pushHead(walk, head, '7bit');
    return convertEntity(walk, body, { depth: place.depth + 1, isMessage: true, inDigest: false });
  }
  // RFC 6532 §3.7 and RFC 6533 allow every encoding for message/global and its kin.
  if (type === 'message' && !subtype.startsWith('global')) {
    return unfit(`a part of the type message/${subtype} must not be encoded`);
  }
  convertLeaf(walk, head, body, type === 'text');
  return undefined;
}

function convertLeaf(walk: Walk, head: Head, body: Uint8Array, isText: boolean): void {
  // RFC 1428 §3: the character set of 8-bit text that says nothing about itself is unknown, and said to be so.
  const unlabelled = head.type === undefined && octetFacts(body).eightBit;
  const label = unlabelled ? ['Content-Type: text/plain; charset=unknown-8bit\r\n'] : [];
  pushHead(walk, head, isText ? 'quoted-printable' : 'base64', label);
  walk.pieces.push(isText ? encodeQuotedPrintable(body) : encodeBase64(body));
}

function convertMultipart(walk: Walk, head: Head, body: Uint8Array): Obstacle | undefined {
  const subtype = head.type?.subtype ?? '';
  if (subtype === 'signed' || subtype === 'encrypted') {
    return unfit(`changing its multipart/${subtype} part would break it`);
  }
  const boundary = head.type?.parameters?.get('boundary') ?? '';
  if (!/^[\x20-\x7e]{0,69}[\x21-\x7e]$/.test(boundary)) {
    return unfit('a multipart has no readable boundary of 1 to 70 characters');
  }
  const split = splitMultipart(body, boundary, walk.partsLeft);
  if (split.kind === 'unreadable') return unfit(`a multipart cannot be read: ${split.because}`);
  walk.partsLeft -= split.parts.length;
  pushHead(walk, head, '7bit');
  pushIfPlain(walk, body.subarray(0, split.preambleEnd));
  let copied = split.preambleEnd;
  for (const part of split.parts) {
    walk.pieces.push(body.subarray(copied, part.start));
    const place = { depth: head.place.depth + 1, isMessage: false, inDigest: subtype === 'digest' };
    const obstacle = convertEntity(walk, body.subarray(part.start, part.end), place);
    if (obstacle !== undefined) return obstacle;
    copied = part.end;
  }
  walk.pieces.push(body.subarray(copied, split.epilogueStart));
  pushIfPlain(walk, body.subarray(split.epilogueStart));
  return undefined;
}

/** A body already encoded: only base64 on endless lines can be helped, its line breaks mean nothing. */
function refold(walk: Walk, head: Head, body: Uint8Array): Obstacle | undefined {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
  if (head.encoding !== 'base64' || !/^[A-Za-z0-9+/=\r\n]*$/.test(text)) {
    return unfit(`a part declared ${head.encoding} holds 8-bit octets or overlong lines`);
  }
  walk.pieces.push(head.bytes, ascii(text.replace(/[^\r\n]{76}(?=[^\r\n])/g, '$&\r\n')));
  return undefined;
}

function readHead(entity: Uint8Array, place: Place): Head | Obstacle {
  const section = readHeaderSection(entity, defaultHeaderLimits);
  const bytes = entity.subarray(0, section.bodyStart);
  const facts = octetFacts(bytes);
  if (facts.eightBit)
    return { because: 'a header field has 8-bit octets, which need SMTPUTF8', status: '5.6.9' };
  if (facts.longestLine > LONGEST_LINE) return unfit(`a header line is longer than ${LONGEST_LINE} octets`);
  // Readers disagree on where the body starts without an empty line, or what two fields of a name mean.
  if (section.endedBy !== 'empty-line') return unfit('a header section does not end in an empty line');
  const [typeField, ...moreTypes] = fieldsNamed(section, 'content-type');
  const [encodingField, ...moreEncodings] = fieldsNamed(section, 'content-transfer-encoding');
  if (moreTypes.length > 0 || moreEncodings.length > 0) {
    return unfit('a part has two Content-Type or two Content-Transfer-Encoding fields');
  }
  const type = typeField && parseContentType(unfoldedValue(entity, typeField));
  if (type?.kind === 'invalid') return unfit(`its Content-Type cannot be read: ${type.because}`);
  const encoding = encodingField && parseTransferEncoding(unfoldedValue(entity, encodingField));
  if (encoding?.kind === 'invalid') {
    return unfit(`its Content-Transfer-Encoding cannot be read: ${encoding.because}`);
  }
  return { bytes, section, type: type?.value, encoding: encoding?.value ?? '7bit', encodingField, place };
}

/** Writes the header section with that encoding, and with the fields that make it MIME. */
function pushHead(walk: Walk, head: Head, encoding: string, label: readonly string[] = []): void {
  const { bytes, section, encodingField, place } = head;
  const hasVersion = fieldsNamed(section, 'mime-version').length > 0;
  const added = [...(place.isMessage && !hasVersion ? ['MIME-Version: 1.0\r\n'] : []), ...label];
  const field = `Content-Transfer-Encoding: ${encoding}\r\n`;
  if (encodingField === undefined) {
    // 7bit is what the absence of the field says.
    if (encoding !== '7bit') added.push(field);
    walk.pieces.push(bytes.subarray(0, section.end));
  } else {
    walk.pieces.push(bytes.subarray(0, encodingField.start), ascii(field));
    walk.pieces.push(bytes.subarray(encodingField.end, section.end));
  }
  walk.pieces.push(ascii(added.join('')), CRLF);
}

function pushIfPlain(walk: Walk, bytes: Uint8Array): void {
  if (isPlain(bytes)) walk.pieces.push(bytes);
}

function defaultType(place: Place): { type: string; subtype: string } {
  return place.inDigest ? { type: 'message', subtype: 'rfc822' } : { type: 'text', subtype: 'plain' };
}

function unfit(because: string): Obstacle {
  return { because, status: '5.6.3' };
}

function endsInCrlf(bytes: Uint8Array | undefined): boolean {
  return bytes?.at(-2) === 0x0d && bytes.at(-1) === 0x0a;
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
