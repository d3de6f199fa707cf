/** The way to a door: whoever wants to see what is there waits for a turn, or takes what others see. */
import type { Endpoint } from '../findings/endpoint.ts';
import type { Observation, VisitEnd } from '../findings/observation.ts';
import { betweenVisits, type Pace } from './pace.ts';
import {
  type HowSeen,
  type Seeing,
  type SharedObservations,
  shareObservations,
  wasSentAway,
} from './shared.ts';

/** A door as others share it. */
export interface Way {
  readonly endpoint: Endpoint;
  readonly how: HowSeen;
  /** Whose it is ({@link operatorOf}); undefined where nobody knows. */
  readonly operator: string | undefined;
}

/** Goes there, as it is our turn. @param between awaited before every further connection, with how the last one ended. */
export type Look = (between: (last: VisitEnd) => Promise<'go' | 'stop'>) => Promise<Observation>;

export interface Visits extends Pick<SharedObservations, 'isKnown'> {
  readonly seeing: (way: Way, look: Look) => Promise<Seeing>;
}

/** @param now milliseconds since 1970. */
export function openVisits(pace: Pace, now: () => number): Visits {
  const shared = shareObservations(now);
  return {
    isKnown: shared.isKnown,
    seeing: (way, look) => shared.seeing(way.endpoint, way.how, () => visit(way, look, pace)),
  };
}

async function visit({ endpoint, operator }: Way, look: Look, pace: Pace): Promise<Seeing> {
  const { address } = endpoint;
  // Where it rests there is no turn to wait for.
  if (pace.restOf(address) > 0) return { kind: 'resting', ms: pace.restOf(address) };
  const turn = await pace.turn(address, operator);
  if (turn === 'stopped') return { kind: 'stopped' };
  try {
    const rest = pace.restOf(address);
    if (rest > 0) return { kind: 'resting', ms: rest };
    const observation = await look((last) => betweenVisits(pace, turn, endpoint, last));
    // What came of the last connection nobody has told yet: between connections there are none behind it.
    if (pace.restOf(address) === 0 && wasSentAway(observation)) pace.sentAway(address);
    return { kind: 'seen', observation };
  } finally {
    turn.release();
  }
}
