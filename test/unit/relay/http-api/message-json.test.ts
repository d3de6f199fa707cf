import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusalOf } from '../../../../src/relay/http-api/answers.ts';
import { messageSchema } from '../../../../src/relay/http-api/message-json.ts';

const least = { from: 'a@origin.test', to: 'b@far.test' };

function faultOf(parts: Readonly<Record<string, unknown>>): {
  readonly field: string | null;
  readonly error: string;
} {
  const parsed = messageSchema.safeParse({ ...least, ...parts });
  assert.ok(!parsed.success, 'it is taken');
  return refusalOf(parsed.error);
}

describe('a message as JSON', () => {
  it('has addresses alone, with a name before or apart, one or several', () => {
    const to = [
      'b@far.test',
      'Bob B. <b@far.test>',
      { name: 'Bøb', address: 'b@far.test' },
      { address: 'jürgen@far.test' },
    ];
    const { from, to: read } = messageSchema.parse({ from: to[1], to });
    assert.deepEqual([from.name, from.mailbox.text], ['Bob B.', 'b@far.test']);
    assert.deepEqual(
      read.map(({ name, mailbox }) => [name, mailbox.text]),
      [
        ['', 'b@far.test'],
        ['Bob B.', 'b@far.test'],
        ['Bøb', 'b@far.test'],
        ['', 'jürgen@far.test'],
      ],
    );
  });

  const wrong: [why: string, parts: Readonly<Record<string, unknown>>, field: RegExp][] = [
    ['a field that there is not', { subjekt: 'x' }, /^subjekt$/],
    ['a line end in the subject', { subject: 'x\r\nBcc: c@far.test' }, /^subject$/],
    ['a line end of Unicode in the subject', { subject: 'x\u0085y' }, /^subject$/],
    ['half a character', { subject: '\ud800' }, /^subject$/],
    ['a word that fits into no line', { subject: 'x'.repeat(901) }, /^subject$/],
    ['a line end in a name', { to: { name: 'x\ny', address: 'b@far.test' } }, /^to/],
    ['a line end before an address', { to: 'x\r\nBcc: c <b@far.test>' }, /^to/],
    ['two addresses in one', { to: 'b@far.test, c@far.test' }, /^to/],
    ['an address behind an address', { to: 'b@far.test <c@far.test> <d@far.test>' }, /^to/],
    ['a quoted name, which nobody parses here', { to: '"x, y" <b@far.test>' }, /^to/],
    ['a header field that is none', { headers: { 'X y': 'z' } }, /^headers/],
    ['a header field with a colon', { headers: { 'X:y': 'z' } }, /^headers/],
    ['a line end in a header field', { headers: { 'X-Y': 'a\nb' } }, /^headers.X-Y$/],
    ['a second From', { headers: { fROM: 'x@bank.test' } }, /^headers/],
    ['another Content-Type', { headers: { 'Content-Type': 'text/html' } }, /^headers/],
    ['a forged trace', { headers: { Received: 'from x' } }, /^headers/],
    ['a forged verdict', { headers: { 'Authentication-Results': 'x' } }, /^headers/],
    ['TLS-Required by the back door', { headers: { 'TLS-Required': 'No' } }, /^headers/],
    ['content that is not base64', { attachments: [{ content: 'a b=' }] }, /^attachments\[0\]\.content$/],
    ['base64 that hides bits', { attachments: [{ content: 'aR==' }] }, /^attachments\[0\]\.content$/],
    [
      'an attachment from a file',
      { attachments: [{ path: '/etc/passwd', content: '' }] },
      /^attachments\[0\]\.path$/,
    ],
    [
      'an attachment from elsewhere',
      { attachments: [{ href: 'http://127.0.0.1/', content: '' }] },
      /^attachments\[0\]\.href$/,
    ],
    ['text from a file', { text: { path: '/etc/passwd' } }, /^text$/],
    [
      'a type that may not be encoded',
      { attachments: [{ content: '', contentType: 'message/rfc822' }] },
      /contentType$/,
    ],
    [
      'a type with a parameter',
      { attachments: [{ content: '', contentType: 'text/plain; x=y' }] },
      /contentType$/,
    ],
    ['a Content-ID with an angle', { attachments: [{ content: '', contentId: 'a>b' }] }, /contentId$/],
    [
      'too many attachments',
      { attachments: Array.from({ length: 101 }, () => ({ content: '' })) },
      /^attachments$/,
    ],
    ['NUL in the text', { text: 'a\0b' }, /^text$/],
    ['a level that is none', { tls: 'off' }, /^tls$/],
    ['a condition that is none', { notify: ['always'] }, /^notify\[0\]$/],
    ['an envelope with a name', { envelope: { to: ['Bob <b@far.test>'] } }, /^envelope\.to\[0\]$/],
  ];
  for (const [why, parts, field] of wrong)
    it(`is refused with ${why}`, () => {
      const fault = faultOf(parts);
      assert.match(fault.field ?? '', field, fault.error);
    });

  it('says of each fault what it is, in words of its own', () => {
    for (const [parts, error] of [
      [{ from: undefined }, 'from: is missing, or of another type'],
      [{ from: 7 }, 'from: is missing, or of another type'],
      [{ from: 'anna' }, 'from: "anna" is not local@domain'],
      [{ to: ['b@far.test', 'bob'] }, 'to[1]: "bob" is not local@domain'],
      [{ to: { address: 'bob' } }, 'to.address: "bob" is not local@domain'],
      [{ subject: 7 }, 'subject: has to be of type string'],
      [{ subjekt: 'x' }, 'subjekt: no field is called so'],
      [{ subject: 'a\nb' }, 'subject: must be one line without control characters'],
      [{ headers: { From: 'x' } }, /^headers\.From: is a field that the relay itself writes: /],
      [{ headers: { Received: 'x' } }, /^headers\.Received: is a field that the relay itself writes: /],
      [{ headers: { 'X:Y': 'x' } }, 'headers.X:Y: is not the name of a header field'],
    ] as const) {
      const fault = faultOf(parts);
      if (typeof error === 'string') assert.equal(fault.error, error);
      else assert.match(fault.error, error);
    }
  });

  it('says of what there is too much how much there may be', () => {
    const parsed = messageSchema.safeParse({ ...least, subject: 'x '.repeat(501) });
    assert.ok(!parsed.success);
    assert.equal(refusalOf(parsed.error).limit, 1_000);
  });
});
