/**
 * Hostile servers in memory, at every step of every protocol: answers of chance, and those of real servers that something was done to.
 *
 * `FUZZ_ANSWERS` says how many at each step (60), `FUZZ_SEED` which (1), `FUZZ_STEPS` at which steps, as a pattern of their names:
 *
 *     FUZZ_ANSWERS=100000 node_modules/.bin/node --test test/unit/scanner/observe-door.test.ts
 */
import assert from 'node:assert/strict';
import { after, describe, it, type TestContext } from 'node:test';
import type { Random } from '../../support/dns/random.ts';
import { randomOf } from '../../support/dns/random.ts';
import { scenes } from '../../support/fuzz/book.ts';
import { helloDoors, helloSteps, playHello } from '../../support/fuzz/hellos.ts';
import { assertJudged, assertKept } from '../../support/fuzz/judged.ts';
import { momentsOf, type PlayedScene, playHostile } from '../../support/fuzz/play.ts';
import { startWatch } from '../../support/fuzz/watch.ts';
import { playWhole } from '../../support/fuzz/whole.ts';

const ANSWERS = Number(process.env['FUZZ_ANSWERS'] ?? 60);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const STEPS = new RegExp(process.env['FUZZ_STEPS'] ?? '');
/** One of so many is judged, written, read again and told, which takes longer than a thousand dialogues. */
const JUDGED_OF = Math.max(50, ANSWERS / 400);
/** Whole visits to each kind of door. */
const WHOLES = Math.min(Math.ceil(ANSWERS / 10), 1_000);
/** Octets that any dialogue reads at most: the longest answers that there may be, one behind the other. */
const MOST_OCTETS = 2 ** 20;
const TIMEOUT_MS = 30_000;
/** For one answer, on a busy host. */
const PATIENCE_MS = 60_000;
/** Every step has its own numbers. */
const APART = 7_919;

interface Tried {
  readonly name: string;
  readonly play: (random: Random, answer: number) => PlayedScene;
}

const tried: readonly Tried[] = [
  ...scenes.flatMap((scene) =>
    momentsOf(scene).map(({ name }, moment) => ({
      name: `${scene.protocol}, ${scene.task}: ${name}`,
      play: (random: Random) => playHostile(scene, moment, random),
    })),
  ),
  ...helloSteps.map((step) => ({
    name: `a hello, ${step.name}`,
    play: (random: Random, answer: number) => playHello(step, answer % helloDoors, random),
  })),
];

const watch = startWatch(PATIENCE_MS);
after(() => watch.close());

/** Runs one, and says which it was where it goes wrong. */
async function trying(
  step: number,
  name: string,
  answer: number,
  run: (random: Random) => Promise<void>,
): Promise<void> {
  watch.alive(step, answer);
  try {
    await run(randomOf(SEED + step * APART + answer * 0x9e3779b1));
  } catch (error) {
    throw new Error(`seed ${SEED}, ${name}, answer ${answer}`, { cause: error });
  } finally {
    watch.rest();
  }
}

async function tryAll({ name, play }: Tried, step: number, t: TestContext): Promise<void> {
  const ends = new Map<string, number>();
  let most = 0;
  for (let answer = 0; answer < ANSWERS; answer += 1) {
    await trying(step, name, answer, async (random) => {
      const { observation, ms, octets } = play(random, answer);
      most = Math.max(most, octets);
      assert.ok(ms <= TIMEOUT_MS && octets <= MOST_OCTETS, `${ms} ms, ${octets} octets`);
      assertKept(observation);
      const { kind } = observation.base.end;
      ends.set(kind, (ends.get(kind) ?? 0) + 1);
      if (answer % JUDGED_OF === 0) await assertJudged(observation, 'deep', random);
    });
  }
  t.diagnostic(
    `${ANSWERS} answers, at most ${most} octets read; ${[...ends].map((end) => end.join(' ')).join(', ')}`,
  );
}

describe(`whatever a server answers, ${ANSWERS} times at each step, seed ${SEED}`, () => {
  for (const [step, one] of tried.entries())
    if (STEPS.test(one.name)) it(one.name, (t) => tryAll(one, step, t));

  it('every protocol has a visit and what else its dialect asks', () => {
    assert.ok(tried.length > 190, `${tried.length} steps`);
  });
});

describe('whatever a server answers on all connections to a door', () => {
  for (const [index, scene] of scenes.entries()) {
    const name = `${scene.protocol}, ${scene.task}: all of them`;
    if (!scene.task.startsWith('visit') || !STEPS.test(name)) continue;
    it(`${name}, ${WHOLES} times`, async () => {
      for (let run = 0; run < WHOLES; run += 1) {
        await trying(1_000 + index, name, run, async (random) => {
          const { observation, depth } = await playWhole(scene, random);
          assertKept(observation);
          await assertJudged(observation, depth, random);
        });
      }
    });
  }
});
