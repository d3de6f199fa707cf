/** Facts of the DNS about mail hosts: that they are there, are signed, and have TLSA records. */
import { daneAt } from '../../policies/dane/plan.ts';
import { showTlsas } from '../../policies/dane/tlsa.ts';
import type { CheckCase, HostCase } from '../case.ts';
import { targetScope, unvisitedHosts, withoutHosts } from './doors.ts';
import type { Verdict } from './profile.ts';

/** Every mail host has an address. */
export function mailHosts(theCase: CheckCase): readonly Verdict[] {
  return perHost(theCase, ({ name, facts }) => {
    switch (facts?.kind) {
      case undefined:
        return { state: 'met', evidence: [`${name} was named by its address`] };
      case 'found':
        return { state: 'met', evidence: [`${name}: ${facts.addresses.slice(0, MOST_SHOWN).join(', ')}`] };
      case 'absent':
        return { state: 'not-met', evidence: [facts.because] };
      case 'unknown':
        return { state: 'not-tested', evidence: [facts.because] };
    }
  });
}

const MOST_SHOWN = 8;

/** The MX records are proven by DNSSEC; of a server that was named itself there are none. */
export function mxSigned(theCase: CheckCase): readonly Verdict[] {
  const scope = targetScope(theCase);
  const none = withoutHosts(theCase);
  if (none !== undefined) return [none];
  const way = theCase.facts?.way;
  if (way === undefined || !('status' in way)) {
    const evidence = ['the server was named by itself, and no MX record leads to it'];
    return [{ state: 'not-applicable', scope, evidence }];
  }
  return [{ state: stateOfProof(way.status), scope, evidence: [way.because] }];
}

function stateOfProof(status: 'secure' | 'insecure' | 'bogus' | 'indeterminate'): Verdict['state'] {
  if (status === 'secure') return 'met';
  return status === 'indeterminate' ? 'not-tested' : 'not-met';
}

/** The addresses of every mail host are proven, or at least the first step of the alias that it is (RFC 7672 §2.2.2). */
export function hostsSigned(theCase: CheckCase): readonly Verdict[] {
  return perHost(theCase, ({ name, facts }) => {
    if (facts === null) return withoutName;
    const evidence = [`the addresses of ${name} are ${facts.status}`];
    if (facts.kind === 'found' && facts.tlsa.kind === 'found')
      return { state: 'met', evidence: facts.tlsa.evidence.slice(0, 1) };
    if (facts.kind === 'unknown' && facts.status !== 'bogus')
      return { state: 'not-tested', evidence: [facts.because] };
    return { state: stateOfProof(facts.status), evidence };
  });
}

/** Every mail host has TLSA records that authenticate it. */
export function tlsaRecords(theCase: CheckCase): readonly Verdict[] {
  return perHost(theCase, ({ facts }) => {
    if (facts === null) return withoutName;
    if (facts.kind !== 'found')
      return { state: facts.kind === 'unknown' ? 'not-tested' : 'not-applicable', evidence: [facts.because] };
    const plan = daneAt(facts.tlsa);
    switch (plan.kind) {
      case 'dane':
        return { state: 'met', evidence: [`TLSA ${showTlsas(plan.set.usable)}`] };
      case 'encrypt':
      case 'none':
        return { state: 'not-met', evidence: [plan.because] };
      case 'avoid':
        return { state: 'not-tested', evidence: [plan.because] };
    }
  });
}

/** Whether its name is proven, or has records, nobody has looked at. */
const withoutName = {
  state: 'not-tested',
  evidence: ['the server was named by its address, and this is about its name'],
} as const;

function perHost(theCase: CheckCase, judge: (host: HostCase) => Omit<Verdict, 'scope'>): readonly Verdict[] {
  const none = withoutHosts(theCase);
  if (none !== undefined) return [none];
  return [
    ...theCase.hosts.map((host) => ({ scope: { host: host.name }, ...judge(host) })),
    ...unvisitedHosts(theCase).map((host) => ({
      state: 'not-tested' as const,
      scope: { host },
      evidence: [`${host} is beyond the mail hosts that one check looks at`],
    })),
  ];
}
