/** What is kept of sessions and of the ways of mail, added up: beside the policies, in the same file, by the same rules. */
import type { Domain } from '../names/domain.ts';
import type { SessionNote, Track, TrackKey } from '../policies/memory/track.ts';
import type { SeenCount } from '../policies/report-only/seen.ts';
import type { EpochMs } from '../policies/words.ts';
import type { ResultCount } from '../reports/tls-rpt/tally.ts';

/** How much of what was added had no room for itself and counts together with others. */
export interface Added {
  readonly spilled: number;
}

export interface ResultStore {
  /** Adds to what is there, all of it in one commit. */
  add(counts: readonly ResultCount[]): Added;
  /** All of a domain's on one day, in the order in which it was first seen. */
  of(day: string, domain: string): readonly ResultCount[];
  /** Whose results there are on one day, in the order of their names. */
  domains(day: string, page: { readonly after: string | null; readonly limit: number }): readonly string[];
  /** Removes what lies before a day. @returns how many rows. */
  forget(day: string): number;
}

/** Recipients whose mail travelled in one of three ways. */
export interface TravelCount {
  /** In UTC, `2026-11-28`. */
  readonly day: string;
  /** `in`: taken from somebody; `out`: handed over to somebody. */
  readonly direction: 'in' | 'out';
  /** Of the sender where it came in, of the recipient where it went out; empty in sums over all of them. */
  readonly domain: string;
  readonly authenticated: number;
  readonly encrypted: number;
  readonly cleartext: number;
}

export interface TravelStore {
  /** Adds to what is there, all of it in one commit. */
  add(counts: readonly TravelCount[]): Added;
  /** From a day on, by day and direction: of one domain, or the sum over all of them where it is null. */
  since(day: string, domain: string | null): readonly TravelCount[];
  /** Removes what lies before a day. @returns how many rows. */
  forget(day: string): number;
}

/** How sessions change what is remembered: the store keeps it and knows nothing of its meaning. */
export interface MemoryRules {
  /** What the sessions of a note are about. */
  readonly keysOf: (note: SessionNote) => readonly TrackKey[];
  /** What becomes of a track by the sessions of a note; undefined: it ends. */
  readonly after: (before: Track | undefined, key: TrackKey, note: SessionNote) => Track | undefined;
  /** Tracks of fewer sessions, or of less time from the first to the last, go first where there is no room. */
  readonly leastSessions: number;
  readonly leastAgeMs: number;
}

export interface MemoryStore {
  /** Puts sessions on record, all of them in one commit; other processes may do so, too. */
  add(notes: readonly SessionNote[], rules: MemoryRules): void;
  /** Removes what was not used since then. @returns how many tracks. */
  forget(before: EpochMs): number;
}

export interface SeenStore {
  /** Adds to what is there, all of it in one commit. */
  add(counts: readonly SeenCount[]): Added;
  /** Of one domain, from a day on, by day. */
  since(day: string, domain: Domain): readonly SeenCount[];
  /** Of which there is something from a day on, in the order of their names. */
  domains(day: string, page: { readonly after: Domain | null; readonly limit: number }): readonly Domain[];
  /** Removes what lies before a day. @returns how many rows. */
  forget(day: string): number;
}
