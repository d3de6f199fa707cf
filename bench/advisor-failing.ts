/**
 * Look-ups with a resolver and policy hosts that fail at random: whether any answer is wrong or kept too long, and what memory it takes.
 *
 *     node --expose-gc bench/advisor-failing.ts [look-ups] [domains] [failing…]
 *
 * In this process, on a clock of its own: the real socketmap table, cache of answers and policy engine. The domains of which a policy is
 * known grow into a map that stands for the database. It ends with 1 where something is not as it should be.
 */
import { type History, playHistory } from '../test/support/advisor-history.ts';

const lookUps = Number(process.argv[2] ?? 1_000_000);
const domains = Number(process.argv[3] ?? 20_000);
const rates = process.argv.length > 4 ? process.argv.slice(4).map(Number) : [0.01, 0.05, 0.3];
/** Look-ups between two looks at the memory. */
const SHOW_EVERY = Math.max(10_000, lookUps / 10);
/** By the middle nearly all domains have come; from then on no more than this is to be added. */
const MOST_GROWTH = 1.1;

if (globalThis.gc === undefined) console.log('without --expose-gc what is garbage is counted, too');
console.log('| failing | answers | later | by a part | kept | wrong | not healed | MB in use | s |');
console.log('|---|---|---|---|---|---|---|---|---|');
for (const failing of rates) {
  const memory: number[] = [];
  const begun = performance.now();
  const history = await playHistory({
    lookUps,
    domains,
    failing,
    seed: 1,
    stepMs: 20,
    onProgress(done) {
      if (Math.floor(done / SHOW_EVERY) > memory.length) memory.push(inUse());
    },
  });
  show(failing, history, memory, (performance.now() - begun) / 1000);
}

function inUse(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function show(failing: number, history: History, memory: readonly number[], seconds: number): void {
  const { policy, absent, later, kept, wrong, unhealed } = history;
  const inMb = memory.map((octets) => (octets / 1e6).toFixed(0));
  const cells = [
    `${failing * 100} %`,
    policy + absent + later,
    later,
    history.partial,
    kept,
    wrong.length,
    unhealed.length,
    inMb.join(' '),
    seconds.toFixed(0),
  ];
  console.log(`| ${cells.join(' | ')} |`);
  for (const one of [...wrong.slice(0, 10), ...unhealed.slice(0, 10)]) console.log(one);
  const settled = memory[Math.floor(memory.length / 2)] ?? 0;
  const isGrowing = (memory.at(-1) ?? 0) > settled * MOST_GROWTH;
  if (isGrowing) console.log('the memory in use grows');
  if (wrong.length > 0 || unhealed.length > 0 || isGrowing) process.exitCode = 1;
}
