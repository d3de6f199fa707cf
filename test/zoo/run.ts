/**
 * Visits the zoo and prints what is found that is not expected.
 *
 * `run.ts PART [PATTERN] [--write]`: a part (servers, hostile, domains), of it those whose name fits; with `--write` what
 * was found is what is expected from now on, which is to be read in the diff before it is believed. `run.ts page` writes
 * docs/zoo.md from what is expected.
 */
import { writeFileSync } from 'node:fs';
import { startLab } from '../lab/lab.ts';
import { rootsOf } from '../peers/support/peer.ts';
import { checkedDomains } from './domains.ts';
import { type Outcome, outcomeOf, parts, readExpected, writeExpected } from './expected.ts';
import { hostileCases } from './hostile.ts';
import { pageFile, zooPage } from './page.ts';
import { setUps } from './servers.ts';
import { outcomeOfSetUp, outcomesOfDomains } from './tour.ts';
import { visitHostile } from './visit.ts';

const [wanted, ...rest] = process.argv.slice(2).filter((word) => word !== '--write');
if (wanted === 'page') {
  writeFileSync(pageFile, zooPage());
  process.exit(0);
}
const part = parts.find((one) => one === wanted);
if (part === undefined) throw new Error(`which part: ${parts.join(', ')}?`);
const pattern = new RegExp(rest[0] ?? '');

const found = new Map<string, Outcome>();

async function visitServers(): Promise<void> {
  for (const one of setUps.filter(({ name }) => pattern.test(name))) {
    const had = await rootsOf([one.program]);
    if (had.kind !== 'ready') throw new Error(had.because);
    found.set(one.name, await outcomeOfSetUp(one, had.roots[one.program]));
  }
}

async function visitHostileOnes(): Promise<void> {
  for (const one of hostileCases.filter(({ name }) => pattern.test(name))) {
    const { judged } = await visitHostile(one);
    found.set(one.name, outcomeOf('hostile', judged.findings));
  }
}

async function visitDomains(): Promise<void> {
  const lab = await startLab({ mail: ['postfix', 'exim', 'opensmtpd'] });
  try {
    const domains = checkedDomains.filter(({ name }) => pattern.test(name));
    for (const [name, outcome] of await outcomesOfDomains(lab, domains)) found.set(name, outcome);
  } finally {
    await lab.close();
  }
}

await { servers: visitServers, hostile: visitHostileOnes, domains: visitDomains }[part]();
const expected = readExpected(part);
let differ = 0;
for (const [name, outcome] of found) {
  const lines = differences(expected[name], outcome);
  if (lines.length === 0) continue;
  differ += 1;
  console.log([name, ...lines].join('\n  '));
}
console.log(`${found.size} visited, ${differ} not as expected`);
if (process.argv.includes('--write')) {
  const order: Record<typeof part, readonly { readonly name: string }[]> = {
    servers: setUps,
    hostile: hostileCases,
    domains: checkedDomains,
  };
  const all = { ...expected, ...Object.fromEntries(found) };
  const kept = order[part].flatMap(({ name }) => {
    const outcome = all[name];
    return outcome === undefined ? [] : [[name, outcome] as const];
  });
  writeExpected(part, Object.fromEntries(kept));
}
process.exit(differ === 0 ? 0 : 1);

function differences(before: Outcome | undefined, now: Outcome): readonly string[] {
  const all = (one: Outcome | undefined): readonly string[] =>
    one === undefined ? [] : [...one.finds, ...one.passes.map((id) => `${id} pass`)];
  const [then, today] = [all(before), all(now)];
  return [
    ...then.filter((line) => !today.includes(line)).map((line) => `- ${line}`),
    ...today.filter((line) => !then.includes(line)).map((line) => `+ ${line}`),
  ];
}
