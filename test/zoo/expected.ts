/** What a check finds of everything in the zoo, word for word, and how it is compared. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Finding } from '../../src/findings/finding.ts';

/** Parts of the zoo: real servers, hostile ones of ours, domains of the lab. */
export const parts = ['servers', 'hostile', 'domains'] as const;
export type Part = (typeof parts)[number];

const outcome = z.strictObject({
  /** `starttls.not-offered fail critical`, in the order of the alphabet, each once. */
  finds: z.array(z.string()).readonly(),
  /** Ids that passed at least once. */
  passes: z.array(z.string()).readonly(),
});
export type Outcome = z.infer<typeof outcome>;

const table = z.record(z.string(), outcome);
type Table = Readonly<Record<string, Outcome>>;

/**
 * Sections of the ids that are looked at in each part: a server is no reason for what its zone on paper says, and a zone
 * none for what is to be said of the mail servers of the lab.
 */
const sections: Readonly<Record<Part, (id: string) => boolean>> = {
  servers: isOfServer,
  hostile: isOfServer,
  domains: (id) => !isOfServer(id) || /^(?:dane|mtasts)\./.test(id),
};

function isOfServer(id: string): boolean {
  return /^(?:conn|smtp|starttls|tls|cert|imap|pop3|sieve|implicit-tls|legacy|srv|dane|mtasts)\./.test(id);
}

/** Whether an id is looked at in this part. */
export function looksAt(part: Part, id: string): boolean {
  return sections[part](id);
}

/** What findings come to, as the table has it. */
export function outcomeOf(part: Part, findings: readonly Finding[]): Outcome {
  const meant = findings.filter(({ id }) => sections[part](id));
  const sorted = (lines: readonly string[]): string[] => [...new Set(lines)].toSorted();
  return {
    finds: sorted(
      meant
        .filter(({ state }) => state !== 'pass')
        .map(({ id, state, severity }) => `${id} ${state} ${severity}`),
    ),
    passes: sorted(meant.filter(({ state }) => state === 'pass').map(({ id }) => id)),
  };
}

/** As if everything that comes by chance had passed. */
export function withoutChance({ finds, passes }: Outcome, byChance: readonly string[]): Outcome {
  const came = byChance.filter((line) => finds.includes(line)).map((line) => line.split(' ')[0] ?? '');
  return {
    finds: finds.filter((line) => !byChance.includes(line)),
    passes: [...new Set([...passes, ...came])].toSorted(),
  };
}

function fileOf(part: Part): string {
  return join(import.meta.dirname, 'expected', `${part}.json`);
}

export function readExpected(part: Part): Table {
  return table.parse(JSON.parse(readFileSync(fileOf(part), 'utf8')));
}

export function writeExpected(part: Part, outcomes: Table): void {
  writeFileSync(fileOf(part), `${JSON.stringify(outcomes, null, 2)}\n`);
}
