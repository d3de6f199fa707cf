/** Which families of addresses a host has. RFC 5321 §5.2. */
import type { IpAddress } from '../../names/address.ts';
import type { HostCase } from '../case.ts';
import { type Finding, finding } from '../finding.ts';

/** Of addresses as facts and endpoints have them, without brackets. */
export function isSix(address: IpAddress): boolean {
  return address.includes(':');
}

/** What follows from the DNS alone; of a host whose addresses are not known, or who was named by one, nothing does. */
export function familyFindings({ name, facts }: HostCase): readonly Finding[] {
  if (facts?.kind !== 'found') return [];
  const [six, four] = [
    facts.addresses.filter((address) => isSix(address)),
    facts.addresses.filter((address) => !isSix(address)),
  ];
  return [of(name, 'conn.no-ipv4', 'A', four), of(name, 'conn.no-ipv6', 'AAAA', six)];
}

const MOST_SHOWN = 10;

function of(
  host: string,
  id: 'conn.no-ipv4' | 'conn.no-ipv6',
  type: 'A' | 'AAAA',
  addresses: readonly IpAddress[],
): Finding {
  const scope = { host };
  if (addresses.length === 0) {
    const evidence = [`${host} has no ${type} record.`];
    return finding(id, 'absent', { scope, evidence, fix: [publish(host, type)] });
  }
  const evidence = addresses.slice(0, MOST_SHOWN).map((address) => `${host}. IN ${type} ${address}`);
  return finding(id, 'pass', { scope, evidence });
}

function publish(host: string, type: 'A' | 'AAAA'): Finding['fix'][number] {
  const address = type === 'A' ? '<IPv4 address>' : '<IPv6 address>';
  return {
    who: 'dns-owner',
    do: `Give ${host} an address of that family too, once its server listens there.`,
    lines: [{ for: 'dns', text: `${host}. IN ${type} ${address}` }],
    verify: `dig +short ${host} ${type}`,
  };
}
