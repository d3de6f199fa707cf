/** SPF: who may send mail of a domain, and whether receivers can make sense of it. RFC 7208. */
import { type Domain, isWithin } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { askTxt, notAnswered, shorten, showTxt, txtLine, zoneFinding } from '../ask.ts';
import type { CheckId } from '../catalogue.ts';
import type { Remedy } from '../check.ts';
import type { Finding } from '../finding.ts';
import { isSpf, parseSpf, type SpfTerm } from '../records/spf.ts';
import { costOfSpf, MOST_LOOKUPS, MOST_VOID, type SpfCost } from './spf-cost.ts';
import { improvedSpf, isOpenItself, mergedSpf } from './spf-repairs.ts';

/** What is found of a domain's SPF, and its terms where there is one record that can be read. */
export interface SpfSaid {
  readonly findings: readonly Finding[];
  /** `unknown`: nobody answered. */
  readonly record: readonly SpfTerm[] | 'none' | 'broken' | 'unknown';
}

/** Lines of evidence. */
const MOST_LINES = 10;

export function* spfFindings(domain: Domain, now: number): PolicyLookUp<SpfSaid> {
  const scope = { domain };
  const said = yield* askTxt(domain);
  if (said.kind === 'unknown')
    return { findings: [notAnswered('spf.missing', scope, said.answer, { now })], record: 'unknown' };
  const records = said.texts.filter(isSpf);
  const [record] = records;
  const shown = records.slice(0, MOST_LINES).map((text) => showTxt(domain, text));
  if (record === undefined) return withoutSpf(domain, said.texts);
  const passed = zoneFinding('spf.missing', 'pass', { scope, evidence: shown });
  if (records.length > 1) {
    const all = records.length === 2 ? 'both' : `all ${records.length}`;
    const order = `Put the terms of ${all} records into one, and take these out.`;
    const fix = remedy(domain, order, mergedSpf(records));
    const several = zoneFinding('spf.multiple', 'fail', { scope, evidence: shown, fix: [fix] });
    return { findings: [passed, several, ...(yield* behindSeveral(domain, records))], record: 'broken' };
  }
  const found = [passed, zoneFinding('spf.multiple', 'pass', { scope, evidence: shown })];
  const read = parseSpf(record);
  if (read.kind !== 'ok') {
    const evidence = [...shown, `receivers cannot read it: ${shorten(read.because)}`];
    return { findings: [...found, zoneFinding('spf.syntax', 'fail', { scope, evidence })], record: 'broken' };
  }
  const cost = yield* costOfSpf(domain, read.value);
  return {
    findings: [...found, ...costFindings(domain, { shown, terms: read.value, cost, now })],
    record: read.value,
  };
}

/** What would be wrong once there is one record: of several receivers look at none. */
function* behindSeveral(domain: Domain, records: readonly string[]): PolicyLookUp<readonly Finding[]> {
  const merged = parseSpf(mergedSpf(records) ?? '');
  if (merged.kind !== 'ok') return [];
  const cost = yield* costOfSpf(domain, merged.value);
  const [open] = openElsewhere(domain, cost);
  if (!cost.allowsAll || open === undefined) return [];
  const evidence = ['the record will be open to everybody once it is one', ...cost.followed];
  return [
    zoneFinding('spf.plus-all', 'fail', {
      scope: { domain },
      evidence: evidence.slice(0, MOST_LINES),
      fix: [open],
    }),
  ];
}

/** How an included record is closed; the line only where the zone is the domain's own. */
function openElsewhere(domain: Domain, { openAt }: SpfCost): readonly Remedy[] {
  if (openAt === undefined || openAt.domain === domain) return [];
  const { domain: other, terms } = openAt;
  const order = `The record of ${other} allows everybody: name the servers that send mail in it, and end it with "~all", or take what leads there out of the record of ${domain}.`;
  return [isWithin(other, domain) ? remedy(other, order, improvedSpf(terms, [])) : remedy(domain, order)];
}

function remedy(domain: Domain, order: string, record?: string): Remedy {
  return {
    who: 'dns-owner',
    do: order,
    ...(record === undefined ? {} : { lines: [txtLine(domain, record)] }),
    verify: `dig +short ${domain} TXT`,
  };
}

/** A record that was meant to be one is worse than none: its owner believes in it. */
function withoutSpf(domain: Domain, texts: readonly string[]): SpfSaid {
  const scope = { domain };
  const meant = texts.filter((text) => /^[\s"']*v\s*=\s*spf/i.test(text) || /^[\s"']*spf2\.0/i.test(text));
  if (meant.length > 0) {
    const evidence = [
      ...meant.slice(0, MOST_LINES).map((text) => showTxt(domain, text)),
      'a record of SPF begins with exactly "v=spf1" and a space',
    ];
    return { findings: [zoneFinding('spf.syntax', 'fail', { scope, evidence })], record: 'broken' };
  }
  const evidence = [
    texts.length === 0
      ? `${domain} has no TXT record`
      : `none of the TXT records of ${domain} is one of SPF (there are ${texts.length})`,
  ];
  const fix = remedy(
    domain,
    `Publish an SPF record for ${domain}; if other servers than its mail hosts send its mail, name them before "~all", and make that "-all" when you are sure.`,
    'v=spf1 mx ~all',
  );
  return {
    findings: [zoneFinding('spf.missing', 'absent', { scope, evidence, fix: [fix] })],
    record: 'none',
  };
}

interface Evaluated {
  readonly shown: readonly string[];
  readonly terms: readonly SpfTerm[];
  readonly cost: SpfCost;
  readonly now: number;
}

function costFindings(domain: Domain, { shown, terms, cost, now }: Evaluated): Finding[] {
  const scope = { domain };
  const { lookups, voids, errors, ptrs, followed } = cost;
  const count = cost.more.is ? `more than ${lookups}` : String(lookups);
  const counted = `${count} of at most ${MOST_LOOKUPS} terms ask the DNS`;
  const isOver = lookups > MOST_LOOKUPS;
  const one = (
    id: CheckId,
    bad: 'warn' | 'fail' | null,
    lines: readonly string[],
    isOurs = false,
  ): Finding => {
    const evidence = (bad === null ? shown : lines).slice(0, MOST_LINES);
    if (bad === null || !isOurs) return zoneFinding(id, bad ?? 'pass', { scope, evidence });
    const fix = [remedy(domain, `Replace the SPF record of ${domain} by this one.`, better)];
    return zoneFinding(id, bad, { scope, evidence, fix });
  };
  const all = [...shown, ...followed];
  const elsewhere = openElsewhere(domain, cost);
  const openTo = (found: Finding): Finding =>
    found.state === 'pass' || elsewhere.length === 0 ? found : { ...found, fix: elsewhere };
  const isVoid = voids.length > MOST_VOID;
  // All that is to be changed in one record, so that what is pasted for one finding does not undo another.
  const better = improvedSpf(terms, [...ptrs, ...(isVoid ? voids : [])]);
  const isHere = (texts: readonly string[]): boolean => terms.some(({ text }) => texts.includes(text));
  const nothing = voids.map((term) => `${term} leads to nothing`);
  const isNeutral = cost.isNeutral && errors.length === 0 && !isOver;
  const found = [
    one('spf.syntax', errors.length > 0 ? 'fail' : null, errors),
    one('spf.void', isVoid ? 'warn' : null, nothing, isHere(voids)),
    openTo(one('spf.plus-all', cost.allowsAll ? 'fail' : null, all, isOpenItself(terms))),
    one('spf.neutral', isNeutral ? 'warn' : null, all, isOpenItself(terms)),
    one('spf.ptr', ptrs.length > 0 ? 'warn' : null, ptrs, isHere(ptrs)),
  ];
  const lines = [counted, ...shown, ...followed].slice(0, MOST_LINES);
  const [unanswered] = cost.unanswered;
  if (!isOver && unanswered !== undefined) {
    // What could not be followed may hold any number of terms.
    return [
      ...found.filter(({ state }) => state !== 'pass'),
      notAnswered('spf.lookups', scope, unanswered, { now }),
    ];
  }
  return [...found, zoneFinding('spf.lookups', isOver ? 'fail' : 'pass', { scope, evidence: lines })];
}
