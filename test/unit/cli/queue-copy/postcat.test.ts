import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readPostcatEnvelope } from '../../../../src/cli/queue-copy/postcat.ts';

/** As the postcat of Postfix 3.7.11 (Debian 12) printed it. */
const recorded = `*** ENVELOPE RECORDS deferred/9/90EC49AE634 ***
message_size:            3872             365               2               2            3872               3
message_arrival_time: Sat Nov 28 23:34:17 2026
create_time: Sat Nov 28 23:34:17 2026
named_attribute: envelope_id=env=1+2
named_attribute: ret_flags=2
named_attribute: rewrite_context=local
sender_fullname: root
sender: me@x.test
named_attribute: notify_flags=1
named_attribute: dsn_orig_rcpt=rfc822;a@far.test
original_recipient: a@far.test
recipient: a@far.test
named_attribute: notify_flags=1
named_attribute: dsn_orig_rcpt=rfc822;b@done.test
original_recipient: b@done.test
done_recipient: b@done.test
named_attribute: dsn_orig_rcpt=utf-8;jörg@far.test
original_recipient: jörg@far.test
recipient: jörg@far.test
*** MESSAGE CONTENTS deferred/9/90EC49AE634 ***
*** HEADER EXTRACTED deferred/9/90EC49AE634 ***
*** MESSAGE FILE END deferred/9/90EC49AE634 ***
`;

describe('the envelope of a message in Postfix', () => {
  it('is read for those who still have to get it', () => {
    const read = readPostcatEnvelope(recorded);
    assert.equal(read.kind, 'ok', JSON.stringify(read));
    const { sender, ...rest } = read.value;
    assert.equal(sender?.text, 'me@x.test');
    assert.deepEqual(rest, {
      receivedAt: Date.UTC(2026, 10, 28, 23, 34, 17),
      // RFC 3461 §4: Postfix keeps what xtext stands for.
      wishes: { ret: 'headers', envelopeId: 'env+3D1+2B2' },
      recipients: [
        {
          address: 'a@far.test',
          destination: 'far.test',
          wishes: { notify: [], originalRecipient: 'rfc822;a@far.test' },
        },
        {
          address: 'jörg@far.test',
          destination: 'far.test',
          wishes: { notify: null, originalRecipient: 'utf-8;j\\x{F6}rg@far.test' },
        },
      ],
    });
  });

  it('what was asked for one recipient is not asked for the next one, whatever became of it', () => {
    for (const record of ['done_recipient', 'canceled_recipient']) {
      const text = recorded
        .replace('done_recipient', record)
        .replace('dsn_orig_rcpt=utf-8;jörg@far.test', 'x=y');
      const read = readPostcatEnvelope(text);
      assert.deepEqual(read.kind === 'ok' && read.value.recipients[1]?.wishes, {
        notify: null,
        originalRecipient: null,
      });
    }
  });

  it('RFC 6533 §3, RFC 3461 §4.2: what is not allowed in ORCPT is written otherwise, what is too long is left out', () => {
    const original = (address: string): unknown => {
      const read = readPostcatEnvelope(recorded.replace('utf-8;jörg@far.test', address));
      return read.kind === 'ok' ? read.value.recipients[1]?.wishes.originalRecipient : 'invalid';
    };
    assert.equal(original('utf-8;a+b=ö\\@x.test'), 'utf-8;a\\x{2B}b\\x{3D}\\x{F6}\\x{5C}@x.test');
    assert.equal(original('rfc822;a+b @x.test'), 'rfc822;a+2Bb+20@x.test');
    assert.equal(original(`rfc822;${'a'.repeat(501)}`), null);
    assert.equal(original('rfc822;ö@x.test'), null);
  });

  it('may have the null sender', () => {
    const read = readPostcatEnvelope(recorded.replace('sender: me@x.test', 'sender: '));
    assert.equal(read.kind === 'ok' && read.value.sender, null);
  });

  it('NOTIFY and RET are bits', () => {
    const asked = (flags: string): unknown => {
      const read = readPostcatEnvelope(recorded.replace('notify_flags=1', `notify_flags=${flags}`));
      return read.kind === 'ok' ? read.value.recipients[0]?.wishes.notify : 'invalid';
    };
    assert.deepEqual(['0', '1', '2', '14', '16', 'x'].map(asked), [
      null,
      [],
      ['success'],
      ['success', 'failure', 'delay'],
      'invalid',
      'invalid',
    ]);
    const full = readPostcatEnvelope(recorded.replace('ret_flags=2', 'ret_flags=1'));
    assert.equal(full.kind === 'ok' && full.value.wishes.ret, 'full');
  });

  for (const [old, changed] of [
    ['message_arrival_time: Sat Nov 28 23:34:17 2026\n', ''],
    ['message_arrival_time: Sat', 'message_arrival_time: Som'],
    ['\nsender: me@x.test', ''],
    ['sender: me@x.test', 'sender: me'],
    ['\nrecipient: a@far.test', '\nrecipient: a'],
    ['rewrite_context=local\n', 'rewrite_context=local\nwhat\n'],
    ['ret_flags=2', 'ret_flags=3'],
  ] as const) {
    it(`is none with ${JSON.stringify(changed)} for ${JSON.stringify(old)}`, () => {
      const text = recorded.replace(old, changed);
      assert.notEqual(text, recorded);
      assert.equal(readPostcatEnvelope(text).kind, 'invalid');
    });
  }
});
