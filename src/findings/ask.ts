/** Questions of the DNS as rules ask them, and its answers as findings show them. */
import type { Answer } from '../dns/answer.ts';
import { type Name, nameOf, showName } from '../dns/name.ts';
import { type RecordType, types } from '../dns/record.ts';
import { readTxt } from '../dns/records.ts';
import { showRecord, showType } from '../dns/show.ts';
import { type Domain, parseDomain } from '../names/domain.ts';
import { all, type PolicyLookUp, resolve } from '../policies/look-ups.ts';
import { type CheckId, entryOf } from './catalogue.ts';
import type { FindingState, PasteLine, Remedy, Severity } from './check.ts';
import { type Finding, type FindingDetails, type FindingScope, finding } from './finding.ts';

/** What TXT records say at a name. */
export type TxtSaid =
  /** Each with its strings put together, one character for each octet. */
  | { readonly kind: 'found'; readonly texts: readonly string[]; readonly answer: Answer }
  | { readonly kind: 'absent' | 'unknown'; readonly texts: readonly []; readonly answer: Answer };

/** The domain below another, such as `_smtp._tls` below `example.test`; undefined where that is too long for a name. */
export function below(labels: string, domain: Domain): Domain | undefined {
  const parsed = parseDomain(`${labels}.${domain}`);
  return parsed.kind === 'ok' ? parsed.value : undefined;
}

/** Asks for records of a domain. */
export function* askFor(domain: Domain, type: RecordType): PolicyLookUp<Answer> {
  return yield* resolve({ name: nameOf(domain), type });
}

/** Asks at once what will be asked for one after another: answers are kept, and nobody has to wait for each by itself. */
export function* askAhead(
  questions: readonly (readonly [Domain | undefined, RecordType])[],
): PolicyLookUp<void> {
  yield* all(questions.flatMap(([domain, type]) => (domain === undefined ? [] : [askFor(domain, type)])));
}

export function* askTxt(domain: Domain): PolicyLookUp<TxtSaid> {
  const answer = yield* askFor(domain, types.TXT);
  if (answer.kind !== 'found') return { kind: answer.kind, texts: [], answer };
  const texts = answer.records.flatMap((data) => readTxt(data)?.join('') ?? []);
  return { kind: 'found', texts, answer };
}

/** So many records are shown, and so much of each. */
const MOST_SHOWN = 8;
const LONGEST_SHOWN = 400;

/** The answer in lines as a zone file has them, or the sentence that there is none. Bounded, printable. */
export function showAnswer(answer: Answer): readonly [string, ...string[]] {
  const { name, type } = answer.question;
  if (answer.kind === 'unknown') return [shorten(`${question(name, type)}: ${answer.because}`)];
  if (answer.kind === 'absent') {
    const what = answer.what === 'no-such-name' ? 'the name does not exist' : 'there is no such record';
    return [`${question(name, type)}: ${what} (${answer.status})`];
  }
  const lines = answer.records
    .slice(0, MOST_SHOWN)
    .map((data) => shorten(`${showName(answer.owner)}. ${showType(type)} ${showRecord(type, data)}`));
  const more = answer.records.length - MOST_SHOWN;
  const [first = '', ...others] = more > 0 ? [...lines, `and ${more} more`] : lines;
  return [first, ...others];
}

function question(name: Name, type: RecordType): string {
  return `${showName(name)} ${showType(type)}`;
}

/** A TXT record as a line of a zone file, shortened. */
export function showTxt(name: string, text: string): string {
  return shorten(`${name}. TXT ${quotedString(text.slice(0, LONGEST_SHOWN))}`);
}

/** At most 400 characters of a line. */
export function shorten(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 3)}...` : text;
}

/** After this long it is worth asking again what nobody answered. */
const RETRY_MS = 10 * 60_000;

/** The finding that something could not be looked at, as its look-up has failed. */
export function notAnswered(
  id: CheckId,
  scope: FindingScope,
  answer: Answer,
  { now, severity }: { readonly now: number; readonly severity?: Severity },
): Finding {
  return zoneFinding(id, 'not-tested', {
    scope,
    evidence: showAnswer(answer),
    // What is bogus stays so until somebody repairs the zone.
    ...(answer.status === 'bogus' ? {} : { retryAt: now + RETRY_MS }),
    ...(severity === undefined ? {} : { severity }),
  });
}

/** A line of a zone file to paste. */
export function zoneLine(text: string): PasteLine {
  return { for: 'dns', text };
}

/** The name that stands for the one that is meant, in the repairs of the catalogue. */
const EXAMPLE = 'example.test';

/** Lines of evidence of one finding. */
const MOST_LINES = 12;

/**
 * Makes a finding whose repairs, where they are the catalogue's, name the domain in place of the example.
 *
 * What a zone says is shown bounded, and in printable ASCII.
 */
export function zoneFinding(id: CheckId, state: FindingState, given: FindingDetails): Finding {
  const evidence = given.evidence.slice(0, MOST_LINES).map((line) => shorten(plain(line)));
  const details = { ...given, evidence };
  const name = given.scope.domain ?? given.scope.host;
  if (given.fix !== undefined || state === 'not-tested' || name === undefined)
    return finding(id, state, details);
  return finding(id, state, { ...details, fix: entryOf(id).fix.map((remedy) => withName(remedy, name)) });
}

function plain(text: string): string {
  return text.replace(/[^ -~]/g, (one) =>
    one === '\u2019' ? "'" : `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function withName(remedy: Remedy, name: string): Remedy {
  const { lines, verify } = remedy;
  return {
    ...remedy,
    do: remedy.do.replaceAll(EXAMPLE, () => name),
    ...(lines === undefined
      ? {}
      : { lines: lines.map((line) => ({ ...line, text: line.text.replaceAll(EXAMPLE, () => name) })) }),
    ...(verify === undefined ? {} : { verify: verify.replaceAll(EXAMPLE, () => name) }),
  };
}

/** Octets of one string of a TXT record (RFC 1035 §3.3). */
const LONGEST_STRING = 255;

/** A TXT record to paste, in as many strings as it needs, what is odd in it escaped (RFC 1035 §5.1). */
export function txtLine(name: string, text: string): PasteLine {
  const strings: string[] = [];
  for (let from = 0; from === 0 || from < text.length; from += LONGEST_STRING)
    strings.push(text.slice(from, from + LONGEST_STRING));
  return zoneLine(`${name}. IN TXT ${strings.map(quotedString).join(' ')}`);
}

function quotedString(text: string): string {
  const escaped = text.replace(/["\\]|[^ -~]/gs, (one) =>
    one === '"' || one === '\\' ? `\\${one}` : `\\${String(one.charCodeAt(0)).padStart(3, '0')}`,
  );
  return `"${escaped}"`;
}
