/** What has to be known of a target before its servers are visited, and the case that it makes with what was seen of them. */
import type { Domain } from '../names/domain.ts';
import { decideAll } from '../policies/combine.ts';
import { lookUpHost } from '../policies/dane/hosts.ts';
import { type DestinationFacts, factsOfDomain, factsOfHost } from '../policies/destination.ts';
import type { PolicyLookUp } from '../policies/look-ups.ts';
import type { StsFacts } from '../policies/mta-sts/facts.ts';
import type { StsTerms } from '../policies/mta-sts/gather.ts';
import type { CheckCase, HostCase, Target } from './case.ts';
import type { Observation } from './observation.ts';
import type { Recording } from './recording.ts';

/** Asks the DNS, the policy host and the store about the target. @returns null for an address, of which nothing is asked. */
export function* learn(target: Target, terms: StsTerms): PolicyLookUp<DestinationFacts | null> {
  switch (target.kind) {
    case 'domain':
      return yield* factsOfDomain(target.domain, terms);
    case 'host':
      // Policies of mail between servers are for servers of mail: nobody asks for MTA-STS before IMAP.
      return target.protocol === 'smtp'
        ? yield* factsOfHost(target.host, target.port, terms)
        : yield* factsOfServer(target.host, target.port);
    case 'address':
      return null;
  }
}

function* factsOfServer(host: Domain, port: number): PolicyLookUp<DestinationFacts> {
  const facts = yield* lookUpHost(host, port);
  return {
    domain: host,
    way: { kind: 'configured', host },
    hosts: [{ preference: 0, facts }],
    sts: withoutSts(host),
    override: undefined,
  };
}

function withoutSts(domain: Domain): StsFacts {
  const because = 'MTA-STS is for mail between servers, and nobody was asked about it';
  return {
    kind: 'none',
    domain,
    record: { kind: 'absent', because },
    because,
    evidence: [because],
    report: null,
    known: null,
    keep: null,
    until: 0,
  };
}

/** What was done about a target, beside what is known of it. */
export type Seen = Pick<Recording, 'target' | 'depth' | 'intrusive' | 'observations' | 'skipped'>;

/** Puts together what is known and what was seen; floors and policies are those of a sender without rules of its own. */
export function caseOf(seen: Seen, facts: DestinationFacts | null, now: number): CheckCase {
  const { target, depth, intrusive } = seen;
  const verdict = facts === null ? null : decideAll(facts, { route: undefined, defaultLevel: 'may' });
  const hosts =
    facts === null
      ? [hostCase(seen, { name: nameOf(target), preference: null, facts: null, verdict: null })]
      : facts.hosts.map(({ preference, facts: host }, index) =>
          hostCase(seen, {
            name: host.host,
            preference: target.kind === 'domain' ? preference : null,
            facts: host,
            verdict: verdict?.hosts[index] ?? null,
          }),
        );
  return { target, now, depth, intrusive, facts, verdict, hosts };
}

function hostCase(
  { observations, skipped }: Seen,
  host: Pick<HostCase, 'name' | 'preference' | 'facts' | 'verdict'>,
): HostCase {
  const ofHost = doorNames(host);
  return {
    ...host,
    observations: observations.filter((one) => belongsTo(one, host, ofHost)),
    skipped: skipped.filter((one) => one.host === host.name),
  };
}

/** An address may be that of two hosts, which differ by the name that is asked for in the handshake. */
function belongsTo(
  { endpoint }: Observation,
  { facts, name }: Pick<HostCase, 'facts' | 'name'>,
  names: ReadonlySet<string | null>,
): boolean {
  if (facts === null) return endpoint.address === name;
  return (
    facts.kind === 'found' && facts.addresses.includes(endpoint.address) && names.has(endpoint.serverName)
  );
}

function doorNames({
  name,
  facts,
  verdict,
}: Pick<HostCase, 'name' | 'facts' | 'verdict'>): ReadonlySet<string | null> {
  return new Set(facts === null ? [null] : [serverNameOf({ name, verdict })]);
}

/** The name that is asked for in the handshake: under DANE the TLSA base domain (RFC 7672 §8.1), else the host's own. */
export function serverNameOf({ name, verdict }: Pick<HostCase, 'name' | 'verdict'>): string {
  return verdict?.kind === 'use' ? verdict.serverName : name;
}

function nameOf(target: Target): string {
  switch (target.kind) {
    case 'domain':
      return target.domain;
    case 'host':
      return target.host;
    case 'address':
      return target.address;
  }
}
