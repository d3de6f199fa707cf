/** The policy file of MTA-STS: RFC 8461 §3.2. */
import { type Domain, isAscii, type Parsed, parseDomain, quote } from '../../names/domain.ts';

/** `enforce`: mail waits where the policy is not met. `testing`: it goes, and is reported. `none`: there is no policy. */
type StsMode = 'enforce' | 'testing' | 'none';

/** The MX hosts that a policy allows: one name, or all names with exactly one label more. */
export interface MxPattern {
  readonly wildcard: boolean;
  /** Without the `*.` of a wildcard. */
  readonly domain: Domain;
}

export interface StsPolicy {
  readonly mode: StsMode;
  /** In their order; at least one unless the mode is `none`. */
  readonly mx: readonly MxPattern[];
  /** 0 to {@link MAX_AGE_SECONDS}, counted from the moment at which it was fetched. */
  readonly maxAgeSeconds: number;
  /** As fetched, without line ends, unknown fields included; any Unicode but control characters below U+0080. */
  readonly lines: readonly string[];
  /** What its owner should put right, one sentence each. */
  readonly warnings: readonly string[];
}

export type ParsedPolicy =
  | { readonly kind: 'ok'; readonly policy: StsPolicy }
  | { readonly kind: 'invalid'; readonly fault: PolicyFault; readonly because: string };

/**
 * What is wrong with a file that is no policy, the first thing only.
 *
 * `size`: empty, or too large. `encoding`: not UTF-8. `mark`: a mark of byte order before the first field. `line`: a line that
 * is not "name: value". Then fields: missing (`no-…`) or with a value that they cannot have.
 */
export type PolicyFault =
  | 'size'
  | 'encoding'
  | 'mark'
  | 'line'
  | 'version'
  | 'no-mode'
  | 'mode'
  | 'no-max-age'
  | 'max-age'
  | 'no-mx'
  | 'mx';

/** "a suggested maximum policy size 64 kilobytes" (RFC 8461 §3.3). */
export const MAX_POLICY_OCTETS = 65_536;
/** "maximum value of 31557600" (RFC 8461 §3.2): a year. */
export const MAX_AGE_SECONDS = 31_557_600;
/** No domain has so many mail hosts; without a limit a file of 64 KiB could name ten thousand. */
export const MAX_MX_LINES = 1_000;

/** U+FEFF. */
const MARK = '\ufeff';
/** The name of a field and its delimiter. */
const NAME = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*/;
/** sts-policy-ext-value: any characters but those below U+0020 and DEL. */
// oxlint-disable-next-line eslint/no-control-regex -- control characters are what is looked for
const VALUE = /^[^\x00-\x1f\x7f]+$/;
const MAX_AGE = /^[0-9]{1,10}$/;
/** `Domain` of RFC 5321 §4.1.2: letters, digits and inner hyphens; the dot of the root is dropped before. */
const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;

/** What the lines say: the first of each field, and every mx. */
interface Fields {
  readonly first: ReadonlyMap<string, string>;
  readonly mx: readonly string[];
  readonly repeated: ReadonlySet<string>;
}

/**
 * Reads the body of a policy file.
 *
 * Fields may stand in any order; unknown ones are ignored. "If any non-repeated field--i.e., all fields excepting
 * "mx"--is duplicated, all entries except for the first SHALL be ignored. If any field is not specified, the policy
 * SHALL be treated as invalid." (RFC 8461 §3.2)
 */
export function parsePolicy(body: Uint8Array): ParsedPolicy {
  if (body.length === 0) return faulty('size', 'the policy is empty');
  if (body.length > MAX_POLICY_OCTETS) {
    return faulty('size', `the policy has ${body.length} octets, the limit is ${MAX_POLICY_OCTETS}`);
  }
  const text = decode(body);
  if (text === undefined) return faulty('encoding', 'the policy is not UTF-8');
  // sts-policy-term: LF or CRLF, between the lines and at most one behind the last.
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const fields = readFields(lines);
  if (fields.kind !== 'ok') return faulty(text.startsWith(MARK) ? 'mark' : 'line', fields.because);
  const { first, mx, repeated } = fields.value;
  const version = first.get('version');
  if (version !== 'STSv1') return faulty('version', missingOr('version', version, 'it must be STSv1'));
  const mode = first.get('mode');
  if (mode !== 'enforce' && mode !== 'testing' && mode !== 'none') {
    const because = missingOr('mode', mode, 'it must be enforce, testing or none');
    return faulty(mode === undefined ? 'no-mode' : 'mode', because);
  }
  const age = first.get('max_age');
  if (age === undefined || !MAX_AGE.test(age)) {
    const because = missingOr('max_age', age, 'it must be a number of seconds, of 1 to 10 digits');
    return faulty(age === undefined ? 'no-max-age' : 'max-age', because);
  }
  const patterns = readPatterns(mx);
  if (patterns.kind !== 'ok') return faulty('mx', patterns.because);
  if (mx.length === 0 && mode !== 'none') return faulty('no-mx', 'the policy has no field "mx"');
  return {
    kind: 'ok',
    policy: {
      mode,
      mx: patterns.value,
      maxAgeSeconds: Math.min(Number(age), MAX_AGE_SECONDS),
      lines,
      warnings: warningsOf(Number(age), mx, repeated),
    },
  };
}

/** The pattern as the policy writes it, in lower case. */
export function formatPattern({ wildcard, domain }: MxPattern): string {
  return wildcard ? `*.${domain}` : domain;
}

function decode(body: Uint8Array): string | undefined {
  try {
    // The mark of byte order stays, and makes the first field a wrong one.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

function readFields(lines: readonly string[]): Parsed<Fields> {
  const first = new Map<string, string>();
  const mx: string[] = [];
  const repeated = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const [prefix = '', name = ''] = NAME.exec(line) ?? [];
    const value = withoutWhiteSpaceBehind(line.slice(prefix.length));
    if (name === '' || !VALUE.test(value)) {
      return invalid(`line ${index + 1} of the policy is not "name: value": ${quote(line)}`);
    }
    if (name === 'mx') mx.push(value);
    else if (first.has(name)) repeated.add(name);
    else first.set(name, value);
  }
  return { kind: 'ok', value: { first, mx, repeated } };
}

/** By hand: a pattern for it would look at each space of a long run as often as the run is long. */
function withoutWhiteSpaceBehind(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return text.slice(0, end);
}

function readPatterns(values: readonly string[]): Parsed<readonly MxPattern[]> {
  if (values.length > MAX_MX_LINES) {
    return invalid(`the policy has ${values.length} fields "mx", the limit is ${MAX_MX_LINES}`);
  }
  const patterns: MxPattern[] = [];
  for (const value of values) {
    const pattern = readPattern(value);
    if (pattern.kind !== 'ok') return invalid(`the mx ${quote(value)} ${pattern.because}`);
    patterns.push(pattern.value);
  }
  return { kind: 'ok', value: patterns };
}

function readPattern(value: string): Parsed<MxPattern> {
  // "the "mx" value MUST specify the Punycode-encoded A-label … and not the Unicode-encoded U-label" (RFC 8461 §3.2).
  if (!isAscii(value)) return invalid('is not ASCII: an international name is written with A-labels there');
  const wildcard = value.startsWith('*.');
  const name = wildcard ? value.slice(2) : value;
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.');
  if (!labels.every((label) => LABEL.test(label))) {
    return invalid('is neither the name of a host nor "*." and a domain');
  }
  const domain = parseDomain(name);
  return domain.kind === 'ok'
    ? { kind: 'ok', value: { wildcard, domain: domain.value } }
    : invalid(`names no host: ${domain.because}`);
}

/** Bounded: one for each kind. */
function warningsOf(age: number, mx: readonly string[], repeated: ReadonlySet<string>): string[] {
  const known = ['version', 'mode', 'max_age'].filter((name) => repeated.has(name));
  const rooted = mx.find((value) => value.endsWith('.'));
  return [
    ...(age > MAX_AGE_SECONDS ? [`max_age is ${age}, more than a year: ${MAX_AGE_SECONDS} counts`] : []),
    ...(known.length > 0 ? [`${known.join(', ')}: given more than once, the first counts`] : []),
    ...(rooted === undefined
      ? []
      : [`the mx ${quote(rooted)} ends with a dot, which other senders may refuse`]),
  ];
}

function missingOr(name: string, value: string | undefined, wanted: string): string {
  return value === undefined
    ? `the policy has no field "${name}"`
    : `the policy has the ${name} ${quote(value)}: ${wanted}`;
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}

function faulty(fault: PolicyFault, because: string): ParsedPolicy {
  return { kind: 'invalid', fault, because };
}
