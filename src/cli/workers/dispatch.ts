/** Which worker takes a connection. */
import type { Limits } from '../../net/admission.ts';
import { isWithinOneOf } from '../../relay/networks.ts';
import type { ListenerSettings } from '../../relay/settings.ts';
import { workerOf } from '../../relay/workers/share.ts';

/**
 * Strangers come to the worker of their network, where the limits for it are kept. Who is bound by none, and who speaks for
 * others, comes to whichever is idlest: one such client may bring most of the mail.
 *
 * @param config that of the moment. @param secret that nobody else knows ({@link workerOf}). @returns undefined for the idlest.
 */
export function chooserOf(
  config: () => {
    readonly listeners: readonly Pick<ListenerSettings, 'networks' | 'proxies' | 'fronts'>[];
    readonly limits: Pick<Limits, 'network'>;
  },
  secret: Uint8Array,
): (address: string, takers: readonly [number, ...number[]]) => number | undefined {
  return (address, takers) => {
    const { listeners, limits } = config();
    const isKnown = listeners.some(({ networks, proxies, fronts }) =>
      [networks, proxies, fronts].some((list) => isWithinOneOf(list, address)),
    );
    return isKnown ? undefined : workerOf(address, takers, secret, limits.network?.prefixes);
  };
}
