/**
 * What a DKIM signature covers and how its field is written.
 *
 * RFC 6376 §3.5 (the field), §3.7 (what is signed), §5.4 (which fields), RFC 8463 §3 (Ed25519).
 */
import type { Domain } from '../names/domain.ts';
import { relaxedField } from './dkim-canonical.ts';
import type { HeaderField, HeaderSection } from './headers.ts';

type SigningAlgorithm = 'rsa-sha256' | 'ed25519-sha256';

/** Whose signature it is. */
export interface SignatureOf {
  readonly domain: Domain;
  readonly selector: string;
  readonly algorithm: SigningAlgorithm;
}

/**
 * Signed as often as they are there and once more, so that none can be added on the way (RFC 6376 §8.15): readers show
 * them, and a second one of them changes what is shown.
 */
const guarded = [
  'from',
  'reply-to',
  'subject',
  'date',
  'message-id',
  'to',
  'cc',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
] as const;

/** Signed where they are there. What hosts on the way may add or change is not among them (RFC 6376 §5.4.1). */
const others = [
  'sender',
  'in-reply-to',
  'references',
  'content-disposition',
  'content-id',
  'content-description',
  'resent-date',
  'resent-from',
  'resent-sender',
  'resent-to',
  'resent-cc',
  'resent-message-id',
  'list-id',
  'list-help',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-subscribe',
  'list-post',
  'list-owner',
  'list-archive',
] as const;

const known: ReadonlySet<string> = new Set([...guarded, ...others]);

/** More fields of one name than any message has that somebody wants to be read. */
const MOST_OF_A_NAME = 16;

/** The part of a header that signatures cover. */
export interface SignedHeader {
  /** Names in the order in which they are signed. */
  readonly names: readonly string[];
  /** The fields in relaxed form, each with its CRLF. One character per octet. */
  readonly text: string;
}

/**
 * @param more names of further fields that are signed where they are there, in lower case.
 * @returns why it is not signed, where a header is not what a signature should vouch for.
 */
export function signedHeader(
  message: Uint8Array,
  section: HeaderSection,
  more: readonly string[] = [],
): ({ readonly kind: 'signed' } & SignedHeader) | { readonly kind: 'unfit'; readonly because: string } {
  if (section.endedBy === 'limit') return unfit('its header is too long');
  // Where the body begins is then read in two ways.
  if (section.endedBy === 'not-a-field') return unfit('its header has a line that is no field');
  const byName = new Map<string, HeaderField[]>();
  for (const field of section.fields) {
    const name = field.name.toLowerCase();
    if (!known.has(name) && !more.includes(name)) continue;
    const before = byName.get(name);
    if (before === undefined) byName.set(name, [field]);
    else before.push(field);
    if (before !== undefined && before.length > MOST_OF_A_NAME)
      return unfit(`it has too many ${name} fields`);
  }
  // RFC 5322 §3.6: exactly one. With more of them nobody knows which one is shown.
  if (byName.get('from')?.length !== 1) return unfit('it has not exactly one From field');
  const names: string[] = [];
  let text = '';
  const sign = (name: string): void => {
    // RFC 6376 §5.4.2: from the bottom of the header up.
    for (const field of (byName.get(name) ?? []).toReversed()) {
      names.push(name);
      const value = message.subarray(field.valueStart, field.end - 2);
      text += `${relaxedField(name, latin1(value))}\r\n`;
    }
  };
  for (const name of guarded) {
    sign(name);
    names.push(name);
  }
  for (const name of [...others, ...more]) sign(name);
  return { kind: 'signed', names, text };
}

function unfit(because: string): { readonly kind: 'unfit'; readonly because: string } {
  return { kind: 'unfit', because };
}

/** A signature that lacks but its value. */
export interface Unsigned {
  /** The field up to its value. */
  readonly field: string;
  /** What the key has to sign. One character per octet. */
  readonly data: string;
}

/**
 * The field without its value.
 *
 * @param bodyHash of the relaxed body, base64.
 * @param at milliseconds since 1970.
 * @param field its name and its first tag, where it is not that of DKIM: that of ARC differs in nothing else (RFC 8617
 *   §4.1.2).
 */
export function unsignedField(
  { domain, selector, algorithm }: SignatureOf,
  header: SignedHeader,
  bodyHash: string,
  at: number,
  { name, first } = { name: 'DKIM-Signature', first: 'v=1' },
): Unsigned {
  const value = [
    ` ${first}; a=${algorithm}; c=relaxed/relaxed;`,
    ` d=${domain}; s=${selector};`,
    ` t=${Math.floor(at / 1_000)};`,
    foldedNames(header.names),
    ` bh=${bodyHash};`,
    ' b=',
  ].join('\r\n');
  return {
    field: `${name}:${value}`,
    // RFC 6376 §3.7: the field itself comes last, its value empty, without a CRLF.
    data: header.text + relaxedField(name.toLowerCase(), value),
  };
}

const WIDTH = 76;

/** The field with its value. @param value base64. */
export function signedField(unsigned: Unsigned, value: string): string {
  // " b=" stands before the first piece.
  const first = value.slice(0, WIDTH - 3);
  const rest = value.slice(first.length).match(/.{1,75}/g) ?? [];
  return `${[unsigned.field + first, ...rest].join('\r\n ')}\r\n`;
}

/** The tag h=, with folds behind colons. */
function foldedNames(names: readonly string[]): string {
  const lines: string[] = [];
  let line = ' h=';
  for (const [index, name] of names.entries()) {
    const word = index === names.length - 1 ? `${name};` : `${name}:`;
    if (line.length + word.length > WIDTH) {
      lines.push(line);
      line = ' ';
    }
    line += word;
  }
  return [...lines, line].join('\r\n');
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
