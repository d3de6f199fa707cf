/** Gathers what sessions came to and how mail travelled, and writes it down every few seconds. */
import type { DeliveryEvent, RelayEvent } from '../events/delivery-event.ts';
import type { MemorySettings } from '../policies/memory/expect.ts';
import {
  afterNote,
  keysOf,
  type SessionNote,
  type TrackChange,
  worthTelling,
} from '../policies/memory/track.ts';
import type { SeenSession } from '../policies/report-only/seen.ts';
import type { ResultSource, SessionResult } from '../reports/tls-rpt/session-result.ts';
import { createTally, dayOf } from '../reports/tls-rpt/tally.ts';
import type { Results } from '../store/open-results.ts';
import type { Added } from '../store/result-store.ts';
import { gatherNotes } from './memory-notes.ts';
import { gatherSeen } from './seen-sessions.ts';
import { createTravel } from './travel.ts';

export interface RecorderParts {
  readonly results: Pick<Results, 'sessions' | 'travel' | 'memory' | 'seen'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long results are kept; asked each time, as a new configuration may change it. */
  readonly keepMs: () => number;
  /** What is remembered of TLS, asked each time, too. */
  readonly memory: () => MemorySettings;
  /** How long it is kept what sessions have shown, asked each time, too. */
  readonly keepSeenMs: () => number;
  /** Something that an operator should know, once a day. */
  readonly onNotice: (what: string) => void;
  /** What was expected by the memory was not reached, or is expected no more. */
  readonly onMemory: (change: TrackChange) => void;
  readonly onError: (what: string, error: unknown) => void;
}

export interface Recorder {
  session(result: SessionResult, source: ResultSource): void;
  /** What a session reached, for the memory. */
  reached(note: SessionNote): void;
  /** What a session has shown, so that rules can be tried on it. */
  seen(seen: SeenSession): void;
  sent(events: readonly RelayEvent[]): void;
  /** @param client who handed the message in, by address. */
  taken(events: readonly DeliveryEvent[], client: string): void;
  /** Writes down what has gathered, so that whoever reads then reads all. */
  flush(): void;
  close(): void;
}

/** So much may be lost by a crash; a commit takes the one thread that all connections share. */
const WRITE_EVERY_MS = 5_000;
/** What waits where nothing can be written: a few hundred octets each, and all of it is one commit then. */
const MOST_UNWRITTEN = 5_000;
const FORGET_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** How far back the ways of mail can be asked for. */
export const TRAVEL_DAYS = 90;

export function startRecorder(parts: RecorderParts): Recorder {
  const { results, now, onError } = parts;
  const tally = createTally();
  const travel = createTravel();
  const sessionSums = openDrawer(tally, results.sessions, 'results of sessions', parts);
  const travelSums = openDrawer(travel, results.travel, 'the ways of mail', parts);
  const notes = gatherNotes();
  const seen = gatherSeen();
  const seenDrawer = openDrawer(seen, results.seen, 'what sessions have shown', parts);
  const noteDrawer = openDrawer(notes, { add: remember }, 'the memory of TLS', parts);
  const writing = setInterval(flush, WRITE_EVERY_MS);
  writing.unref();
  const forgetting = setInterval(forget, FORGET_EVERY_MS);
  forgetting.unref();
  forget();

  function flush(): void {
    sessionSums.empty();
    travelSums.empty();
    noteDrawer.empty();
    seenDrawer.empty();
  }

  function remember(list: readonly SessionNote[]): Added {
    const settings = parts.memory();
    if (settings.mode === 'off') return { spilled: 0 };
    const changed = new Map<SessionNote, TrackChange[]>();
    results.memory.add(list, {
      ...settings,
      keysOf,
      after(before, key, note) {
        const { track, change } = afterNote(before, key, note, settings);
        if (change !== null) changed.set(note, [...(changed.get(note) ?? []), change]);
        return track;
      },
    });
    for (const changes of changed.values()) for (const one of worthTelling(changes)) parts.onMemory(one);
    return { spilled: 0 };
  }

  function forget(): void {
    try {
      results.sessions.forget(dayOf(now() - parts.keepMs()));
      results.travel.forget(dayOf(now() - TRAVEL_DAYS * DAY_MS));
      results.memory.forget(now() - parts.memory().forgetAfterMs);
      results.seen.forget(dayOf(now() - parts.keepSeenMs()));
    } catch (error) {
      onError('forgetting old results', error);
    }
  }

  return {
    session(result, source) {
      tally.add(result, source, now());
      sessionSums.emptyIfFull();
    },
    reached(note) {
      notes.add(note);
      noteDrawer.emptyIfFull();
    },
    seen(session) {
      seen.add(session, now());
      seenDrawer.emptyIfFull();
    },
    sent(events) {
      travel.sent(events);
      travelSums.emptyIfFull();
    },
    taken(events, client) {
      travel.taken(events, client);
      travelSums.emptyIfFull();
    },
    flush,
    close() {
      clearInterval(writing);
      clearInterval(forgetting);
      flush();
    },
  };
}

interface Drawer {
  readonly empty: () => void;
  readonly emptyIfFull: () => void;
}

/**
 * What has gathered, and what could not be written before: that is kept for the next try, and is lost where so much has come
 * meanwhile that there is no room for both.
 */
function openDrawer<Count>(
  gatherer: { readonly take: () => readonly Count[]; readonly isFull: boolean },
  store: { readonly add: (counts: readonly Count[]) => Added },
  what: string,
  { now, onNotice, onError }: Pick<RecorderParts, 'now' | 'onNotice' | 'onError'>,
): Drawer {
  let unwritten: readonly Count[] = [];
  let noticedOn = '';

  function empty(): void {
    const isFull = gatherer.isFull;
    const counts = gatherer.take();
    if (unwritten.length >= MOST_UNWRITTEN || (unwritten.length > 0 && isFull)) {
      onNotice(
        `${unwritten.length} sums of ${what} are lost: they could not be written, and there is no room for more`,
      );
      unwritten = [];
    }
    const all = [...unwritten, ...counts];
    if (all.length === 0) return;
    try {
      const { spilled } = store.add(all);
      unwritten = [];
      if (spilled > 0) notice(spilled);
    } catch (error) {
      unwritten = all;
      onError(`writing ${what}`, error);
    }
  }

  function notice(spilled: number): void {
    const today = dayOf(now());
    if (noticedOn === today) return;
    noticedOn = today;
    onNotice(
      `there is no room today for ${spilled} more sums of ${what}: from here on they count together as "other"`,
    );
  }

  return {
    empty,
    emptyIfFull() {
      if (gatherer.isFull) empty();
    },
  };
}
