import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Mailbox, parseMailbox } from '../../../src/names/mailbox.ts';
import {
  formatAbout,
  formatSpoolFile,
  isSpoolName,
  isUnfinishedName,
  readAbout,
  readSpoolFile,
  relayEnvelope,
  type SpoolEnvelope,
  spoolName,
  unfinishedName,
} from '../../../src/relay/spool-file.ts';

function mailbox(text: string): Mailbox {
  const parsed = parseMailbox(text, { utf8: true });
  assert.equal(parsed.kind, 'ok');
  return parsed.value;
}

const envelope: SpoolEnvelope = {
  sender: mailbox('me@x.test'),
  wishes: { ret: 'headers', envelopeId: 'a+2B' },
  recipients: [
    { mailbox: mailbox('jörg@x.test'), wishes: { notify: [], originalRecipient: null } },
    { mailbox: mailbox('b@x.test'), wishes: { notify: ['failure'], originalRecipient: 'rfc822;c@x.test' } },
  ],
};

const file = formatSpoolFile(envelope, Buffer.from('Subject: x\r\n\r\nhi\r\n'));

describe('a message in the spool', () => {
  it('is read as it was written', () => {
    const read = readSpoolFile(file);
    assert.equal(read.kind, 'ok');
    assert.deepEqual(read.value.envelope, envelope);
    assert.equal(Buffer.from(read.value.content).toString(), 'Subject: x\r\n\r\nhi\r\n');
  });

  it('may have the null sender and no content', () => {
    const read = readSpoolFile(formatSpoolFile({ ...envelope, sender: null }, Buffer.alloc(0)));
    assert.equal(read.kind === 'ok' && read.value.envelope.sender, null);
  });

  it('is none with any octet less or more', () => {
    for (let length = 0; length < file.length; length++)
      assert.equal(readSpoolFile(file.subarray(0, length)).kind, 'invalid', `${length}`);
    assert.equal(readSpoolFile(Buffer.concat([file, Buffer.from('x')])).kind, 'invalid');
  });

  it('is none with another envelope than ours', () => {
    const changes: readonly (readonly [string, string])[] = [
      ['spool/1', 'spool/2'],
      ['me@x.test', 'me'],
      ['b@x.test', 'b'],
      ['b@x.test', 'b@x.test\\u0000'],
      ['b@x.test', 'b@x.test>\\r\\nRCPT TO:<c@x.test'],
      ['"a+2B"', '"a b"'],
      ['"a+2B"', '"a\\r\\n"'],
      ['"a+2B"', '"a+zz"'],
      ['rfc822;c@x.test', 'rfc822;c@x.test SIZE=1'],
      ['rfc822;c@x.test', 'rfc822;c@x.test\\r\\nQUIT'],
      ['rfc822;c@x.test', 'c@x.test'],
      ['"headers"', '"some"'],
      ['"failure"', '"never"'],
      ['"ret"', '"more":1,"ret"'],
      ['"octets":', '"octets":-'],
      ['{"waxwing"', '["waxwing"'],
    ];
    for (const [old, changed] of changes) {
      const text = file.toString().replace(old, changed);
      assert.notEqual(text, file.toString());
      assert.equal(readSpoolFile(Buffer.from(text)).kind, 'invalid', changed);
    }
    assert.equal(
      readSpoolFile(formatSpoolFile({ ...envelope, recipients: [] }, Buffer.alloc(0))).kind,
      'invalid',
    );
  });

  it('never throws, whatever stands there', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.equal(readSpoolFile(bytes).kind, 'invalid');
      }),
    );
  });

  it('goes by SMTPUTF8 where an address needs it', () => {
    assert.equal(relayEnvelope(envelope, 'host.test').smtpUtf8, true);
    const ascii = { ...envelope, recipients: envelope.recipients.slice(1) };
    assert.equal(relayEnvelope(ascii, 'host.test').smtpUtf8, false);
  });
});

it('names of whole messages and of unfinished ones are told apart from all others', () => {
  const token = '0123456789abcdef0123456789abcdef';
  assert.deepEqual([spoolName(token), unfinishedName(token)].map(isSpoolName), [true, false]);
  assert.deepEqual([spoolName(token), unfinishedName(token)].map(isUnfinishedName), [false, true]);
  for (const name of [
    'm-',
    `m-${token}0`,
    `m-${token.toUpperCase()}`,
    `../${spoolName(token)}`,
    `m-${token}\n`,
  ])
    assert.equal(isSpoolName(name) || isUnfinishedName(name), false, name);
});

it('what a relay says of itself is read as it was written, and nothing else is', () => {
  const about = { hostname: 'host.test', maxMessageBytes: 1000, maxRecipients: 100 };
  assert.deepEqual(readAbout(Buffer.from(formatAbout(about))), { kind: 'ok', value: about });
  for (const text of [
    '',
    '{}',
    'null',
    formatAbout({ ...about, maxRecipients: 0 }),
    `${formatAbout(about)}x`,
  ])
    assert.equal(readAbout(Buffer.from(text)).kind, 'invalid', text);
});
