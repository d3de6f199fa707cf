/** Ends the process where a test goes round in circles, which no timeout of its own would hear of. */
import { Worker } from 'node:worker_threads';

export interface Watch {
  /** Says what is under way; it was alive then. */
  readonly alive: (step: number, answer: number) => void;
  /** Says that nothing is under way: other tests may have the process for as long as they like. */
  readonly rest: () => void;
  readonly close: () => Promise<number>;
}

const LOOK_EVERY_MS = 1_000;
/** In the place of a step. */
const RESTS = -1;

const code = `
const { workerData: { cells, limit } } = require('node:worker_threads');
const state = new Int32Array(cells);
let last = -1;
let since = Date.now();
setInterval(() => {
  const beat = Atomics.load(state, 0);
  if (beat !== last || Atomics.load(state, 1) === ${RESTS}) [last, since] = [beat, Date.now()];
  else if (Date.now() - since > limit) {
    const [step, answer] = [Atomics.load(state, 1), Atomics.load(state, 2)];
    require('node:fs').writeSync(2, 'not ok: no end of step ' + step + ', answer ' + answer + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }
}, ${LOOK_EVERY_MS});
`;

/** @param limit milliseconds that one answer may take. */
export function startWatch(limit: number): Watch {
  const cells = new SharedArrayBuffer(12);
  const state = new Int32Array(cells);
  Atomics.store(state, 1, RESTS);
  const worker = new Worker(code, { eval: true, workerData: { cells, limit } });
  worker.unref();
  return {
    alive(step, answer) {
      Atomics.add(state, 0, 1);
      Atomics.store(state, 1, step);
      Atomics.store(state, 2, answer);
    },
    rest: () => void Atomics.store(state, 1, RESTS),
    close: () => worker.terminate(),
  };
}
