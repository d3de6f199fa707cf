/**
 * How many attempts a destination gets at once, and when it gets none.
 *
 * A host that does not answer holds whoever waits for it, for minutes. So a destination starts with few attempts and
 * earns more by answering; where nobody answers, it rests, and its other mail is told so at once instead of trying.
 */
import { nextAttemptAt, type Schedule } from '../queue/schedule.ts';
import type { World } from './settings.ts';

export type Admission =
  | { readonly kind: 'go' }
  /** Nothing is tried before `until`. */
  | { readonly kind: 'suspended'; readonly because: string; readonly until: number }
  /** Nothing is tried any more. */
  | { readonly kind: 'closing' }
  /** The claim is given back, and is not the caller's any more. */
  | { readonly kind: 'recalled' };

/** Whether a host gave an answer to work with, or why none did. */
export type Reached = { readonly kind: 'host' } | { readonly kind: 'nobody'; readonly because: string };

export interface Pace {
  /** How many attempts are being made. */
  readonly active: number;
  /** Resolves when the attempt for the claim `fence` may begin, or with the reason why it may not. */
  enter(destination: string, fence: number): Promise<Admission>;
  /** Sends away who waits. @returns the fences of their claims, to be given back. */
  recall(): number[];
  /** Every attempt that began ends with this. */
  leave(destination: string, reached: Reached): void;
  /** An operator asks: no destination rests any more. */
  forgive(): void;
  /** From now on by these settings. */
  adjust(settings: PaceSettings): void;
  /** Sends away who waits, and whoever still comes. */
  close(): void;
}

export interface PaceSettings {
  readonly schedule: Schedule;
  readonly connections: number;
  readonly connectionsPerDestination: number;
}

const FIRST_ATTEMPTS = 2;
/** A host that is back is noticed within this, whatever the schedule of its messages says. */
const LONGEST_REST_MS = 30 * 60_000;
/** Up to so many destinations nobody looks for some that can be forgotten. */
const FEW_DESTINATIONS = 10_000;

interface Destination {
  active: number;
  /** Attempts it may have at once. */
  room: number;
  failures: number;
  restUntil: number;
  because: string;
  readonly parked: Parked[];
}

interface Parked {
  readonly fence: number;
  readonly admit: (admission: Admission) => void;
}

export function startPace(initial: PaceSettings, world: World): Pace {
  let settings = initial;
  let closing = false;
  const destinations = new Map<string, Destination>();
  /** Those with somebody parked: looked at whenever something ends, however many destinations there are. */
  const waiting = new Set<Destination>();
  let active = 0;
  let crowd = FEW_DESTINATIONS;

  function suspended({ because, restUntil }: Destination): Admission {
    return { kind: 'suspended', because, until: restUntil };
  }

  function admitParked(): void {
    for (const destination of waiting) {
      while (active < settings.connections && destination.active < destination.room) {
        const parked = destination.parked.shift();
        if (parked === undefined) break;
        active += 1;
        destination.active += 1;
        parked.admit({ kind: 'go' });
      }
      if (destination.parked.length === 0) waiting.delete(destination);
      if (active >= settings.connections) return;
    }
  }

  function rest(destination: Destination, because: string): void {
    const now = world.now();
    destination.room = 1;
    // Attempts that ran side by side fail side by side: that is one failure.
    if (now < destination.restUntil) return;
    destination.failures += 1;
    const { failures } = destination;
    const until = nextAttemptAt(now, failures, world.random(), settings.schedule);
    destination.restUntil = Math.min(until, now + LONGEST_REST_MS);
    destination.because = because;
    for (const { admit } of destination.parked.splice(0)) admit(suspended(destination));
  }

  /** Names can be made up without end: where nobody was reached, and nobody asked for long, nothing is kept. */
  function forgetLongGone(): void {
    if (destinations.size < crowd) return;
    const before = world.now() - LONGEST_REST_MS;
    for (const [name, { active: out, parked, restUntil }] of destinations)
      if (out === 0 && parked.length === 0 && restUntil <= before) destinations.delete(name);
    // So that the walk costs little for each name, however many have to stay.
    crowd = Math.max(FEW_DESTINATIONS, destinations.size * 2);
  }

  return {
    get active() {
      return active;
    },
    enter(name, fence) {
      if (closing) return Promise.resolve({ kind: 'closing' });
      forgetLongGone();
      const destination = destinations.get(name) ?? newDestination();
      destinations.set(name, destination);
      if (world.now() < destination.restUntil) return Promise.resolve(suspended(destination));
      return new Promise((admit) => {
        destination.parked.push({ fence, admit });
        waiting.add(destination);
        admitParked();
      });
    },
    recall() {
      const fences: number[] = [];
      for (const { parked } of waiting) {
        for (const { fence, admit } of parked.splice(0)) {
          fences.push(fence);
          admit({ kind: 'recalled' });
        }
      }
      waiting.clear();
      return fences;
    },
    leave(name, reached) {
      const destination = destinations.get(name);
      if (destination === undefined) throw new Error(`nobody entered ${name}`);
      active -= 1;
      destination.active -= 1;
      if (reached.kind === 'nobody') {
        rest(destination, reached.because);
      } else {
        destination.failures = 0;
        destination.restUntil = 0;
        destination.room = Math.min(destination.room * 2, settings.connectionsPerDestination);
      }
      admitParked();
      const idle = destination.active === 0 && destination.parked.length === 0;
      if (idle && destination.failures === 0) destinations.delete(name);
    },
    forgive() {
      for (const destination of destinations.values()) destination.restUntil = 0;
    },
    adjust(changed) {
      settings = changed;
      for (const destination of destinations.values()) {
        destination.room = Math.min(destination.room, settings.connectionsPerDestination);
      }
      admitParked();
    },
    close() {
      closing = true;
      for (const { parked } of destinations.values())
        for (const { admit } of parked.splice(0)) admit({ kind: 'closing' });
    },
  };
}

function newDestination(): Destination {
  return { active: 0, room: FIRST_ATTEMPTS, failures: 0, restUntil: 0, because: '', parked: [] };
}
