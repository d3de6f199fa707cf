/**
 * Runs command lines one after the other in this one process, for mistakes in them: to load the program takes far longer than to
 * refuse. None of them may read stdin.
 *
 * `command-lines.ts JSON`: a list of lists of words; prints what each came to, as a list of `{ code, stdout, stderr }`.
 */
import { mock } from 'node:test';
import { z } from 'zod';
import { main } from '../../../src/cli/main.ts';

const lines = z.array(z.array(z.string())).parse(JSON.parse(process.argv[2] ?? ''));
const came: unknown[] = [];
// Each line has its listener there.
process.stdout.setMaxListeners(0);
for (const words of lines) {
  const said = { stdout: '', stderr: '' };
  const heard = (['stdout', 'stderr'] as const).map((name) =>
    mock.method(process[name], 'write', (text: unknown) => {
      said[name] += String(text);
      return true;
    }),
  );
  process.exitCode = 0;
  await main(words);
  for (const one of heard) one.mock.restore();
  came.push({ code: process.exitCode, ...said });
}
process.exitCode = 0;
process.stdout.write(JSON.stringify(came));
