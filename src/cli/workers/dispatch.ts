/** Which worker takes a connection. */
import type { Limits } from '../../net/admission.ts';
import { isWithinOneOf } from '../../relay/networks.ts';
import type { ListenerSettings } from '../../relay/settings.ts';
import { workerOf } from '../../relay/workers/share.ts';
import type { GatewayConfig } from '../config/config.ts';

/**
 * Strangers come to the worker of their network, where the limits for it are kept. Who is bound by none, and who speaks for
 * others, comes to whichever is idlest: one such client may bring most of the mail.
 *
 * @param config that of the moment. @param secret that nobody else knows ({@link workerOf}). @returns undefined for the idlest.
 */
export function chooserOf(
  config: () => {
    readonly listeners: readonly Pick<ListenerSettings, 'networks' | 'proxies' | 'fronts'>[];
    readonly gateways: readonly Pick<GatewayConfig, 'proxies'>[];
    readonly limits: Pick<Limits, 'network'>;
  },
  secret: Uint8Array,
): (address: string, takers: readonly [number, ...number[]]) => number | undefined {
  return (address, takers) => {
    const { listeners, gateways, limits } = config();
    const known = [
      ...listeners.flatMap(({ networks, proxies, fronts }) => [networks, proxies, fronts]),
      ...gateways.map(({ proxies }) => proxies),
    ];
    return known.some((list) => isWithinOneOf(list, address))
      ? undefined
      : workerOf(address, takers, secret, limits.network?.prefixes);
  };
}
