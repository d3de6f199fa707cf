/** Plays a scenario through the program's validation, and compares what comes of it with what unbound came to. */
import type { TrustAnchor } from '../../../src/dns/anchors.ts';
import type { Answer, DnssecStatus } from '../../../src/dns/answer.ts';
import { verifySignature } from '../../../src/dns/dnssec/signature.ts';
import { validated } from '../../../src/dns/dnssec/validate.ts';
import { encodeMessage } from '../../../src/dns/encode.ts';
import type { Asked } from '../../../src/dns/look-ups.ts';
import { decodeMessage, type Message } from '../../../src/dns/message.ts';
import { showName } from '../../../src/dns/name.ts';
import { type Question, type ResourceRecord, types } from '../../../src/dns/record.ts';
import { readDnskey, readDs } from '../../../src/dns/records.ts';
import { drive } from './drive.ts';
import { follow } from './follow.ts';
import { timeOf } from './rdata-text.ts';
import { messageOf, rcodeOf, recursion } from './recursion.ts';
import type { Entry, Scenario } from './scenario.ts';

/** What came of one question. */
export interface Replayed {
  /** The number of the step that asks. */
  readonly step: number;
  readonly question: Question;
  readonly answer: Answer;
  /** How the answer differs from what the scenario expects; undefined where it does not. */
  readonly fault: string | undefined;
}

/** Asks every question of a scenario, but those that only look into unbound's cache (without RD). */
export function replay(scenario: Scenario): Replayed[] {
  const recurse = recursion(scenario);
  const anchors = anchorsOf(scenario.anchors);
  const now = timeOf(scenario.options.get('val-override-date')?.[0] ?? '');
  return questionsOf(scenario).map(({ step, asked, expected }) => {
    const { question } = asked;
    // The delegations on the way are known before the validator asks for keys, as in a recursive server.
    recurse(question, step);
    const answer = drive(validated(question, { now, anchors, sha1: true }), {
      now,
      ask: (one) => onTheWire(messageOf(one, recurse(one, step))),
      verify: verifySignature,
    });
    return { step, question, answer, fault: faultOf(answer, asked, expected) };
  });
}

function onTheWire(message: Message): Asked {
  const decoded = decodeMessage(encodeMessage(message));
  return decoded.kind === 'ok'
    ? { kind: 'message', message: decoded.message, from: 'of the scenario' }
    : { kind: 'failed', because: decoded.because, errors: [] };
}

/** Each question with the answer that is checked after it. */
function questionsOf({ steps }: Scenario): { step: number; asked: Entry; expected: Entry }[] {
  return steps.flatMap(({ number, what, entry: asked }, index) => {
    const expected = steps.slice(index).find((step) => step.what === 'CHECK_ANSWER')?.entry;
    if (what !== 'QUERY' || asked === undefined || expected === undefined) return [];
    return asked.reply.includes('RD') ? [{ step: number, asked, expected }] : [];
  });
}

export function anchorsOf(records: readonly ResourceRecord[]): TrustAnchor[] {
  return [...new Set(records.map(({ name }) => name))].map((zone) => {
    const own = records.filter(({ name }) => name === zone);
    return {
      zone,
      ds: own.filter(({ type }) => type === types.DS).flatMap(({ data }) => readDs(data) ?? []),
      keys: own.filter(({ type }) => type === types.DNSKEY).flatMap(({ data }) => readDnskey(data) ?? []),
    };
  });
}

function faultOf(answer: Answer, asked: Entry, expected: Entry): string | undefined {
  const allowed = statusesOf(asked, expected);
  if (!allowed.includes(answer.status)) {
    return `${answer.status}, not ${allowed.join(' or ')}: ${answer.because}`;
  }
  const is = outcomeOf(answer);
  const wanted = wantedOutcome(asked.question, expected);
  return is === wanted ? undefined : `${is}, not ${wanted}: ${answer.because}`;
}

/** What the flags of the expected answer say. */
function statusesOf(asked: Entry, expected: Entry): DnssecStatus[] {
  if (rcodeOf(expected) === 2) return ['bogus', 'indeterminate'];
  if (expected.reply.includes('AD')) return ['secure'];
  // AD is told only to who asks for it (RFC 6840 §5.7, §5.8), and nothing is checked for CD.
  const unasked = asked.reply.includes('CD') || !['DO', 'AD'].some((flag) => asked.reply.includes(flag));
  return unasked ? ['secure', 'insecure', 'indeterminate'] : ['insecure', 'indeterminate'];
}

function outcomeOf(answer: Answer): string {
  if (answer.kind === 'found') return found(answer.owner, answer.records);
  return answer.kind === 'absent' ? answer.what : 'unknown';
}

function wantedOutcome({ name, type }: Question, expected: Entry): string {
  if (rcodeOf(expected) === 2) return 'unknown';
  const { owner, records } = follow(name, type, expected.answers);
  const data = records.filter((one) => one.name === owner && one.type === type).map((one) => one.data);
  // An alias that was asked for is found, although unbound hands on the rcode for its target.
  if (data.length > 0) return found(owner, data);
  return rcodeOf(expected) === 3 ? 'no-such-name' : 'no-such-record';
}

function found(owner: Parameters<typeof showName>[0], records: readonly Uint8Array[]): string {
  const data = records.map((one) => Buffer.from(one).toString('hex')).toSorted();
  return `found at ${showName(owner)}: ${data.join(' ')}`;
}
