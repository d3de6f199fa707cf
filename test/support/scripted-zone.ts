/** A DNS that says what a test has it say: answers by question, in the form of zone files. */
import type { Alias, Answer, DnssecStatus } from '../../src/dns/answer.ts';
import { parseName, root, showName } from '../../src/dns/name.ts';
import { type Question, types } from '../../src/dns/record.ts';
import { rdataOf, typeOf } from './dns/rdata-text.ts';

/**
 * What is there: `{ 'example.test MX': ['10 mx.example.test.'] }`; `'unknown'` where no answer comes. A name of which
 * nothing is told does not exist.
 */
export type ScriptedZone = Readonly<Record<string, readonly string[] | 'unknown' | 'bogus'>>;

/** Answers as a resolver has them. */
export function answerFrom(
  zone: ScriptedZone,
  status: DnssecStatus = 'insecure',
): (question: Question) => Answer {
  const told = new Map(Object.entries(zone).map(([key, value]) => [keyOf(key), value]));
  const names = new Set([...told.keys()].map((key) => key.split(' ')[0]));
  return (question) => {
    const aliases = aliasesFrom(question, told, status);
    const owner = aliases.at(-1)?.to ?? question.name;
    const common = {
      question,
      status,
      ttl: 300,
      owner,
      aliases,
      chain: [],
      because: `of the test: ${status}`,
      errors: [],
      signedSince: null,
      signedUntil: null,
    };
    const name = showName(owner);
    const value = told.get(`${name} ${question.type}`);
    if (value === 'unknown' || value === 'bogus') {
      const because =
        value === 'bogus' ? 'of the test: the signature does not fit' : 'of the test: no answer';
      return {
        ...common,
        kind: 'unknown',
        status: value === 'bogus' ? 'bogus' : 'indeterminate',
        because,
        unproven: [],
      };
    }
    if (value === undefined) {
      const below = [...names].some((other) => other === name || other?.endsWith(`.${name}`) === true);
      return { ...common, kind: 'absent', what: below ? 'no-such-record' : 'no-such-name' };
    }
    return {
      ...common,
      kind: 'found',
      records: value.map((text) => rdataOf(question.type, wordsOf(text), root)),
    };
  };
}

/** CNAME records are followed, unless they are what is asked for. */
function aliasesFrom(
  { name, type }: Question,
  told: ReadonlyMap<string, ScriptedZone[string]>,
  status: DnssecStatus,
): readonly Alias[] {
  const aliases: Alias[] = [];
  let from = name;
  while (type !== types.CNAME && aliases.length < 8) {
    const target = told.get(`${showName(from)} ${types.CNAME}`);
    const to = typeof target === 'object' ? parseName(target[0] ?? '') : undefined;
    if (to?.kind !== 'ok') break;
    aliases.push({ from, to: to.value, by: 'CNAME', status });
    from = to.value;
  }
  return aliases;
}

function keyOf(key: string): string {
  const [name = '', type = ''] = key.split(' ');
  return `${name} ${typeOf(type)}`;
}

/** Words, those in quotes with their spaces. */
function wordsOf(text: string): readonly string[] {
  return (text.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
}
