import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { MemoryMode } from '../../../src/policies/memory/expect.ts';
import type { SessionNote, Track } from '../../../src/policies/memory/track.ts';
import type { SeenCount } from '../../../src/policies/report-only/seen.ts';
import { type Recorder, startRecorder, TRAVEL_DAYS } from '../../../src/relay/recorder.ts';
import type { SessionResult } from '../../../src/reports/tls-rpt/session-result.ts';
import type { ResultCount } from '../../../src/reports/tls-rpt/tally.ts';
import type { TravelCount } from '../../../src/store/result-store.ts';
import { nameOf } from '../../support/destinations.ts';
import { countOf, seenOf } from '../../support/seen.ts';
import { noteOf, settings } from '../../support/tracks.ts';

const NOON = Date.parse('2026-11-28T12:00:00Z');
const DAY = 86_400_000;

interface Setting {
  readonly recorder: Recorder;
  readonly written: ResultCount[];
  readonly forgotten: string[];
  readonly notices: string[];
  readonly errors: string[];
  readonly noted: SessionNote[];
  readonly tracks: ReadonlyMap<string, Track>;
  readonly changes: string[];
  readonly seen: SeenCount[];
  mode: MemoryMode;
  /** What the store answers. */
  spilled: number;
  fails: boolean;
  now: number;
}

function setting(t: TestContext): Setting {
  const written: ResultCount[] = [];
  const forgotten: string[] = [];
  const notices: string[] = [];
  const errors: string[] = [];
  const noted: SessionNote[] = [];
  const tracks = new Map<string, Track>();
  const seen: SeenCount[] = [];
  const changes: string[] = [];
  const state: Pick<Setting, 'spilled' | 'fails' | 'now' | 'mode'> = {
    spilled: 0,
    fails: false,
    now: NOON,
    mode: 'observe',
  };
  const add = <Count>(into: Count[], counts: readonly Count[]) => {
    if (state.fails) throw new Error('no room on the medium');
    into.push(...counts);
    return { spilled: state.spilled };
  };
  t.mock.timers.enable({ apis: ['setInterval'] });
  const travelled: TravelCount[] = [];
  const forget = (day: string): number => forgotten.push(day);
  const recorder = startRecorder({
    results: {
      sessions: { add: (counts) => add(written, counts), of: () => [], domains: () => [], forget },
      travel: { add: (counts) => add(travelled, counts), since: () => [], forget },
      memory: {
        add(notes, rules) {
          add(noted, notes);
          for (const note of notes)
            for (const key of rules.keysOf(note)) {
              const id = `${key.host ?? '*'} ${key.level}`;
              const after = rules.after(tracks.get(id), key, note);
              if (after === undefined) tracks.delete(id);
              else tracks.set(id, after);
            }
        },
        forget: (before) => forgotten.push(`memory ${new Date(before).toISOString().slice(0, 10)}`),
      },
      seen: { add: (counts) => add(seen, counts), since: () => [], domains: () => [], forget },
    },
    memory: () => ({ ...settings, mode: state.mode }),
    keepSeenMs: () => 30 * DAY,
    onMemory: ({ kind, track }) => void changes.push(`${kind} ${track.host ?? '*'} ${track.level}`),
    now: () => state.now,
    keepMs: () => 10 * DAY,
    onNotice: (what) => void notices.push(what),
    onError: (what, error) => void errors.push(`${what}: ${String(error)}`),
  });
  return Object.assign(state, {
    recorder,
    written,
    forgotten,
    notices,
    errors,
    noted,
    tracks,
    changes,
    seen,
  });
}

const session = (domain = 'far.test', strings: readonly string[] = []): SessionResult => ({
  domain,
  record: null,
  policies: [
    { policy: { type: 'no-policy-found', domain, strings, mxHosts: [] }, failures: [], final: 'success' },
  ],
});

describe('startRecorder', () => {
  it('writes nothing for a session, all of it every five seconds, and the rest at its end', (t) => {
    const own = setting(t);
    own.recorder.session(session(), 'waxwing');
    own.recorder.session(session(), 'waxwing');
    assert.deepEqual(own.written, []);
    t.mock.timers.tick(5_000);
    assert.deepEqual(
      own.written.map(({ successes }) => successes),
      [2],
    );
    own.recorder.session(session(), 'postfix');
    own.recorder.close();
    assert.equal(own.written.length, 2);
    t.mock.timers.tick(60_000);
    assert.equal(own.written.length, 2);
  });

  it('writes at once where so much has gathered that memory would grow', (t) => {
    const own = setting(t);
    for (let n = 0; n < 100; n += 1)
      own.recorder.session(session(`d${n}.test`, ['x'.repeat(60_000)]), 'postfix');
    assert.ok(own.written.length > 60);
  });

  it('keeps what cannot be written for the next time', (t) => {
    const own = setting(t);
    own.fails = true;
    own.recorder.session(session(), 'waxwing');
    t.mock.timers.tick(5_000);
    assert.match(own.errors.join(), /writing results of sessions: Error: no room on the medium/);
    own.fails = false;
    own.recorder.session(session(), 'waxwing');
    t.mock.timers.tick(5_000);
    assert.deepEqual(
      own.written.map(({ successes }) => successes),
      [1, 1],
    );
  });

  it('says what is lost where nothing can be written for so long that memory would grow', (t) => {
    const own = setting(t);
    own.fails = true;
    for (let n = 0; n < 200; n += 1)
      own.recorder.session(session(`d${n}.test`, ['x'.repeat(60_000)]), 'postfix');
    assert.match(own.notices.join(), /^\d+ sums of results of sessions are lost/);
    own.fails = false;
    own.recorder.close();
    assert.ok(own.written.length < 150, String(own.written.length));
  });

  it('and where little comes at a time, for hours: what waits does not grow for ever', (t) => {
    const own = setting(t);
    own.fails = true;
    for (let n = 0; n < 60; n += 1) {
      for (let host = 0; host < 100; host += 1)
        own.recorder.reached(noteOf('encrypt', NOON, { host: nameOf(`mx${n}-${host}.example.test`) }));
      own.recorder.flush();
    }
    assert.deepEqual(own.notices, [
      '5000 sums of the memory of TLS are lost: they could not be written, and there is no room for more',
    ]);
    own.fails = false;
    own.recorder.flush();
    assert.equal(own.noted.length, 1_000);
  });

  it('says once a day that there is no room for more domains', (t) => {
    const own = setting(t);
    own.spilled = 3;
    for (const _ of [1, 2]) {
      own.recorder.session(session(), 'waxwing');
      t.mock.timers.tick(5_000);
    }
    assert.equal(own.notices.length, 1);
    assert.match(own.notices.join(), /count together as "other"/);
    own.now += DAY;
    own.recorder.session(session(), 'waxwing');
    t.mock.timers.tick(5_000);
    assert.equal(own.notices.length, 2);
  });

  it('has sessions remembered with the rest, and tells what falls short of what was expected', (t) => {
    const own = setting(t);
    for (let day = 0; day < 9; day += 1) {
      own.recorder.reached(noteOf('authenticate', NOON + day * DAY));
      own.recorder.reached(noteOf('authenticate', NOON + day * DAY));
      assert.equal(own.noted.length, day);
      t.mock.timers.tick(5_000);
    }
    assert.equal(own.tracks.get('mx1.example.test authenticate')?.sessions, 18);
    assert.deepEqual(own.changes, []);
    own.recorder.reached(noteOf('clear', NOON + 9 * DAY));
    own.recorder.reached(noteOf('clear', NOON + 9 * DAY));
    own.recorder.flush();
    assert.deepEqual(own.changes, ['stands-against mx1.example.test authenticate']);
  });

  it('has what sessions have shown added up by day', (t) => {
    const own = setting(t);
    own.recorder.seen(seenOf());
    own.recorder.seen(seenOf());
    t.mock.timers.tick(5_000);
    assert.deepEqual(own.seen, [countOf('2026-11-28', seenOf(), 2)]);
  });

  it('remembers nothing, and writes nothing of it, where the memory is off', (t) => {
    const own = setting(t);
    own.mode = 'off';
    own.recorder.reached(noteOf('encrypt', NOON));
    own.recorder.close();
    assert.deepEqual(own.noted, []);
  });

  it('forgets days that are over, at its start and every hour', (t) => {
    const own = setting(t);
    assert.deepEqual(own.forgotten, ['2026-11-18', '2026-08-30', 'memory 2026-08-30', '2026-10-29']);
    assert.equal(TRAVEL_DAYS, 90);
    own.now += DAY;
    t.mock.timers.tick(3_600_000);
    assert.deepEqual(own.forgotten.slice(4), ['2026-11-19', '2026-08-31', 'memory 2026-08-31', '2026-10-30']);
  });
});
