/** What zones cost that are made to cost much: the lab's traps, and the worst of all its questions. */
import type { Question } from '../../src/dns/record.ts';
import { typeNumber } from '../../test/lab/dig.ts';
import { trapQuestions } from '../../test/lab/zones/traps.ts';
import { questions as labQuestions } from '../../test/lab/zones.ts';
import { named, type Place } from './dns-place.ts';
import { askOnce, type Recordings, recordingsOf } from './dns-recorded.ts';
import { median, table } from './figures.ts';

/** Of each question. */
const RUNS = 5;

/** What the lab's traps cost, and which of all its questions cost most. */
export async function tellTraps(place: Place): Promise<void> {
  const plain = await place.resolver('plain');
  const asked = (one: { readonly name: string; readonly type: string }): Question => {
    return { name: named(one.name), type: typeNumber(one.type) };
  };
  const all = labQuestions.map((one) => ({ one, question: asked(one) }));
  const recordings = recordingsOf(plain, place.anchors);
  const known = { name: named('www.p256.test'), type: 1 };
  await recordings.record([known, ...all.map(({ question }) => question)]);
  await plain.close();

  const cells: (string | number)[][] = [];
  for (const trap of trapQuestions) {
    const { ms, checks } = oursOf(recordings, asked(trap), known);
    const theirs = await unboundOf(place, 'validating', asked(trap), known);
    const without = await unboundOf(place, 'plain', asked(trap), known);
    const name = trap.name.replace(/^(?:a\.)+/, (labels) => `(${labels.length / 2} labels).`);
    const costs = [theirs.cpuMs, without.cpuMs, theirs.wallMs].map((one) => one.toFixed(1));
    cells.push([`${name} ${trap.type}`, trap.verdict, ms.toFixed(2), checks, ...costs]);
  }
  table(
    [
      'trap',
      'verdict',
      'ours, ms',
      'our checks',
      'CPU of unbound, ms',
      'of unbound without validation, ms',
      "unbound's answer, ms",
    ],
    cells,
  );
  const costs = all.map(({ one, question }) => ({ one, ...oursOf(recordings, question, undefined) }));
  const sorted = costs.toSorted((a, b) => b.ms - a.ms);
  const middle = median(costs.map(({ ms }) => ms));
  console.log(
    `\nAll ${all.length} questions of the lab, cold: median ${middle.toFixed(2)} ms. The worst of ours:\n`,
  );
  for (const { one, ms, checks } of sorted.slice(0, 5)) {
    console.log(`- ${shortened(one.name)} ${one.type}: ${ms.toFixed(2)} ms, ${checks} checks`);
  }
  const most = Math.max(...costs.map(({ checks }) => checks));
  console.log(`\nThe most checks of signatures for one question: ${most}`);
}

function shortened(name: string): string {
  return name.length > 40 ? `${name.slice(0, 12)}…${name.slice(-24)}` : name;
}

/**
 * By the clock, on one thread: the system counts CPU time in steps that are longer than a question. The least of several
 * runs, which others have disturbed least.
 *
 * @param known asked before, so that the zones above are known; undefined: nothing is.
 */
function oursOf(
  recordings: Recordings,
  question: Question,
  known: Question | undefined,
): { readonly ms: number; readonly checks: number } {
  const runs = Array.from({ length: RUNS }, () => {
    const validator = recordings.validator();
    if (known !== undefined) validator.validate(known);
    const before = validator.counts.checks;
    const began = performance.now();
    validator.validate(question);
    return { ms: performance.now() - began, checks: validator.counts.checks - before };
  });
  return runs.toSorted((one, other) => one.ms - other.ms)[0] ?? { ms: Number.NaN, checks: Number.NaN };
}

async function unboundOf(
  place: Place,
  kind: 'plain' | 'validating',
  question: Question,
  known: Question,
): Promise<{ readonly cpuMs: number; readonly wallMs: number }> {
  const unbound = await place.resolver(kind);
  try {
    await askOnce(unbound, known, false);
    const before = await unbound.cpuUs();
    const began = performance.now();
    await askOnce(unbound, question, false);
    const wallMs = performance.now() - began;
    return { wallMs, cpuMs: ((await unbound.cpuUs()) - before) / 1000 };
  } finally {
    await unbound.close();
  }
}
