import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { askRecipient } from '../../../../../src/protocols/smtp/client/ask-recipient.ts';
import type { Offers } from '../../../../../src/protocols/smtp/offers.ts';
import { Channel } from '../../../../../src/wire/channel.ts';
import { fuzzTalk } from '../../../../support/fuzz-talk.ts';
import { hostileReplies } from './fuzz.ts';

const none: Offers = new Map();
const withUtf8: Offers = new Map([['SMTPUTF8', []]]);

function asked(address: string, offers: Offers, replies: readonly string[]) {
  const { ending, said } = fuzzTalk(
    askRecipient(new Channel('mx'), offers, address),
    replies.map((reply) => Buffer.from(`${reply}\r\n`)),
  );
  if (ending.kind === 'threw') return { outcome: ending.error.code, said };
  const { outcome } = ending;
  return {
    outcome: outcome.kind === 'answered' ? `${outcome.at} ${outcome.reply.code}` : outcome.kind,
    said,
  };
}

describe('askRecipient', () => {
  const MAIL = 'MAIL FROM:<>';
  const RCPT = 'RCPT TO:<anna@ours.test>';
  const cases: readonly [replies: readonly string[], outcome: string, said: readonly string[]][] = [
    [['250 ok', '250 ok'], 'RCPT 250', [MAIL, RCPT]],
    [['250 ok', '251 elsewhere'], 'RCPT 251', [MAIL, RCPT]],
    [['250 ok', '550 who?'], 'RCPT 550', [MAIL, RCPT]],
    [['250 ok', '450 later'], 'RCPT 450', [MAIL, RCPT]],
    [['550 not you'], 'MAIL 550', [MAIL]],
    [['251 ok'], 'unexpected-reply', [MAIL]],
    [['250 ok', '252 perhaps'], 'unexpected-reply', [MAIL, RCPT]],
    [['250 ok', '354 go'], 'unexpected-reply', [MAIL, RCPT]],
    [['250 ok'], 'closed', [MAIL, RCPT]],
  ];
  for (const [replies, outcome, said] of cases) {
    it(`${replies.join(', ')}: ${outcome}`, () =>
      assert.deepEqual(asked('anna@ours.test', none, replies), { outcome, said }));
  }

  it('RFC 6531 §3.4: an address beyond ASCII goes in UTF-8 where the server knows SMTPUTF8', () => {
    const { said } = asked('jürgen@ours.test', withUtf8, ['250 ok', '250 ok']);
    assert.deepEqual(said, [
      'MAIL FROM:<> SMTPUTF8',
      Buffer.from('RCPT TO:<jürgen@ours.test>').toString('latin1'),
    ]);
  });

  it('and nowhere else', () => {
    assert.deepEqual(asked('jürgen@ours.test', none, []), { outcome: 'needsUtf8', said: [] });
  });

  it('any bytes in any cut: it ends', () => {
    fc.assert(
      fc.property(hostileReplies, (pieces) => {
        const { said } = fuzzTalk(askRecipient(new Channel('mx'), none, 'anna@ours.test'), pieces);
        assert.ok(said.length <= 2);
      }),
    );
  });
});
