/**
 * Has all programs look at all servers, and compares what they say with what we do.
 *
 * `run.ts [PATTERN] [--kept FILE] [--testssl none|all] [--as-kept]`: servers whose name fits. With a file, what came of each server is
 * kept there, and those that are in it are not looked at again; `--as-kept` looks at no others either. Without a pattern
 * docs/agreement.md is written. It ends with 1 where a difference has no explanation, or an explanation no difference.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { rootsOf } from '../support/peer.ts';
import { sorted } from './differences.ts';
import { agreementPage, pageFile } from './page.ts';
import { differencesIn, factsOf, type Result, resultOf, resultSchema } from './result.ts';
import { lookedAt, thorough } from './servers.ts';
import { toolsFor } from './tools.ts';
import { tour } from './tour.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kept: { type: 'string' },
    testssl: { type: 'string', default: 'all' },
    'as-kept': { type: 'boolean', default: false },
  },
});
const [pattern] = positionals;
const wanted = lookedAt.filter(({ name }) => new RegExp(pattern ?? '').test(name));

const before = new Map(
  values.kept !== undefined && existsSync(values.kept)
    ? readFileSync(values.kept, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => resultSchema.safeParse(JSON.parse(line)))
        // What an earlier edition of this program kept is looked at again.
        .flatMap(({ data }) => (data === undefined ? [] : [data]))
        .map((result) => [result.name, result])
    : [],
);
const results: Result[] = [];
let failed = 0;
for (const one of wanted) {
  const known = before.get(one.name);
  if (known !== undefined) {
    results.push(known);
    continue;
  }
  if (values['as-kept']) continue;
  const had = await rootsOf(['scanners', 'postfix', one.program]);
  if (had.kind !== 'ready') throw new Error(had.because);
  const asked = thorough.has(one.name) && values.testssl === 'all' ? 'all' : 'none';
  try {
    const result = resultOf(await tour(one, toolsFor(asked), had.roots));
    results.push(result);
    if (values.kept !== undefined) appendFileSync(values.kept, `${JSON.stringify(result)}\n`);
    console.log(lineOf(result));
  } catch (error) {
    console.log(`${one.name}: ${error instanceof Error ? error.message : String(error)}`);
    failed += 1;
  }
}

function lineOf({ name, ours, tools }: Result): string {
  const seen = tools.flatMap((tool) =>
    tool.kind === 'cannot'
      ? []
      : [
          `${tool.name} ${factsOf(tool)}/${tool.differences.length} ${tool.connections} (${tool.seconds.toFixed(1)} s)`,
        ],
  );
  return [`${name}: ours ${ours.connections} (${ours.seconds.toFixed(1)} s)`, ...seen].join('; ');
}

const { unexplained, idle } = sorted(results, differencesIn(results));
for (const { server, tool, kind, what, ours, theirs } of unexplained)
  console.log(`not explained: ${server}, ${tool}: ${kind} ${what}: ours ${ours}, theirs ${theirs}`);
for (const { at, tools, kind, why } of idle)
  console.log(`explains nothing: ${at}, ${tools.join(' ')}: ${kind}: ${why}`);
if (pattern === undefined) writeFileSync(pageFile, agreementPage(results, lookedAt.length));
process.exit(unexplained.length + idle.length + failed === 0 ? 0 : 1);
