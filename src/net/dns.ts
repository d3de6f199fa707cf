/** Addresses of hosts and names of addresses, for those who need no more than these; and what is proven of them. */
import type { Alias, Answer, DnssecStatus } from '../dns/answer.ts';
import { type Name, nameOf, showName } from '../dns/name.ts';
import { type RecordType, types } from '../dns/record.ts';
import { readAddress, readName } from '../dns/records.ts';
import { reverseName } from '../dns/reverse.ts';
import { showType } from '../dns/show.ts';
import type { IpAddress } from '../names/address.ts';
import { type Domain, isLocalhost, parseDomain } from '../names/domain.ts';
import type { Resolver } from './dns/resolver.ts';

/**
 * `absent`: an answer that says so. `unknown`: no answer (timeout, SERVFAIL), or a bogus one; it never counts as absent.
 */
export type Lookup<Value> =
  | ({ readonly kind: 'found'; readonly value: Value } & Evidence)
  | ({ readonly kind: 'absent'; readonly what: 'no-such-name' | 'no-such-record' } & Evidence)
  | { readonly kind: 'unknown'; readonly because: string };

/** How far an answer is proven. */
export interface Evidence {
  /** The weakest of all that led to the answer. */
  readonly dnssec: Exclude<DnssecStatus, 'bogus'>;
  /** From the name asked for to the one at which the answer stands, each with its own status. */
  readonly aliases: readonly Alias[];
}

export interface Dns {
  /** IPv6 first, then IPv4; at least one where found. */
  addresses(host: Domain): Promise<Lookup<readonly string[]>>;
}

export interface ReverseDns {
  /** The names that an address is said to have (PTR, RFC 1035 §3.3.12); at least one where found. */
  reverse(address: IpAddress): Promise<Lookup<readonly Domain[]>>;
}

/** Nothing was asked, so nothing is proven. */
const unasked: Evidence = { dnssec: 'indeterminate', aliases: [] };

/** @param random in [0, 1); spreads load over the addresses of a host. */
export function mailDns(resolver: Pick<Resolver, 'lookUp'>, random: () => number): Dns & ReverseDns {
  const look = async <Value>(
    name: Name,
    type: RecordType,
    read: (data: Uint8Array) => Value | undefined,
  ): Promise<Lookup<readonly Value[]>> => lookupOf(await resolver.lookUp({ name, type }), read);
  return {
    async addresses(host) {
      if (isLocalhost(host)) return { kind: 'found', value: ['::1', '127.0.0.1'], ...unasked };
      const name = nameOf(host);
      const family = async (type: RecordType): Promise<Lookup<readonly string[]>> =>
        shuffled(await look(name, type, readAddress), random);
      return combine(...(await Promise.all([family(types.AAAA), family(types.A)])));
    },
    async reverse(address) {
      const answer = await look(reverseName(address), types.PTR, readName);
      if (answer.kind !== 'found') return answer;
      const names = answer.value.flatMap((name) => domainOf(name) ?? []);
      const { dnssec, aliases } = answer;
      return names.length === 0
        ? { kind: 'absent', what: 'no-such-record', dnssec, aliases }
        : { ...answer, value: names };
    },
  };
}

function lookupOf<Value>(
  answer: Answer,
  read: (data: Uint8Array) => Value | undefined,
): Lookup<readonly Value[]> {
  const { question, because, status, aliases } = answer;
  const asked = `${showType(question.type)} ${showName(question.name)}`;
  if (answer.kind === 'unknown' || status === 'bogus')
    return { kind: 'unknown', because: `${asked}${status === 'bogus' ? ' is bogus' : ''}: ${because}` };
  const evidence = { dnssec: status, aliases };
  if (answer.kind === 'absent') return { kind: 'absent', what: answer.what, ...evidence };
  const value = answer.records.map(read).filter((one) => one !== undefined);
  return value.length === 0
    ? { kind: 'unknown', because: `${asked}: no record is as its type says` }
    : { kind: 'found', value, ...evidence };
}

/**
 * RFC 5321 §5.1: "It is the responsibility of the domain name resolver interface to have ordered this list"; what was
 * kept or proven comes in the same order each time.
 */
function shuffled(answer: Lookup<readonly string[]>, random: () => number): Lookup<readonly string[]> {
  if (answer.kind !== 'found' || answer.value.length < 2) return answer;
  const ranked = answer.value.map((address) => ({ address, rank: random() }));
  const value = ranked.toSorted((a, b) => a.rank - b.rank).map(({ address }) => address);
  return { ...answer, value };
}

function combine(six: Lookup<readonly string[]>, four: Lookup<readonly string[]>): Lookup<readonly string[]> {
  if (six.kind === 'found' && four.kind === 'found')
    return { ...six, value: [...six.value, ...four.value], dnssec: weaker(six.dnssec, four.dnssec) };
  if (six.kind === 'found') return six;
  if (four.kind === 'found') return four;
  // One family without an answer may be the only one that exists.
  if (six.kind === 'unknown') return six;
  if (four.kind === 'unknown') return four;
  return { ...four, dnssec: weaker(six.dnssec, four.dnssec) };
}

function weaker(one: Evidence['dnssec'], other: Evidence['dnssec']): Evidence['dnssec'] {
  return strengths.indexOf(one) < strengths.indexOf(other) ? one : other;
}

/** The weakest first. */
const strengths: readonly Evidence['dnssec'][] = ['indeterminate', 'insecure', 'secure'];

/** Undefined for names that no host has. */
function domainOf(name: Name): Domain | undefined {
  const parsed = parseDomain(showName(name));
  return parsed.kind === 'ok' ? parsed.value : undefined;
}
