/** The answer to `waxwing resolve` as a person reads it: what is proven, link by link, and what to do where it is not. */
import type { Answer, DnssecStatus, Link } from '../dns/answer.ts';
import { type Name, root, showName } from '../dns/name.ts';
import type { RecordType } from '../dns/record.ts';
import { showExtendedError, showRecord, showType } from '../dns/show.ts';
import { type Advice, adviceOf, type Resolved, zoneText } from './resolve-advice.ts';
import { type Colour, type Look, oneLine, paint, wrap } from './terminal.ts';

const colours: Readonly<Record<DnssecStatus, Colour>> = {
  secure: 'green',
  insecure: 'yellow',
  bogus: 'red',
  indeterminate: 'yellow',
};

const marks: Readonly<Record<DnssecStatus, { readonly unicode: string; readonly ascii: string }>> = {
  secure: { unicode: '✔', ascii: '+' },
  insecure: { unicode: '○', ascii: 'o' },
  bogus: { unicode: '✘', ascii: 'x' },
  indeterminate: { unicode: '?', ascii: '?' },
};

const BAR = { unicode: '│', ascii: '|' };

/** All of it, ending in a line break. */
export function formatResolved(resolved: Resolved, look: Look): string {
  const { answer } = resolved;
  const blocks = [
    [...headline(resolved, look), ...aliasLines(answer, look), ...recordLines(answer, look)],
    chainLines(answer.chain, look),
    [...reasonLines(answer, look), ...adviceLines(adviceOf(resolved), look)],
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

function headline({ answer, mode }: Resolved, look: Look): readonly string[] {
  const { question, kind, status } = answer;
  const found = `${kind}, ${status}`;
  const text = `${questionText(question.name, question.type)}: ${found} (${inShort(answer, mode)})`;
  return wrap(text, look.width, '', '  ').map((line) =>
    line.replace(found, paint(found, colours[status], look)),
  );
}

/** What the status comes to for this answer, in a few words. */
function inShort(answer: Answer, mode: Resolved['mode']): string {
  if (answer.kind === 'unknown' && answer.status === 'indeterminate') return 'no answer that can be used';
  const proof = proofText(answer, mode);
  return answer.kind === 'absent' ? `${absence(answer.what)}; ${proof}` : proof;
}

function absence(what: 'no-such-name' | 'no-such-record'): string {
  return what === 'no-such-name' ? 'there is no such name' : 'the name has no such record';
}

function proofText({ status, chain }: Answer, mode: Resolved['mode']): string {
  switch (status) {
    case 'secure': {
      if (mode === 'trust') return 'by the word of the resolver';
      const anchor = chain.find(({ kind }) => kind === 'anchor')?.name;
      return anchor === undefined || anchor === root
        ? 'proven from the root on'
        : `proven from the trust anchor of ${showName(anchor)} on`;
    }
    case 'insecure':
      return 'not signed';
    case 'bogus':
      return 'it should be proven and is not';
    case 'indeterminate':
      if (mode === 'off') return 'nobody looked for a proof';
      return mode === 'trust' ? 'the resolver proves nothing' : 'neither proven nor shown to be unsigned';
  }
}

function aliasLines({ aliases }: Answer, { width }: Look): readonly string[] {
  return aliases.flatMap(({ from, to, by, status }) =>
    wrap(`${showName(from)} is an alias of ${showName(to)} (${by}, ${status})`, width, '    ', '      '),
  );
}

/** As zone files have them, so that they can be pasted; never broken. */
function recordLines({ question, owner, ttl, ...answer }: Answer, look: Look): readonly string[] {
  const { type } = question;
  const lines = (records: readonly Uint8Array[], middle: string): readonly string[] =>
    records.map((data) => `${absolute(owner)} ${middle} ${showType(type)} ${showRecord(type, data)}`);
  switch (answer.kind) {
    case 'found':
      return lines(answer.records, `${ttl} IN`).map((line) => `    ${line}`);
    case 'absent':
      return [];
    case 'unknown':
      if (answer.unproven.length === 0) return [];
      return [
        ...wrap('what came without proof, and is not used:', look.width, '    '),
        ...lines(answer.unproven, 'IN').map((line) => `      ${paint(line, 'dim', look)}`),
      ];
  }
}

function absolute(name: Name): string {
  const text = showName(name);
  return text.endsWith('.') ? text : `${text}.`;
}

/** The ladder: a rung for each link, its evidence between it and the next. */
function chainLines(chain: readonly Link[], look: Look): readonly string[] {
  if (chain.length === 0) return [];
  const rungs = chain.flatMap((link, index) => {
    const side = index === chain.length - 1 ? ' ' : look.unicode ? BAR.unicode : BAR.ascii;
    const evidence = oneLine(evidenceOf(link, chain[index - 1]));
    return [...titleLines(link, side, look), ...wrap(evidence, look.width, `  ${side}     `)];
  });
  return [`${paint('link by link', 'bold', look)}:`, ...rungs];
}

function titleLines(link: Link, side: string, look: Look): readonly string[] {
  const { status } = link;
  const colour = colours[status];
  const mark = look.unicode ? marks[status].unicode : marks[status].ascii;
  // Painted after it is broken, as colours have no width.
  const lines = wrap(`${linkTitle(link)}: ${status}`, look.width, `  ${mark} `, `  ${side}   `);
  return lines.map((line, index) => {
    const head = index === 0 ? line.replace(mark, paint(mark, colour, look)) : line;
    return index < lines.length - 1 ? head : `${head.slice(0, -status.length)}${paint(status, colour, look)}`;
  });
}

/** What breaks one link breaks those behind it, and need not be read twice. */
function evidenceOf({ because }: Link, before: Link | undefined): string {
  return before !== undefined && because.endsWith(`: ${before.because}`)
    ? `${because.slice(0, -before.because.length)}as above`
    : because;
}

/** What a link is, in words. */
function linkTitle({ kind, name, type }: Pick<Link, 'kind' | 'name' | 'type'>): string {
  switch (kind) {
    case 'anchor':
      return `trust anchor of ${zoneText(name)}`;
    case 'keys':
      return `keys of ${zoneText(name)}`;
    case 'delegation':
      return `delegation of ${zoneText(name)}`;
    case 'alias':
      return `alias ${questionText(name, type)}`;
    case 'answer':
      return `answer ${questionText(name, type)}`;
    case 'denial':
      return `no ${questionText(name, type)}`;
  }
}

function reasonLines({ because, chain, errors }: Answer, look: Look): readonly string[] {
  // What stands in the ladder need not be said twice.
  const why = chain.some((link) => link.because === because) ? [] : paragraph('why', because, look);
  return [
    ...why,
    ...errors.flatMap((error) => paragraph('the resolver says', showExtendedError(error), look)),
  ];
}

function adviceLines({ means, todo }: Advice, look: Look): readonly string[] {
  const steps = todo.flatMap((step) => wrap(step, look.width, '  - ', '    '));
  return [
    ...paragraph('what it means', means, look),
    ...(steps.length === 0 ? [] : [`${paint('what to do', 'bold', look)}:`, ...steps]),
  ];
}

function paragraph(title: string, text: string, look: Look): readonly string[] {
  const [first = '', ...rest] = wrap(`${title}: ${oneLine(text)}`, look.width, '', '  ');
  return [first.replace(title, paint(title, 'bold', look)), ...rest];
}

function questionText(name: Name, type: RecordType): string {
  return `${showName(name)} ${showType(type)}`;
}
