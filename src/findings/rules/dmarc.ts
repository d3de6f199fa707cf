/** DMARC: what receivers do with forged mail of a domain, and who hears of it. RFC 9989; reports to others, RFC 9990 §4. */
import { type Domain, isWithin } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { askTxt, below, notAnswered, showTxt, txtLine, zoneFinding, zoneLine } from '../ask.ts';
import type { Remedy } from '../check.ts';
import type { Finding } from '../finding.ts';
import { type DmarcRecord, isDmarc } from '../records/dmarc.ts';
import { strictest, withTags } from './dmarc-repairs.ts';
import { type DmarcStep, type DmarcWalk, organizationOf, policyStep, walkDmarc } from './dmarc-walk.ts';

/** What is found of a domain's DMARC, and what receivers do by it. */
export interface DmarcSaid {
  readonly findings: readonly Finding[];
  /** `unknown`: nobody answered. */
  readonly policy: 'none' | 'quarantine' | 'reject' | 'missing' | 'unknown';
}

/** Domains that get reports and are asked whether they take them. */
const MOST_RECEIVERS = 4;

export function* dmarcFindings(domain: Domain, now: number): PolicyLookUp<DmarcSaid> {
  const walk = yield* walkDmarc(domain);
  const scope = { domain };
  const step = policyStep(domain, walk);
  if (walk.unanswered !== null && step?.domain !== domain) {
    const found = [
      ...ownFindings(domain, walk),
      notAnswered('dmarc.missing', scope, walk.unanswered, { now }),
    ];
    return { findings: found, policy: 'unknown' };
  }
  const own = ownFindings(domain, walk);
  if (step?.record === undefined || step.record === null) {
    return { findings: [...own, missing(domain, walk)], policy: 'missing' };
  }
  const { record } = step;
  const inherited = step.domain !== domain;
  const policy = inherited ? (record.subdomains ?? record.policy) : record.policy;
  const evidence = shownStep(step);
  const found = [
    zoneFinding('dmarc.missing', policy === 'ignored' ? 'absent' : 'pass', {
      scope,
      evidence: inherited ? [...evidence, `${domain} has no record of its own, so this one holds`] : evidence,
    }),
    ...own,
    ...syntaxFindings(domain, step, record),
    ...policyFindings(domain, step, record, policy),
    ...(yield* receiverFindings(domain, step, record, { walk, now })),
  ];
  return { findings: found, policy: policy === 'ignored' ? 'missing' : policy };
}

function shownStep({ domain, candidates }: DmarcStep): readonly [string, ...string[]] {
  const [first = `_dmarc.${domain} has no record of DMARC`, ...others] = candidates
    .slice(0, 5)
    .map((text) => showTxt(`_dmarc.${domain}`, text));
  return [first, ...others];
}

/** What stands at the domain itself and does not count: two records, or one that only looks like DMARC. */
function ownFindings(domain: Domain, { steps }: DmarcWalk): Finding[] {
  const [own] = steps;
  if (own?.domain !== domain) return [];
  const scope = { domain };
  const state = own.candidates.length > 1 ? 'fail' : 'pass';
  const kept = strictest(own.candidates);
  const order = `Keep one DMARC record for ${domain}, such as this one, and remove the others.`;
  const fix = kept === undefined ? [] : [remedy(domain, order, kept)];
  const multiple = zoneFinding('dmarc.multiple', state, { scope, evidence: shownStep(own), fix });
  const alike = own.texts.filter((text) => !isDmarc(text) && /^[\s"']*v\s*=\s*dmarc/i.test(text));
  if (own.candidates.length > 0 || alike.length === 0) return own.candidates.length > 0 ? [multiple] : [];
  const lines = alike.slice(0, 5).map((text) => showTxt(`_dmarc.${domain}`, text));
  const evidence = [
    ...lines,
    'a record of DMARC begins with exactly "v=DMARC1", in upper case, and a semicolon',
  ];
  return [zoneFinding('dmarc.syntax', 'fail', { scope, evidence })];
}

function remedy(domain: Domain, order: string, record: string): Remedy {
  return {
    who: 'dns-owner',
    do: order,
    lines: [txtLine(`_dmarc.${domain}`, record)],
    verify: `dig +short _dmarc.${domain} TXT`,
  };
}

function missing(domain: Domain, { steps }: DmarcWalk): Finding {
  const asked = steps.map((step) => `_dmarc.${step.domain}`);
  const order = `Publish a DMARC record for ${domain}: with p=none, which is weak, until the reports have shown that your own mail passes. The mailbox for reports has to exist.`;
  return zoneFinding('dmarc.missing', 'absent', {
    scope: { domain },
    evidence: [`there is no record of DMARC that counts at ${asked.join(', ')}`],
    fix: [remedy(domain, order, `v=DMARC1; p=none; rua=mailto:dmarc@${domain}`)],
  });
}

function syntaxFindings(domain: Domain, step: DmarcStep, { problems, policy }: DmarcRecord): Finding[] {
  const scope = { domain };
  if (problems.length === 0)
    return [zoneFinding('dmarc.syntax', 'pass', { scope, evidence: shownStep(step) })];
  const evidence = [...shownStep(step), ...problems.slice(0, 8)];
  // Receivers go on without what they cannot read; only a policy that is wrong costs all of the record.
  return policy === 'ignored'
    ? [zoneFinding('dmarc.syntax', 'fail', { scope, evidence })]
    : [zoneFinding('dmarc.syntax', 'warn', { scope, evidence, severity: 'medium' })];
}

function policyFindings(
  domain: Domain,
  step: DmarcStep,
  { testing, percentage }: DmarcRecord,
  policy: DmarcRecord['policy'],
): Finding[] {
  if (policy === 'ignored') return [];
  const scope = { domain };
  const evidence = shownStep(step);
  const partly = percentage !== null && percentage !== '100';
  const [text = ''] = step.candidates;
  // What holds for a subdomain is "sp" of the record above.
  const tag = step.domain === domain ? 'p' : 'sp';
  // All that is to be changed in one record, so that what is pasted for one finding does not undo another.
  const better = withTags(text, {
    ...(policy === 'none' ? { [tag]: 'quarantine' } : {}),
    ...(testing ? { t: null } : {}),
    ...(partly ? { pct: null } : {}),
  });
  const verdict = (id: 'dmarc.none' | 'dmarc.t-y' | 'dmarc.pct', bad: boolean, order: string): Finding =>
    zoneFinding(id, bad ? 'warn' : 'pass', { scope, evidence, fix: [remedy(step.domain, order, better)] });
  return [
    verdict(
      'dmarc.none',
      policy === 'none',
      'When the reports show that your own mail passes, ask for quarantine, and some weeks later for reject.',
    ),
    verdict('dmarc.t-y', testing, 'When the test is over, replace the record by this one.'),
    verdict('dmarc.pct', partly, 'Replace the record by this one; while you test, add "; t=y" to it.'),
  ];
}

/** The other domain says so at DOMAIN._report._dmarc below itself, with at least the version (RFC 9990 §4). */
function* receiverFindings(
  domain: Domain,
  step: DmarcStep,
  record: DmarcRecord,
  { walk, now }: { readonly walk: DmarcWalk; readonly now: number },
): PolicyLookUp<Finding[]> {
  const organization = organizationOf(domain, walk);
  const receivers = new Set(
    record.reportsTo.flatMap((uri) =>
      uri.kind === 'mailto' ? [uri.domain] : uri.kind === 'https' ? [uri.host] : [],
    ),
  );
  const found: Finding[] = [];
  const others = [...receivers]
    .filter((receiver) => !isWithin(receiver, organization))
    .slice(0, MOST_RECEIVERS);
  for (const receiver of others) {
    const name = below(`${step.domain}._report._dmarc`, receiver);
    if (name === undefined) continue;
    const said = yield* askTxt(name);
    const scope = { domain, host: receiver };
    if (said.kind === 'unknown') {
      found.push(notAnswered('dmarc.rua-unauthorised', scope, said.answer, { now }));
      continue;
    }
    if (said.texts.some(isDmarc)) {
      const evidence = [`${name} says that ${receiver} takes the reports`];
      found.push(zoneFinding('dmarc.rua-unauthorised', 'pass', { scope, evidence }));
      continue;
    }
    // The other domain may be of the same organization all the same, one above that has a record itself.
    const theirs = yield* walkDmarc(receiver);
    if (organizationOf(receiver, theirs) === organization) continue;
    found.push(unauthorised(scope, name, receiver, step.domain));
  }
  if (receivers.size > 0 && others.length === 0) {
    const evidence = [
      `reports go to ${[...receivers].slice(0, 5).join(', ')}, which is of the same organization`,
    ];
    found.push(zoneFinding('dmarc.rua-unauthorised', 'pass', { scope: { domain }, evidence }));
  }
  return found;
}

function unauthorised(
  scope: { readonly domain: Domain; readonly host: Domain },
  name: Domain,
  receiver: Domain,
  owner: Domain,
): Finding {
  return zoneFinding('dmarc.rua-unauthorised', 'warn', {
    scope,
    evidence: [`${owner} asks that reports go to ${receiver}`, `${name} has no record of DMARC`],
    fix: [
      {
        who: 'dns-owner',
        do: `Have ${receiver} publish that it takes the reports of ${owner}.`,
        lines: [zoneLine(`${name}. IN TXT "v=DMARC1"`)],
        verify: `dig +short ${name} TXT`,
      },
    ],
  });
}
