/** What a delivery to each host has to show. */
import type { Explanation } from '../../events/explanation.ts';
import type { HostVerdict, UsableHost } from '../../policies/combine.ts';
import type { HostFacts } from '../../policies/dane/hosts.ts';
import { showTlsa, type TlsaSet } from '../../policies/dane/tlsa.ts';
import { referencesOf } from '../../policies/dane/verify.ts';
import { type Decision, formatIdentity } from '../../policies/decide.ts';
import type { Explained } from './explained.ts';

export type ExplainedHost = Explanation['mx'][number];

/** In order of preference, with those that must not be used. */
export function hostsOf({ finding, port }: Explained): ExplainedHost[] {
  if (finding.kind === 'address') {
    const { address, decision } = finding;
    const known = { host: address, preference: 0, dnssec: 'indeterminate' } as const;
    return [{ ...known, ...ofDecision(decision), addresses: [address], port, serverName: null }];
  }
  const { facts, verdict } = finding;
  return verdict.hosts.map((one, index) => {
    const known = facts.hosts[index]?.facts;
    if (known === undefined) throw new Error(`nothing is known of ${one.host}`);
    return { ...ofVerdict(one, known), port };
  });
}

function ofVerdict(one: HostVerdict, known: HostFacts): Omit<ExplainedHost, 'port'> {
  const { host, preference } = one;
  const common = {
    host,
    preference,
    dnssec: known.status,
    addresses: known.kind === 'found' ? [...known.addresses] : [],
  };
  if (one.kind === 'use') return { ...common, ...ofDecision(one.decision), serverName: one.serverName };
  const { requires, by, because, forbidden } = one;
  const tlsa = known.kind === 'found' && known.tlsa.kind === 'found' ? textsOf(known.tlsa.set) : [];
  return {
    ...common,
    requires,
    by,
    because,
    forbidden,
    tlsa,
    match: [],
    usable: false,
    tries: false,
    provesName: false,
    half: false,
    serverName: null,
  };
}

type OfDecision = Omit<ExplainedHost, 'host' | 'preference' | 'dnssec' | 'addresses' | 'port' | 'serverName'>;

function ofDecision(decision: Decision): OfDecision {
  const { requires, by, tryTls, dane, provesName, because } = decision;
  return {
    requires,
    by,
    match: namesThatCount(decision),
    tlsa: dane === null ? [] : textsOf(dane.set),
    usable: true,
    forbidden: false,
    because,
    tries: tryTls === 'yes',
    provesName,
    half: isHalf(decision),
  };
}

/** The records bind, and a match of them authenticates nobody: anybody on the path could have named the host. */
function isHalf({ dane }: Decision): boolean {
  return dane !== null && dane.binding && !dane.trusted;
}

/** Under DANE alone names count for usage 2 only, and then they are those of RFC 7672 §3.2.2. */
function namesThatCount({ dane, provesName, match }: Decision): string[] {
  if (dane === null || !dane.binding || provesName) return match.map(formatIdentity);
  return dane.set.usable.some(({ usage }) => usage === 2) ? [...referencesOf(dane.names)] : [];
}

function textsOf({ usable }: TlsaSet): string[] {
  return usable.map(showTlsa);
}

/** Those that mail may go to. */
export function usableOf(hosts: readonly HostVerdict[]): readonly UsableHost[] {
  return hosts.filter((host) => host.kind === 'use');
}
