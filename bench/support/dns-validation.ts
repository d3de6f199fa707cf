/** Validation alone: answers of the lab in memory, one thread. */
import type { Answer } from '../../src/dns/answer.ts';
import type { Question } from '../../src/dns/record.ts';
import { typeNumber } from '../../test/lab/dig.ts';
import { named, type Place } from './dns-place.ts';
import { askOnce, type Recordings, recordingsOf } from './dns-recorded.ts';
import { median, table } from './figures.ts';

/** One row: what is asked, and what has to come out. */
interface Row {
  readonly what: string;
  readonly question: Question;
  readonly verdict: string;
}

const rows: readonly Row[] = [
  row('RSA-2048 (8), TLSA found', '_25._tcp.mail.rsasha256.test', 'TLSA', 'secure found'),
  row('P-256 (13), TLSA found', '_25._tcp.mail.p256.test', 'TLSA', 'secure found'),
  row('P-384 (14), TLSA found', '_25._tcp.mail.p384.test', 'TLSA', 'secure found'),
  row('Ed25519 (15), TLSA found', '_25._tcp.mail.ed25519.test', 'TLSA', 'secure found'),
  row('Ed448 (16), TLSA found', '_25._tcp.mail.ed448.test', 'TLSA', 'secure found'),
  row('P-256, no such name by NSEC', 'nothing.p256.test', 'A', 'secure absent'),
  row('P-256, no such name by NSEC3, no extra iteration', 'nothing.salt.test', 'A', 'secure absent'),
  row('P-256, no such name by NSEC3, 100 more iterations', 'nothing.hundred.test', 'A', 'secure absent'),
  row('unsigned, below opt-out (NSEC3)', 'www.unsigned.test', 'A', 'insecure found'),
  row('unsigned, below NSEC', 'www.unsigned.example', 'A', 'insecure found'),
];

/** Names below the wildcard of each zone, each asked once. */
const NAMES = 1_000;
const wildcards = [
  ['RSA-2048 (8)', 'rsasha256.test'],
  ['P-256 (13)', 'p256.test'],
  ['P-384 (14), NSEC3', 'p384.test'],
  ['Ed25519 (15)', 'ed25519.test'],
  ['Ed448 (16), NSEC3', 'ed448.test'],
] as const;

/** The least that is measured in one go, and how often that is done. */
const AT_LEAST_MS = 300;
const ROUNDS = 3;

/** Questions per second, each with its whole chain and with zones that are known. */
export async function tellValidation(place: Place): Promise<void> {
  const plain = await place.resolver('plain');
  try {
    const recordings = recordingsOf(plain, place.anchors);
    await recordings.record(rows.map(({ question }) => question));
    table(
      ['question', 'cold /s', 'µs', 'checks', 'asked', 'warm /s', 'µs', 'checks'],
      rows.map((one) => validationRow(recordings, one)),
    );
  } finally {
    await plain.close();
  }
}

function validationRow(recordings: Recordings, { what, question, verdict }: Row): (string | number)[] {
  const first = recordings.validator();
  check(first.validate(question), verdict);
  const cold = { ...first.counts };
  check(first.validate(question), verdict);
  const coldUs = perCall(() => recordings.validator().validate(question));
  const warmUs = perCall(() => first.validate(question));
  const again = recordings.validator();
  again.validate(question);
  const before = again.counts.checks;
  again.validate(question);
  const warmChecks = again.counts.checks - before;
  return [what, ...rate(coldUs), cold.checks, cold.asked, ...rate(warmUs), warmChecks];
}

/** Microseconds of this thread's time, the median of all rounds. */
function perCall(call: () => unknown): number {
  const all: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.threadCpuUsage();
    const began = performance.now();
    let calls = 0;
    for (; performance.now() - began < AT_LEAST_MS; calls += 1) call();
    const { user, system } = process.threadCpuUsage(before);
    all.push((user + system) / calls);
  }
  return median(all);
}

function rate(us: number): [number, string] {
  return [Math.round(1_000_000 / us), us.toFixed(0)];
}

/** What unbound's validation costs beside ours: answers out of a wildcard, each for another name, zones known. */
export async function tellBesideUnbound(place: Place): Promise<void> {
  const cells: (string | number)[][] = [];
  for (const [what, zone] of wildcards) {
    const questions = Array.from({ length: NAMES }, (_, index): Question => {
      return { name: named(`n${index}.wild.${zone}`), type: 1 };
    });
    const plain = await place.resolver('plain');
    const validating = await place.resolver('validating');
    try {
      const known = { name: named(`www.${zone}`), type: 1 };
      const costs: number[] = [];
      for (const one of [plain, validating]) {
        await askOnce(one, known, false);
        const before = await one.cpuUs();
        for (const question of questions) await askOnce(one, question, false);
        costs.push((await one.cpuUs()) - before);
      }
      const recordings = recordingsOf(plain, place.anchors);
      await recordings.record([known, ...questions]);
      const validator = recordings.validator();
      validator.validate(known);
      const began = process.threadCpuUsage();
      const checked = validator.counts.checks;
      for (const question of questions) check(validator.validate(question), 'secure found');
      const { user, system } = process.threadCpuUsage(began);
      const ours = (user + system) / NAMES;
      const [without = 0, withIt = 0] = costs.map((us) => us / NAMES);
      const theirs = withIt - without;
      const checks = (validator.counts.checks - checked) / NAMES;
      const figures = [ours, theirs, withIt].map((us) => us.toFixed(0));
      cells.push([what, ...figures, checks.toFixed(1), (theirs / ours).toFixed(2)]);
    } finally {
      await plain.close();
      await validating.close();
    }
  }
  table(['zone', 'ours, µs', "unbound's, µs", 'all of unbound, µs', 'our checks', 'unbound ÷ ours'], cells);
}

function row(what: string, name: string, type: string, verdict: string): Row {
  return { what, question: { name: named(name), type: typeNumber(type) }, verdict };
}

function check(answer: Answer, verdict: string): void {
  const got = `${answer.status} ${answer.kind}`;
  if (got !== verdict) throw new Error(`${verdict} is expected, ${got} came: ${answer.because}`);
}
