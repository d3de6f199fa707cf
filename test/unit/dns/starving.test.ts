/** What one question makes known is shared by all: nobody may make it wrong for others by what he asks and answers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '../../../src/dns/answer.ts';
import { verifySignature } from '../../../src/dns/dnssec/signature.ts';
import { validated } from '../../../src/dns/dnssec/validate.ts';
import type { Message } from '../../../src/dns/message.ts';
import { isAtOrBelow, parentOf, root } from '../../../src/dns/name.ts';
import { type Question, types } from '../../../src/dns/record.ts';
import { answerOver } from '../../support/dns/authority.ts';
import { drive, type Memory } from '../../support/dns/drive.ts';
import { build, now } from '../../support/dns/hierarchy.ts';
import { readName } from '../../support/dns/name-text.ts';
import { messageOf } from '../../support/dns/recursion.ts';
import { anchorsOf } from '../../support/dns/replay.ts';
import { dsRecord, newKey, rrsigRecord } from '../../support/dns/signer.ts';
import { readQuestion, readRecord } from '../../support/dns/zone-text.ts';

const zones = build([
  { name: '.' },
  { name: 'test.', text: '*.test. CNAME www.leaf.test.' },
  { name: 'leaf.test.', text: 'www A 192.0.2.1' },
]);
const key = newKey(13);
const times = { inception: now - 86_400, expiration: now + 86_400 };
const evil = readName('evil.leaf.test.');

type Lie = (question: Question) => Message | undefined;

/** @param memory what `once` keeps from question to question. */
function look(text: string, memory: Memory, lie: Lie = () => undefined, at = now): Answer {
  const dialogue = validated(readQuestion(text), {
    now: at,
    anchors: anchorsOf([zones.ds('.')]),
    sha1: true,
  });
  return drive(
    dialogue,
    {
      now: at,
      ask: (question) => {
        const message = lie(question) ?? messageOf(question, answerOver(zones.zones, question));
        return { kind: 'message', message, from: '192.0.2.53:53 (UDP)' };
      },
      verify: verifySignature,
    },
    memory,
  );
}

/** Each name below `evil` says to be a zone that the name above has signed. */
const tower: Lie = (question) => {
  const { name, type } = question;
  if (!isAtOrBelow(name, evil)) return undefined;
  const set = type === types.DS ? [dsRecord(name, key)] : [readRecord(`@ A 192.0.2.66`, { origin: name })];
  const signer = type === types.DS ? (parentOf(name) ?? root) : name;
  return messageOf(question, {
    rcode: 0,
    answers: [...set, rrsigRecord(set, signer, key, times)],
    authority: [],
  });
};

describe('what is kept for all', () => {
  it('is not made bogus by a tower of zones that ends just below it', () => {
    for (let floors = 1; floors < 40; floors += 1) {
      const memory: Memory = new Map();
      assert.equal(look(`${'a.'.repeat(floors)}evil.leaf.test. A`, memory, tower).kind, 'unknown');
      const { status, because } = look('www.leaf.test. A', memory);
      assert.equal(status, 'secure', `${floors} floors: ${because}`);
    }
  });
});

describe('RFC 4035 §5.3.4: an alias out of a wildcard needs the proof that nothing is closer', () => {
  it('also where it stands in place of a DS, or it would hide a zone for as long as it lives', () => {
    const memory: Memory = new Map();
    const replayed: Lie = (question) => {
      if (question.type !== types.DS || question.name !== readName('leaf.test.')) return undefined;
      const elsewhere = messageOf(
        { ...question, name: readName('nowhere.test.') },
        answerOver(zones.zones, { ...question, name: readName('nowhere.test.') }),
      );
      const answers = elsewhere.answers
        .filter(({ name }) => name === readName('nowhere.test.'))
        .map((one) => ({ ...one, name: question.name }));
      return messageOf(question, { rcode: 0, answers, authority: elsewhere.authority });
    };
    assert.equal(look('www.leaf.test. A', memory, replayed).status, 'bogus');
    assert.equal(look('www.leaf.test. A', memory, undefined, now + 60).status, 'secure');
  });
});
