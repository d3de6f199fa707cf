/** SPF: who may send mail of a domain, and whether receivers can make sense of it. RFC 7208. */
import type { Domain } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { askTxt, notAnswered, shorten, zoneLine } from '../ask.ts';
import type { CheckId } from '../catalogue.ts';
import type { Remedy } from '../check.ts';
import { type Finding, finding } from '../finding.ts';
import { isSpf, parseSpf, type SpfTerm } from '../records/spf.ts';
import { costOfSpf, MOST_LOOKUPS, MOST_VOID, type SpfCost } from './spf-cost.ts';

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
  const shown = records.slice(0, MOST_LINES).map((text) => shown1(domain, text));
  if (record === undefined) return withoutSpf(domain, said.texts);
  const passed = finding('spf.missing', 'pass', { scope, evidence: shown });
  if (records.length > 1) {
    const fix = remedy(
      domain,
      `Put the terms of all ${records.length} records into one, and remove the others.`,
    );
    return {
      findings: [passed, finding('spf.multiple', 'fail', { scope, evidence: shown, fix: [fix] })],
      record: 'broken',
    };
  }
  const found = [passed, finding('spf.multiple', 'pass', { scope, evidence: shown })];
  const read = parseSpf(record);
  if (read.kind !== 'ok') {
    const evidence = [...shown, `receivers cannot read it: ${shorten(read.because)}`];
    return { findings: [...found, finding('spf.syntax', 'fail', { scope, evidence })], record: 'broken' };
  }
  const cost = yield* costOfSpf(domain, read.value);
  return { findings: [...found, ...costFindings(domain, shown, cost, now)], record: read.value };
}

function shown1(domain: Domain, text: string): string {
  return shorten(`${domain}. TXT ${JSON.stringify(text)}`);
}

function remedy(domain: Domain, order: string, record?: string): Remedy {
  return {
    who: 'dns-owner',
    do: order,
    ...(record === undefined ? {} : { lines: [zoneLine(`${domain}. IN TXT "${record}"`)] }),
    verify: `dig +short ${domain} TXT`,
  };
}

/** A record that was meant to be one is worse than none: its owner believes in it. */
function withoutSpf(domain: Domain, texts: readonly string[]): SpfSaid {
  const scope = { domain };
  const meant = texts.filter((text) => /^[\s"']*v\s*=\s*spf/i.test(text) || /^[\s"']*spf2\.0/i.test(text));
  if (meant.length > 0) {
    const evidence = [
      ...meant.slice(0, MOST_LINES).map((text) => shown1(domain, text)),
      'a record of SPF begins with exactly "v=spf1" and a space',
    ];
    return { findings: [finding('spf.syntax', 'fail', { scope, evidence })], record: 'broken' };
  }
  const evidence = [`none of the ${texts.length} TXT records of ${domain} is one of SPF`];
  const fix = remedy(
    domain,
    `Publish an SPF record for ${domain}; if other servers than its mail hosts send its mail, add them before "-all".`,
    'v=spf1 mx -all',
  );
  return { findings: [finding('spf.missing', 'absent', { scope, evidence, fix: [fix] })], record: 'none' };
}

function costFindings(domain: Domain, shown: readonly string[], cost: SpfCost, now: number): Finding[] {
  const scope = { domain };
  const { lookups, voids, errors, ptrs, followed } = cost;
  const count = cost.more.is ? `more than ${lookups}` : String(lookups);
  const counted = `${count} of at most ${MOST_LOOKUPS} terms ask the DNS`;
  const isOver = lookups > MOST_LOOKUPS;
  const one = (id: CheckId, bad: 'warn' | 'fail' | null, lines: readonly string[]): Finding =>
    finding(id, bad ?? 'pass', { scope, evidence: (bad === null ? shown : lines).slice(0, MOST_LINES) });
  const found = [
    one('spf.syntax', errors.length > 0 ? 'fail' : null, errors),
    one(
      'spf.void',
      voids.length > MOST_VOID ? 'warn' : null,
      voids.map((term) => `${term} leads to nothing`),
    ),
    one('spf.plus-all', cost.allowsAll ? 'fail' : null, [...shown, ...followed]),
    one('spf.neutral', cost.isNeutral && errors.length === 0 && !isOver ? 'warn' : null, [
      ...shown,
      ...followed,
    ]),
    one('spf.ptr', ptrs.length > 0 ? 'warn' : null, ptrs),
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
  return [...found, finding('spf.lookups', isOver ? 'fail' : 'pass', { scope, evidence: lines })];
}
