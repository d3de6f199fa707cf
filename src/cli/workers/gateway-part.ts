/** What of the limits of gateways falls to one of several workers. */
import type { GatewayLimits } from '../../gateway/settings.ts';
import type { Network } from '../../relay/settings.ts';
import type { Part } from '../../relay/workers/peer-word.ts';
import { shareOf } from '../../relay/workers/share.ts';

/** As it is for listeners: a stranger's connections come to one worker, unless a proxy says who he is. */
export function partOfGateways<
  Gateway extends { readonly limits: GatewayLimits; readonly proxies: readonly Network[] },
>(gateways: readonly Gateway[], part: Part): readonly Gateway[] {
  const ours = (limit: number): number => Math.max(1, shareOf(limit, part));
  return gateways.map((gateway) => {
    const { connections, connectionsPerAddress, connectionsPerMinute } = gateway.limits;
    const isToldLater = gateway.proxies.length > 0;
    const limits: GatewayLimits = {
      ...gateway.limits,
      connections: ours(connections),
      connectionsPerAddress: isToldLater ? ours(connectionsPerAddress) : connectionsPerAddress,
      connectionsPerMinute: isToldLater ? ours(connectionsPerMinute) : connectionsPerMinute,
    };
    return { ...gateway, limits };
  });
}
