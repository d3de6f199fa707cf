/**
 * Scenarios in the form of unbound's testbound (.rpl): a resolver's configuration, what each server answers, what is
 * asked, and what has to come of it.
 */
import { type Name, root } from '../../../src/dns/name.ts';
import type { Question, ResourceRecord } from '../../../src/dns/record.ts';
import { readName } from './name-text.ts';
import { readQuestion, readRecords } from './zone-text.ts';

export interface Scenario {
  /** Its first line. */
  readonly title: string;
  /** Options of the `server:` clause by name; each may stand more than once. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** DS and DNSKEY records that are trusted to begin with. */
  readonly anchors: readonly ResourceRecord[];
  /** Zones whose servers are configured. */
  readonly starts: readonly Start[];
  readonly ranges: readonly Range[];
  readonly steps: readonly Step[];
}

export interface Start {
  readonly zone: Name;
  readonly address: string;
  /** It is a resolver itself, and refers to nobody. */
  readonly forwards: boolean;
}

/** What the servers at some addresses answer from one step to another. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly addresses: readonly string[];
  readonly entries: readonly Entry[];
}

export interface Step {
  readonly number: number;
  /** QUERY, CHECK_ANSWER, TIME_PASSES and others. */
  readonly what: string;
  readonly entry: Entry | undefined;
}

/** A message as it is written down: asked, answered or expected. */
export interface Entry {
  /** Words after MATCH: what of a question has to be the same. */
  readonly match: readonly string[];
  /** Words after REPLY: flags and the name of the rcode. */
  readonly reply: readonly string[];
  readonly question: Question;
  readonly answers: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
}

type Section = 'QUESTION' | 'ANSWER' | 'AUTHORITY' | 'ADDITIONAL';

/** Reads a scenario. @throws Error where a line is not of the grammar. */
export function readScenario(text: string): Scenario {
  const lines = text.split('\n').map((line) => line.trim());
  const end = lines.indexOf('CONFIG_END');
  const { options, starts } = readConfiguration(lines.slice(0, end));
  const ranges: Range[] = [];
  const steps: Step[] = [];
  let title = '';
  for (let at = end + 1; at < lines.length; at += 1) {
    const [word = '', ...others] = (lines[at] ?? '').replace(/;.*$/, '').split(/\s+/);
    if (word === 'SCENARIO_BEGIN') title = others.join(' ').trim();
    else if (word === 'RANGE_BEGIN') {
      const close = lines.indexOf('RANGE_END', at);
      ranges.push(readRange(others.map(Number), lines.slice(at + 1, close)));
      at = close;
    } else if (word === 'STEP') {
      const next = lines.findIndex((line, index) => index > at && /^(?:STEP\s|SCENARIO_END)/.test(line));
      const [entry] = readEntries(lines.slice(at + 1, next));
      steps.push({ number: Number(others[0]), what: others[1] ?? '', entry });
      at = next - 1;
    } else if (word !== '' && word !== 'SCENARIO_END') throw new Error(`line ${at + 1}: ${lines[at]}`);
  }
  const anchors = (options.get('trust-anchor') ?? []).flatMap((one) => readRecords(one));
  return { title, options, anchors, starts, ranges, steps };
}

/** All entries of a text that consists of nothing else. */
export function readEntries(lines: readonly string[]): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    if (lines[at] !== 'ENTRY_BEGIN') continue;
    const end = lines.indexOf('ENTRY_END', at);
    entries.push(readEntry(lines.slice(at + 1, end)));
    at = end;
  }
  return entries;
}

function readEntry(lines: readonly string[]): Entry {
  const words = (keyword: string): string[] =>
    lines
      .filter((line) => line.startsWith(`${keyword} `))
      .flatMap((line) => line.replace(/;.*$/, '').trim().split(/\s+/).slice(1));
  const sections: Record<Section, string[]> = { QUESTION: [], ANSWER: [], AUTHORITY: [], ADDITIONAL: [] };
  let section: string[] | undefined;
  for (const line of lines) {
    const name = /^SECTION\s+(QUESTION|ANSWER|AUTHORITY|ADDITIONAL)/.exec(line)?.[1];
    if (isSection(name)) section = sections[name];
    else section?.push(line);
  }
  const records = (name: Section): ResourceRecord[] => readRecords(sections[name].join('\n'));
  return {
    match: words('MATCH'),
    reply: words('REPLY'),
    question: readQuestion(sections.QUESTION.join('\n')),
    answers: records('ANSWER'),
    authority: records('AUTHORITY'),
    additional: records('ADDITIONAL'),
  };
}

function isSection(name: string | undefined): name is Section {
  return name === 'QUESTION' || name === 'ANSWER' || name === 'AUTHORITY' || name === 'ADDITIONAL';
}

function readRange([from = 0, to = 0]: readonly number[], lines: readonly string[]): Range {
  const addresses = lines.flatMap((line) => /^ADDRESS\s+(\S+)/.exec(line)?.[1] ?? []);
  return { from, to, addresses, entries: readEntries(lines) };
}

function readConfiguration(lines: readonly string[]): Pick<Scenario, 'options' | 'starts'> {
  const options = new Map<string, string[]>();
  const starts: Start[] = [];
  let zone: Name = root;
  for (const line of lines) {
    const [, key, quoted, bare = ''] = /^([a-z0-9-]+):\s*(?:"([^"]*)"|([^#;\s]\S*)?)/.exec(line) ?? [];
    const value = quoted ?? bare;
    if (key === undefined) continue;
    if (key === 'name') zone = readName(value.endsWith('.') ? value : `${value}.`);
    else if (key === 'stub-addr' || key === 'forward-addr')
      starts.push({ zone, address: value, forwards: key === 'forward-addr' });
    else options.set(key, [...(options.get(key) ?? []), value]);
  }
  return { options, starts };
}
