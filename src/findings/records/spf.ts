/** SPF records, read exactly: which servers may send mail of a domain. RFC 7208 §4.5, §4.6, §12. */
import { parseAddressLiteral } from '../../names/address.ts';
import { type Parsed, quote } from '../../names/domain.ts';

const mechanisms = ['all', 'include', 'a', 'mx', 'ptr', 'ip4', 'ip6', 'exists'] as const;
type SpfMechanism = (typeof mechanisms)[number];

/** What is said of a sender that a mechanism matches: pass, fail, softfail, neutral. */
type SpfQualifier = '+' | '-' | '~' | '?';

export type SpfTerm =
  | {
      readonly kind: 'directive';
      readonly qualifier: SpfQualifier;
      readonly mechanism: SpfMechanism;
      /** The domain as it is written, with its macros, or the network of ip4 and ip6; null where there is none. */
      readonly target: string | null;
      readonly text: string;
    }
  /** Of others than redirect and exp nothing is known, and nothing follows from them (§6). */
  | { readonly kind: 'modifier'; readonly name: string; readonly value: string; readonly text: string };

/** Whether a TXT record is one of SPF: the version "is terminated by either an SP character or the end of the record" (§4.5). */
export function isSpf(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

/**
 * Reads a record that {@link isSpf}.
 *
 * "If there are any syntax errors anywhere in the record, check_host() returns immediately with the result "permerror",
 * without further interpretation or evaluation" (RFC 7208 §4.6).
 */
export function parseSpf(text: string): Parsed<readonly SpfTerm[]> {
  const terms: SpfTerm[] = [];
  const once = new Set<string>();
  for (const word of text.split(' ').slice(1)) {
    if (word === '') continue;
    const term = readTerm(word);
    if (typeof term === 'string') return { kind: 'invalid', because: `${quote(word)} ${term}` };
    if (term.kind === 'modifier' && (term.name === 'redirect' || term.name === 'exp')) {
      // "These two modifiers MUST NOT appear in a record more than once each" (§6).
      if (once.has(term.name)) return { kind: 'invalid', because: `${term.name}= is there more than once` };
      once.add(term.name);
    }
    terms.push(term);
  }
  return { kind: 'ok', value: terms };
}

/** Whether evaluating a term asks the DNS: of these a record may have ten in all (§4.6.4). */
export function asksDns(term: SpfTerm): boolean {
  if (term.kind === 'modifier') return term.name === 'redirect';
  return term.mechanism !== 'all' && term.mechanism !== 'ip4' && term.mechanism !== 'ip6';
}

/** @returns what is wrong with the word, as the end of a sentence that it begins. */
function readTerm(text: string): SpfTerm | string {
  const modifier = /^([a-z][a-z0-9_.-]*)=(.*)$/is.exec(text);
  if (modifier !== null) return readModifier(text, (modifier[1] ?? '').toLowerCase(), modifier[2] ?? '');
  const parts = /^([-+?~]?)([a-z0-9]+)(.*)$/is.exec(text);
  const name = parts?.[2]?.toLowerCase();
  const mechanism = mechanisms.find((one) => one === name);
  if (parts === null || mechanism === undefined) return 'is no mechanism of SPF';
  const target = readTarget(mechanism, parts[3] ?? '');
  if (target.kind === 'wrong') return target.because;
  return { kind: 'directive', qualifier: qualifierOf(parts[1]), mechanism, target: target.value, text };
}

function qualifierOf(sign: string | undefined): SpfQualifier {
  return sign === '-' || sign === '~' || sign === '?' ? sign : '+';
}

function readModifier(text: string, name: string, value: string): SpfTerm | string {
  if (name === 'redirect' || name === 'exp') {
    if (!isDomainSpec(value)) return 'names no domain';
  } else if (macroTokens(value, 'slodiphcrtv') === undefined) return 'has a macro that there is not';
  return { kind: 'modifier', name, value, text };
}

type Target =
  | { readonly kind: 'read'; readonly value: string | null }
  | { readonly kind: 'wrong'; readonly because: string };

/** @param rest what stands behind the name of the mechanism. */
function readTarget(mechanism: SpfMechanism, rest: string): Target {
  const behind = rest.startsWith(':') ? rest.slice(1) : undefined;
  switch (mechanism) {
    case 'all':
      return rest === '' ? { kind: 'read', value: null } : wrong('takes nothing behind "all"');
    case 'include':
    case 'exists':
      return behind !== undefined && isDomainSpec(behind)
        ? { kind: 'read', value: behind }
        : wrong('names no domain');
    case 'ptr':
      if (rest === '') return { kind: 'read', value: null };
      return behind !== undefined && isDomainSpec(behind)
        ? { kind: 'read', value: behind }
        : wrong('names no domain');
    case 'a':
    case 'mx':
      return readDomainAndLengths(rest);
    case 'ip4':
      return readNetwork(behind, 32, (address) => `[${address}]`);
    case 'ip6':
      return readNetwork(behind, 128, (address) => `[IPv6:${address}]`);
  }
}

function wrong(because: string): Target {
  return { kind: 'wrong', because };
}

/** dual-cidr-length: one for IPv4, then one for IPv6 behind two slashes; either may be missing. */
const LENGTHS = /(?:\/(\d+))?(?:\/\/(\d+))?$/;

function readDomainAndLengths(rest: string): Target {
  const lengths = LENGTHS.exec(rest);
  const [whole = '', four, six] = lengths ?? [];
  if (!isLength(four, 32) || !isLength(six, 128)) return wrong('has a prefix length that there is not');
  const domain = rest.slice(0, rest.length - whole.length);
  if (domain === '') return { kind: 'read', value: null };
  if (!domain.startsWith(':') || !isDomainSpec(domain.slice(1))) return wrong('names no domain');
  return { kind: 'read', value: domain.slice(1) };
}

function readNetwork(text: string | undefined, most: number, literal: (address: string) => string): Target {
  const [address = '', length, ...more] = (text ?? '').split('/');
  const isRead = more.length === 0 && parseAddressLiteral(literal(address)).kind === 'ok';
  if (!isRead || !isLength(length, most))
    return wrong(`is not a network of ${most === 32 ? 'IPv4' : 'IPv6'}`);
  return { kind: 'read', value: text ?? '' };
}

/** `0`, or digits that do not begin with it. */
function isLength(digits: string | undefined, most: number): boolean {
  if (digits === undefined) return true;
  return /^(?:0|[1-9]\d{0,2})$/.test(digits) && Number(digits) <= most;
}

/** toplabel of §7.1: letters and digits with at least one letter, or with hyphens inside. */
const LAST_LABEL = /\.(?=[^.]*[a-z-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.?$/i;

/** domain-spec: visible characters and macros, at whose end stands a top-level name or a macro. */
function isDomainSpec(text: string): boolean {
  // The letters c, r and t are for explanations only (§7.2).
  const tokens = macroTokens(text, 'slodiphv');
  if (tokens === undefined || tokens.length === 0) return false;
  return tokens.at(-1)?.startsWith('%') === true || LAST_LABEL.test(text);
}

const TOKEN = /%\{([a-z])(\d*)r?[-.+,/_=]*\}|%[%_-]|[\x21-\x24\x26-\x7e]/giy;

/** A macro-string in pieces; undefined where it is none. @param letters that may stand in a macro. */
function macroTokens(text: string, letters: string): readonly string[] | undefined {
  const tokens: string[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token, letter, digits] = match;
    // "DIGIT … MUST be nonzero" where it is there (§7.3).
    if (letter !== undefined && !letters.includes(letter.toLowerCase())) return undefined;
    if (digits !== undefined && digits !== '' && Number(digits) === 0) return undefined;
    tokens.push(token);
    at += token.length;
  }
  return at === text.length ? tokens : undefined;
}
