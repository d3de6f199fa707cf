/** What is remembered of example.test, as tests of the memory say it. */
import type {
  MemoryFacts,
  MemoryMode,
  MemorySettings,
  RememberedTrack,
} from '../../src/policies/memory/expect.ts';
import type { Reached, SessionNote, Track } from '../../src/policies/memory/track.ts';
import { DOMAIN, nameOf } from './destinations.ts';

export const DAY = 86_400_000;
/** Of the last session in {@link trackOf}. */
export const LAST = Date.UTC(2026, 10, 28, 12);
export const MX1 = nameOf('mx1.example.test');

/** The defaults of the configuration, but for the mode. */
export const settings: MemorySettings = {
  mode: 'enforce',
  leastSessions: 3,
  leastAgeMs: 7 * DAY,
  giveWayAfterMs: 3 * DAY,
  forgetAfterMs: 90 * DAY,
};

export function noteOf(reached: Reached, at: number, change: Partial<SessionNote> = {}): SessionNote {
  const proof = reached === 'authenticate' ? 'name' : null;
  return { domain: DOMAIN, host: MX1, reached, at, sessions: 1, proof, spki: null, ...change };
}

/** Ten sessions in thirty days, the last of them at {@link LAST}. */
export function trackOf(change: Partial<Track> = {}): Track {
  return {
    domain: DOMAIN,
    host: MX1,
    level: 'encrypt',
    since: LAST - 30 * DAY,
    sessions: 10,
    lastAt: LAST,
    proof: null,
    spki: null,
    against: null,
    days: [],
    ...change,
  };
}

/** The same, expected now. */
export function expected(change: Partial<RememberedTrack> = {}): RememberedTrack {
  return { ...trackOf(change), state: 'expected', ...change };
}

export function memoryWith(mode: MemoryMode, ...tracks: readonly RememberedTrack[]): MemoryFacts {
  return { mode, giveWayAfterMs: settings.giveWayAfterMs, tracks };
}
