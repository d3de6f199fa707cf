/** The way to a door: whoever wants to see what is there waits for a turn, or takes what others see. */
import type { Depth, Endpoint } from '../findings/endpoint.ts';
import type { Observation, VisitEnd } from '../findings/observation.ts';
import { countNames, type NameCount } from './name-count.ts';
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

/**
 * Goes there, as it is our turn.
 *
 * @param between awaited before every further connection, with how the last one ended.
 * @param depth how much is looked at: what was asked for, or less.
 */
export type Look = (
  between: (last: VisitEnd) => Promise<'go' | 'stop'>,
  depth: Depth,
) => Promise<Observation>;

export interface Visits extends Pick<SharedObservations, 'isKnown'> {
  readonly seeing: (way: Way, look: Look) => Promise<Seeing>;
}

/** @param now milliseconds since 1970. */
export function openVisits(pace: Pace, now: () => number): Visits {
  const shared = shareObservations(now);
  const names = countNames(pace.isOurs, now);
  return {
    isKnown: shared.isKnown,
    seeing: (way, look) =>
      shared.seeing(way.endpoint, way.how, () => visit(way, look, { pace, shared, names })),
  };
}

interface VisitParts {
  readonly pace: Pace;
  readonly shared: Pick<SharedObservations, 'ofDoor' | 'keepDoor'>;
  readonly names: NameCount;
}

async function visit({ endpoint, how, operator }: Way, look: Look, parts: VisitParts): Promise<Seeing> {
  const { pace, shared, names } = parts;
  const { address } = endpoint;
  const whyNot = (): Seeing | undefined => {
    const ms = pace.restOf(address);
    return ms > 0 ? { kind: 'resting', ms } : names.tooMany(endpoint);
  };
  // Where it rests there is no turn to wait for.
  const atOnce = whyNot();
  if (atOnce !== undefined) return atOnce;
  let meanwhile: Seeing | undefined;
  const turn = await pace.turn(address, operator, () => {
    meanwhile = whyNot() ?? shared.ofDoor(endpoint, how);
    return meanwhile === undefined;
  });
  if (turn === 'stopped' || turn === 'not-needed') return meanwhile ?? { kind: 'stopped' };
  try {
    const between = (last: VisitEnd): Promise<'go' | 'stop'> => betweenVisits(pace, turn, endpoint, last);
    const observation = await look(between, names.isMany(endpoint) ? 'quick' : how.depth);
    shared.keepDoor(observation, how);
    // What came of the last connection nobody has told yet: between connections there are none behind it.
    if (pace.restOf(address) === 0 && wasSentAway(observation)) pace.sentAway(address);
    return { kind: 'seen', observation };
  } finally {
    turn.release();
  }
}
