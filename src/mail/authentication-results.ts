/**
 * What was found out about who sent a message, and the header field that says so.
 *
 * RFC 8601 §2.2 (form), §2.7 (results), §5 (fields that others wrote in our name); RFC 8617 §6 and RFC 9989 §9.1 (what
 * is said of ARC and DMARC).
 */
import { printable } from './field.ts';
import type { HeaderField, HeaderSection } from './headers.ts';
import { readAuthservId } from './read-results.ts';

/** All that was found out; a part of our own configuration's verdict is not in it. */
export interface AuthenticationResult {
  readonly spf: SpfResult;
  /** One for each signature that was looked at, in the order of the fields; empty where there is none. */
  readonly dkim: readonly DkimResult[];
  readonly arc: ArcResult;
  readonly dmarc: DmarcResult;
}

/** RFC 7208 §2.6. */
export interface SpfResult {
  readonly result: 'none' | 'neutral' | 'pass' | 'fail' | 'softfail' | 'temperror' | 'permerror';
  /** Which identity was checked: HELO where the sender is null (RFC 7208 §2.4). */
  readonly identity: 'mailfrom' | 'helo';
  /** The domain; with its local part where the record asks for that (RFC 8601 §2.7.2). */
  readonly value: string;
  /** The domain that the result is about, in lower case. */
  readonly domain: string;
  /** null: the result says all. */
  readonly because: string | null;
}

/** RFC 8601 §2.7.1. */
export interface DkimResult {
  readonly result: 'pass' | 'fail' | 'policy' | 'neutral' | 'temperror' | 'permerror';
  /** `d=`. */
  readonly domain: string;
  /** `s=`. */
  readonly selector: string;
  /** `i=`, or what it is where it is not there (RFC 6376 §3.5). */
  readonly identity: string | null;
  /** `a=`. */
  readonly algorithm: string | null;
  /** The beginning of `b=`, which tells several signatures of one domain apart (RFC 6008). */
  readonly signature: string | null;
  /** Octets of the canonical body that a signature with `l=` does not cover. */
  readonly uncovered: number;
  readonly because: string | null;
}

/** RFC 8617 §4.4. */
export interface ArcResult {
  readonly result: 'none' | 'pass' | 'fail';
  /** Of the newest set; 0 where there is none. */
  readonly instance: number;
  /** Who sealed, the newest first; empty unless the chain passes. */
  readonly sealers: readonly ArcSealer[];
  /** A `fail` that may be none: a key could not be had. */
  readonly unknown: boolean;
  readonly because: string | null;
}

export interface ArcSealer {
  /** `d=` of the seal. */
  readonly domain: string;
  /** The value of the ARC-Authentication-Results that it sealed. */
  readonly results: string;
}

/** RFC 9989 §5. */
export interface DmarcResult {
  readonly result: 'none' | 'pass' | 'fail' | 'temperror' | 'permerror';
  /** The Author Domain; null where there is not exactly one. */
  readonly from: string | null;
  /** What the domain asks for, `t=y` and `sp`, `np` reckoned in; null where there is no record, or nobody knows it. */
  readonly policy: DmarcPolicy | null;
  readonly because: string | null;
}

export type DmarcPolicy = 'none' | 'quarantine' | 'reject';

const WANTED_LINE = 78;
/** More of one value is left out: the line could not be kept below 998 octets (RFC 5322 §2.1.1). */
const LONGEST_VALUE = 255;
const LONGEST_REASON = 120;

/**
 * The value of a field with these results, folded, without a CRLF at its end: for Authentication-Results, and behind
 * `i=N;` for ARC-Authentication-Results.
 *
 * @param authservId who found it out.
 * @param client its address; null: it is not known.
 */
export function formatResults(
  authservId: string,
  { spf, dkim, arc, dmarc }: AuthenticationResult,
  client: string | null,
): string {
  const all: readonly (readonly string[])[] = [
    [`spf=${spf.result}`, ...reason(spf.because), ...property(`smtp.${spf.identity}`, spf.value)],
    ...(dkim.length === 0 ? [['dkim=none']] : dkim.map(dkimWords)),
    [`arc=${arc.result}`, ...reason(arc.because), ...property('smtp.remote-ip', client)],
    [
      `dmarc=${dmarc.result}`,
      ...reason(dmarc.because),
      ...property('header.from', dmarc.from),
      ...property('policy.dmarc', dmarc.policy),
    ],
  ];
  return [formatToken(authservId), ...all.map(foldWords)].join(';\r\n\t');
}

/** The field, with its CRLF. */
export function authenticationResults(
  authservId: string,
  results: AuthenticationResult,
  client: string | null,
): string {
  return `Authentication-Results: ${formatResults(authservId, results, client)}\r\n`;
}

/**
 * The fields that say to be ours: RFC 8601 §5 has those deleted that came from elsewhere, as whoever trusts our name
 * would believe them. One that nobody can read counts as ours.
 */
export function claimedResults(
  message: Uint8Array,
  section: HeaderSection,
  authservId: string,
): readonly HeaderField[] {
  const ours = authservId.toLowerCase();
  return section.fields.filter((field) => {
    if (field.name.toLowerCase() !== 'authentication-results') return false;
    const value = Buffer.from(message.buffer, message.byteOffset, message.length)
      .subarray(field.valueStart, field.end - 2)
      .toString('latin1');
    const id = readAuthservId(value);
    return id === undefined || id.toLowerCase() === ours;
  });
}

function dkimWords(one: DkimResult): readonly string[] {
  return [
    `dkim=${one.result}`,
    ...reason(one.because),
    ...property('header.d', one.domain),
    ...property('header.i', one.identity),
    ...property('header.s', one.selector),
    ...property('header.a', one.algorithm),
    ...property('header.b', one.signature),
  ];
}

function reason(because: string | null): readonly string[] {
  return because === null || because === '' ? [] : [`reason=${quoted(printable(because, LONGEST_REASON))}`];
}

function property(name: string, value: string | null): readonly string[] {
  // Others chose it: what cannot stand in a field of ASCII is left out, never changed.
  if (value === null || value === '' || value.length > LONGEST_VALUE || /[^\x20-\x7e]/.test(value)) return [];
  return [`${name}=${formatValue(value)}`];
}

/** RFC 2045 §5.1, `token`. */
const TOKEN = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+$/;
/** `[ local-part ] "@" domain-name` (RFC 8601 §2.2) without quotes and comments. */
const ADDRESS = /^[!#$%&'*+\-/=?^_`{|}~.0-9A-Za-z]*@[-.0-9A-Za-z]+$/;

function formatValue(value: string): string {
  return ADDRESS.test(value) ? value : formatToken(value);
}

function formatToken(value: string): string {
  return TOKEN.test(value) ? value : quoted(value);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Each word behind a space, or on a line of its own where the line would grow too long. */
function foldWords(words: readonly string[]): string {
  let text = '';
  let column = 8;
  for (const word of words) {
    const wraps = text !== '' && column + 1 + word.length > WANTED_LINE;
    text += text === '' ? word : `${wraps ? '\r\n\t' : ' '}${word}`;
    column = wraps ? 8 + word.length : column + 1 + word.length;
  }
  return text;
}
