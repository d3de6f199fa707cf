import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { sendContent } from '../../../../src/protocols/lmtp/content.ts';
import type { GoAhead } from '../../../../src/protocols/smtp/client/deliver.ts';
import { Channel } from '../../../../src/wire/channel.ts';
import { LostError, PeerError } from '../../../../src/wire/dialogue.ts';
import { fuzzTalk } from '../../../support/fuzz-talk.ts';
import { hostileReplies } from '../smtp/client/fuzz.ts';

const body = { kind: 'bytes', bytes: Buffer.from('text\r\n') } as const;
const goAhead: GoAhead = {
  kind: 'goAhead',
  replies: [250, 550, 250, 250].map((code) => ({ code, enhanced: null, lines: ['x'] })),
  framing: 'dots',
  size: 6,
  dsn: 'not-offered',
};

// What the dialogue does is shown by test/transcripts/smtp/client/lmtp-*; here is what must hold whatever comes.
describe('sendContent of LMTP', () => {
  it('any bytes in any cut: each recipient gets its own answer, in order, or none', () => {
    fc.assert(
      fc.property(hostileReplies, (pieces) => {
        const { ending } = fuzzTalk(sendContent(new Channel('mx'), goAhead, body), pieces);
        if (ending.kind === 'threw') return;
        const { recipients, connection } = ending.outcome;
        assert.equal(recipients.length, 4);
        assert.ok(recipients[1]?.kind === 'refused' && recipients[1].at === 'RCPT');
        const codes = [
          ...Buffer.concat(pieces)
            .toString('latin1')
            .matchAll(/^([2-5]\d\d)(?: .*)?\r$/gm),
        ];
        const answered = [recipients[0], recipients[2], recipients[3]].filter(
          (one) => one?.kind !== 'unanswered',
        );
        assert.ok(answered.length > 0);
        for (const [index, one] of answered.entries())
          assert.ok(one !== undefined && 'reply' in one && one.reply.code === Number(codes[index]?.[1]));
        if (answered.length < 3) assert.equal(connection, 'spent');
      }),
      { numRuns: 3000 },
    );
  });

  const breaks: [why: string, error: Error, saved: boolean][] = [
    ['the network', new LostError('reset'), true],
    ['an error of our own', new TypeError('a bug'), false],
  ];
  for (const [why, error, saved] of breaks) {
    it(`after the first answer the connection is broken by ${why}: what came is ${saved ? 'kept' : 'not used'}`, () => {
      const talk = sendContent(new Channel('mx'), goAhead, body);
      talk.next({ kind: 'done' });
      talk.next({ kind: 'bodySent', early: false });
      talk.next({ kind: 'received', bytes: Buffer.from('250 ok\r\n') });
      if (!saved) return assert.throws(() => talk.throw(error), error);
      const { value } = talk.throw(error);
      assert.ok(value !== undefined && 'recipients' in value);
      assert.deepEqual(
        value.recipients.map(({ kind }) => kind),
        ['accepted', 'refused', 'unanswered', 'unanswered'],
      );
    });
  }

  it('before the first answer nothing is known, and the error goes on to whoever asked', () => {
    for (const error of [new LostError('reset'), new PeerError('closed', 'gone')]) {
      const talk = sendContent(new Channel('mx'), goAhead, body);
      talk.next({ kind: 'done' });
      talk.next({ kind: 'bodySent', early: false });
      assert.throws(() => talk.throw(error), error);
    }
  });
});
