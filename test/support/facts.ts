/** Facts of destinations for tests of the relay in which nothing is signed and nobody has a policy. */
import type { PolicyEngine } from '../../src/lookup/engine.ts';
import type { Domain } from '../../src/names/domain.ts';
import type { HostFacts } from '../../src/policies/dane/hosts.ts';
import type { DestinationFacts, Way } from '../../src/policies/destination.ts';
import type { StsFacts } from '../../src/policies/mta-sts/facts.ts';
import type { FakeDns } from './lookup.ts';

/** @param dns what DNS is to say; none of it is proven. */
export function factsFrom(dns: Pick<FakeDns, 'mx' | 'addresses'>): PolicyEngine['factsOf'] {
  return async (target) => {
    if (target.kind === 'host') {
      const facts = await hostFacts(target.host, dns);
      return factsOf(target.host, { kind: 'configured', host: target.host }, [{ preference: 0, facts }]);
    }
    const { domain } = target;
    const way = await wayOf(domain, dns);
    const named =
      way.kind === 'hosts' ? way.hosts : way.kind === 'implicit' ? [{ host: domain, preference: 0 }] : [];
    const hosts = await Promise.all(
      named.map(async ({ host, preference }) => ({ preference, facts: await hostFacts(host, dns) })),
    );
    return factsOf(domain, way, hosts);
  };
}

function factsOf(domain: Domain, way: Way, hosts: DestinationFacts['hosts']): DestinationFacts {
  return { domain, way, hosts, sts: noPolicy(domain), override: undefined };
}

/** What is known of a domain that has no MTA-STS. */
export function noPolicy(domain: Domain): StsFacts {
  const because = 'there is no MTA-STS record';
  return {
    kind: 'none',
    domain,
    record: { kind: 'absent', because },
    known: null,
    because,
    evidence: [],
    report: null,
    keep: null,
    until: 0,
  };
}

async function wayOf(domain: Domain, dns: Pick<FakeDns, 'mx'>): Promise<Way> {
  const answer = await dns.mx(domain);
  if (answer.kind === 'unknown') return answer;
  const status = answer.dnssec;
  if (answer.kind === 'absent') {
    return answer.what === 'no-such-name'
      ? { kind: 'no-such-domain', because: `the domain ${domain} does not exist` }
      : { kind: 'implicit', status, because: `${domain} has no MX records` };
  }
  if (answer.value.kind === 'null')
    return { kind: 'null', because: `the domain ${domain} accepts no mail (null MX)` };
  const hosts = answer.value.hosts.toSorted((a, b) => a.preference - b.preference);
  return { kind: 'hosts', hosts, status, owner: domain, because: 'of the test' };
}

async function hostFacts(host: Domain, dns: Pick<FakeDns, 'addresses'>): Promise<HostFacts> {
  const answer = await dns.addresses(host);
  const status = 'indeterminate';
  if (answer.kind === 'unknown') return { kind: 'unknown', host, status, because: answer.because };
  if (answer.kind === 'absent') return { kind: 'absent', host, status, because: `${host} has no address` };
  const tlsa = { kind: 'absent', because: 'nothing is signed', evidence: [] } as const;
  return { kind: 'found', host, status, addresses: answer.value, tlsa };
}
