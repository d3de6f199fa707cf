/** The answer to a question, with what is proven of it link by link. RFC 4035 §5, RFC 6672 §5.3, RFC 6840. */
import type { Alias, Answer, DnssecStatus, Link } from '../answer.ts';
import type { LookUp } from '../look-ups.ts';
import { type Name, showName } from '../name.ts';
import { type ExtendedError, isNoSet, type Question, types } from '../record.ts';
import type { RrSet } from '../rrset.ts';
import { showType } from '../show.ts';
import { aliasAt } from './alias.ts';
import { find, hear, type Reading } from './asking.ts';
import { budgetOfQuestion, spend } from './budget.ts';
import { showQuestion } from './denial.ts';
import { type Case, judgeAbsence, judgeSet, type Verdict, type What } from './judge.ts';
import { LONGEST, type Search } from './place.ts';
import { settle, type Terms } from './terms.ts';
import { earlier, type Validity } from './time.ts';

/** Aliases that are followed; unbound follows 11, and nobody needs them. */
const MOST_ALIASES = 10;
/** Zones that are tried for one set: a set belongs to one, and answers have been seen with two. */
const MOST_SIGNERS = 3;
/** Reasons of resolvers that are kept. */
const MOST_ERRORS = 10;

/** What came together on the way to an answer. */
interface Trip {
  readonly question: Question;
  readonly search: Search;
  readonly aliases: Alias[];
  readonly links: Link[];
  readonly errors: ExtendedError[];
  ttl: number;
  validity: Validity | null;
  /** The weakest link so far, and what it says. */
  status: DnssecStatus;
  because: string | undefined;
}

/** Asks a question and validates what comes, from the trust anchors on, over all aliases. */
export function* validated(question: Question, terms: Terms): LookUp<Answer> {
  const budget = budgetOfQuestion();
  const search = { settled: settle(terms), budget, signers: MOST_SIGNERS };
  const common = { aliases: [], links: [], errors: [], because: undefined, validity: null };
  const trip: Trip = { question, search, ...common, ttl: LONGEST, status: 'secure' };
  if (isNoSet(question.type)) {
    const because = `a question for ${showType(question.type)} has no answer that could be proven to be whole`;
    return unknown(trip, question.name, 'indeterminate', because);
  }
  for (let name = question.name; ; ) {
    if (!spend(budget, 'questions')) {
      const because = `more would have to be asked for ${showQuestion(question)} than one question is worth`;
      return unknown(trip, name, 'bogus', because);
    }
    const heard = yield* hear({ name, type: question.type });
    keepErrors(trip, heard.errors);
    if (heard.kind === 'nothing') return unknown(trip, name, 'indeterminate', heard.because);
    const step = yield* walk(trip, heard);
    if ('kind' in step) return step;
    name = step.askFor;
  }
}

/** Follows the aliases in one answer: to the end, or to a name that has to be asked for. */
function* walk(trip: Trip, reading: Reading): LookUp<Answer | { readonly askFor: Name }> {
  const { type } = trip.question;
  const one: Case = { reading, proofs: [] };
  for (let { name } = reading.question; ; ) {
    const alias = aliasAt(reading.answers, name, type);
    const set = find(reading.answers, name, type);
    // Below a DNAME a CNAME is made by the server, and is answer enough where a CNAME is asked for.
    const isMade = type === types.CNAME && alias.kind === 'alias';
    if (set !== undefined && !isMade)
      return found(trip, set, yield* judgeSet('answer', set, one, trip.search));
    if (alias.kind === 'none') return yield* nothingAt(trip, name, one);
    const verdict = yield* judgeSet('alias', alias.set, one, trip.search);
    if (!verdict.usable) return bogus(trip, name, verdict, alias.set.data);
    if (alias.kind === 'broken') return unknown(trip, name, 'bogus', alias.because);
    take(trip, verdict);
    const { by, to } = alias;
    if (isMade) return answerOf(trip, name, [Buffer.from(to, 'latin1')]);
    trip.aliases.push({ from: name, to, by, status: verdict.status });
    const because = circleOf(trip, to);
    if (because !== undefined) return unknown(trip, to, 'indeterminate', because);
    name = to;
  }
}

function circleOf({ question, aliases }: Trip, to: Name): string | undefined {
  if (aliases.some(({ from }) => from === to))
    return `the aliases from ${showName(question.name)} lead in a circle, back to ${showName(to)}`;
  if (aliases.length <= MOST_ALIASES) return undefined;
  return `there are more than ${MOST_ALIASES} aliases behind ${showName(question.name)}`;
}

/** The end of an answer's way without records. Where the way began elsewhere, that may not be the end of it. */
function* nothingAt(trip: Trip, name: Name, one: Case): LookUp<Answer | { readonly askFor: Name }> {
  const { reading } = one;
  const question = { name, type: trip.question.type };
  const isBegun = name !== reading.question.name;
  if (isBegun && !reading.authority().some(isProofOrSoa)) return { askFor: name };
  const { verdict, what, isStated } = yield* judgeAbsence(question, one, trip.search);
  if (isBegun && (what === undefined || !isStated)) return { askFor: name };
  if (!verdict.usable) return bogus(trip, name, verdict, []);
  take(trip, verdict);
  if (what !== undefined) return absent(trip, name, what);
  const because = `for ${showQuestion(question)} the resolver refers to other servers instead of asking them`;
  return unknown(trip, name, trip.status === 'insecure' ? 'insecure' : 'indeterminate', because);
}

function isProofOrSoa({ type }: RrSet): boolean {
  return type === types.NSEC || type === types.NSEC3 || type === types.SOA;
}

function found(trip: Trip, set: RrSet, verdict: Verdict): Answer {
  if (!verdict.usable) return bogus(trip, set.name, verdict, set.data);
  take(trip, verdict);
  return answerOf(trip, set.name, set.data);
}

function answerOf(trip: Trip, owner: Name, records: readonly Uint8Array[]): Answer {
  return { kind: 'found', ...commonOf(trip, owner), records };
}

function absent(trip: Trip, owner: Name, what: What): Answer {
  return { kind: 'absent', ...commonOf(trip, owner), what };
}

/** What cannot be used: bogus, or on a way that cannot be gone. */
function bogus(trip: Trip, owner: Name, verdict: Verdict, unproven: readonly Uint8Array[]): Answer {
  take(trip, verdict);
  return { kind: 'unknown', ...commonOf(trip, owner), ttl: 0, unproven };
}

function unknown(trip: Trip, owner: Name, status: DnssecStatus, because: string): Answer {
  weaken(trip, status, because, true);
  return { kind: 'unknown', ...commonOf(trip, owner), ttl: 0, unproven: [] };
}

function commonOf(trip: Trip, owner: Name) {
  const { question, status, ttl, validity, aliases, links, because, errors } = trip;
  const proven = status === 'secure' ? validity : null;
  return {
    question,
    status,
    ttl,
    signedSince: proven?.since ?? null,
    signedUntil: proven?.until ?? null,
    owner,
    aliases,
    chain: links,
    because: because ?? '',
    errors,
  };
}

/** Adds a link to the way. */
function take(trip: Trip, { status, because, links, ttl, validity, errors }: Verdict): void {
  weaken(trip, status, because, false);
  for (const link of links) {
    const isKnown = trip.links.some(
      (one) => one.kind === link.kind && one.name === link.name && one.type === link.type,
    );
    if (!isKnown) trip.links.push(link);
  }
  trip.ttl = Math.min(trip.ttl, ttl);
  if (validity !== null) trip.validity = earlier(validity, trip.validity);
  keepErrors(trip, errors);
}

const weakness: Readonly<Record<DnssecStatus, number>> = {
  secure: 0,
  insecure: 1,
  indeterminate: 2,
  bogus: 3,
};

/** The first of the weakest links decides, and of secure ones the last. */
function weaken(trip: Trip, status: DnssecStatus, because: string, always: boolean): void {
  const isWeaker = weakness[status] > weakness[trip.status];
  if (isWeaker || always || trip.status === 'secure') trip.because = because;
  if (isWeaker) trip.status = status;
}

function keepErrors(trip: Trip, errors: readonly ExtendedError[]): void {
  for (const error of errors) {
    const isKnown = trip.errors.some(({ code, text }) => code === error.code && text === error.text);
    if (!isKnown && trip.errors.length < MOST_ERRORS) trip.errors.push(error);
  }
}
