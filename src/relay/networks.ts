/** Ranges of addresses. */
import { BlockList, isIPv6 } from 'node:net';
import type { Network } from './settings.ts';

const lists = new WeakMap<readonly Network[], BlockList>();

/** Whether an address is in one of the networks. */
export function isWithinOneOf(networks: readonly Network[], address: string): boolean {
  const list = lists.get(networks) ?? listOf(networks);
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function listOf(networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family);
  lists.set(networks, list);
  return list;
}
