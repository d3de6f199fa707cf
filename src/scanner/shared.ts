/** What was seen of servers, kept for a while: many domains have the same ones, which are not to be asked again for each. */
import { type Endpoint, endpointKey } from '../findings/endpoint.ts';
import type { Observation } from '../findings/observation.ts';
import type { Plan } from './observe.ts';

export interface SharedObservations {
  /** What was seen there by the same plan not long ago, as one that costs no connection; undefined where nothing was. */
  readonly seen: (endpoint: Endpoint, how: HowSeen) => Observation | undefined;
  /** Takes what came to an end; what did not may come to one at the next try. */
  readonly keep: (observation: Observation, how: HowSeen) => void;
}

type HowSeen = Pick<Plan, 'depth' | 'intrusive'>;

/** Servers change; within an hour few do, and a list with thousands of domains of one provider is through. */
const KEPT_MS = 60 * 60_000;
/** Some tens of kilobytes each. */
const MOST = 500;

/** @param now milliseconds since 1970. */
export function shareObservations(now: () => number): SharedObservations {
  const kept = new Map<string, Observation>();
  return {
    seen(endpoint, how) {
      const found = kept.get(keyOf(endpoint, how));
      if (found === undefined || now() - found.at > KEPT_MS) return undefined;
      return { ...found, connections: 0 };
    },
    keep(observation, how) {
      const { kind } = observation.base.end;
      if (kind !== 'complete' && kind !== 'without-tls') return;
      const key = keyOf(observation.endpoint, how);
      kept.delete(key);
      kept.set(key, observation);
      const [oldest] = kept.keys();
      if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
    },
  };
}

function keyOf(endpoint: Endpoint, { depth, intrusive }: HowSeen): string {
  return `${endpointKey(endpoint)} ${depth} ${intrusive}`;
}
