import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type Recorder, startRecorder, TRAVEL_DAYS } from '../../../src/relay/recorder.ts';
import type { SessionResult } from '../../../src/reports/tls-rpt/session-result.ts';
import type { ResultCount } from '../../../src/reports/tls-rpt/tally.ts';
import type { TravelCount } from '../../../src/store/result-store.ts';

const NOON = Date.parse('2026-11-28T12:00:00Z');
const DAY = 86_400_000;

interface Setting {
  readonly recorder: Recorder;
  readonly written: ResultCount[];
  readonly forgotten: string[];
  readonly notices: string[];
  readonly errors: string[];
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
  const state = { spilled: 0, fails: false, now: NOON };
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
    },
    now: () => state.now,
    keepMs: () => 10 * DAY,
    onNotice: (what) => void notices.push(what),
    onError: (what, error) => void errors.push(`${what}: ${String(error)}`),
  });
  return Object.assign(state, { recorder, written, forgotten, notices, errors });
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

  it('forgets days that are over, at its start and every hour', (t) => {
    const own = setting(t);
    assert.deepEqual(own.forgotten, ['2026-11-18', '2026-08-30']);
    assert.equal(TRAVEL_DAYS, 90);
    own.now += DAY;
    t.mock.timers.tick(3_600_000);
    assert.deepEqual(own.forgotten.slice(2), ['2026-11-19', '2026-08-31']);
  });
});
