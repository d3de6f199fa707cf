import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { defaultHeaderLimits, readHeaderSection } from '../../../src/mail/headers.ts';
import { missingFields } from '../../../src/mail/submission.ts';

const completion = { at: Date.UTC(2026, 10, 22, 2, 54, 8), token: 'mi9abc', domain: 'relay.example.test' };
const DATE = 'Date: Sun, 22 Nov 2026 02:54:08 +0000\r\n';
const ID = 'Message-ID: <mi9abc@relay.example.test>\r\n';

function added(message: string, bytes = defaultHeaderLimits.bytes): string {
  return missingFields(readHeaderSection(Buffer.from(message, 'latin1'), { bytes, fields: 100 }), completion);
}

describe('RFC 6409 §8: what the header of a submitted message lacks', () => {
  const cases: readonly [why: string, message: string, fields: string][] = [
    ['both', 'Subject: x\r\n\r\nhello\r\n', DATE + ID],
    ['both, of a header without any field', '\r\nhello\r\n', DATE + ID],
    ['both, of a message that is a header only', 'Subject: x\r\n', DATE + ID],
    ['the date', 'Message-ID: <a@b>\r\n\r\n', DATE],
    ['the id', 'Date: today\r\n\r\n', ID],
    ['nothing', 'date: x\r\nSubject: y\r\nMESSAGE-ID: z\r\n\r\n', ''],
    ['nothing: an obsolete form counts (RFC 5322 §4.5.8)', 'Date : x\r\nMessage-ID : y\r\n\r\n', ''],
    ['both: those in the body do not count', 'Subject: x\r\n\r\nDate: x\r\nMessage-ID: y\r\n', DATE + ID],
    ['both: those of a forwarder do not count', 'Resent-Date: x\r\nResent-Message-ID: y\r\n\r\n', DATE + ID],
    ['nobody knows: it is no header at all', 'hello\r\n\r\n', ''],
    ['nobody knows: it breaks off in the middle', 'Subject: x\r\nhello\r\n\r\n', ''],
  ];
  for (const [why, message, fields] of cases) {
    it(`${why}: ${JSON.stringify(message)}`, () => assert.equal(added(message), fields));
  }

  it('is not guessed where the end of the section was not seen', () => {
    const message = `Subject: ${'x'.repeat(100)}\r\nDate: x\r\nMessage-ID: y\r\n\r\n`;
    for (let bytes = 1; bytes < message.length; bytes++) {
      const fields = added(message, bytes);
      assert.equal(fields, '', `${bytes} octets seen`);
    }
  });

  it('is there once it was added', () => {
    const line = fc.stringMatching(/^[A-Za-z-]{1,12}: [ -~]{0,40}$/);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const message = `${lines.map((one) => `${one}\r\n`).join('')}\r\nbody\r\n`;
        assert.equal(added(added(message) + message), '');
      }),
    );
  });

  it('names an address literal where we have no name', () => {
    const section = readHeaderSection(Buffer.from('\r\n'), defaultHeaderLimits);
    assert.ok(
      missingFields(section, { ...completion, domain: '[192.0.2.1]' }).endsWith('<mi9abc@[192.0.2.1]>\r\n'),
    );
  });
});
