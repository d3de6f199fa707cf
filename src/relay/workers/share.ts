/** What of a limit falls to one of several processes, so that together they keep it. */
import { createHmac } from 'node:crypto';
import type { Limits } from '../../net/admission.ts';
import { networkOf } from '../../net/clients.ts';
import type { RelaySettings } from '../settings.ts';
import type { Part } from './peer-word.ts';

export const wholePart: Part = { index: 0, of: 1 };

/**
 * A whole number for each, whose sum is `limit`: the first ones get what is left over. It may be 0. Infinity stays.
 *
 * @param limit a whole number, or Infinity.
 */
export function shareOf(limit: number, { index, of }: Part): number {
  if (limit === Number.POSITIVE_INFINITY) return limit;
  return Math.floor(limit / of) + (index < limit % of ? 1 : 0);
}

/**
 * The settings of one of several processes.
 *
 * Limits of single destinations stay: the pace divides them. Limits of single clients stay, too, as all connections of a
 * stranger's network come to one worker ({@link workerOf}); they are divided only where a listener learns who the client is
 * from a proxy or a front, thus after the worker was chosen.
 */
export function partOfSettings(settings: RelaySettings, part: Part): RelaySettings {
  if (part.of === 1) return settings;
  const isToldLater = settings.listeners.some(({ proxies, fronts }) => proxies.length + fronts.length > 0);
  const { queue } = settings;
  return {
    ...settings,
    limits: partOfLimits(settings.limits, part, isToldLater),
    queue: { ...queue, part, connections: Math.max(1, shareOf(queue.connections, part)) },
  };
}

function partOfLimits(limits: Limits, part: Part, clientsToo: boolean): Limits {
  const { sessions, reserved } = limits;
  const ofAll = {
    ...limits,
    sessions: shareOf(sessions, part),
    ...(reserved === undefined ? {} : { reserved: shareOf(reserved, part) }),
  };
  if (!clientsToo) return ofAll;
  const { network, unknownRecipients } = limits;
  const atLeastOne = (limit: number): number => Math.max(1, shareOf(limit, part));
  return {
    ...ofAll,
    sessionsPerAddress: atLeastOne(limits.sessionsPerAddress),
    connectionsPerMinute: atLeastOne(limits.connectionsPerMinute),
    messagesPerMinute: atLeastOne(limits.messagesPerMinute),
    recipientsPerMinute: atLeastOne(limits.recipientsPerMinute),
    loginFailures: atLeastOne(limits.loginFailures),
    ...(unknownRecipients === undefined ? {} : { unknownRecipients: atLeastOne(unknownRecipients) }),
    ...(network === undefined
      ? {}
      : {
          network: {
            ...network,
            sessions: atLeastOne(network.sessions),
            connectionsPerMinute: atLeastOne(network.connectionsPerMinute),
          },
        }),
  };
}

/** So wide that also what is limited by network is in one place, where nobody says how wide that is. */
const USUAL_PREFIXES = { ipv4: 24, ipv6: 48 } as const;

/**
 * The worker to whom all connections of a stranger's network go, so that its limits can be kept in one place.
 *
 * Of each worker the network has a number, and the highest wins: where one is gone only its own networks move. Whoever could
 * tell the numbers would fill one worker, and so its part of the sessions, with the networks that he has: that of a victim.
 *
 * @param address as the operating system wrote it. @param prefixes those of the limits by network.
 * @param alive numbers of workers, at least one. @param secret random, and the same for as long as clients are known.
 */
export function workerOf(
  address: string,
  alive: readonly [number, ...number[]],
  secret: Uint8Array,
  prefixes: { readonly ipv4: number; readonly ipv6: number } = USUAL_PREFIXES,
): number {
  const network = networkOf(address, prefixes);
  let [chosen] = alive;
  let highest = -1;
  for (const number of alive) {
    const mark = createHmac('sha256', secret).update(`${number} ${network}`).digest().readUInt32BE();
    if (mark > highest) [chosen, highest] = [number, mark];
  }
  return chosen;
}
