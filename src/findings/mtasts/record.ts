/** The TXT record that says that a domain has a policy, and which one. */
import { nameOf, showName } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { quote } from '../../names/domain.ts';
import { daneAt } from '../../policies/dane/plan.ts';
import { all, type PolicyLookUp, resolve } from '../../policies/look-ups.ts';
import { faultOfStsRecord } from '../../policies/mta-sts/record.ts';
import type { CheckId } from '../catalogue.ts';
import type { Remedy } from '../check.ts';
import { type Finding, finding } from '../finding.ts';
import { type StsSeen, textsOf } from './gather.ts';
import { policyHostRemedies } from './publish.ts';
import { serveRightFile } from './right-file.ts';

const FORM_IDS = ['mtasts.record.multiple', 'mtasts.record.syntax', 'mtasts.record.id'] as const;

/** Judges the record, and looks for it where it does not belong. */
export function* recordFindings(seen: StsSeen, now: number): PolicyLookUp<readonly Finding[]> {
  const misplaced = yield* misplacedFindings(seen, now);
  return [...presence(seen, now), ...form(seen, now), ...version(seen, now), ...alias(seen), ...misplaced];
}

function scopeOf({ domain }: StsSeen): { readonly domain: StsSeen['domain'] } {
  return { domain };
}

function evidenceOf({ domain, texts, txt }: StsSeen): readonly string[] {
  if (texts.length === 0) return [`_mta-sts.${domain} TXT: ${txt.kind} (${txt.because || txt.status})`];
  return texts.slice(0, 4).map((text) => `_mta-sts.${domain}. TXT ${quote(text)}`);
}

/** Whether the domain takes part at all. */
function presence(seen: StsSeen, now: number): readonly Finding[] {
  const { record } = seen.facts.sts;
  const [scope, evidence] = [scopeOf(seen), evidenceOf(seen)];
  switch (record.kind) {
    case 'unknown':
      return [finding('mtasts.none', 'not-tested', { scope, evidence: [record.because] })];
    case 'found':
    case 'invalid':
      return [finding('mtasts.none', 'pass', { scope, evidence })];
    case 'absent':
      break;
  }
  // DANE at every host does the same for those who look at it, and better.
  const { hosts, way } = seen.facts;
  // Behind MX records that nothing proves DANE protects the host that somebody on the path has named.
  const isCovered =
    'status' in way &&
    way.status === 'secure' &&
    hosts.length > 0 &&
    hosts.every(({ facts }) => facts.kind === 'found' && daneAt(facts.tlsa).kind === 'dane');
  return [
    finding('mtasts.none', 'absent', {
      scope,
      evidence: [...evidence, record.because],
      severity: isCovered ? 'info' : 'medium',
      fix: begin(seen, now),
    }),
  ];
}

/** From nothing to a policy that is tried out. */
function begin(seen: StsSeen, now: number): readonly Remedy[] {
  return [
    ...(seen.served === undefined ? policyHostRemedies(seen.domain, hasAddress(seen)) : []),
    ...serveRightFile(seen, now, 'Begin with a policy that is only tried out.'),
  ];
}

/** The file comes first: what it says takes effect with the record. */
function onlyRecord(seen: StsSeen, now: number): readonly Remedy[] {
  return [
    ...(seen.served === undefined ? policyHostRemedies(seen.domain, hasAddress(seen)) : []),
    ...serveRightFile(seen, now, 'No sender has the policy yet, so it is tried out first.'),
  ];
}

function hasAddress({ addresses }: StsSeen): boolean {
  return addresses.some(({ kind }) => kind === 'found');
}

/** A record that is there and cannot be used, by what is wrong. */
function form(seen: StsSeen, now: number): readonly Finding[] {
  const { record } = seen.facts.sts;
  const [scope, evidence] = [scopeOf(seen), evidenceOf(seen)];
  if (record.kind === 'found') return FORM_IDS.map((id) => finding(id, 'pass', { scope, evidence }));
  if (record.kind !== 'invalid') return [];
  // A TXT record whose octets are no strings is of no form at all.
  const fault = faultOfStsRecord(seen.texts.map((text) => [text])) ?? 'syntax';
  const id: CheckId = `mtasts.record.${fault}`;
  return [
    finding(id, 'fail', { scope, evidence: [...evidence, record.because], fix: onlyRecord(seen, now) }),
  ];
}

/** Something that was meant to be one, and does not begin as one must. */
function version(seen: StsSeen, now: number): readonly Finding[] {
  const { record } = seen.facts.sts;
  const [scope, evidence] = [scopeOf(seen), evidenceOf(seen)];
  if (record.kind === 'found') return [finding('mtasts.record.version', 'pass', { scope, evidence })];
  // A wildcard of the zone answers here too, with records of another kind.
  if (record.kind !== 'absent' || !seen.texts.some((text) => /^\s*"?v\s*=\s*sts/i.test(text))) return [];
  const said = [...evidence, record.because];
  return [finding('mtasts.record.version', 'fail', { scope, evidence: said, fix: onlyRecord(seen, now) })];
}

/** RFC 8461 §8.2: delegated by an alias. */
function alias(seen: StsSeen): readonly Finding[] {
  const { txt, domain } = seen;
  if (txt.aliases.length === 0 || txt.kind === 'unknown') return [];
  const scope = scopeOf(seen);
  const evidence = [`_mta-sts.${domain} is an alias of ${showName(txt.owner)}`, ...evidenceOf(seen)];
  return [finding('mtasts.record.cname', txt.kind === 'found' ? 'pass' : 'warn', { scope, evidence })];
}

/** At the domain itself and at the policy host, where it was put by mistake. */
function* misplacedFindings(seen: StsSeen, now: number): PolicyLookUp<readonly Finding[]> {
  const { domain, policyHost, facts } = seen;
  if (facts.sts.record.kind !== 'absent') return [];
  const places = [domain, policyHost];
  const answers = yield* all(places.map((name) => resolve({ name: nameOf(name), type: types.TXT })));
  if (answers.some(({ kind }) => kind === 'unknown')) return [];
  const scope = scopeOf(seen);
  const found = answers.flatMap((answer, index) =>
    textsOf(answer)
      .filter((text) => text.startsWith('v=STSv1'))
      .map((text) => `${places[index] ?? domain}. TXT ${quote(text)}`),
  );
  if (found.length === 0) {
    const evidence = [`there is no v=STSv1 record at ${places.join(' or ')}`];
    return [finding('mtasts.record.wrong-place', 'pass', { scope, evidence })];
  }
  return [
    finding('mtasts.record.wrong-place', 'fail', {
      scope,
      evidence: found.slice(0, 4),
      fix: onlyRecord(seen, now),
    }),
  ];
}
