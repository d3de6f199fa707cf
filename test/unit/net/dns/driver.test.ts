import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Asked, all, ask, type LookUp, once, verify } from '../../../../src/dns/look-ups.ts';
import type { Question } from '../../../../src/dns/record.ts';
import { Driver } from '../../../../src/net/dns/driver.ts';
import { question } from '../../../support/dns/server.ts';

const ONE = question('one.test', 1);
const TWO = question('two.test', 1);
const check = {
  algorithm: 13,
  publicKey: new Uint8Array(),
  data: new Uint8Array(),
  signature: new Uint8Array(),
};

function answer(because: string): Asked {
  return { kind: 'failed', because, errors: [] };
}

interface Setting {
  readonly driver: Driver;
  /** Questions that wait for an answer, in the order in which they were asked. */
  readonly waiting: {
    readonly question: Question;
    readonly done: (asked: Asked) => void;
    readonly lost: (error: Error) => void;
  }[];
  readonly checks: ((good: boolean) => void)[];
  readonly known: Map<string, Asked>;
  clock: number;
}

function setting(): Setting {
  const waiting: Setting['waiting'] = [];
  const checks: Setting['checks'] = [];
  const known = new Map<string, Asked>();
  const made: Setting = {
    waiting,
    checks,
    known,
    clock: 1_000_000,
    driver: new Driver({
      ask(asked, done, lost) {
        const kept = known.get(asked.name);
        if (kept !== undefined) return kept;
        waiting.push({ question: asked, done, lost });
        return undefined;
      },
      verify(_check, done) {
        checks.push(done);
        return undefined;
      },
      clock: () => made.clock,
    }),
  };
  return made;
}

function run<Outcome>({ driver }: Setting, dialogue: LookUp<Outcome>): Promise<Outcome> {
  return new Promise((resolve, reject) => driver.start(dialogue, { done: resolve, failed: reject }));
}

function* text(asked: Question): LookUp<string> {
  const { kind, ...rest } = yield* ask(asked);
  return kind === 'failed' && 'because' in rest ? rest.because : kind;
}

describe('a dialogue', () => {
  it('goes on with each answer, to its outcome', async () => {
    const at = setting();
    const outcome = run(
      at,
      (function* (): LookUp<string> {
        const first = yield* text(ONE);
        const good = yield* verify(check);
        return `${first} ${good} ${yield* text(TWO)}`;
      })(),
    );
    at.waiting[0]?.done(answer('1'));
    at.checks[0]?.(true);
    at.waiting[1]?.done(answer('2'));
    assert.equal(await outcome, '1 true 2');
  });

  it('is stepped at once as long as all is known: also many times, without the stack', () => {
    const at = setting();
    at.known.set(ONE.name, answer('1'));
    let outcome = 0;
    at.driver.start(
      (function* (): LookUp<number> {
        let sum = 0;
        for (let times = 0; times < 100_000; times += 1) sum += Number(yield* text(ONE));
        return sum;
      })(),
      { done: (sum) => void (outcome = sum), failed: assert.fail },
    );
    assert.equal(outcome, 100_000, 'before start has returned');
  });

  it('rejects with what it throws', async () => {
    const at = setting();
    await assert.rejects(
      run(
        at,
        (function* (): LookUp<never> {
          yield* text(ONE);
          throw new TypeError('ours');
        })(),
      ).finally(at.waiting[0]?.done(answer('1')) ?? (() => undefined)),
      TypeError,
    );
  });

  it('may end with what it knows where a question is lost', async () => {
    const at = setting();
    const outcome = run(
      at,
      (function* (): LookUp<string> {
        try {
          return yield* text(ONE);
        } catch (error) {
          return error instanceof Error ? error.message : '';
        }
      })(),
    );
    at.waiting[0]?.lost(new Error('closed'));
    assert.equal(await outcome, 'closed');
    const other = run(at, text(ONE));
    at.waiting[1]?.lost(new Error('closed'));
    await assert.rejects(other, /closed/);
  });
});

describe('all', () => {
  it('runs them at the same time, and gives the outcomes in their order', async () => {
    const at = setting();
    const outcome = run(at, all([text(ONE), text(TWO), text(ONE)]));
    assert.equal(at.waiting.length, 3);
    at.waiting[2]?.done(answer('c'));
    at.waiting[0]?.done(answer('a'));
    at.waiting[1]?.done(answer('b'));
    assert.deepEqual(await outcome, ['a', 'b', 'c']);
  });

  it('of none, or of such as are known, ends at once', async () => {
    const at = setting();
    at.known.set(ONE.name, answer('1'));
    assert.deepEqual(await run(at, all([])), []);
    assert.deepEqual(await run(at, all([text(ONE), text(ONE)])), ['1', '1']);
  });

  it('fails by the first that fails, once, whatever the others do', async () => {
    const at = setting();
    const outcome = run(at, all([text(ONE), text(TWO)]));
    at.waiting[1]?.lost(new Error('two'));
    at.waiting[0]?.lost(new Error('one'));
    await assert.rejects(outcome, /two/);
    at.known.set(ONE.name, answer('1'));
    const thrown = run(
      at,
      all([
        (function* (): LookUp<never> {
          yield* text(ONE);
          throw new Error('at once');
        })(),
        text(ONE),
      ]),
    );
    await assert.rejects(thrown, /at once/);
  });
});

describe('once', () => {
  let ran = 0;
  const kept = (seconds: number, of: Question = ONE): LookUp<string> =>
    once('key', function* () {
      ran += 1;
      return { outcome: yield* text(of), until: seconds, octets: 100 };
    });

  it('runs what is asked for at the same time only once, and all get the outcome', async () => {
    ran = 0;
    const at = setting();
    const outcomes = [run(at, kept(0)), run(at, kept(0)), run(at, all([kept(0), kept(0)]))];
    at.waiting[0]?.done(answer('1'));
    assert.deepEqual(await Promise.all(outcomes), ['1', '1', ['1', '1']]);
    assert.equal(ran, 1);
    const again = run(at, kept(0));
    at.waiting[1]?.done(answer('2'));
    assert.equal(await again, '2', 'until 0: it was not kept');
  });

  it('keeps an outcome as long as it says', async () => {
    ran = 0;
    const at = setting();
    at.known.set(ONE.name, answer('1'));
    await run(at, kept(1_010));
    at.clock = 1_009_999;
    await run(at, kept(1_010));
    assert.equal(ran, 1);
    at.clock = 1_010_000;
    await run(at, kept(1_020));
    assert.equal(ran, 2);
    at.driver.forget();
    await run(at, kept(1_020));
    assert.equal(ran, 3);
  });

  it('where it fails, it fails for all who wait, and is not kept', async () => {
    const at = setting();
    const outcomes = [run(at, kept(2_000)), run(at, kept(2_000))];
    at.waiting[0]?.lost(new Error('closed'));
    for (const outcome of outcomes) await assert.rejects(outcome, /closed/);
    const again = run(at, kept(2_000));
    at.waiting[1]?.done(answer('1'));
    assert.equal(await again, '1');
  });

  it('that needs itself fails, as it would wait for ever', async () => {
    const at = setting();
    const circle = (): LookUp<string> =>
      once('circle', function* () {
        return { outcome: yield* circle(), until: 0, octets: 100 };
      });
    await assert.rejects(run(at, circle()), /"circle" needs itself/);
    await turn();
    assert.equal(at.waiting.length, 0);
  });

  it('keeps no more than its bound', async () => {
    const at = setting();
    at.known.set(ONE.name, answer('1'));
    let runs = 0;
    const numbered = (number: number, octets = 100): LookUp<number> =>
      once(`${number}`, function* () {
        runs += 1;
        yield* text(ONE);
        return { outcome: number, until: 9_999_999, octets };
      });
    for (let number = 0; number < 30_000; number += 1) await run(at, numbered(number));
    runs = 0;
    for (let number = 0; number < 15_000; number += 1) await run(at, numbered(number));
    assert.equal(runs, 15_000, 'the first ones are gone');
    for (let number = 0; number < 100; number += 1) await run(at, numbered(50_000 + number, 1 << 20));
    runs = 0;
    for (let number = 0; number < 100; number += 1) await run(at, numbered(50_000 + number, 1 << 20));
    assert.ok(runs > 70, `of large ones only few are kept: ${100 - runs}`);
  });
});
