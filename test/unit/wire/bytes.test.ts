import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ByteReaction, receive, send, sendBody, type Talk, upgrade } from '../../../src/wire/bytes.ts';
import { tlsFacts } from '../../support/transcript.ts';

/** Takes one step's effect and resumes it with a reaction. */
function react<Outcome>(talk: Talk<Outcome>, reaction: ByteReaction): { effect: unknown; outcome: unknown } {
  const first = talk.next({ kind: 'done' });
  const second = talk.next(reaction);
  assert.equal(second.done, true, 'a step is one effect');
  return { effect: first.value, outcome: second.value };
}

const bytes = Buffer.from('x');
const body = { kind: 'bytes', bytes } as const;

describe('the steps of a dialogue over bytes', () => {
  it('send', () => {
    const { effect } = react(send(bytes, 'shown'), { kind: 'done' });
    assert.deepEqual(effect, { kind: 'send', bytes, shown: 'shown' });
  });

  it('sendBody', () => {
    for (const framing of ['dots', { octets: 1 }] as const) {
      for (const early of [true, false]) {
        const { effect, outcome } = react(sendBody(body, framing), { kind: 'bodySent', early });
        assert.deepEqual(effect, { kind: 'sendBody', source: body, framing });
        assert.equal(outcome, early ? 'early' : 'in-turn');
      }
    }
  });

  it('receive', () => {
    const { effect, outcome } = react(receive('reply', true), { kind: 'received', bytes });
    assert.deepEqual([effect, outcome], [{ kind: 'receive', within: 'reply', begins: true }, bytes]);
    assert.equal(react(receive('reply', false), { kind: 'received', bytes: undefined }).outcome, undefined);
  });

  it('upgrade', () => {
    const endings: ByteReaction[] = [
      { kind: 'secured', facts: tlsFacts },
      { kind: 'stray', bytes },
      { kind: 'tlsFailed', because: 'no' },
    ];
    for (const reaction of endings) {
      const { effect, outcome } = react(upgrade(), reaction);
      assert.deepEqual([effect, outcome], [{ kind: 'startTls' }, reaction]);
    }
  });

  it('a driver that answers something else is our own fault, and is told so', () => {
    const steps: [step: () => Talk<unknown>, answer: ByteReaction][] = [
      [() => sendBody(body, 'dots'), { kind: 'done' }],
      [() => receive('reply', true), { kind: 'done' }],
      [() => upgrade(), { kind: 'received', bytes }],
    ];
    for (const [step, answer] of steps) {
      assert.throws(() => react(step(), answer), { name: 'Error', message: /^the driver answered / });
    }
  });
});
