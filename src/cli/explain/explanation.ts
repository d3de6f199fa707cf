/** What was found out, as `waxwing explain --json` prints it and its text is made from. */
import type { Explanation } from '../../events/explanation.ts';
import { formatTarget } from '../../policies/overrides/route.ts';
import type { Explained, Finding, LookedUp } from './explained.ts';
import { hostsOf } from './hosts.ts';
import { layersOf, saysNone } from './layers.ts';
import { problemsOf } from './problems.ts';
import { showSubject } from './subject.ts';
import { inWords } from './words.ts';

export function toExplanation(explained: Explained): Explanation {
  const { subject, rules, finding, mode, resolvers, now } = explained;
  const mx = hostsOf(explained);
  const { route } = rules;
  return {
    schema: 'waxwing.explain/1',
    domain: showSubject(subject),
    mx,
    layers: layersOf(explained),
    ...decisionOf(explained, mx),
    way: wayOf(finding),
    route:
      subject.kind === 'next-hop' || route === undefined || route.to === null ? null : formatTarget(route.to),
    firstContact: finding.kind === 'looked-up' && finding.firstContact,
    problems: problemsOf(explained),
    at: new Date(now).toISOString(),
    dnssec: mode,
    resolvers: [...resolvers],
  };
}

type Decided = Pick<Explanation, 'decision' | 'because' | 'by' | 'forbidden' | 'status'>;

function decisionOf({ finding, rules: { route }, now }: Explained, mx: Explanation['mx']): Decided {
  const nothing = { by: null, forbidden: false, status: null } as const;
  const open = mx.find(({ usable, requires }) => usable && requires === 'none');
  if (route !== undefined && route.login !== null && open !== undefined) {
    const because = 'the rule has a login, which is never said where TLS is not required';
    return { ...nothing, decision: 'defer', because, by: 'override' };
  }
  if (finding.kind === 'address') {
    const { by, because } = finding.decision;
    return { ...nothing, decision: 'deliver', because, by };
  }
  const { verdict } = finding;
  const { kind: decision, because } = verdict;
  switch (verdict.kind) {
    case 'deliver': {
      const by = mx.find(({ usable }) => usable)?.by ?? null;
      const remark = by === 'default' ? remarkOn(finding, now) : '';
      return { ...nothing, decision, because: `${because}${remark}`, by };
    }
    case 'defer': {
      const { forbidden } = verdict;
      // The one that the verdict speaks of; without an address it is the DNS that stands in the way.
      const obstacle = mx.find((host) => host.forbidden) ?? mx[0];
      const isOfLayer = obstacle !== undefined && (forbidden || obstacle.addresses.length > 0);
      return { ...nothing, decision, because, forbidden, by: isOfLayer ? obstacle.by : null };
    }
    case 'refuse':
      return { ...nothing, decision, because, status: verdict.status };
  }
}

/** Why a policy that the domain announces is not what decides. */
function remarkOn({ facts: { sts } }: LookedUp, now: number): string {
  const { domain, record, report } = sts;
  if (sts.kind === 'policy') return `; the MTA-STS policy of ${domain} is only being tried (mode testing)`;
  if (saysNone(sts, now)) return `; the MTA-STS policy of ${domain} asks for nothing (mode none)`;
  switch (record.kind) {
    case 'found':
      return `; ${domain} announces an MTA-STS policy, but it cannot be had${report === null ? '' : ` (${inWords(report.because)})`}`;
    case 'invalid':
      return `; the MTA-STS record of ${domain} cannot be used (${record.because})`;
    case 'unknown':
      return `; whether ${domain} has an MTA-STS policy could not be learnt (${record.because})`;
    case 'absent':
      return '';
  }
}

function wayOf(finding: Finding): Explanation['way'] {
  if (finding.kind === 'address') {
    const because = 'the host is named by its address';
    return { kind: 'address', dnssec: null, because, further: 0 };
  }
  const { way, hosts } = finding.facts;
  switch (way.kind) {
    case 'hosts': {
      const { status: dnssec, because } = way;
      return { kind: 'mx', dnssec, because, further: way.hosts.length - hosts.length };
    }
    case 'implicit':
      return { kind: 'implicit', dnssec: way.status, because: way.because, further: 0 };
    case 'configured':
      return { kind: 'configured', dnssec: null, because: `${way.host} was configured`, further: 0 };
    case 'null':
    case 'no-such-domain':
    case 'unknown':
      return { kind: way.kind, dnssec: null, because: way.because, further: 0 };
  }
}
