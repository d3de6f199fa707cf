/**
 * docs/advised.md: what became of mail to the domains of the lab, by whoever sends by our decision. Each test has a column: it has
 * to be as the page says, or with `ADVISED=write` the page is made to say it.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { advisedDomains, dueOf } from './advisor-lab.ts';
import { labVerdicts } from './lab-verdicts.ts';

/** In the order of the columns. */
const senders = ['Postfix 3.7', 'Exim 4.96', 'Haraka 3.3.4', 'Nodemailer 10.6'] as const;

type AdvisedSender = (typeof senders)[number];

/** `sent`, `deferred` or `bounced`, by domain; behind a comma what else the sender tells of it. */
type Column = ReadonlyMap<string, string>;

const page = join(import.meta.dirname, '../../../docs/advised.md');
/** Nobody has tried it. */
const UNTRIED = '–';

/** Compares a column with what is due, and with the page. */
export async function checkColumn(sender: AdvisedSender, column: Column): Promise<void> {
  const wrong = advisedDomains
    .map(({ domain }) => ({ domain, due: dueOf(domain).became, said: column.get(domain) ?? 'nothing' }))
    .filter(({ due, said }) => said.split(',')[0] !== due)
    .map(({ domain, due, said }) => `${domain}: ${said}, due is ${due}`);
  assert.deepEqual(wrong, [], sender);
  const text = await readFile(page, 'utf8').catch(() => '');
  const columns = new Map(senders.map((one) => [one, one === sender ? column : columnOf(text, one)]));
  const made = pageOf(columns);
  if (process.env['ADVISED'] === 'write') await writeFile(page, made);
  else assert.equal(text, made, `docs/advised.md says otherwise of ${sender}: ADVISED=write renews it`);
}

function columnOf(text: string, sender: AdvisedSender): Column {
  const [head = [], , ...rows] = text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const [name, at] = [head.indexOf('domain'), head.indexOf(sender)];
  return new Map(rows.map((cells) => [cells[name] ?? '', cells[at] ?? UNTRIED]));
}

const ABOUT = `# The same verdicts, whoever sends

What became of mail to the domains of [the lab](../test/lab/README.md), sent by others who go by Waxwing's decision, beside our relay:
Postfix asks the [advisor](advisor.md) by socketmap, Exim by its line protocol, Haraka by a plugin, Nodemailer is
[an example](../examples/nodemailer.ts) on [\`waxwing/policy\`](library.md#the-policy-of-a-mail-domain). Cases as in [policy.md](policy.md). Real programs
wrote every column; their tests compare it with this page, and \`ADVISED=write\` renews it.
`;

function pageOf(columns: ReadonlyMap<AdvisedSender, Column>): string {
  const rows = advisedDomains.map(({ domain }) => {
    const { name = '', verdict = '' } = labVerdicts.find((one) => one.domain === domain) ?? {};
    return [domain, name, verdict, ...senders.map((one) => columns.get(one)?.get(domain) ?? UNTRIED)];
  });
  const head = ['domain', 'case', 'our relay', ...senders];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${ABOUT}\n${lines.join('\n')}\n`;
}
