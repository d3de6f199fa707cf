import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noRecipientWishes, noSenderWishes } from '../../../../../src/names/wishes.ts';
import {
  envelopeLines,
  obstacleOf,
  type Transaction,
} from '../../../../../src/protocols/smtp/client/transaction.ts';
import type { Offers } from '../../../../../src/protocols/smtp/offers.ts';

const plain: Transaction = {
  sender: 'a@example.test',
  senderWishes: noSenderWishes,
  needsUtf8: false,
  requireTls: 'no',
  recipients: [{ address: 'b@example.test', wishes: noRecipientWishes }],
  size: 100,
  eightBit: false,
  longestLine: 998,
};
const offering = (...keywords: readonly string[]): Offers =>
  new Map(keywords.map((keyword) => [keyword, []]));

describe('obstacleOf', () => {
  const cases: [why: string, offers: Offers, change: Partial<Transaction>, kind: string | undefined][] = [
    ['nothing is in the way of plain mail', offering(), {}, undefined],
    ['a size at the limit', new Map([['SIZE', ['100']]]), {}, undefined],
    ['a size over the limit', new Map([['SIZE', ['99']]]), {}, 'tooBig'],
    ['no limit is named', new Map([['SIZE', ['0']]]), { size: 1e9 }, undefined],
    ['8-bit content, no 8BITMIME', offering('SMTPUTF8'), { eightBit: true }, 'needsSevenBit'],
    ['8-bit content, 8BITMIME', offering('8BITMIME'), { eightBit: true }, undefined],
    [
      'a line over 998 octets, whatever is offered',
      offering('8BITMIME', 'CHUNKING'),
      { longestLine: 999 },
      'needsSevenBit',
    ],
    ['UTF-8, no SMTPUTF8', offering('8BITMIME'), { needsUtf8: true }, 'needsUtf8'],
    ['UTF-8, SMTPUTF8 without 8BITMIME', offering('SMTPUTF8'), { needsUtf8: true }, 'needsUtf8'],
    ['UTF-8, both', offering('SMTPUTF8', '8BITMIME'), { needsUtf8: true }, undefined],
    [
      'a size over the limit comes first: converted mail is not smaller',
      new Map([['SIZE', ['99']]]),
      { eightBit: true },
      'tooBig',
    ],
  ];
  for (const [why, offers, change, kind] of cases) {
    it(`${why}: ${kind ?? 'none'}`, () =>
      assert.equal(obstacleOf(offers, { ...plain, ...change })?.kind, kind));
  }
});

describe('envelopeLines', () => {
  it('RFC 6531 §3.3: an address in UTF-8 only where the message needs it', () => {
    const sender = 'ä@example.test';
    const offers = offering('SMTPUTF8', '8BITMIME');
    assert.equal(
      envelopeLines(offers, { ...plain, sender, needsUtf8: true }).mail,
      'MAIL FROM:<\xc3\xa4@example.test> SMTPUTF8\r\n',
    );
    assert.throws(() => envelopeLines(offers, { ...plain, sender }), /printable ASCII only/);
  });

  it('refuses what would run as a command of its own, in UTF-8 as well', () => {
    for (const address of ['ä\r\nRCPT TO:<eve', 'ä\n', 'ä\0', 'ä\u0085', '\ud800']) {
      const recipients = [{ address, wishes: noRecipientWishes }];
      assert.throws(
        () => envelopeLines(offering('SMTPUTF8'), { ...plain, recipients, needsUtf8: true }),
        /control characters/,
      );
    }
  });

  it('RFC 3461 §4.1: NEVER stands alone', () => {
    const recipients = [{ address: 'b@example.test', wishes: { notify: [], originalRecipient: null } }];
    const lines = envelopeLines(offering('DSN'), { ...plain, recipients });
    assert.deepEqual(lines.recipients, ['RCPT TO:<b@example.test> NOTIFY=NEVER\r\n']);
  });
});
