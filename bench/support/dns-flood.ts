/** Many questions at once to one resolver, which can take far fewer: what is lost, and what the queue weighs. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Answer } from '../../src/dns/answer.ts';
import { type Question, types } from '../../src/dns/record.ts';
import type { Resolver } from '../../src/net/dns/resolver.ts';
import type { Endpoint } from '../../test/lab/net.ts';
import { FIRST, ways } from './dns-domains.ts';
import { type Mode, named, type Place, resolverOver } from './dns-place.ts';
import { table } from './figures.ts';

/** Questions at the same time of whoever has the resolver learn the answers first. */
const GENTLY = 100;

/**
 * So many different questions in one turn of the event loop, to one resolver: first one that knows none of the answers, then
 * the same one, which has been asked all of them before. All that is not what the zone holds is lost.
 */
export async function tellFlood(place: Place, count: number): Promise<void> {
  const cells: (string | number)[][] = [];
  const lost = new Set<string>();
  for (const { mode, through } of ways.slice(0, 3)) {
    const unbound = await place.resolver(through);
    try {
      for (const state of ['empty', 'warm'] as const) {
        if (state === 'warm') await learn(place, unbound, count);
        const resolver = resolverOver(place, unbound, mode);
        const run = await flood(resolver, count).finally(() => resolver.close());
        const bad = run.answers.filter((answer) => !isGood(answer, mode));
        for (const { because } of bad.slice(0, 1)) lost.add(`${mode}, ${state}: ${because}`);
        const speed = [(run.ms / 1000).toFixed(2), Math.round((count / run.ms) * 1000)];
        const cost = [(run.cpuMs / count).toFixed(3), ...run.memoryMiB.map(Math.round)];
        cells.push([mode, state, count, bad.length, ...speed, ...cost]);
      }
    } finally {
      await unbound.close();
    }
  }
  table(
    [
      'mode',
      'resolver',
      'at once',
      'lost',
      's',
      'questions/s',
      'our CPU, ms each',
      'RSS before, MiB',
      'at most',
    ],
    cells,
  );
  for (const one of lost) console.log(`\nThe first that is lost: ${one}`);
}

interface Run {
  readonly answers: readonly Answer[];
  readonly ms: number;
  readonly cpuMs: number;
  /** Of this process: before, and the most. */
  readonly memoryMiB: readonly [number, number];
}

async function flood(resolver: Resolver, count: number): Promise<Run> {
  await resolver.lookUp({ name: named(`first.many.${FIRST}`), type: types.A });
  const questions = questionsOf(count);
  const before = peakMiBFromHere();
  const ours = process.cpuUsage();
  const began = performance.now();
  const answers = await Promise.all(questions.map((question) => resolver.lookUp(question)));
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(ours);
  return { answers, ms, cpuMs: (user + system) / 1000, memoryMiB: [before, peakMiB()] };
}

async function learn(place: Place, unbound: Endpoint, count: number): Promise<void> {
  const resolver = resolverOver(place, unbound, 'off');
  const left = questionsOf(count).values();
  const worker = async (): Promise<void> => {
    for (const question of left) await resolver.lookUp(question);
  };
  await Promise.all(Array.from({ length: GENTLY }, worker));
  await resolver.close();
}

function questionsOf(count: number): Question[] {
  return Array.from({ length: count }, (_, index) => {
    return { name: named(`n${index}.many.${FIRST}`), type: types.A };
  });
}

function isGood({ kind, status }: Answer, mode: Mode): boolean {
  return kind === 'found' && status === (mode === 'off' ? 'indeterminate' : 'secure');
}

/** Has the kernel forget the largest resident set so far (proc(5), clear_refs). @returns the one of now. */
function peakMiBFromHere(): number {
  writeFileSync('/proc/self/clear_refs', '5');
  return peakMiB();
}

function peakMiB(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}
