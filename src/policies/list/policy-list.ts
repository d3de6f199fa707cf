/**
 * A list of policies for the domains of others, in the form of STARTTLS Everywhere's `policy.json`, version 0.1.
 *
 * Whoever has signed it has seen what the mail servers of these domains do. Fields that are not known are ignored, as that
 * form has it; what is known has to be right, or the whole list is refused, as nobody knows what its author meant.
 */
import { parseMoment } from '../../names/calendar.ts';
import { type Domain, isAscii, type Parsed, parseDomain, quote } from '../../names/domain.ts';
import type { NamePattern } from '../overrides/route.ts';
import type { EpochMs } from '../words.ts';
import { readListJson } from './json.ts';

/** `enforce`: mail waits where it is not met. `testing`: it is only looked at. `none`: it asks for nothing. */
export type ListMode = 'enforce' | 'testing' | 'none';

/** What the list says of a domain, or of all that have the same alias. */
export interface ListPolicy {
  readonly mode: ListMode;
  /** Mail hosts; at least one unless the mode is `none`. */
  readonly mxs: readonly NamePattern[];
}

/** A domain on the list. */
export interface ListedDomain {
  readonly policy: ListPolicy;
  /** Under which name the policy stands for several domains; null: it is of this domain alone. */
  readonly alias: string | null;
}

export interface PolicyList {
  /** When it was made. */
  readonly timestamp: EpochMs;
  readonly expires: EpochMs;
  readonly author: string | null;
  /** Those with the same alias have the same object for a policy. */
  readonly domains: ReadonlyMap<Domain, ListedDomain>;
}

/** The last real list had 926 domains in 121,029 octets. */
export const MAX_LIST_OCTETS = 4 * 1024 * 1024;
const MOST_DOMAINS = 50_000;
const MOST_ALIASES = 1_000;
/** Of one policy. */
const MOST_HOSTS = 100;
const MOST_TEXT = 200;
/** A later major version may mean something else by the same fields. */
const VERSION = /^0(?:\.[0-9]{1,5}){0,2}$/;

/** Reads a list. Whether it is in date and who has signed it is for others to say. */
export function parsePolicyList(bytes: Uint8Array): Parsed<PolicyList> {
  if (bytes.length > MAX_LIST_OCTETS)
    return invalid(`it has ${bytes.length} octets, the limit is ${MAX_LIST_OCTETS}`);
  const json = readListJson(bytes);
  if (json.kind === 'invalid') return json;
  const top = json.value;
  if (!isObject(top)) return invalid('it is not a JSON object');
  const { version, author = null } = top;
  if (typeof version !== 'string' || !VERSION.test(version))
    return invalid('"version" is not a text such as "0.1"');
  if (author !== null && !isShortText(author))
    return invalid(`"author" is not a text of 1 to ${MOST_TEXT} characters`);
  const timestamp = readTime(top, 'timestamp');
  if (timestamp.kind === 'invalid') return timestamp;
  const expires = readTime(top, 'expires');
  if (expires.kind === 'invalid') return expires;
  if (expires.value <= timestamp.value) return invalid('it expires before it was made');
  const aliases = readAliases(top['policy-aliases'] ?? {});
  if (aliases.kind === 'invalid') return aliases;
  const domains = readDomains(top['policies'], aliases.value);
  if (domains.kind === 'invalid') return domains;
  return {
    kind: 'ok',
    value: { timestamp: timestamp.value, expires: expires.value, author, domains: domains.value },
  };
}

/** RFC 3339 with an offset, or whole seconds since 1970. */
function readTime(top: Fields, key: 'timestamp' | 'expires'): Parsed<EpochMs> {
  const written = top[key];
  if (typeof written === 'string') {
    const moment = parseMoment(written);
    return moment === undefined
      ? invalid(`"${key}" is not a time such as "2026-12-01T00:00:00Z": ${quote(written)}`)
      : { kind: 'ok', value: moment };
  }
  // Until the year 9999, as the other form can say.
  const isSeconds = typeof written === 'number' && Number.isInteger(written);
  if (!isSeconds || written < 0 || written > 253_402_300_799)
    return invalid(`"${key}" is neither a time nor a number of seconds since 1970`);
  return { kind: 'ok', value: written * 1000 };
}

function readAliases(written: unknown): Parsed<ReadonlyMap<string, ListPolicy>> {
  if (!isObject(written)) return invalid('"policy-aliases" is not an object');
  const entries = Object.entries(written);
  if (entries.length > MOST_ALIASES) return invalid(`it has more than ${MOST_ALIASES} aliases`);
  const aliases = new Map<string, ListPolicy>();
  for (const [name, value] of entries) {
    if (!isShortText(name)) return invalid(`an alias has a name that is not of 1 to ${MOST_TEXT} characters`);
    const policy = readPolicy(value);
    if (policy.kind === 'invalid') return invalid(`the alias ${quote(name)}: ${policy.because}`);
    aliases.set(name, policy.value);
  }
  return { kind: 'ok', value: aliases };
}

function readDomains(
  written: unknown,
  aliases: ReadonlyMap<string, ListPolicy>,
): Parsed<ReadonlyMap<Domain, ListedDomain>> {
  if (!isObject(written)) return invalid('"policies" is not an object');
  const entries = Object.entries(written);
  if (entries.length > MOST_DOMAINS) return invalid(`it has more than ${MOST_DOMAINS} domains`);
  const domains = new Map<Domain, ListedDomain>();
  for (const [name, value] of entries) {
    const domain = parseAsciiDomain(name);
    if (domain.kind === 'invalid') return invalid(`a policy is for no domain: ${domain.because}`);
    if (domains.has(domain.value)) return invalid(`${domain.value} is there in two spellings`);
    const listed = readListed(value, aliases);
    if (listed.kind === 'invalid') return invalid(`${domain.value}: ${listed.because}`);
    domains.set(domain.value, listed.value);
  }
  return { kind: 'ok', value: domains };
}

/** Where a policy names an alias its other fields are ignored. */
function readListed(written: unknown, aliases: ReadonlyMap<string, ListPolicy>): Parsed<ListedDomain> {
  if (!isObject(written)) return invalid('its policy is not an object');
  const alias = written['policy-alias'];
  if (alias === undefined) {
    const policy = readPolicy(written);
    return policy.kind === 'ok' ? { kind: 'ok', value: { policy: policy.value, alias: null } } : policy;
  }
  if (typeof alias !== 'string') return invalid('"policy-alias" is not a text');
  const policy = aliases.get(alias);
  if (policy === undefined) return invalid(`there is no alias ${quote(alias)}`);
  return { kind: 'ok', value: { policy, alias } };
}

function readPolicy(written: unknown): Parsed<ListPolicy> {
  if (!isObject(written)) return invalid('its policy is not an object');
  const { mode, mxs = [] } = written;
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none')
    return invalid('"mode" is neither enforce nor testing nor none');
  if (!Array.isArray(mxs)) return invalid('"mxs" is not a list');
  if (mxs.length === 0 && mode !== 'none') return invalid('"mxs" names no host');
  if (mxs.length > MOST_HOSTS) return invalid(`"mxs" names more than ${MOST_HOSTS} hosts`);
  const patterns: NamePattern[] = [];
  for (const one of mxs) {
    const pattern = readPattern(one);
    if (pattern.kind === 'invalid') return pattern;
    patterns.push(pattern.value);
  }
  return { kind: 'ok', value: { mode, mxs: patterns } };
}

/** `mail.example.net`, or `.example.net` for all names below it. */
function readPattern(written: unknown): Parsed<NamePattern> {
  if (typeof written !== 'string') return invalid('"mxs" holds something that is no name');
  const kind = written.startsWith('.') ? 'below' : 'domain';
  const domain = parseAsciiDomain(kind === 'below' ? written.slice(1) : written);
  if (domain.kind === 'invalid') return invalid(`"mxs": ${domain.because}`);
  // With ".com" whoever is on the path could name a host of his own.
  if (kind === 'below' && !domain.value.includes('.'))
    return invalid(`"mxs": ${quote(written)} is a whole top-level domain`);
  return { kind: 'ok', value: { kind, domain: domain.value } };
}

/** Other spellings than A-labels are for people. */
function parseAsciiDomain(text: string): Parsed<Domain> {
  return isAscii(text) ? parseDomain(text) : invalid(`${quote(text)} is not in A-labels`);
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MOST_TEXT && !CONTROL.test(value);
}

const CONTROL = /\p{Cc}/u;

function invalid(because: string): Parsed<never> {
  return { kind: 'invalid', because };
}

/** The first entry of `mxs` that the host matches: a suffix stands for any number of labels, and not for itself. */
export function matchingMx({ mxs }: ListPolicy, host: Domain): NamePattern | undefined {
  return mxs.find(({ kind, domain }) => (kind === 'domain' ? host === domain : host.endsWith(`.${domain}`)));
}

/** As the list writes it, in lower case. */
export function formatMx({ kind, domain }: NamePattern): string {
  return kind === 'below' ? `.${domain}` : domain;
}
