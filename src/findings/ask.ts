/** Questions of the DNS as rules ask them, and its answers as findings show them. */
import type { Answer } from '../dns/answer.ts';
import { type Name, nameOf, showName } from '../dns/name.ts';
import { type RecordType, types } from '../dns/record.ts';
import { readTxt } from '../dns/records.ts';
import { showRecord, showType } from '../dns/show.ts';
import { type Domain, parseDomain } from '../names/domain.ts';
import { type PolicyLookUp, resolve } from '../policies/look-ups.ts';
import type { CheckId } from './catalogue.ts';
import type { PasteLine, Severity } from './check.ts';
import { type Finding, type FindingScope, finding } from './finding.ts';

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

export function* askTxt(domain: Domain): PolicyLookUp<TxtSaid> {
  const answer = yield* askFor(domain, types.TXT);
  if (answer.kind !== 'found') return { kind: answer.kind, texts: [], answer };
  const texts = answer.records.flatMap((data) => readTxt(data)?.join('') ?? []);
  return { kind: 'found', texts, answer };
}

/** So many records are shown, and so much of each. */
const MOST_SHOWN = 8;
const LONGEST_SHOWN = 240;

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

/** At most 240 characters of a line. */
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
  return finding(id, 'not-tested', {
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
