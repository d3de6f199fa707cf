/** The program's own log as an operator reads it: what is worth a look, each line once. */

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly err?: { readonly message: string };
}

/** Of each of these relays: they run as root, and have no use for the resolver that they are given. */
const ofTheTests = /^(this process is root and stays it|No resolver answers: 127\.0\.0\.1:9 )/;

const names: Readonly<Record<number, string>> = { 40: 'warn', 50: 'error', 60: 'fatal' };

/**
 * Lines of level warn or above with what differs from run to run written in capitals, and how often each came.
 *
 * @param log JSON lines; what is not JSON counts as an error that ended the program.
 */
export function notableLines(log: string): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of log.split('\n')) {
    const shown = shownLine(text);
    if (shown !== undefined) counts.set(shown, (counts.get(shown) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`));
}

function shownLine(text: string): string | undefined {
  if (text === '') return undefined;
  if (!text.startsWith('{')) return general(text);
  const line: Line = JSON.parse(text);
  const level = names[line.level];
  if (level === undefined || ofTheTests.test(line.msg)) return undefined;
  return general(`${level}: ${line.msg}${line.err === undefined ? '' : `: ${line.err.message}`}`);
}

function general(text: string): string {
  return text
    .replaceAll(/\/[^\s'"]*\/data(?=[/\s'":]|$)/g, 'DATA')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b(127\.0\.0\.1|localhost):\d+/g, '$1:PORT')
    .replaceAll(/\b[0-9a-z]{18}\b/g, 'ID')
    .replaceAll(/\b\d+(?= (?:times|more|failures|events|seconds))/g, 'N');
}
