/** Whole conversations of a look-up with its resolver: recorded once, then played again with answers that lie. */

import type { TrustAnchor } from '../../../src/dns/anchors.ts';
import type { Answer } from '../../../src/dns/answer.ts';
import { verifySignature } from '../../../src/dns/dnssec/signature.ts';
import { validated } from '../../../src/dns/dnssec/validate.ts';
import type { Asked, SignatureCheck } from '../../../src/dns/look-ups.ts';
import type { Message } from '../../../src/dns/message.ts';
import { showName } from '../../../src/dns/name.ts';
import type { Question } from '../../../src/dns/record.ts';
import { drive, type Hands, type Memory } from './drive.ts';

export interface Conversation {
  /** Where it was recorded. */
  readonly from: string;
  readonly question: Question;
  readonly anchors: readonly TrustAnchor[];
  /** Seconds since 1970. */
  readonly now: number;
  /** What was asked, in this order, and answered. */
  readonly said: readonly Said[];
  /** What comes of it when nobody lies. */
  readonly truth: Answer;
}

export interface Said {
  readonly question: Question;
  readonly message: Message;
}

/** A message, or nothing that could be read. */
export type Told = Message | 'nothing';

/** Records a conversation. @param ask what an honest resolver says; undefined for no answer. */
export function record(
  frame: Pick<Conversation, 'from' | 'question' | 'anchors' | 'now'>,
  ask: (question: Question) => Message | undefined,
): Conversation {
  const said = new Map<string, Said>();
  const truth = look(frame, (question) => {
    const message = ask(question);
    if (message === undefined) return 'nothing';
    said.set(keyOf(question), { question, message });
    return message;
  });
  return { ...frame, said: [...said.values()], truth };
}

/** Plays it again with other answers; `ask` hears what an honest resolver would have said, where that is known. */
export function play(
  conversation: Conversation,
  ask: (question: Question, honest: Message | undefined) => Told,
  memory?: Memory,
): Answer {
  const honest = new Map(conversation.said.map((one) => [keyOf(one.question), one.message]));
  return look(conversation, (question) => ask(question, honest.get(keyOf(question))), memory);
}

/**
 * What is wrong with an answer that came of lies, against the truth; undefined where nothing is.
 *
 * A secure or insecure truth can only be told or not be known. What is truly insecure can be changed by anyone, and is
 * never secure; for what is truly bogus or indeterminate the same.
 */
export function faultOf({ truth }: Conversation, told: Answer): string | undefined {
  if (told.kind === 'unknown') return told.status === 'secure' ? 'secure, and yet unknown' : undefined;
  if (truth.status === 'bogus') return `bogus became ${told.status}`;
  if (truth.status !== 'secure') return told.status === 'secure' ? 'it became secure' : undefined;
  if (told.status !== 'secure') return `secure became ${told.status}`;
  if (told.status === 'secure' && shown(told) !== shown(truth))
    return `${shown(truth)} became ${shown(told)}`;
  return told.ttl > truth.ttl ? `the TTL grew from ${truth.ttl} to ${told.ttl}` : undefined;
}

/** Outcome, records and aliases of an answer. */
export function shown(answer: Answer): string {
  const aliases = answer.aliases.map(({ from, to, by }) => `${showName(from)} ${by} ${showName(to)}`);
  const what =
    answer.kind === 'found'
      ? answer.records.map((one) => Buffer.from(one).toString('hex')).join(' ')
      : answer.kind === 'absent'
        ? answer.what
        : '';
  return [...aliases, `${showName(answer.owner)} ${answer.kind} ${what}`].join(', ');
}

export function keyOf({ name, type }: Question): string {
  return `${type} ${name}`;
}

function look(
  { question, anchors, now }: Pick<Conversation, 'question' | 'anchors' | 'now'>,
  ask: (question: Question) => Told,
  memory?: Memory,
): Answer {
  const hands: Hands = {
    now,
    ask: (one): Asked => {
      const message = ask(one);
      return message === 'nothing'
        ? { kind: 'failed', because: 'the resolver did not answer', errors: [] }
        : { kind: 'message', message, from: 'the resolver' };
    },
    verify: verifiedOnce,
  };
  return drive(validated(question, { now, anchors, sha1: true }), hands, memory);
}

const verdicts = new Map<string, boolean>();

/** The same signature is checked thousands of times in these tests, and comes out the same. */
function verifiedOnce(check: SignatureCheck): boolean {
  const parts = [check.publicKey, check.data, check.signature].map((part) =>
    Buffer.from(part).toString('latin1'),
  );
  const key = [check.algorithm, ...parts.map((part) => part.length), ...parts].join(' ');
  const known = verdicts.get(key);
  if (known !== undefined) return known;
  const good = verifySignature(check);
  verdicts.set(key, good);
  return good;
}
