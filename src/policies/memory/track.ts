/**
 * What is remembered of TLS towards other domains: since when each session has reached a level, and what spoke against that.
 *
 * A track is about one level, of one mail host of a domain or of the domain as a whole. That of the domain is what whoever
 * forges MX records cannot get around: he can name a host of which nothing is remembered, and the domain is the same.
 * What a track says ends by itself: unused it is forgotten, and where the contrary is seen for long enough it gives way, so
 * that nobody, neither a domain that has changed nor somebody on the path who has taught it something, keeps mail for good.
 */
import { formatMoment } from '../../names/calendar.ts';
import type { Domain } from '../../names/domain.ts';
import type { EpochMs } from '../words.ts';

/** What a session must have reached for a track to go on. */
export type TrackLevel = 'encrypt' | 'authenticate';

/**
 * What one session came to. `clear`: the host had no TLS to offer; `failed`: TLS began and did not come to be, which may be
 * an accident of the line; `authenticate`: what it proved was a name that the path could not choose.
 */
export type Reached = 'clear' | 'failed' | TrackLevel;

/** Sessions of one kind with the same host, one after the other. */
export interface SessionNote {
  readonly domain: Domain;
  /** null: whoever had the session does not tell with which host. */
  readonly host: Domain | null;
  readonly reached: Reached;
  /** Of the last of them. */
  readonly at: EpochMs;
  readonly sessions: number;
  /** What authenticated the host: a certificate for its name, or a TLSA record; null: nothing did. */
  readonly proof: 'name' | 'tlsa' | null;
  /** SHA-256 of the key of the certificate, lower-case hex; null: not known. It is evidence, and nothing is decided by it. */
  readonly spki: string | null;
}

export interface TrackKey {
  readonly domain: Domain;
  /** null: the domain as a whole, whichever host had the session. */
  readonly host: Domain | null;
  readonly level: TrackLevel;
}

/** What has not reached the level since the last session that has. */
export interface Against {
  readonly since: EpochMs;
  readonly lastAt: EpochMs;
  /** Days (UTC) on which there was some. */
  readonly days: number;
  readonly sessions: number;
}

/** Sessions of one day (UTC). */
export interface DayCount {
  /** `2026-11-28`. */
  readonly day: string;
  readonly reached: number;
  readonly missed: number;
}

export interface Track extends TrackKey {
  /** Since when each session has reached the level, those aside that `against` tells of. */
  readonly since: EpochMs;
  readonly sessions: number;
  /** The last that reached it. */
  readonly lastAt: EpochMs;
  /** Of the last session. */
  readonly proof: SessionNote['proof'];
  readonly spki: string | null;
  /** null: nothing. */
  readonly against: Against | null;
  /** The last ones on which there was a session, at most {@link MOST_DAYS}. */
  readonly days: readonly DayCount[];
}

export interface TrackTerms {
  /** Fewer sessions say nothing. */
  readonly leastSessions: number;
  /** Nor do those of less time than this, from the first to the last. */
  readonly leastAgeMs: number;
  /** Unused for so long, a track is forgotten. */
  readonly forgetAfterMs: number;
  /** So long it stands against what is seen; then it gives way. */
  readonly giveWayAfterMs: number;
}

/** `young`: too little is known; `expected`: the level is; `given-way`: it was, and the contrary was seen for too long. */
export type TrackState = 'young' | 'expected' | 'given-way' | 'forgotten';

export const MOST_DAYS = 14;
/** The contrary on so many days (UTC): one session after a long silence does not end what was seen for months. */
const LEAST_DAYS_AGAINST = 3;
/** So long after the first session that falls short the last of these days has begun. */
export const LEAST_AGAINST_MS = (LEAST_DAYS_AGAINST - 1) * 86_400_000;
const DAY_CHARACTERS = '2026-11-28'.length;

export function stateOf(track: Track, now: EpochMs, terms: TrackTerms): TrackState {
  // A time that lies ahead comes from a clock that was set back: it must not make anything last longer.
  if (Math.abs(now - track.lastAt) >= terms.forgetAfterMs) return 'forgotten';
  if (track.lastAt - track.since < terms.leastAgeMs || track.sessions < terms.leastSessions) return 'young';
  return hasGivenWay(track, now, terms) ? 'given-way' : 'expected';
}

function hasGivenWay(
  { against }: Track,
  now: EpochMs,
  { giveWayAfterMs }: Pick<TrackTerms, 'giveWayAfterMs'>,
): boolean {
  if (against === null || Math.abs(now - against.since) < giveWayAfterMs) return false;
  return against.days >= LEAST_DAYS_AGAINST;
}

/** What a note has changed that somebody may want to hear of. */
export type TrackChange =
  /** The first session that did not reach what was expected. */
  | { readonly kind: 'stands-against'; readonly track: Track; readonly reached: Reached }
  | { readonly kind: 'gave-way'; readonly track: Track };

export interface TrackStep {
  /** undefined: nothing is remembered any more. */
  readonly track: Track | undefined;
  readonly change: TrackChange | null;
}

/** The tracks that sessions with a host are about. */
export function keysOf({ domain, host }: Pick<SessionNote, 'domain' | 'host'>): readonly TrackKey[] {
  const hosts = host === null ? [null] : [null, host];
  return hosts.flatMap((one) => LEVELS.map((level) => ({ domain, host: one, level })));
}

const LEVELS = ['encrypt', 'authenticate'] as const satisfies readonly TrackLevel[];

/** The track after the sessions of a note. */
export function afterNote(
  before: Track | undefined,
  key: TrackKey,
  note: SessionNote,
  terms: TrackTerms,
): TrackStep {
  const state = before === undefined ? 'forgotten' : stateOf(before, note.at, terms);
  const track = state === 'forgotten' ? undefined : before;
  if (note.reached === 'authenticate' || note.reached === key.level)
    return { track: afterReached(state === 'given-way' ? undefined : track, key, note), change: null };
  if (track === undefined) return { track, change: null };
  // What has only begun begins again; an accident of the line is none of its business.
  if (state === 'young') return { track: note.reached === 'failed' ? track : undefined, change: null };
  return afterMissed(track, note, terms);
}

function afterReached(track: Track | undefined, key: TrackKey, note: SessionNote): Track {
  const { at, sessions, proof, spki } = note;
  const last = { proof: key.level === 'authenticate' ? proof : null, spki };
  const days = countedOn(track?.days ?? [], at, { reached: sessions, missed: 0 });
  if (track === undefined) return { ...key, since: at, sessions, lastAt: at, ...last, against: null, days };
  const lastAt = Math.max(track.lastAt, at);
  return { ...track, ...last, sessions: track.sessions + sessions, lastAt, against: null, days };
}

function afterMissed(track: Track, { at, sessions, reached }: SessionNote, terms: TrackTerms): TrackStep {
  const { against } = track;
  const days = countedOn(track.days, at, { reached: 0, missed: sessions });
  if (against === null) {
    const first: Against = { since: at, lastAt: at, days: 1, sessions };
    const next: Track = { ...track, against: first, days };
    return { track: next, change: { kind: 'stands-against', track: next, reached } };
  }
  const isNewDay = dayOf(at) !== dayOf(against.lastAt);
  const more: Against = {
    since: against.since,
    lastAt: at,
    days: against.days + (isNewDay ? 1 : 0),
    sessions: against.sessions + sessions,
  };
  const next: Track = { ...track, against: more, days };
  if (!hasGivenWay(next, at, terms)) return { track: next, change: null };
  return { track: undefined, change: { kind: 'gave-way', track: next } };
}

function countedOn(
  days: readonly DayCount[],
  at: EpochMs,
  { reached, missed }: Omit<DayCount, 'day'>,
): readonly DayCount[] {
  const day = dayOf(at);
  const known = days.find((one) => one.day === day);
  const count = { day, reached: (known?.reached ?? 0) + reached, missed: (known?.missed ?? 0) + missed };
  const others = days.filter((one) => one.day !== day);
  return [...others, count].toSorted((a, b) => (a.day < b.day ? -1 : 1)).slice(-MOST_DAYS);
}

function dayOf(at: EpochMs): string {
  return formatMoment(Math.floor(at / 1000)).slice(0, DAY_CHARACTERS);
}
