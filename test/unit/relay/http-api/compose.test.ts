import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  defaultHeaderLimits,
  fieldsNamed,
  readHeaderSection,
  unfoldedValue,
} from '../../../../src/mail/headers.ts';
import { compose } from '../../../../src/relay/http-api/compose.ts';
import { messageSchema } from '../../../../src/relay/http-api/message-json.ts';

const AT = Date.UTC(2026, 10, 28, 22, 0, 0);

async function made(message: Readonly<Record<string, unknown>>): Promise<Buffer> {
  return Buffer.from(
    await compose(messageSchema.parse({ from: 'a@origin.test', to: 'b@far.test', ...message }), AT),
  );
}

describe('a message that is made', () => {
  it('has what was said, and the time', async () => {
    const text = (
      await made({ subject: 'Hi', cc: 'c@far.test', replyTo: 'Desk <d@origin.test>', text: 'Hello' })
    ).toString();
    for (const line of [
      'From: a@origin.test',
      'To: b@far.test',
      'Cc: c@far.test',
      'Subject: Hi',
      'Reply-To: Desk <d@origin.test>',
    ])
      assert.ok(text.includes(`${line}\r\n`), line);
    assert.ok(text.includes('Date: Sat, 28 Nov 2026 22:00:00 +0000\r\n'));
    assert.match(text, /\r\nMessage-ID: <[^>]+@origin\.test>\r\n/);
    assert.ok(text.endsWith('\r\n\r\nHello\r\n'));
  });

  it('names nobody of bcc', async () => {
    assert.doesNotMatch((await made({ bcc: ['c@far.test'] })).toString(), /c@far|bcc/i);
  });

  it('RFC 8689 §4.3: says TLS-Required: No where that is asked for', async () => {
    assert.match((await made({ tls: 'optional' })).toString(), /^TLS-Required: No\r\n/m);
    assert.doesNotMatch((await made({ tls: 'encrypt' })).toString(), /TLS-Required/i);
  });

  it('keeps names of header fields as they were written', async () => {
    assert.match((await made({ headers: { 'x-ORDER-id': '7' } })).toString(), /^x-ORDER-id: 7\r\n/m);
  });

  it('whatever stands in its texts, no field is added or lost, and no line is longer than 998 octets', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 });
    const word = fc.string({ unit: 'binary', maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(text, word),
        fc.oneof(text, word),
        fc.oneof(text, word),
        async (subject, name, value) => {
          const message = {
            from: { name, address: 'a@origin.test' },
            to: 'b@far.test',
            subject: `s${subject}`,
            headers: { 'X-Note': `v${value}` },
            text: 'Hello',
            attachments: [{ filename: `f${name}`, content: 'aGk=' }],
          };
          const parsed = messageSchema.safeParse(message);
          fc.pre(parsed.success);
          const bytes = Buffer.from(await compose(parsed.data, AT));
          const section = readHeaderSection(bytes, defaultHeaderLimits);
          assert.equal(section.endedBy, 'empty-line');
          assert.deepEqual(
            section.fields.map((field) => field.name.toLowerCase()).toSorted((a, b) => a.localeCompare(b)),
            ['content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to', 'x-note'],
          );
          for (const line of bytes.toString('latin1').split('\r\n')) {
            assert.ok(line.length <= 998);
            assert.doesNotMatch(line, /[\r\n\0]/);
          }
          const [from] = fieldsNamed(section, 'from');
          assert.ok(from !== undefined && unfoldedValue(bytes, from).includes('a@origin.test'));
        },
      ),
      { numRuns: 200 },
    );
  });
});
