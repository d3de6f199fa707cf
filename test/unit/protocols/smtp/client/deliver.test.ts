import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { noRecipientWishes, noSenderWishes } from '../../../../../src/names/wishes.ts';
import { type GoAhead, sendContent, sendEnvelope } from '../../../../../src/protocols/smtp/client/deliver.ts';
import type { Transaction } from '../../../../../src/protocols/smtp/client/transaction.ts';
import type { Offers } from '../../../../../src/protocols/smtp/offers.ts';
import { type Reply, severity } from '../../../../../src/protocols/smtp/reply.ts';
import { Channel } from '../../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../../support/fuzz-talk.ts';
import { hostileReplies } from './fuzz.ts';

const pipelining: Offers = new Map([['PIPELINING', []]]);
const inTurn: Offers = new Map();
const chunking: Offers = new Map([
  ['PIPELINING', []],
  ['CHUNKING', []],
]);
const to = (...addresses: readonly string[]): Transaction['recipients'] =>
  addresses.map((address) => ({ address, wishes: noRecipientWishes }));
const transaction: Transaction = {
  sender: 'a@example.test',
  senderWishes: noSenderWishes,
  needsUtf8: false,
  requireTls: 'no',
  recipients: to('b@example.test', 'c@example.test', 'd@example.test'),
  size: 5,
  eightBit: false,
  longestLine: 5,
};
const reply = (code: number): Reply => ({ code, enhanced: null, lines: ['x'] });
const goAhead = (codes: readonly number[]): GoAhead => ({
  kind: 'goAhead',
  replies: codes.map(reply),
  framing: 'dots',
  size: 6,
  dsn: 'not-offered',
});

// What the dialogue does is shown by test/transcripts/smtp/client; here is what must hold whatever comes.
describe('sendEnvelope', () => {
  it('any bytes in any cut: an outcome or a PeerError, with one answer for each recipient', () => {
    fc.assert(
      fc.property(hostileReplies, fc.constantFrom(pipelining, inTurn, chunking), (pieces, offers) => {
        const { ending } = fuzzTalk(sendEnvelope(new Channel('mx'), offers, transaction), pieces);
        if (ending.kind === 'threw') return;
        const { outcome } = ending;
        if (outcome.kind === 'goAhead') {
          assert.equal(outcome.replies.length, 3);
          assert.ok(outcome.replies.some(({ code }) => code === 250 || code === 251));
        } else {
          assert.ok(outcome.kind === 'done');
          assert.equal(outcome.recipients.length, 3);
          for (const each of outcome.recipients) assert.notEqual(each.kind, 'accepted', 'nothing was sent');
          for (const each of outcome.recipients) assert.notEqual(severity(each.reply), 'positive');
        }
      }),
      { numRuns: 3000 },
    );
  });

  const bad: [why: string, change: Partial<Transaction>][] = [
    ['a sender', { sender: 'a@example.test>\r\nRCPT TO:<eve@example.test' }],
    ['the first recipient', { recipients: to('b\n@example.test') }],
    ['the last recipient', { recipients: to('b@example.test', 'c\r@example.test') }],
    ['a recipient with a NUL', { recipients: to('b\0@example.test') }],
    ['a recipient that is not ASCII', { recipients: to('m\xfcller@example.test') }],
  ];
  for (const [why, change] of bad) {
    it(`refuses ${why} that would run as a command of its own before a byte is sent`, () => {
      for (const offers of [pipelining, inTurn]) {
        const said: string[] = [];
        const talk = sendEnvelope(new Channel('mx'), offers, { ...transaction, ...change });
        assert.throws(() => fuzzTalk(talk, [], said), { name: 'Error', message: /printable ASCII only/ });
        assert.deepEqual(said, []);
      }
    });
  }

  it('RFC 1870 §6: declares the size where SIZE is offered, and offers no message that is over the limit', () => {
    const offers: Offers = new Map([['SIZE', ['5']]]);
    const { said } = fuzzTalk(sendEnvelope(new Channel('mx'), offers, transaction), []);
    assert.deepEqual(said, ['MAIL FROM:<a@example.test> SIZE=5']);
    const { ending, said: nothing } = fuzzTalk(
      sendEnvelope(new Channel('mx'), offers, { ...transaction, size: 6 }),
      [],
    );
    assert.deepEqual([ending, nothing], [{ kind: 'ended', outcome: { kind: 'tooBig', limit: 5 } }, []]);
  });
});

describe('sendContent', () => {
  const body = { kind: 'bytes', bytes: Buffer.from('text\r\n') } as const;

  it('any bytes in any cut: an outcome or a PeerError; a recipient that was refused is never accepted', () => {
    const ahead = goAhead([250, 550, 251, 451]);
    fc.assert(
      fc.property(hostileReplies, (pieces) => {
        const { ending } = fuzzTalk(sendContent(new Channel('mx'), ahead, body), pieces);
        if (ending.kind === 'threw') return;
        const { recipients } = ending.outcome;
        assert.deepEqual(
          recipients.map((each) => (each.kind === 'refused' ? each.at : each.reply.code)),
          recipients[0]?.kind === 'accepted'
            ? [250, 'RCPT', 250, 'RCPT']
            : ['message', 'RCPT', 'message', 'RCPT'],
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the source of the content to whoever sends it, framed with dots', () => {
    const first = sendContent(new Channel('mx'), goAhead([250]), body).next({ kind: 'done' });
    assert.deepEqual(first.value, { kind: 'sendBody', source: body, framing: 'dots' });
  });
});
