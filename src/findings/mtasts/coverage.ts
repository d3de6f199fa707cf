/** Whether the mail hosts are what the policy says: listed, with TLS, and with a certificate that everybody trusts. */
import { showList } from '../../dns/show.ts';
import type { Domain } from '../../names/domain.ts';
import { daneAt } from '../../policies/dane/plan.ts';
import { matchesMx, matchingPattern } from '../../policies/mta-sts/match.ts';
import { formatPattern, type StsPolicy } from '../../policies/mta-sts/policy.ts';
import { type CheckCase, type HostCase, scopeOf } from '../case.ts';
import type { CheckId } from '../catalogue.ts';
import type { FindingState, Remedy, Severity } from '../check.ts';
import { type Finding, finding } from '../finding.ts';
import type { Observation } from '../observation.ts';
import { placeOfDoor, policyDoors, tlsReach } from '../seen.ts';
import { webPkiFault } from '../web-pki.ts';
import type { StsSeen } from './gather.ts';
import { changePolicy, mxNames, policyLines, verifyStsCommand } from './publish.ts';

/** The policy that senders go by: what is served now where a record leads there, or what they still remember. */
function policyOf({ served, facts: { sts } }: StsSeen): StsPolicy | undefined {
  if (served !== undefined && sts.record.kind === 'found') return served;
  return sts.kind === 'policy' ? sts.known.policy : undefined;
}

/** What a fault means: senders refuse under enforce, and report under testing. */
function badness({ mode }: StsPolicy): { readonly state: FindingState; readonly severity: Severity } {
  return mode === 'enforce' ? { state: 'fail', severity: 'critical' } : { state: 'warn', severity: 'medium' };
}

export function coverageFindings(theCase: CheckCase, seen: StsSeen): readonly Finding[] {
  const policy = policyOf(seen);
  if (policy === undefined || policy.mode === 'none' || seen.facts.hosts.length === 0) return [];
  return [
    ...listing(theCase, seen, policy),
    unused(seen, policy),
    ...theCase.hosts.flatMap((host) =>
      policyDoors(theCase, host).flatMap((door) => ofDoor(theCase, seen, policy, host, door)),
    ),
    ...conflict(theCase, seen, policy),
  ];
}

/** Whether the policy names every mail host. */
function listing(theCase: CheckCase, seen: StsSeen, policy: StsPolicy): readonly Finding[] {
  const hosts = mxNames(seen.facts);
  const missing = hosts.filter((host) => matchingPattern(policy, host) === undefined);
  const scope = { domain: seen.domain };
  const listed = `the policy (${policy.mode}) lists ${showList(policy.mx.map(formatPattern))}`;
  const evidence = [`mail for ${seen.domain} goes to ${showList(hosts)}`, listed];
  if (missing.length === 0) {
    return (['mtasts.mx-uncovered', 'mtasts.mx-all-uncovered'] as const).map((id) =>
      finding(id, 'pass', { scope, evidence }),
    );
  }
  const id: CheckId = missing.length === hosts.length ? 'mtasts.mx-all-uncovered' : 'mtasts.mx-uncovered';
  const { state, severity } = badness(policy);
  return [
    finding(id, state, {
      scope,
      severity,
      evidence: [...evidence, `not listed: ${showList(missing)}`],
      fix: list(theCase, seen, policy, missing),
    }),
  ];
}

function list(
  theCase: CheckCase,
  { domain, facts }: StsSeen,
  policy: StsPolicy,
  missing: readonly Domain[],
): readonly Remedy[] {
  const mode = policy.mode === 'enforce' ? 'enforce' : 'testing';
  const kept = policy.mx.filter((pattern) => mxNames(facts).some((host) => matchesMx(pattern, host)));
  const names = [...kept.map(formatPattern), ...missing];
  return [
    ...changePolicy(
      domain,
      theCase.now,
      `If ${showList(missing)} ${missing.length === 1 ? 'is' : 'are'} right, add ${missing.length === 1 ? 'it' : 'them'} to the policy.`,
      policyLines(mode, names, policy.maxAgeSeconds),
    ),
    {
      who: 'dns-owner',
      do: `If not, correct the MX records of ${domain}.`,
      verify: verifyStsCommand(domain),
    },
  ];
}

/** Patterns that no mail host fits: left over, or for hosts that are to come. */
function unused({ domain, facts }: StsSeen, policy: StsPolicy): Finding {
  const hosts = mxNames(facts);
  const idle = policy.mx.filter((pattern) => !hosts.some((host) => matchesMx(pattern, host)));
  const scope = { domain };
  if (idle.length === 0) {
    const evidence = [`every mx of the policy stands for a mail host: ${showList(hosts)}`];
    return finding('mtasts.mx-unused', 'pass', { scope, evidence });
  }
  const names = showList(idle.map(formatPattern));
  return finding('mtasts.mx-unused', 'warn', {
    scope,
    evidence: [`no mail host fits ${names}`, `mail for ${domain} goes to ${showList(hosts)}`],
    fix: [
      {
        who: 'web-host',
        do: `Take ${names} out of the policy, if it is not for hosts that are to come, and give the record a new id.`,
        verify: verifyStsCommand(domain),
      },
    ],
  });
}

/** TLS and certificate at one address, as a sender with MTA-STS looks at them (RFC 8461 §4.2). */
function ofDoor(
  { now }: CheckCase,
  { domain }: StsSeen,
  policy: StsPolicy,
  host: HostCase,
  door: Observation,
): readonly Finding[] {
  const name = host.facts?.host;
  const reach = tlsReach(door);
  if (name === undefined || reach.kind === 'unknown') return [];
  const scope = scopeOf(host, door);
  const bad = badness(policy);
  const verify = verifyStsCommand(domain);
  if (reach.kind === 'without') {
    const evidence = [`${placeOfDoor(door)}: ${reach.because}`, ...door.base.transcript.slice(-6)];
    const fix: readonly Remedy[] = [
      { who: 'mail-provider', do: `Switch STARTTLS on at ${name} (${placeOfDoor(door)}).`, verify },
    ];
    return [finding('mtasts.mx-no-starttls', bad.state, { scope, severity: bad.severity, evidence, fix })];
  }
  const { tls } = reach;
  const said = [`${placeOfDoor(door)}: ${tls.version}, ${tls.cipher}`];
  const isOld = !['TLSv1.2', 'TLSv1.3'].includes(tls.version);
  const fault = webPkiFault(tls, name, now);
  return [
    finding('mtasts.mx-no-starttls', 'pass', { scope, evidence: said }),
    isOld
      ? finding('mtasts.mx-tls-too-old', bad.state, { scope, severity: bad.severity, evidence: said })
      : finding('mtasts.mx-tls-too-old', 'pass', { scope, evidence: said }),
    fault === undefined
      ? finding('mtasts.mx-cert-invalid', 'pass', { scope, evidence: said })
      : finding('mtasts.mx-cert-invalid', bad.state, {
          scope,
          severity: bad.severity,
          evidence: [`${placeOfDoor(door)}: ${fault.because}`],
          fix: [{ who: 'mail-provider', do: CERTIFICATE_FIXES[fault.kind](name), verify }],
        }),
  ];
}

const CERTIFICATE_FIXES = {
  expired: (host: string) => `Renew the certificate of ${host}, and have the mail server read it again.`,
  name: (host: string) =>
    `Give ${host} a certificate that has this very name among its DNS names: senders compare the name of the MX record.`,
  untrusted: (host: string) =>
    `Give ${host} a certificate of a public authority, with the intermediate certificates in the same file.`,
} as const;

/** Where both are published, a sender goes by DANE alone if it knows DANE: the two should come to the same. */
function conflict(theCase: CheckCase, seen: StsSeen, policy: StsPolicy): readonly Finding[] {
  const scope = { domain: seen.domain };
  const withDane = theCase.hosts.filter(
    ({ facts }) => facts?.kind === 'found' && daneAt(facts.tlsa).kind === 'dane',
  );
  if (withDane.length === 0) return [];
  const apart = withDane.flatMap((host) => {
    const name = host.facts?.host;
    if (name === undefined) return [];
    if (matchingPattern(policy, name) === undefined)
      return [`${name} has TLSA records, and the policy does not list it`];
    return policyDoors(theCase, host).flatMap((door) => {
      const reach = tlsReach(door);
      const fault = reach.kind === 'secured' ? webPkiFault(reach.tls, name, theCase.now) : undefined;
      return fault === undefined ? [] : [`${name} has TLSA records, and ${fault.because}`];
    });
  });
  const told = withDane.map(({ name }) => `${name}: TLSA records and an MTA-STS policy`);
  if (apart.length === 0)
    return [finding('mtasts.dane-conflict', 'pass', { scope, evidence: told.slice(0, 10) })];
  return [finding('mtasts.dane-conflict', 'warn', { scope, evidence: [...new Set(apart)].slice(0, 10) })];
}
