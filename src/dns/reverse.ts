/** Where the names of an address stand: RFC 1035 §3.5 for IPv4, RFC 3596 §2.5 for IPv6. */
import { groupsOf, type IpAddress } from '../names/address.ts';
import { childOf, type Name, root } from './name.ts';

/** The name below in-addr.arpa or ip6.arpa at which the PTR records of an address are. */
export function reverseName(address: IpAddress): Name {
  const labels = address.includes(':')
    ? ['arpa', 'ip6', ...groupsOf(address).flatMap(digitsOf)]
    : ['arpa', 'in-addr', ...address.split('.')];
  return labels.reduce<Name>((name, label) => childOf(label, name) ?? name, root);
}

function digitsOf(group: number): string[] {
  return group.toString(16).padStart(4, '0').split('');
}
