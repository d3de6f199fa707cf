/** Questions by dig, as many at once as are wanted: what a resolver of the lab says, read by a program of others. */
import type { Sandbox } from '../peers/support/sandbox.ts';
import type { Question, Verdict } from './question.ts';

/** An answer as dig shows it. */
export interface Dug {
  /** `NOERROR`, `NXDOMAIN`, …; `TIMEOUT` where no answer came. */
  readonly rcode: string;
  readonly ad: boolean;
  readonly records: readonly DugRecord[];
  readonly authority: readonly DugRecord[];
  /** Extended errors (RFC 8914). */
  readonly ede: readonly { readonly code: number; readonly text: string }[];
}

/** A record; signatures are left out of the answers. */
export interface DugRecord {
  /** With a dot at the end. */
  readonly name: string;
  readonly ttl: number;
  /** As dig writes it: `TLSA`, or `TYPE52`. */
  readonly type: string;
  /** RDATA, hexadecimal. */
  readonly data: string;
}

/** What dig is asked. */
export interface Asked {
  readonly name: string;
  readonly type: string;
}

/** Asks one server all of these, with DO; `more` are dig's own words: `+cd`, `+tcp`. */
export async function digAll(
  sandbox: Sandbox,
  server: string,
  questions: readonly Asked[],
  more: readonly string[] = [],
): Promise<Dug[]> {
  // Options stand before the list: in it dig reads +tcp, and asks by UDP.
  const options = ['+dnssec', '+unknownformat', '+nocrypto', '+tries=2', '+time=10', ...more];
  const lines = questions.map(({ name, type }) => `@${server} ${name === '.' ? '' : name}. ${type}\n`);
  const done = await sandbox.run('dig', [...options, '-f', '-'], { input: lines.join('') });
  const parts = done.stdout.split(/^; <<>> DiG /m).slice(1);
  if (parts.length !== questions.length)
    throw new Error(`dig answered ${parts.length} of ${questions.length} questions: ${done.stderr}`);
  return parts.map(read);
}

function read(text: string): Dug {
  const rcode = /^;; ->>HEADER<<- .*status: (\w+)/m.exec(text)?.[1] ?? 'TIMEOUT';
  const flags = /^;; flags: ([a-z ]*);/m.exec(text)?.[1]?.split(' ') ?? [];
  const ede = [...text.matchAll(/^; EDE: (\d+)[^:\n]*(?:: \((.*)\))?$/gm)].map(([, code, said = '']) => ({
    code: Number(code),
    text: said,
  }));
  return {
    rcode,
    ad: flags.includes('ad'),
    records: section(text, 'ANSWER').filter((record) => record.type !== 'TYPE46'),
    authority: section(text, 'AUTHORITY'),
    ede,
  };
}

function section(text: string, name: string): DugRecord[] {
  const [, after = ''] = text.split(`;; ${name} SECTION:\n`);
  const lines = after.split('\n\n')[0]?.split('\n') ?? [];
  return lines.flatMap((line) => {
    const found = /^(\S+)\s+(\d+)\s+CLASS1\s+(TYPE\d+)\s+\\# \d+\s*(.*)$/.exec(line);
    if (found === null) return [];
    const [, owner = '', ttl = '', type = '', data = ''] = found;
    return [{ name: owner, ttl: Number(ttl), type, data: data.replaceAll(' ', '').toLowerCase() }];
  });
}

/**
 * What a validating resolver finds of each question: secure where it sets AD, bogus where it answers only with CD.
 */
export async function verdicts(
  sandbox: Sandbox,
  server: string,
  questions: readonly Question[],
): Promise<Verdict[]> {
  const answers = await digAll(sandbox, server, questions);
  const failed = questions.filter((_, index) => isFailure(answers[index]));
  const unchecked = failed.length === 0 ? [] : await digAll(sandbox, server, failed, ['+cd']);
  return questions.map((question, index): Verdict => {
    const answer = answers[index];
    if (answer === undefined || isFailure(answer))
      return isFailure(unchecked[failed.indexOf(question)]) ? 'no answer' : 'bogus';
    return `${answer.ad ? 'secure' : 'insecure'} ${outcome(question, answer)}`;
  });
}

function isFailure(answer: Dug | undefined): boolean {
  return answer === undefined || !['NOERROR', 'NXDOMAIN'].includes(answer.rcode);
}

function outcome({ type }: Question, { rcode, records }: Dug): 'found' | 'no-name' | 'no-data' {
  if (rcode === 'NXDOMAIN') return 'no-name';
  return records.some((record) => record.type === `TYPE${typeNumber(type)}`) ? 'found' : 'no-data';
}

/** The number of a type that questions of the lab ask for. */
export function typeNumber(type: string): number {
  const number = numbers[type] ?? Number(/^TYPE(\d+)$/.exec(type)?.[1]);
  if (!Number.isInteger(number)) throw new Error(`the lab knows no type ${type}`);
  return number;
}

const numbers: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  DS: 43,
  DNSKEY: 48,
  TLSA: 52,
  CAA: 257,
};
