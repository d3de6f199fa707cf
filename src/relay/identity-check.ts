/** Whether the name with which we introduce ourselves, its addresses and their names agree; many hosts look. */
import { BlockList, isIPv6 } from 'node:net';
import type { IpAddress } from '../names/address.ts';
import { type Domain, isWithin, parseDomain } from '../names/domain.ts';
import type { Dns, ReverseDns } from '../net/dns.ts';

/** A name that we say in EHLO, and where we say it from. */
export interface Identity {
  readonly name: Domain;
  /** What we connect from: the addresses of this host, or the configured one. */
  readonly addresses: readonly IpAddress[];
}

type Lookups = Pick<Dns, 'addresses'> & ReverseDns;

/**
 * Looks for a disagreement. A lookup without an answer is none.
 *
 * @returns what is wrong and what to change.
 */
export async function checkIdentity(
  { name, addresses }: Identity,
  dns: Lookups,
): Promise<string | undefined> {
  if (!isPublicName(name)) return undefined;
  const found = await dns.addresses(name);
  if (found.kind === 'unknown') return undefined;
  if (found.kind === 'absent') {
    return `we introduce ourselves as ${name}, which has no address: give it an A or AAAA record, or set hostname to a name that has one`;
  }
  const ours = found.value.filter((address) => addresses.includes(address));
  const others = found.value.filter((address) => addresses.some((own) => isComparable(own, address)));
  if (ours.length === 0 && others.length > 0) {
    return `we introduce ourselves as ${name}, which leads to ${others.join(' and ')}, and this host connects from ${addresses.join(' or ')}: let the name lead here, or set hostname to the name of this host`;
  }
  // Behind an address translator we do not see our public address; the name has it.
  for (const address of ours.length > 0 ? ours : found.value) {
    const names = await dns.reverse(address);
    const wrong = wrongNames(name, address, names);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function wrongNames(
  name: Domain,
  address: IpAddress,
  names: Awaited<ReturnType<ReverseDns['reverse']>>,
): string | undefined {
  if (names.kind === 'unknown') return undefined;
  if (names.kind === 'absent') {
    return `we introduce ourselves as ${name}, and its address ${address} has no name (PTR): have whoever gave you the address set it to ${name}`;
  }
  return names.value.includes(name)
    ? undefined
    : `we introduce ourselves as ${name}, and its address ${address} is called ${names.value.join(' and ')} (PTR): have that set to ${name}, or set hostname to ${names.value[0]}`;
}

/** RFC 6761 §6 and the like: names that no public resolver knows. */
const notPublic = [
  'test',
  'example',
  'invalid',
  'localhost',
  'local',
  'internal',
  'lan',
  'home.arpa',
].flatMap((text) => {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? [parsed.value] : [];
});

function isPublicName(name: Domain): boolean {
  return name.includes('.') && !notPublic.some((domain) => isWithin(name, domain));
}

const notRouted = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['127.0.0.0', 8],
] as const) {
  notRouted.addSubnet(network, prefix, 'ipv4');
}
notRouted.addSubnet('fc00::', 7, 'ipv6');
notRouted.addSubnet('fe80::', 10, 'ipv6');
notRouted.addAddress('::1', 'ipv6');

/** Of one family, and an address of ours that others see. */
function isComparable(own: IpAddress, address: IpAddress): boolean {
  return isIPv6(own) === isIPv6(address) && !notRouted.check(own, isIPv6(own) ? 'ipv6' : 'ipv4');
}
