/**
 * Addresses that anybody on the Internet can reach, told apart from those that mean something only here.
 *
 * A name that a stranger wrote down may lead to any address; who follows it blindly asks the stranger's questions inside
 * our own network. RFC 6890 §2.2 and IANA's registries of special-purpose addresses.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { groupsOf, type IpAddress } from './address.ts';

const notPublicIpv4 = listOf('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  // Multicast, reserved, broadcast.
  '224.0.0.0/3',
]);
/** All that is given out is in 2000::/3; within it, protocol assignments with Teredo, documentation, 6to4. */
const ipv6GivenOut = listOf('ipv6', ['2000::/3']);
const notPublicIpv6 = listOf('ipv6', ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);
/** IPv4 within IPv6: mapped, and how a network that has no IPv4 of its own reaches it (RFC 6052 §2.1). */
const ipv4Inside = listOf('ipv6', ['::ffff:0:0/96', '64:ff9b::/96']);

/** Whether the address belongs to the public Internet, in whatever spelling; what is no address does not. */
export function isPublicAddress(address: IpAddress): boolean {
  if (isIPv4(address)) return !notPublicIpv4.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%')) return false;
  if (ipv4Inside.check(address, 'ipv6')) return isPublicAddress(lastFourOctets(address));
  return ipv6GivenOut.check(address, 'ipv6') && !notPublicIpv6.check(address, 'ipv6');
}

function lastFourOctets(address: IpAddress): IpAddress {
  const [high = 0, low = 0] = groupsOf(address).slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

function listOf(family: 'ipv4' | 'ipv6', networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', length] = network.split('/');
    list.addSubnet(base, Number(length), family);
  }
  return list;
}
