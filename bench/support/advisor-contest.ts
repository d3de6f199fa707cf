/** Answers that are kept: the advisor, postfix-mta-sts-resolver, and the least that Node can do, by the same client. */
import { join } from 'node:path';
import type { Taken } from '../asker.ts';
import {
  type AdvisorLab,
  ask,
  knownKeys,
  type Seat,
  type Subject,
  startOurs,
  startTheirs,
  subjectOf,
} from './advisor-lab.ts';
import { startCounter } from './counter.ts';
import { median, table } from './figures.ts';
import { children, cpuUsOf } from './processes.ts';

/** How it is asked. */
interface Load {
  readonly connections: number;
  readonly inFlight: number;
  readonly seat: Seat;
}

/** One client waits for each answer: what counts is how soon a core turns to the other process. Both are faster on one core. */
const loads: readonly Load[] = [
  { connections: 1, inFlight: 1, seat: 'same core' },
  { connections: 1, inFlight: 1, seat: 'other core' },
  { connections: 16, inFlight: 1, seat: 'other core' },
  { connections: 1, inFlight: 16, seat: 'same core' },
  { connections: 16, inFlight: 16, seat: 'other core' },
];

interface Run extends Taken {
  /** CPU time of the server for a look-up, µs. */
  readonly serverUs: number;
}

/** @param seconds that a run is to take, about. */
export async function tellContest(
  lab: AdvisorLab,
  known: number,
  rounds: number,
  seconds: number,
): Promise<void> {
  const resolver = await lab.place.resolver('plain');
  const subjects: Subject[] = [];
  try {
    subjects.push(await startOurs(lab, resolver));
    subjects.push(await startTheirs(lab, resolver, 'sqlite'));
    subjects.push(await startTheirs(lab, resolver, 'memory'));
    subjects.push(await startBare(known));
    const runs = await runAll(subjects, known, rounds, seconds);
    for (const load of loads) tellLoad(load, subjects, runs);
  } finally {
    await Promise.all(subjects.map(({ close }) => close()));
    await resolver.close();
  }
}

/** Each in turn under each load, the other way round in every second round. */
async function runAll(
  subjects: readonly Subject[],
  known: number,
  rounds: number,
  seconds: number,
): Promise<ReadonlyMap<string, readonly Run[]>> {
  const runs = new Map<string, Run[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const load of loads) {
      for (const one of round % 2 === 0 ? subjects : subjects.toReversed()) {
        const key = keyOf(load, one);
        const all = runs.get(key) ?? [];
        const speed = all[0]?.perSecond ?? (await run(one, load, known, TRIAL)).perSecond;
        all.push(await run(one, load, known, Math.ceil(speed * seconds)));
        runs.set(key, all);
      }
    }
  }
  return runs;
}

/** Look-ups that show how many a run may have. */
const TRIAL = 5_000;

async function run(
  subject: Subject,
  { connections, inFlight, seat }: Load,
  known: number,
  lookUps: number,
): Promise<Run> {
  const keys = knownKeys(known);
  await ask(subject, { keys, connections: 4, inFlight: 4, lookUps: 'each', warm: false }, seat);
  const before = await cpuUsOf(subject.pids);
  const taken = await ask(subject, { keys, connections, inFlight, lookUps, warm: false }, seat);
  return { ...taken, serverUs: ((await cpuUsOf(subject.pids)) - before) / lookUps };
}

function keyOf({ connections, inFlight, seat }: Load, { name }: Subject): string {
  return `${connections} × ${inFlight}, ${seat}: ${name}`;
}

function tellLoad(load: Load, subjects: readonly Subject[], runs: ReadonlyMap<string, readonly Run[]>): void {
  const of = (subject: Subject): readonly Run[] => runs.get(keyOf(load, subject)) ?? [];
  const [ours] = subjects;
  if (ours === undefined) return;
  const { connections, inFlight, seat } = load;
  console.log(
    `\n${connections} connection${connections === 1 ? '' : 's'}, ${inFlight} in flight on each; the client on the ${seat}:\n`,
  );
  table(
    [
      '',
      'look-ups/s',
      'p50 µs',
      'p99 µs',
      'its CPU µs',
      "the client's CPU µs",
      'look-ups/s: Waxwing ÷ it',
      'per CPU: Waxwing ÷ it',
    ],
    subjects.map((subject) => {
      const all = of(subject);
      const figure = (one: keyof Pick<Run, 'perSecond' | 'p50' | 'p99'>): string =>
        median(all.map((each) => each[one])).toFixed(0);
      return [
        subject.name,
        figure('perSecond'),
        figure('p50'),
        figure('p99'),
        median(all.map((each) => each.serverUs)).toFixed(1),
        median(all.map((each) => each.cpuUs)).toFixed(1),
        ratio(of(ours), all, (our, its) => our.perSecond / its.perSecond),
        ratio(of(ours), all, (our, its) => its.serverUs / our.serverUs),
      ];
    }),
  );
}

/** Round by round, so that a machine whose speed drifts does not decide. */
function ratio(ours: readonly Run[], its: readonly Run[], figure: (our: Run, its: Run) => number): string {
  const ratios = ours.flatMap((our, round) => {
    const other = its[round];
    return other === undefined ? [] : [figure(our, other)];
  });
  return median(ratios).toFixed(2);
}

async function startBare(known: number): Promise<Subject> {
  const before = await children();
  const file = join(import.meta.dirname, '../bare-table.ts');
  const server = await startCounter<never>(file, { KEYS: JSON.stringify(knownKeys(known)) });
  const roots = (await children()).difference(before);
  return subjectOf('a bare table on Node', Number(server.first), roots, async () => server.close());
}
