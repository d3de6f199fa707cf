/** A DNS of a few lines, for tests of what is made of its answers. */
import type { Alias, Answer, DnssecStatus } from '../../../../src/dns/answer.ts';
import { type Name, nameOf, parseName, showName } from '../../../../src/dns/name.ts';
import { type Question, types } from '../../../../src/dns/record.ts';
import { parseDomain } from '../../../../src/names/domain.ts';
import type { PolicyLookUp } from '../../../../src/policies/look-ups.ts';

/**
 * What is known of names: `mx A` and the like, each with a status and what there is.
 *
 * `secure 192.0.2.1`, `secure 3 1 1 ab12`, `insecure none`, `secure nothing` (the name is not there), `unknown`; or an
 * alias, `secure -> other`, which holds for every type.
 */
export type World = Readonly<Record<string, string>>;

export interface Driven<Outcome> {
  readonly outcome: Outcome;
  /** In their order: `mx.example.test A`. */
  readonly asked: readonly string[];
}

/** Runs a dialogue; of names that the world does not hold there is nothing, securely. */
export function drive<Outcome>(dialogue: PolicyLookUp<Outcome>, world: World): Driven<Outcome> {
  const asked: string[] = [];
  const run = <Value>(one: PolicyLookUp<Value>): Value => {
    let step = one.next();
    while (step.done !== true) {
      const effect = step.value;
      if (effect.kind === 'all') {
        step = one.next({ kind: 'outcomes', outcomes: effect.dialogues.map((each) => run(each)) });
      } else if (effect.kind === 'resolve') {
        asked.push(showQuestion(effect.question));
        step = one.next({ kind: 'resolved', answer: answerTo(effect.question, world) });
      } else {
        throw new Error(`nobody expected ${effect.kind}`);
      }
    }
    return step.value;
  };
  return { outcome: run(dialogue), asked };
}

function showQuestion({ name, type }: Question): string {
  const known = Object.entries(types).find(([, number]) => number === type)?.[0] ?? String(type);
  return `${showName(name)} ${known}`;
}

const order: readonly DnssecStatus[] = ['secure', 'insecure', 'indeterminate', 'bogus'];

function answerTo(question: Question, world: World): Answer {
  const aliases: Alias[] = [];
  let owner: Name = question.name;
  let status: DnssecStatus = 'secure';
  for (;;) {
    const said =
      world[showQuestion({ ...question, name: owner })] ?? world[showName(owner)] ?? 'secure nothing';
    const own = statusOf(said);
    if (order.indexOf(own) > order.indexOf(status)) status = own;
    const target = said.split(' -> ')[1];
    if (target === undefined) return finish(question, { owner, status, aliases }, said);
    const to = readAnyName(target);
    // Once the way is insecure, all that follows is (RFC 7672 §2.1.3).
    aliases.push({ from: owner, to, by: 'CNAME', status });
    owner = to;
  }
}

function finish(
  question: Question,
  way: { readonly owner: Name; readonly status: DnssecStatus; readonly aliases: readonly Alias[] },
  said: string,
): Answer {
  const common = {
    question,
    ...way,
    ttl: 300,
    signedSince: null,
    signedUntil: null,
    chain: [],
    because: `the test says ${said}`,
    errors: [],
  };
  if (said === 'unknown') return { ...common, kind: 'unknown', status: 'indeterminate', unproven: [] };
  if (said === 'bogus') return { ...common, kind: 'unknown', status: 'bogus', unproven: [Buffer.alloc(4)] };
  const rest = said.slice(said.indexOf(' ') + 1);
  if (rest === 'none') return { ...common, kind: 'absent', what: 'no-such-record' };
  if (rest === 'nothing') return { ...common, kind: 'absent', what: 'no-such-name' };
  return { ...common, kind: 'found', records: rest.split(', ').map((text) => rdata(question.type, text)) };
}

function statusOf(said: string): DnssecStatus {
  const [word] = said.split(' ');
  return order.find((status) => status === word) ?? 'indeterminate';
}

function rdata(type: number, text: string): Uint8Array {
  if (type === types.A) return Uint8Array.from(text.split('.').map(Number));
  if (type === types.AAAA) return Buffer.from(text.replaceAll(':', ''), 'hex');
  const [usage = 0, selector = 0, matching = 0, data = ''] = text.split(' ');
  return Buffer.concat([Uint8Array.from([usage, selector, matching].map(Number)), Buffer.from(data, 'hex')]);
}

function readAnyName(text: string): Name {
  const known = parseDomain(text);
  if (known.kind === 'ok') return nameOf(known.value);
  const parsed = parseName(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}
