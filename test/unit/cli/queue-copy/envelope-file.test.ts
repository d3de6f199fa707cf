import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatMessageLine,
  formatRecipientLine,
  readEnvelopeLines,
} from '../../../../src/cli/queue-copy/envelope-file.ts';
import { noTerms } from '../../../../src/names/message-terms.ts';
import type { Claim } from '../../../../src/store/queue-store.ts';

const message: Claim['message'] = {
  id: 'm1',
  receivedAt: 1_000,
  sender: 'me@x.test',
  wishes: { ret: 'headers', envelopeId: 'e+2B' },
  terms: { ...noTerms, tls: 'requiretls', account: 'anna', verp: '+=' },
  properties: { size: 30, eightBit: true, longestLine: 12, hops: 1, needsUtf8: true },
  warnedAt: 5,
  heldNoticeAt: null,
  release: null,
};

const recipient = {
  address: 'jörg@x.test',
  wishes: { notify: ['failure'], originalRecipient: 'rfc822;j@x.test' },
  attempts: 3,
  blockedBecause: null,
  toldCause: null,
} as const;

const lines =
  formatMessageLine(message) +
  formatRecipientLine(recipient, false) +
  formatRecipientLine({ ...recipient, address: 'b@[192.0.2.1]' }, true);

describe('the envelope of an exported message', () => {
  it('of a release without VERP is read', () => {
    const before = lines.replace(',"verp":"+="', '');
    assert.notEqual(before, lines);
    const read = readEnvelopeLines(before);
    assert.equal(read.kind === 'ok' && read.value.terms?.verp, null);
    assert.equal(readEnvelopeLines(lines.replace('"+="', '"+@"')).kind, 'invalid');
  });

  it('is read as it was written', () => {
    const { id, receivedAt, sender, wishes, terms, properties } = message;
    assert.deepEqual(readEnvelopeLines(lines), {
      kind: 'ok',
      value: {
        id,
        receivedAt,
        sender,
        wishes,
        terms,
        properties,
        recipients: [
          { address: 'jörg@x.test', destination: 'x.test', wishes: recipient.wishes },
          { address: 'b@[192.0.2.1]', destination: '[192.0.2.1]', wishes: recipient.wishes },
        ],
        events: [],
        held: true,
      },
    });
  });

  it('is none with anything else in it', () => {
    const changes: readonly (readonly [string | RegExp, string])[] = [
      ['queue-export/1', 'queue-export/2'],
      ['"m1"', '"../m1"'],
      ['"me@x.test"', '"me"'],
      ['1970-01-01T00:00:01.000Z', 'yesterday'],
      ['jörg@x.test', 'jörg'],
      ['"requiretls"', '"maybe"'],
      ['"failure"', '"never"'],
      ['"e+2B"', '"e NOTIFY"'],
      ['"e+2B"', '"e\\r\\n"'],
      ['rfc822;j@x.test', 'rfc822;j@x.test SIZE'],
      ['rfc822;j@x.test', 'rfc822;j\\r\\nQUIT'],
      ['"hops":1', '"hops":1,"more":2'],
      [/\n$/, ''],
      [/\n[\s\S]*$/, '\n'],
    ];
    for (const [old, changed] of changes) {
      const text = lines.replace(old, changed);
      assert.notEqual(text, lines);
      assert.equal(readEnvelopeLines(text).kind, 'invalid', changed);
    }
  });
});
