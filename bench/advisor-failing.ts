/**
 * Look-ups with a resolver that fails at random: whether any answer that lets mail out is wrong, and what memory it takes.
 *
 *     node --expose-gc bench/advisor-failing.ts [look-ups] [domains] [failing]
 *
 * In this process, on a clock of its own: the real socketmap table, cache of answers and policy engine. The domains of which a policy is
 * known grow into a map that stands for the database.
 */
import { playHistory } from '../test/support/advisor-history.ts';

const lookUps = Number(process.argv[2] ?? 1_000_000);
const domains = Number(process.argv[3] ?? 20_000);
const failing = Number(process.argv[4] ?? 0.05);
const SHOW_EVERY = 100_000;

const heap: number[] = [];
const begun = performance.now();
const history = await playHistory({
  lookUps,
  domains,
  failing,
  seed: 1,
  onProgress(done) {
    if (done % SHOW_EVERY !== 0) return;
    globalThis.gc?.();
    const { heapUsed } = process.memoryUsage();
    heap.push(heapUsed);
    const seconds = (performance.now() - begun) / 1000;
    console.log(`${done} look-ups, ${seconds.toFixed(0)} s, ${(heapUsed / 1e6).toFixed(0)} MB in use`);
  },
});
const { wrong, unhealed, ...counts } = history;
console.log(counts);
console.log(`${wrong.length} wrong answers`, wrong.slice(0, 10));
console.log(`${unhealed.length} not healed`, unhealed.slice(0, 10));
