/**
 * Tries every attack and prints the table; what does not come out as it should is named below it.
 *
 * With `--write` the table goes into docs/attacks.md, where everything is as it should be.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attacks } from './attacks.ts';
import { AT_ONCE, faultOf } from './cell.ts';
import { attackTable } from './table.ts';

const waiting = attacks.flatMap(({ name, cells }) => cells.map((cell) => ({ name, cell })));
const total = waiting.length;
const failures: string[] = [];

async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { name, cell } = next;
    const wrong = await faultOf(cell).catch((error: unknown) => `it broke: ${String(error)}`);
    if (wrong !== undefined)
      failures.push(`- ${name}, ${cell.role}, ${cell.protocol}, ${cell.how}: ${wrong}`);
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
const table = attackTable(attacks);
console.log(table);
console.log(`${total} attacks, ${total - failures.length} withstood with their twin convicted.`);
for (const failure of failures) console.log(failure);
if (failures.length === 0 && process.argv.includes('--write')) renew(table);
process.exit(failures.length === 0 ? 0 : 1);

/** The table is the last of the page; its words begin the section. */
function renew(text: string): void {
  const path = join(import.meta.dirname, '..', '..', 'docs', 'attacks.md');
  const page = readFileSync(path, 'utf8');
  const section = page.indexOf('\n## The table\n');
  const at = page.indexOf('\n| class |', section);
  if (section === -1 || at === -1) throw new Error(`${path} has no table`);
  writeFileSync(path, `${page.slice(0, at + 1)}${text}`);
}
