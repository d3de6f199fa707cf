import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  afterNote,
  keysOf,
  MOST_DAYS,
  type Reached,
  type SessionNote,
  stateOf,
  type Track,
  type TrackChange,
  type TrackKey,
  worthTelling,
} from '../../../../src/policies/memory/track.ts';
import { DOMAIN } from '../../../support/destinations.ts';
import { DAY, LAST, MX1, noteOf, settings as terms, trackOf } from '../../../support/tracks.ts';

const HOUR = DAY / 24;
const encrypt: TrackKey = { domain: DOMAIN, host: MX1, level: 'encrypt' };
const authenticate: TrackKey = { ...encrypt, level: 'authenticate' };

interface Played {
  readonly track: Track | undefined;
  readonly changes: readonly TrackChange['kind'][];
}

/** Sessions one after the other, told of one track. */
function play(key: TrackKey, notes: readonly SessionNote[], begun?: Track): Played {
  let track = begun;
  const changes: TrackChange['kind'][] = [];
  for (const note of notes) {
    const step = afterNote(track, key, note, terms);
    track = step.track;
    if (step.change !== null) changes.push(step.change.kind);
  }
  return { track, changes };
}

const daily = (reached: Reached, first: number, count: number): SessionNote[] =>
  Array.from({ length: count }, (_, day) => noteOf(reached, first + day * DAY));

describe('what a track is about', () => {
  it('each session is about the domain as a whole and about the host, at both levels', () => {
    const keys = keysOf(noteOf('encrypt', LAST)).map(({ host, level }) => `${host ?? '*'} ${level}`);
    assert.deepEqual(keys, ['* encrypt', '* authenticate', `${MX1} encrypt`, `${MX1} authenticate`]);
  });

  it('one with a host that nobody has told is about the domain alone', () => {
    const keys = keysOf(noteOf('encrypt', LAST, { host: null }));
    assert.deepEqual(
      keys.map(({ host }) => host),
      [null, null],
    );
  });
});

describe('evidence over time', () => {
  it('three sessions over seven days are expected from then on; two, or less than that, are not', () => {
    const at = (...days: readonly number[]) =>
      play(
        encrypt,
        days.map((day) => noteOf('encrypt', LAST + day * DAY)),
      ).track ?? assert.fail();
    assert.equal(stateOf(at(0, 3, 7), LAST + 7 * DAY, terms), 'expected');
    assert.equal(stateOf(at(0, 7), LAST + 7 * DAY, terms), 'young');
    assert.equal(stateOf(at(0, 3, 6.99), LAST + 7 * DAY, terms), 'young');
    // A burst is one moment, however many sessions it has.
    assert.equal(stateOf(at(...Array.from({ length: 1000 }, () => 0)), LAST + 30 * DAY, terms), 'young');
  });

  it('what is authenticated is encrypted, too; the reverse is not so', () => {
    const first = afterNote(undefined, encrypt, noteOf('authenticate', LAST), terms).track;
    assert.equal(first?.sessions, 1);
    assert.equal(afterNote(undefined, authenticate, noteOf('encrypt', LAST), terms).track, undefined);
  });

  it('what a certificate proved, where nobody tells, speaks for nothing and against nothing', () => {
    const keys = keysOf(noteOf('encrypt', LAST, { host: null, unjudged: true }));
    assert.deepEqual(
      keys.map(({ level }) => level),
      ['encrypt'],
    );
  });

  it('nothing is begun by a session that reached nothing', () => {
    for (const reached of ['clear', 'failed'] as const)
      assert.equal(afterNote(undefined, encrypt, noteOf(reached, LAST), terms).track, undefined);
  });

  it('what has only begun ends where there is no TLS to be had, and not by an accident of the line', () => {
    const young = trackOf({ sessions: 2 });
    assert.equal(afterNote(young, encrypt, noteOf('clear', LAST + 1), terms).track, undefined);
    assert.equal(afterNote(young, encrypt, noteOf('failed', LAST + 1), terms).track, young);
  });

  it('keeps the last key and what authenticated the host', () => {
    const spki = 'ab'.repeat(32);
    const notes = [noteOf('authenticate', LAST, { proof: 'tlsa', spki }), noteOf('authenticate', LAST + 1)];
    assert.deepEqual(
      [play(authenticate, notes.slice(0, 1)), play(authenticate, notes)].map(({ track }) => [
        track?.proof,
        track?.spki,
      ]),
      [
        ['tlsa', spki],
        ['name', null],
      ],
    );
  });

  it('counts by day, of no more days than it says', () => {
    const { track } = play(encrypt, [
      ...daily('encrypt', LAST - 30 * DAY, 30),
      noteOf('encrypt', LAST, { sessions: 4 }),
      noteOf('clear', LAST + HOUR),
    ]);
    assert.equal(track?.days.length, MOST_DAYS);
    assert.deepEqual(track?.days.at(-1), { day: '2026-11-28', reached: 4, missed: 1 });
    assert.equal(track?.days[0]?.day, '2026-11-15');
  });
});

describe('what falls short of what is expected', () => {
  it('is told once, until a session has reached the level again', () => {
    const notes = [
      noteOf('clear', LAST + HOUR),
      noteOf('clear', LAST + 2 * HOUR),
      noteOf('encrypt', LAST + 3 * HOUR),
      noteOf('failed', LAST + DAY),
    ];
    const { track, changes } = play(encrypt, notes, trackOf());
    assert.deepEqual(changes, ['stands-against', 'stands-against']);
    assert.deepEqual(track?.against, {
      since: LAST + DAY,
      lastAt: LAST + DAY,
      days: 1,
      sessions: 1,
    });
  });

  it('holds for as long as it is said, and then gives way: mail is not kept longer', () => {
    const missed = daily('clear', LAST + DAY, 4);
    const before = play(encrypt, missed.slice(0, 3), trackOf());
    assert.equal(before.track?.against?.days, 3);
    const first = LAST + DAY;
    const track = before.track ?? assert.fail();
    assert.equal(stateOf(track, first + 3 * DAY - 1, terms), 'expected');
    // Mail that asks then is not kept either, before another session has been put on record.
    assert.equal(stateOf(track, first + 3 * DAY, terms), 'given-way');
    const after = play(encrypt, missed, trackOf());
    assert.deepEqual(after, { track: undefined, changes: ['stands-against', 'gave-way'] });
  });

  it('around midnight, told by several processes out of order, it is of two days and no more', () => {
    const midnight = Date.UTC(2026, 10, 30);
    const around = [-9, 1, -8, 2, -7, 3].map((seconds) => noteOf('clear', midnight + seconds * 1000));
    assert.equal(play(encrypt, around, trackOf()).track?.against?.days, 2);
  });

  it('is told once a day where a session reaches the level in between', () => {
    const turns = (first: number) =>
      [0, 1, 2].flatMap((n) => [noteOf('clear', first + n * 1000), noteOf('encrypt', first + n * 1000 + 1)]);
    const { changes } = play(encrypt, [...turns(LAST + HOUR), ...turns(LAST + DAY)], trackOf());
    assert.deepEqual(changes, ['stands-against', 'stands-against']);
  });

  it('of one session it is told once: of the host and of the strictest level, where there are such tracks', () => {
    const change = (kind: TrackChange['kind'], host: Track['host'], level: Track['level']): TrackChange => {
      const track = trackOf({ host, level });
      return kind === 'gave-way' ? { kind, track } : { kind, track, reached: 'clear' };
    };
    const all = [null, MX1].flatMap((host) =>
      (['encrypt', 'authenticate'] as const).map((level) => change('stands-against', host, level)),
    );
    const told = (...changes: readonly TrackChange[]) =>
      worthTelling(changes).map(({ kind, track: { host, level } }) => `${kind} ${host ?? '*'} ${level}`);
    assert.deepEqual(told(...all), [`stands-against ${MX1} authenticate`]);
    assert.deepEqual(told(change('gave-way', MX1, 'encrypt'), change('gave-way', null, 'authenticate')), [
      'gave-way * authenticate',
    ]);
    assert.deepEqual(told(change('gave-way', null, 'encrypt'), change('stands-against', MX1, 'encrypt')), [
      'gave-way * encrypt',
      `stands-against ${MX1} encrypt`,
    ]);
    assert.deepEqual(told(), []);
  });

  it('one that falls short, then silence, ends nothing: the next one is no proof of days', () => {
    const alone = noteOf('clear', LAST + DAY);
    const much = noteOf('clear', LAST + 30 * DAY);
    const { track, changes } = play(encrypt, [alone, much], trackOf());
    assert.deepEqual(changes, ['stands-against']);
    assert.equal(stateOf(track ?? assert.fail(), LAST + 30 * DAY, terms), 'expected');
  });

  it('whoever strips most sessions and lets one through has not made it forget', () => {
    const notes = Array.from({ length: 60 }, (_, day) =>
      noteOf(day % 3 === 2 ? 'encrypt' : 'clear', LAST + day * DAY),
    );
    const { track, changes } = play(encrypt, notes, trackOf());
    assert.ok(!changes.includes('gave-way'));
    assert.equal(track?.since, trackOf().since);
  });

  it('what gave way is learnt anew, from nothing', () => {
    const { track } = play(
      encrypt,
      [...daily('clear', LAST + DAY, 4), noteOf('encrypt', LAST + 6 * DAY)],
      trackOf(),
    );
    assert.deepEqual([track?.since, track?.sessions, track?.against], [LAST + 6 * DAY, 1, null]);
  });
});

describe('time', () => {
  it('what no session has confirmed for 90 days is forgotten, and nothing keeps mail then', () => {
    assert.equal(stateOf(trackOf(), LAST + 90 * DAY - 1, terms), 'expected');
    assert.equal(stateOf(trackOf(), LAST + 90 * DAY, terms), 'forgotten');
    const { track, changes } = play(encrypt, [noteOf('clear', LAST + 90 * DAY)], trackOf());
    assert.deepEqual([track, changes], [undefined, []]);
    assert.equal(play(encrypt, [noteOf('encrypt', LAST + 91 * DAY)], trackOf()).track?.sessions, 1);
  });

  it('a clock that was ahead and is set back makes nothing last longer', () => {
    const ahead = LAST + 400 * DAY;
    assert.equal(stateOf(trackOf({ since: ahead - 8 * DAY, lastAt: ahead }), LAST, terms), 'forgotten');
    const against = { since: ahead, lastAt: ahead, days: 3, sessions: 3 };
    assert.equal(stateOf(trackOf({ against }), LAST, terms), 'given-way');
  });

  it('property: whatever was seen, a session every day without TLS is let through after three days', () => {
    const reached = fc.constantFrom<Reached>('clear', 'failed', 'encrypt', 'authenticate');
    const steps = fc.array(fc.tuple(reached, fc.integer({ min: 0, max: 10 * 24 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.constantFrom(encrypt, authenticate), (history, key) => {
        let at = LAST;
        const notes = history.map(([what, hours]) => noteOf(what, (at += hours * HOUR)));
        let { track } = play(key, notes);
        for (let day = 0; day <= 3; day += 1) {
          at += DAY;
          ({ track } = play(key, [noteOf('clear', at)], track));
        }
        return track === undefined || stateOf(track, at, terms) !== 'expected';
      }),
      { numRuns: 300 },
    );
  });

  it('property: nothing is expected that was not reached three times over seven days', () => {
    const reached = fc.constantFrom<Reached>('clear', 'failed', 'encrypt', 'authenticate');
    const steps = fc.array(fc.tuple(reached, fc.integer({ min: 0, max: 4 * 24 })), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (history) => {
        let at = LAST;
        const notes = history.map(([what, hours]) => noteOf(what, (at += hours * HOUR)));
        const { track } = play(authenticate, notes);
        if (track === undefined || stateOf(track, at, terms) !== 'expected') return true;
        const good = notes.filter((note) => note.reached === 'authenticate').map((note) => note.at);
        return good.length >= 3 && Math.max(...good) - Math.min(...good) >= 7 * DAY;
      }),
      { numRuns: 300 },
    );
  });
});
