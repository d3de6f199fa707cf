/** What evaluating an SPF record costs and comes to, for a sender that nothing in it matches. RFC 7208 §4.6.4, §5.2, §6.1. */
import type { Answer } from '../../dns/answer.ts';
import { types } from '../../dns/record.ts';
import { type Domain, parseDomain } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { askFor, askTxt, shorten } from '../ask.ts';
import { asksDns, isSpf, parseSpf, type SpfTerm } from '../records/spf.ts';

/** "SPF implementations MUST limit the total number of those terms to 10 during SPF evaluation" (§4.6.4). */
export const MOST_LOOKUPS = 10;
/** "SPF implementations SHOULD limit "void lookups" to two" (§4.6.4). */
export const MOST_VOID = 2;
/** MX records that one mx mechanism may have (§4.6.4). */
const MOST_MX = 10;
/** Terms that are followed: more than receivers follow, to be able to say how many there are, and still few. */
const MOST_FOLLOWED = 30;

/** A record and whose it is. */
interface SpfRecord {
  readonly domain: Domain;
  readonly terms: readonly SpfTerm[];
}

export interface SpfCost {
  /** Terms that ask the DNS; where there are more than 30, those behind are not counted. */
  lookups: number;
  readonly more: { is: boolean };
  /** Terms that lead to nothing. */
  readonly voids: string[];
  /** What makes the evaluation end with a permanent error, a sentence each. */
  readonly errors: string[];
  /** Look-ups that got no answer. */
  readonly unanswered: Answer[];
  /** Terms with ptr, here or in what is included. */
  readonly ptrs: string[];
  /** Terms whose names depend on the message, and can be counted only. */
  readonly macros: string[];
  /** The includes and redirects that were followed. */
  readonly followed: string[];
  /** Whether the evaluation comes to pass for a sender of nobody's. */
  allowsAll: boolean;
  /** The first record that comes to pass for everybody, here or in what is included. */
  openAt: SpfRecord | undefined;
  /** Whether it comes to neutral for such a sender. */
  isNeutral: boolean;
}

/** Follows every term, in its order, as if nothing matched before. Never more than 61 questions. */
export function* costOfSpf(domain: Domain, terms: readonly SpfTerm[]): PolicyLookUp<SpfCost> {
  const cost: SpfCost = {
    lookups: 0,
    more: { is: false },
    voids: [],
    errors: [],
    unanswered: [],
    ptrs: [],
    macros: [],
    followed: [],
    allowsAll: false,
    openAt: undefined,
    isNeutral: false,
  };
  const result = yield* evaluate(domain, terms, cost);
  cost.allowsAll = result === '+';
  // "If none of the mechanisms match and there is no "redirect" modifier", it is neutral (§4.7).
  cost.isNeutral = result === '?';
  return cost;
}

type Result = '+' | '-' | '~' | '?';

/** The result for a sender that only `all`, or a network of everybody, matches. */
function* evaluate(domain: Domain, terms: readonly SpfTerm[], cost: SpfCost): PolicyLookUp<Result> {
  for (const term of terms) {
    if (term.kind === 'modifier') continue;
    // "Mechanisms after "all" will never be tested" (§5.1).
    if (matchesEverybody(term)) {
      if (term.qualifier === '+') cost.openAt ??= { domain, terms };
      return term.qualifier;
    }
    if (!asksDns(term)) continue;
    if (!spend(cost)) return '?';
    const matched = yield* followTerm(domain, term, cost);
    if (matched) return term.qualifier;
  }
  const redirect = terms.find((term) => term.kind === 'modifier' && term.name === 'redirect');
  if (redirect?.kind !== 'modifier' || !spend(cost)) return '?';
  const target = yield* recordOf(redirect.value, redirect.text, cost);
  return target === undefined ? '?' : yield* evaluate(target.domain, target.terms, cost);
}

function matchesEverybody(term: Extract<SpfTerm, { kind: 'directive' }>): boolean {
  if (term.mechanism === 'all') return true;
  return (term.mechanism === 'ip4' || term.mechanism === 'ip6') && term.target?.endsWith('/0') === true;
}

function spend(cost: SpfCost): boolean {
  if (cost.lookups === MOST_FOLLOWED) {
    cost.more.is = true;
    return false;
  }
  cost.lookups += 1;
  return true;
}

/** @returns whether it matches everybody, which only an include can. */
function* followTerm(
  domain: Domain,
  term: Extract<SpfTerm, { kind: 'directive' }>,
  cost: SpfCost,
): PolicyLookUp<boolean> {
  const { mechanism, target, text } = term;
  switch (mechanism) {
    case 'include': {
      const included = yield* recordOf(target ?? '', text, cost);
      // An include matches where what is included comes to pass (§5.2).
      return included !== undefined && (yield* evaluate(included.domain, included.terms, cost)) === '+';
    }
    case 'ptr':
      cost.ptrs.push(shorten(text));
      return false;
    case 'a':
    case 'exists':
    case 'mx':
      yield* lookAt(mechanism, target === null ? domain : nameIn(target, text, cost), text, cost);
      return false;
    case 'all':
    case 'ip4':
    case 'ip6':
      return false;
  }
}

function* lookAt(
  mechanism: 'a' | 'exists' | 'mx',
  name: Domain | undefined,
  text: string,
  cost: SpfCost,
): PolicyLookUp<void> {
  if (name === undefined) return;
  if (mechanism === 'mx') {
    const answer = yield* askFor(name, types.MX);
    if (answer.kind === 'found' && answer.records.length > MOST_MX)
      cost.errors.push(`${shorten(text)}: ${name} has more than ${MOST_MX} MX records`);
    return note([answer], text, cost);
  }
  const first = yield* askFor(name, types.A);
  // "exists" looks for an A record, whatever the client's address is (§5.7).
  if (mechanism === 'exists' || first.kind === 'found') return note([first], text, cost);
  return note([first, yield* askFor(name, types.AAAA)], text, cost);
}

function note(answers: readonly Answer[], text: string, cost: SpfCost): void {
  const unknown = answers.find(({ kind }) => kind === 'unknown');
  if (answers.some(({ kind }) => kind === 'found')) return;
  if (unknown !== undefined) cost.unanswered.push(unknown);
  else cost.voids.push(shorten(text));
}

/** The record that an include or redirect leads to; without one the evaluation ends with an error (§5.2, §6.1). */
function* recordOf(target: string, text: string, cost: SpfCost): PolicyLookUp<SpfRecord | undefined> {
  const domain = nameIn(target, text, cost);
  if (domain === undefined) return undefined;
  const said = yield* askTxt(domain);
  if (said.kind === 'unknown') {
    cost.unanswered.push(said.answer);
    return undefined;
  }
  if (said.kind === 'absent') cost.voids.push(shorten(text));
  const records = said.texts.filter(isSpf);
  const [record] = records;
  if (record === undefined || records.length > 1) {
    const what =
      record === undefined ? 'no SPF record' : `${records.length} SPF records, and there may be one`;
    cost.errors.push(`${shorten(text)}: ${domain} has ${what}`);
    return undefined;
  }
  const read = parseSpf(record);
  if (read.kind !== 'ok') {
    cost.errors.push(`${shorten(text)}: the record of ${domain} cannot be read: ${read.because}`);
    return undefined;
  }
  cost.followed.push(shorten(`${text}: ${record}`));
  return { domain, terms: read.value };
}

/** The name in a term; undefined where it depends on the message, or is no name that could be looked up. */
function nameIn(target: string, text: string, cost: SpfCost): Domain | undefined {
  const name = target.includes('%') ? undefined : parseDomain(target);
  if (name === undefined) cost.macros.push(shorten(text));
  return name?.kind === 'ok' ? name.value : undefined;
}
