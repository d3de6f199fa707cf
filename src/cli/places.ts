/** Which sockets the listeners of a configuration find standing, and which of them nobody wants. */
import { formatHostPort } from '../names/address.ts';
import { type BoundPlace, isPlace, type PlaceSource, type Places } from '../net/places.ts';
import type { Config, ListenAddress } from './config/config.ts';

/** Below it, binding takes root or a capability. */
const FIRST_FREE_PORT = 1_024;

/**
 * Refuses sockets at which nobody would listen: clients would connect to them and wait for ever.
 *
 * @throws Error that names each, and its unit.
 */
export function refuseStrangers({ left }: Pick<Places, 'left'>, config: Config): void {
  const wanted = placesOf(config);
  const strange = left.filter((place) => !wanted.some(({ address, port }) => isPlace(place, address, port)));
  if (strange.length === 0) return;
  const named = strange.map(describe).join(', ');
  throw new Error(
    `no [[listener]] and no [[gateway]] has the address of a socket that is handed over: ${named}`,
  );
}

/** What only root can bind and nobody has handed over, of listeners and gateways. */
export function privilegedPlaces(config: Config): readonly PlaceSource[] {
  return placesOf(config)
    .filter(({ port }) => port > 0 && port < FIRST_FREE_PORT)
    .map(({ address, port }) => ({ kind: 'bind', address, port }));
}

function placesOf({ listeners, gateways }: Config): readonly ListenAddress[] {
  return [...listeners, ...gateways.flatMap(({ places }) => places)];
}

function describe({ address, port, name }: BoundPlace): string {
  const at = formatHostPort(address, port);
  return name === null ? at : `${at} (${name})`;
}
