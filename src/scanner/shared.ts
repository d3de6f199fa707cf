/**
 * What was seen of servers, kept for a while: many domains have the same ones, which are not to be asked again for each.
 *
 * Those who ask while somebody is there wait for what he sees.
 */
import { type Endpoint, endpointKey } from '../findings/endpoint.ts';
import type { Observation } from '../findings/observation.ts';
import { boundedCache } from '../net/dns/bounded-cache.ts';
import { answersIn } from './merged.ts';
import type { Plan } from './observe-door.ts';
import { isSentAway } from './pace.ts';
import { sharedOctets, withSharedOctets } from './shared-octets.ts';

/** What came of the way to a door. */
export type Seeing =
  | { readonly kind: 'seen'; readonly observation: Observation }
  /** It was visited under so many names that it is left alone for so many milliseconds. */
  | { readonly kind: 'too-many'; readonly because: string; readonly ms: number }
  /** It has sent us away before, and is left alone for so many milliseconds. */
  | { readonly kind: 'resting'; readonly ms: number }
  /** The run ends before it is visited. */
  | { readonly kind: 'stopped' };

export interface SharedObservations {
  /**
   * What is seen there by this plan: by `visit`, or by that of another target now or not long ago, as one that costs no
   * connection.
   */
  readonly seeing: (endpoint: Endpoint, how: HowSeen, visit: () => Promise<Seeing>) => Promise<Seeing>;
  /** What is known of the door whatever it is called, as one that costs no connection; undefined where its name counts. */
  readonly ofDoor: (endpoint: Endpoint, how: HowSeen) => Seeing | undefined;
  /** Tells what was seen to those who come to the door next, before they do: `seeing` has it only once the turn is over. */
  readonly keepDoor: (observation: Observation, how: HowSeen) => void;
  /** Whether nobody has to go there. */
  readonly isKnown: (endpoint: Endpoint, how: HowSeen) => boolean;
}

export type HowSeen = Pick<Plan, 'depth' | 'intrusive'>;

/** Servers change; within an hour few do, and a list with thousands of domains of one provider is through. */
const KEPT_MS = 60 * 60_000;
/** What came to no end may come to one at the next try; a thousand domains of a dead server are no reason to knock as often. */
const UNFINISHED_MS = 10 * 60_000;
/** Without a handshake there is little to keep. */
const DOOR_BOUNDS = { entries: 100_000, octets: 32 << 20 };
/** By memory, not by number: of the first connection alone some 10 KB are kept, of all of them with certificates 60. */
const BOUNDS = { entries: 1_000_000, octets: 256 << 20 };

/** @param now milliseconds since 1970. */
export function shareObservations(
  now: () => number,
  bounds: Readonly<typeof BOUNDS> = BOUNDS,
): SharedObservations {
  const kept = boundedCache<Observation>(bounds);
  const underWay = new Map<string, Promise<Seeing>>();
  /** What was seen without the name being said: thousands of names may lead to one parking host. */
  const doors = boundedCache<Observation>(DOOR_BOUNDS);
  const once = sharedOctets();

  async function go(key: string, how: HowSeen, visit: () => Promise<Seeing>): Promise<Seeing> {
    try {
      const seeing = await visit();
      if (seeing.kind === 'seen') {
        const observation = withSharedOctets(seeing.observation, once);
        kept.set(key, observation, octetsOf(observation), untilOf(observation));
        keepDoor(observation, how);
        return { kind: 'seen', observation };
      }
      return seeing;
    } finally {
      underWay.delete(key);
    }
  }

  function keepDoor(observation: Observation, how: HowSeen): void {
    if (!isNameless(observation)) return;
    const door = doorOf(observation.endpoint, how);
    doors.set(door, observation, octetsOf(observation), untilOf(observation));
  }

  function ofDoor(endpoint: Endpoint, how: HowSeen): Seeing | undefined {
    const known = doors.get(doorOf(endpoint, how), now());
    return known === undefined ? undefined : forFree({ ...known, endpoint });
  }

  return {
    ofDoor,
    keepDoor,
    async seeing(endpoint, how, visit) {
      const key = keyOf(endpoint, how);
      const known = kept.get(key, now());
      if (known !== undefined) return forFree(known);
      const sameDoor = ofDoor(endpoint, how);
      if (sameDoor !== undefined) return sameDoor;
      const under = underWay.get(key);
      if (under === undefined) {
        const going = go(key, how, visit);
        underWay.set(key, going);
        return going;
      }
      const seeing = await under;
      return seeing.kind === 'seen' ? forFree(seeing.observation) : seeing;
    },
    isKnown: (endpoint, how) =>
      kept.get(keyOf(endpoint, how), now()) !== undefined || ofDoor(endpoint, how) !== undefined,
  };
}

function forFree(observation: Observation): Seeing {
  return { kind: 'seen', observation: { ...observation, connections: 0 } };
}

function untilOf(observation: Observation): number {
  return observation.at + (isFinished(observation) ? KEPT_MS : UNFINISHED_MS);
}

/** Whether the server let us look as far as there was something to see. */
function isFinished(observation: Observation): boolean {
  const { kind } = observation.base.end;
  return (kind === 'complete' || kind === 'without-tls') && !wasSentAway(observation);
}

/** Whether the name of the server was not said: there was no connection, or no TLS. XMPP says it before. */
function isNameless({ endpoint, base: { end, tls } }: Observation): boolean {
  if (end.kind === 'not-connected') return true;
  return end.kind === 'without-tls' && tls === null && !endpoint.protocol.startsWith('xmpp');
}

/** Whether the server wanted us to go, at the first connection or a further one. */
export function wasSentAway({ base, probes }: Observation): boolean {
  const further = answersIn(probes).flatMap((probe) => (probe.kind === 'not-tested' ? [probe.end] : []));
  return [base.end, ...further].some(isSentAway);
}

function keyOf(endpoint: Endpoint, { depth, intrusive }: HowSeen): string {
  return `${endpointKey(endpoint)} ${depth} ${intrusive}`;
}

function doorOf(endpoint: Endpoint, how: HowSeen): string {
  return keyOf({ ...endpoint, serverName: null }, how);
}

/** What objects, lists and texts take in V8 beside what is in them. */
const OBJECT_OCTETS = 56;
const TEXT_OCTETS = 20;
/** A piece of memory outside the heap has an object and a record of it. */
const PIECE_OCTETS = 200;

/** About the memory that plain data takes. */
export function octetsOf(value: unknown): number {
  if (typeof value === 'string') return TEXT_OCTETS + value.length;
  if (value instanceof Uint8Array) return PIECE_OCTETS + value.byteLength;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce<number>((sum, part) => sum + 8 + octetsOf(part), OBJECT_OCTETS);
}
