/**
 * Runs faults by their names, or all of them, and prints what came of each.
 *
 *     npm run faults [NAME…]
 *     FAULTS=write npm run faults            renews the tables of docs/faults.md; takes all of them
 *     FAULTS_TOP='{"workers":2}' …           keys that stand before all tables of the configuration
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faults } from './all.ts';
import { pageText, type ToldRow } from './support/row.ts';

const page = join(import.meta.dirname, '../../docs/faults.md');
const MARK = '\n| fault |';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => faults[name] === undefined);
if (unknown.length > 0)
  throw new Error(`no fault ${unknown.join(', ')}; there are ${Object.keys(faults).join(', ')}`);
const top: Record<string, string | number | boolean> = JSON.parse(process.env['FAULTS_TOP'] ?? '{}');

const rows: ToldRow[] = [];
for (const [name, { run, operator }] of Object.entries(faults)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const row = { ...(await run({ top })), operator };
  rows.push(row);
  process.stdout.write(`${pageText([row])}\n`);
  if (row.lost > 0) process.exitCode = 1;
}
if (process.env['FAULTS'] === 'write' && asked.length === 0) {
  const text = readFileSync(page, 'utf8');
  const at = text.indexOf(MARK) + 1;
  if (at === 0) throw new Error(`${page} has no table`);
  writeFileSync(page, `${text.slice(0, at)}${pageText(rows)}`);
}
