/** Many questions at once to one resolver, which can take far fewer: what is lost, and what the queue weighs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { types } from '../../src/dns/record.ts';
import { FIRST, ways } from './dns-domains.ts';
import { named, type Place, resolverOver } from './dns-place.ts';
import { table } from './figures.ts';

/** So many different questions in one turn of the event loop, to one resolver. */
export async function tellFlood(place: Place, count: number): Promise<void> {
  const cells: (string | number)[][] = [];
  for (const { mode, through } of ways.slice(0, 3)) {
    const unbound = await place.resolver(through);
    const resolver = resolverOver(place, unbound, mode);
    try {
      await resolver.lookUp({ name: named(`first.many.${FIRST}`), type: types.A });
      const questions = Array.from({ length: count }, (_, index) => {
        return { name: named(`n${index}.many.${FIRST}`), type: types.A };
      });
      const before = peakOctetsFromHere();
      const ours = process.cpuUsage();
      const began = performance.now();
      const answers = await Promise.all(questions.map((question) => resolver.lookUp(question)));
      const ms = performance.now() - began;
      const { user, system } = process.cpuUsage(ours);
      const peak = peakOctets();
      const expected = mode === 'off' ? 'indeterminate' : 'secure';
      const good = answers.filter(({ kind, status }) => kind === 'found' && status === expected).length;
      const cpuUs = (user + system) / count;
      const memory = [before, peak].map((octets) => Math.round(octets / 2 ** 20));
      const speed = [(ms / 1000).toFixed(2), Math.round((count / ms) * 1000), cpuUs.toFixed(0)];
      cells.push([mode, count, count - good, ...speed, ...memory]);
    } finally {
      await resolver.close();
      await unbound.close();
    }
  }
  table(
    ['mode', 'at once', 'lost', 's', 'questions/s', 'our CPU, µs each', 'RSS before, MiB', 'at most'],
    cells,
  );
}

/** Has the kernel forget the largest resident set so far (proc(5), clear_refs). @returns the one of now. */
function peakOctetsFromHere(): number {
  writeFileSync('/proc/self/clear_refs', '5');
  return peakOctets();
}

function peakOctets(): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}
