/**
 * How many attempts a destination gets at once, how many in a minute, and when it gets none.
 *
 * A host that does not answer holds whoever waits for it, for minutes. So a destination starts with few attempts and
 * earns more by answering; where nobody answers, it rests, and its other mail is told so at once instead of trying. One
 * that says we are too many gets half as many from then on, and earns them back slowly.
 */
import { nextAttemptAt, type Schedule } from '../queue/schedule.ts';
import { afterPause, alone, answered, crowded, firstRoom, type Room } from './room.ts';
import type { World } from './settings.ts';
import { type Spacing, spacing } from './spacing.ts';
import type { Part } from './workers/peer-word.ts';
import { allSlots, type Slots } from './workers/slots.ts';

export type Admission =
  | { readonly kind: 'go' }
  /** Nothing is tried before `until`. */
  | { readonly kind: 'suspended'; readonly because: string; readonly until: number }
  /** Its host has no place for us; nothing is wrong. The claim goes back, and waits until then. */
  | { readonly kind: 'postponed'; readonly because: string; readonly until: number }
  /** Nothing is tried any more. */
  | { readonly kind: 'closing' }
  /** The claim is given back, and is not the caller's any more. */
  | { readonly kind: 'recalled' };

/** Whether a host gave an answer to work with, or why none did. */
export type Reached =
  | { readonly kind: 'host' }
  /** One was there, and takes no more from us for now. */
  | { readonly kind: 'busy'; readonly because: string }
  | { readonly kind: 'nobody'; readonly because: string }
  /** All connections that we want to have to the host are in use, for other destinations. */
  | { readonly kind: 'crowded'; readonly because: string };

/** What a route says of its destinations; null: what holds for all of them. */
export interface OwnLimits {
  readonly connections: number | null;
  readonly messagesPerMinute: number | null;
}

export const noOwnLimits: OwnLimits = { connections: null, messagesPerMinute: null };

export interface Pace {
  /** How many attempts are being made. */
  readonly active: number;
  /** Resolves when the attempt for the claim `fence` may begin, or with the reason why it may not. */
  enter(destination: string, fence: number, own: OwnLimits): Promise<Admission>;
  /** Whether nothing is tried there for now. */
  rests(destination: string): boolean;
  /** Sends away who waits. @returns the fences of their claims, to be given back. */
  recall(): number[];
  /**
   * Every attempt that began ends with this.
   *
   * @returns of one that found the host busy, whether its message may enter again at once.
   */
  leave(destination: string, reached: Reached): boolean;
  /** Until when mail of the destination waits as its host had no place; undefined where there is no such time. */
  postponed(destination: string): Extract<Admission, { kind: 'postponed' }> | undefined;
  /** An operator asks: this destination, or none, rests any more. */
  forgive(destination?: string): void;
  /** A destination may have more attempts than before. */
  admit(): void;
  /** From now on by these settings. */
  adjust(settings: PaceSettings): void;
  /** Sends away who waits, and whoever still comes. */
  close(): void;
}

export interface PaceSettings {
  readonly schedule: Schedule;
  readonly connections: number;
  readonly connectionsPerDestination: number;
  /** null: as many as it takes. */
  readonly messagesPerMinute: number | null;
  /** Which of several processes this is; absent: there is one. */
  readonly part?: Part;
}

/** Rings once after so many ms. */
export type Alarm = (ms: number, ring: () => void) => void;

/** A host that is back is noticed within this, whatever the schedule of its messages says. */
const LONGEST_REST_MS = 30 * 60_000;
/** Up to so many destinations nobody looks for some that can be forgotten. */
const FEW_DESTINATIONS = 10_000;
/** A host that answered within this is there, whatever it says now, ms. */
const ANSWERED_LATELY_MS = 60_000;
/** How long nothing is tried after the first time that a host was busy with nobody of ours, ms; each further time doubles it. */
const FIRST_PAUSE_MS = 1_000;
/** After so many pauses the destination rests. */
const MOST_PAUSES = 3;
/** How long a destination waits after the first time that its host had no place, ms; each further time doubles it. */
const FIRST_POSTPONEMENT_MS = 5_000;
const LONGEST_POSTPONEMENT_MS = 5 * 60_000;

interface Destination {
  readonly name: string;
  active: number;
  room: Room;
  /** By its route. */
  own: OwnLimits;
  /** undefined: as many a minute as it takes. */
  spacing: Spacing | undefined;
  /** When a host answered last, ms since 1970. */
  answeredAt: number;
  /** Since then. */
  pauses: number;
  pauseUntil: number;
  failures: number;
  restUntil: number;
  because: string;
  /** Times since it was served last that its host had no place, and until when it waits for the last of them. */
  crowded: number;
  postponed: Extract<Admission, { kind: 'postponed' }> | undefined;
  readonly parked: Parked[];
}

interface Parked {
  readonly fence: number;
  readonly admit: (admission: Admission) => void;
}

/**
 * @param alarm for what becomes possible by the time alone. @param slots how many of the attempts that a destination may have
 * are this process's; by default all.
 */
export function startPace(
  initial: PaceSettings,
  world: World,
  alarm: Alarm,
  slots: Pick<Slots, 'most' | 'begin' | 'end'> = allSlots,
): Pace {
  let settings = initial;
  let closing = false;
  const destinations = new Map<string, Destination>();
  /** Those with somebody parked: looked at whenever something ends, however many destinations there are. */
  const waiting = new Set<Destination>();
  let active = 0;
  let crowd = FEW_DESTINATIONS;
  let rings = Number.POSITIVE_INFINITY;

  const limitOf = ({ own }: Destination): number => own.connections ?? settings.connectionsPerDestination;

  function admitParked(): void {
    if (waiting.size === 0) return;
    const now = world.now();
    let next = Number.POSITIVE_INFINITY;
    for (const destination of waiting) {
      if (active >= settings.connections) break;
      // Before it is not ready it asks for no slot: it would not use it.
      let room = 0;
      if (readyAt(destination) <= now)
        room = Math.min(destination.room.allowed, slots.most(destination.name, limitOf(destination)));
      else next = Math.min(next, readyAt(destination));
      while (active < settings.connections && destination.active < room) {
        const ready = readyAt(destination);
        if (ready > now) {
          next = Math.min(next, ready);
          break;
        }
        const parked = destination.parked.shift();
        if (parked === undefined) break;
        active += 1;
        destination.active += 1;
        slots.begin(destination.name);
        destination.spacing?.take(now);
        parked.admit({ kind: 'go' });
      }
      if (destination.parked.length === 0) waiting.delete(destination);
      if (active >= settings.connections) break;
    }
    if (next < rings) ringAt(next, now);
  }

  function ringAt(at: number, now: number): void {
    rings = at;
    alarm(at - now, () => {
      rings = Number.POSITIVE_INFINITY;
      admitParked();
    });
  }

  function rest(destination: Destination, because: string): void {
    const now = world.now();
    destination.room = alone(destination.room);
    // Attempts that ran side by side fail side by side: that is one failure.
    if (now < destination.restUntil) return;
    destination.failures += 1;
    destination.pauses = 0;
    destination.restUntil = restUntil(now, destination.failures, world.random(), settings.schedule);
    destination.because = because;
    for (const { admit } of destination.parked.splice(0)) admit(suspended(destination));
  }

  /** @returns whether its message may enter again. */
  function turnedAway(destination: Destination, because: string, activeThen: number): boolean {
    const now = world.now();
    destination.room = crowded(destination.room, activeThen, now);
    const isThere = destination.active > 0 || isLately(destination.answeredAt, now);
    if (!isThere || destination.pauses >= MOST_PAUSES) {
      rest(destination, because);
      return false;
    }
    // While others of ours are being served there is nothing to wait for but them.
    if (destination.active === 0 && now >= destination.pauseUntil) {
      destination.pauseUntil = now + FIRST_PAUSE_MS * 2 ** destination.pauses * (1 + world.random());
      destination.pauses += 1;
    }
    return true;
  }

  /** Those that wait here would hold what others can be served by. */
  function postpone(destination: Destination, because: string): void {
    const now = world.now();
    // Attempts that ran side by side found the same.
    if (destination.postponed !== undefined && now < destination.postponed.until) return;
    const wait = Math.min(FIRST_POSTPONEMENT_MS * 2 ** destination.crowded, LONGEST_POSTPONEMENT_MS);
    destination.crowded += 1;
    // Spread, or all domains of a provider would come back together.
    destination.postponed = {
      kind: 'postponed',
      because,
      until: Math.round(now + wait * (1 + world.random())),
    };
    for (const { admit } of destination.parked.splice(0)) admit(destination.postponed);
  }

  function served(destination: Destination): void {
    const now = world.now();
    destination.answeredAt = now;
    destination.pauses = 0;
    destination.failures = 0;
    destination.restUntil = 0;
    destination.crowded = 0;
    destination.postponed = undefined;
    destination.room = answered(destination.room, limitOf(destination), now);
  }

  /** Names can be made up without end: where nobody asked for long, nothing is kept. */
  function forgetLongGone(): void {
    if (destinations.size < crowd) return;
    const before = world.now() - LONGEST_REST_MS;
    for (const [name, one] of destinations)
      if (isIdle(one) && Math.max(one.restUntil, one.answeredAt) <= before) destinations.delete(name);
    // So that the walk costs little for each name, however many have to stay.
    crowd = Math.max(FEW_DESTINATIONS, destinations.size * 2);
  }

  function enterAt(name: string, own: OwnLimits): Destination {
    const known = destinations.get(name);
    const destination = known ?? newDestination(name, own);
    if (known === undefined) destinations.set(name, destination);
    else if (isIdle(known) && !isLately(known.answeredAt, world.now())) known.room = afterPause(known.room);
    const perMinute = own.messagesPerMinute ?? settings.messagesPerMinute;
    destination.own = own;
    const of = settings.part?.of ?? 1;
    if (perMinute !== (destination.spacing?.perMinute ?? null) || of !== (destination.spacing?.of ?? of))
      destination.spacing = perMinute === null ? undefined : spacing(perMinute, world.now(), of);
    return destination;
  }

  return {
    get active() {
      return active;
    },
    enter(name, fence, own) {
      if (closing) return Promise.resolve({ kind: 'closing' });
      forgetLongGone();
      const destination = enterAt(name, own);
      if (world.now() < destination.restUntil) return Promise.resolve(suspended(destination));
      const { postponed } = destination;
      if (postponed !== undefined && world.now() < postponed.until) return Promise.resolve(postponed);
      return new Promise((admit) => {
        destination.parked.push({ fence, admit });
        waiting.add(destination);
        admitParked();
      });
    },
    rests: (name) => world.now() < (destinations.get(name)?.restUntil ?? 0),
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
      const activeThen = destination.active;
      active -= 1;
      destination.active -= 1;
      let again = false;
      if (reached.kind === 'host') served(destination);
      else if (reached.kind === 'crowded') postpone(destination, reached.because);
      else if (reached.kind === 'busy') again = turnedAway(destination, reached.because, activeThen);
      else rest(destination, reached.because);
      slots.end(name);
      admitParked();
      return again;
    },
    postponed: (name) => destinations.get(name)?.postponed,
    forgive(name) {
      for (const [other, destination] of destinations)
        if (name === undefined || other === name) {
          destination.restUntil = destination.pauseUntil = 0;
          destination.postponed = undefined;
        }
      admitParked();
    },
    admit: admitParked,
    adjust(changed) {
      settings = changed;
      admitParked();
    },
    close() {
      closing = true;
      for (const { parked } of destinations.values())
        for (const { admit } of parked.splice(0)) admit({ kind: 'closing' });
    },
  };
}

function newDestination(name: string, own: OwnLimits): Destination {
  return {
    name,
    active: 0,
    room: firstRoom,
    own,
    spacing: undefined,
    answeredAt: Number.NEGATIVE_INFINITY,
    pauses: 0,
    pauseUntil: 0,
    failures: 0,
    restUntil: 0,
    because: '',
    crowded: 0,
    postponed: undefined,
    parked: [],
  };
}

function readyAt({ pauseUntil, spacing: spaced }: Destination): number {
  return Math.max(pauseUntil, spaced?.readyAt ?? 0);
}

function suspended({ because, restUntil: until }: Destination): Admission {
  return { kind: 'suspended', because, until };
}

/** Also the longest rest is spread: what went down together must not come back together. */
function restUntil(now: number, failures: number, random: number, schedule: Schedule): number {
  const longest = LONGEST_REST_MS / (1 + schedule.jitter * random);
  return Math.min(nextAttemptAt(now, failures, random, schedule), Math.round(now + longest));
}

function isIdle({ active, parked }: Destination): boolean {
  return active === 0 && parked.length === 0;
}

function isLately(answeredAt: number, now: number): boolean {
  return now >= answeredAt && now < answeredAt + ANSWERED_LATELY_MS;
}
