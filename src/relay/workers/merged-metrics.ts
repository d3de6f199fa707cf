/** What all workers count, as one page for Prometheus. */
import { AggregatorRegistry, Counter, Gauge, type Registry } from 'prom-client';
import type { Counts } from './calls.ts';
import { askAll, type WorkerEnd } from './fan-out.ts';

export interface MergedMetricsParts {
  /** What the primary counts itself. */
  readonly own: Registry;
  readonly workers: () => readonly WorkerEnd[];
  /** How many workers there should be that take mail. */
  readonly wanted: () => number;
  /** How often one was started again since the primary began. */
  readonly restarts: () => number;
}

/** Of a worker the last that was heard; and of all that it was before. */
interface Ledger {
  last: Counts;
  past: Counts['metrics'];
}

/**
 * @returns what writes the page. Counters never fall while the primary lives: what a worker had counted when it was last asked
 * stays counted when it is gone. Gauges are those of the workers that answer.
 */
export function mergedMetrics({ own, workers, wanted, restarts }: MergedMetricsParts): () => Promise<string> {
  const ledgers = new Map<number, Ledger>();
  let alive = 0;
  showWorkers(own, () => alive, wanted, restarts);

  function enter(number: number, counts: Counts): void {
    const ledger = ledgers.get(number);
    if (ledger === undefined) ledgers.set(number, { last: counts, past: [] });
    else {
      if (ledger.last.since !== counts.since) ledger.past = countersOf([ledger.past, ledger.last.metrics]);
      ledger.last = counts;
    }
  }

  return async () => {
    const { said } = await askAll(workers(), (calls) => calls.metrics());
    for (const { number, answer } of said) enter(number, answer);
    alive = said.length;
    const answered = new Set(said.map(({ number }) => number));
    const lists = [...ledgers].flatMap(([number, { last, past }]) => [
      past,
      answered.has(number) ? last.metrics : countersOf([last.metrics]),
    ]);
    return await added([await own.getMetricsAsJSON(), ...lists]).metrics();
  };
}

function showWorkers(own: Registry, alive: () => number, wanted: () => number, restarts: () => number): void {
  const workers = new Gauge({
    name: 'waxwing_workers',
    help: 'Worker processes: those that answer (alive), and those that should take mail (wanted).',
    labelNames: ['state'],
    registers: [own],
    collect() {
      workers.set({ state: 'alive' }, alive());
      workers.set({ state: 'wanted' }, wanted());
    },
  });
  const started = new Counter({
    name: 'waxwing_worker_restarts_total',
    help: 'How often a worker process that had ended was started again.',
    registers: [own],
    collect() {
      started.reset();
      started.inc(restarts());
    },
  });
}

/** prom-client's own sums, by what each metric says of itself: a sum, or the greatest. */
function added(lists: readonly Counts['metrics'][]): Registry {
  return AggregatorRegistry.aggregate([...lists]);
}

/** The sums of what only ever rises; a gauge of somebody who is gone says nothing. */
function countersOf(lists: readonly Counts['metrics'][]): Counts['metrics'] {
  const names = new Map<string, Counts['metrics'][number]>();
  for (const metric of lists.flat()) {
    if (!isCounter(metric)) continue;
    const known = names.get(metric.name);
    names.set(metric.name, known === undefined ? metric : { ...known, values: sums(known, metric) });
  }
  return [...names.values()];
}

/** prom-client says `counter` where its types say a number. */
function isCounter({ type }: Counts['metrics'][number]): boolean {
  return ['counter', 'histogram'].includes(String(type));
}

type Values = Counts['metrics'][number]['values'];

function sums(a: { readonly values: Values }, b: { readonly values: Values }): Values {
  const byKey = new Map<string, Values[number]>();
  for (const value of [...a.values, ...b.values]) {
    const key = JSON.stringify([
      'metricName' in value ? value.metricName : '',
      Object.entries(value.labels).toSorted(([one], [other]) => one.localeCompare(other)),
    ]);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? value : { ...known, value: known.value + value.value });
  }
  return [...byKey.values()];
}
