/** Facts of destinations, as tests of what is decided from them say them. */
import assert from 'node:assert/strict';
import type { DnssecStatus } from '../../src/dns/answer.ts';
import { type Domain, parseDomain } from '../../src/names/domain.ts';
import type { HostFacts, TlsaFacts } from '../../src/policies/dane/hosts.ts';
import { readTlsaSet } from '../../src/policies/dane/tlsa.ts';
import type { DestinationFacts, Way } from '../../src/policies/destination.ts';
import type { ListFacts } from '../../src/policies/list/facts.ts';
import type { StsFacts } from '../../src/policies/mta-sts/facts.ts';
import { parsePolicy, type StsPolicy } from '../../src/policies/mta-sts/policy.ts';
import type { Override } from '../../src/policies/overrides/override.ts';
import type { Route } from '../../src/policies/overrides/route.ts';
import type { TlsLevel } from '../../src/policies/words.ts';
import { noPolicy } from './facts.ts';

export function nameOf(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

export const DOMAIN = nameOf('example.test');

/** The MX hosts `mx1`, `mx2`, … in this order. */
export function byMx(status: DnssecStatus, ...hosts: readonly string[]): Way {
  const named = hosts.map((host, index) => ({ host: nameOf(host), preference: (index + 1) * 10 }));
  return { kind: 'hosts', hosts: named, status, owner: DOMAIN, because: `the MX records are ${status}` };
}

/** RDATA of a TLSA record `usage selector matching`, whose data is the SHA-256 of nothing that exists. */
export function tlsaData(usage: number, selector = 1, matching = 1, fill = 0xab): Uint8Array {
  return Uint8Array.of(usage, selector, matching, ...Array.from({ length: 32 }, () => fill));
}

/** TLSA records at a base domain: none, usable ones, ones that authenticate nobody, or nobody knows. */
export function tlsaOf(kind: 'usable' | 'unusable' | 'absent' | 'unknown', base: Domain): TlsaFacts {
  const because = `of the test: ${kind}`;
  if (kind === 'absent' || kind === 'unknown') return { kind, because, evidence: [because] };
  const set = readTlsaSet([tlsaData(kind === 'usable' ? 3 : 1)]);
  return { kind: 'found', base, set, evidence: [because] };
}

/** An MX host that has an address and these TLSA records. */
export function hostWith(
  host: string,
  tlsa: TlsaFacts | 'usable' | 'unusable' | 'absent' | 'unknown',
): HostFacts {
  const name = nameOf(host);
  const facts = typeof tlsa === 'string' ? tlsaOf(tlsa, name) : tlsa;
  return { kind: 'found', host: name, status: 'secure', addresses: ['192.0.2.1'], tlsa: facts };
}

/** An MX host whose addresses are not there, or not known. */
export function hostWithout(host: string, kind: 'absent' | 'unknown'): HostFacts {
  return { kind, host: nameOf(host), status: 'secure', because: `${host}: addresses ${kind}` };
}

/** A policy in force. */
export function stsOf(mode: StsPolicy['mode'], ...mx: readonly string[]): StsFacts {
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`), 'max_age: 86400', ''];
  const read = parsePolicy(Buffer.from(lines.join('\r\n')));
  if (read.kind !== 'ok') return assert.fail('the policy of the test is not one');
  const known = { id: '1', policy: read.policy, fetchedAt: 0, expiresAt: 86_400_000 };
  const none = noPolicy(DOMAIN);
  return mode === 'none'
    ? { ...none, kind: 'none', known }
    : { ...none, kind: 'policy', known, from: 'cache' };
}

/** A policy that says none, fetched at a time. */
export function noneSince(fetchedAt: number): StsFacts {
  const sts = stsOf('none');
  if (sts.known === null) throw new Error('there is a policy');
  return { ...sts, known: { ...sts.known, fetchedAt } };
}

export interface Told {
  readonly way?: Way;
  readonly hosts?: readonly HostFacts[];
  readonly sts?: StsFacts;
  readonly override?: Override | undefined;
  /** What a policy list says; absent: no list is used. */
  readonly list?: ListFacts;
}

/** Facts of example.test; by default one MX host in a signed zone without TLSA records. */
export function factsOf({ way, hosts, sts, override, list }: Told = {}): DestinationFacts {
  const all = hosts ?? [hostWith('mx1.example.test', 'absent')];
  const candidates = all.map((facts, index) => ({ preference: (index + 1) * 10, facts }));
  return {
    domain: DOMAIN,
    way: way ?? byMx('secure', ...all.map(({ host }) => host)),
    hosts: candidates,
    sts: sts ?? noPolicy(DOMAIN),
    override,
    ...(list === undefined ? {} : { list }),
  };
}

export function overrideOf(level: TlsLevel): Override {
  return { domain: DOMAIN, level, until: null, reason: 'of the test', setAt: 0 };
}

export function routeOf(change: Partial<Route>): Route {
  const hello = { kind: 'domain', domain: nameOf('relay.test') } as const;
  return {
    match: { kind: 'any' },
    to: null,
    login: null,
    tls: null,
    requireTls: null,
    onBlocked: null,
    names: [],
    hello,
    source: null,
    connections: null,
    messagesPerMinute: null,
    ...change,
  };
}
