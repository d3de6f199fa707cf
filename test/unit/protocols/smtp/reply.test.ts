import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  describeReply,
  formatReply,
  positiveOnly,
  type Reply,
  readReply,
  severity,
} from '../../../../src/protocols/smtp/reply.ts';
import type { ByteReaction } from '../../../../src/wire/bytes.ts';
import { Channel } from '../../../../src/wire/channel.ts';
import { cut, cuts } from '../../../support/transcript.ts';

function read(text: string, size = Number.POSITIVE_INFINITY): Reply {
  const talk = readReply(new Channel('mx.example.test'), 'reply');
  const pieces = cut(Buffer.from(text, 'latin1'), size);
  for (let reaction: ByteReaction = { kind: 'done' }; ; ) {
    const step = talk.next(reaction);
    if (step.done) return step.value;
    reaction = { kind: 'received', bytes: pieces.shift() };
  }
}

describe('readReply, RFC 5321 §4.2', () => {
  const cases: [why: string, text: string, reply: Reply][] = [
    ['one line', '250 ok\r\n', { code: 250, enhanced: null, lines: ['ok'] }],
    ['a code alone', '250\r\n', { code: 250, enhanced: null, lines: [''] }],
    ['a code and a space', '250 \r\n', { code: 250, enhanced: null, lines: [''] }],
    ['several lines', '250-a\r\n250-\r\n250 b\r\n', { code: 250, enhanced: null, lines: ['a', '', 'b'] }],
    ['text of any octets', '550 m\xfcll\t\r\n', { code: 550, enhanced: null, lines: ['m\xfcll\t'] }],
    ['an enhanced code', '550 5.1.1 who\r\n', { code: 550, enhanced: '5.1.1', lines: ['who'] }],
    ['an enhanced code alone', '250 2.0.0\r\n', { code: 250, enhanced: '2.0.0', lines: [''] }],
    [
      'an enhanced code on each line',
      '452-4.3.1 full\r\n452 4.3.1 later\r\n',
      { code: 452, enhanced: '4.3.1', lines: ['full', 'later'] },
    ],
    [
      'an enhanced code on the first line only',
      '452-4.3.1 full\r\n452 later\r\n',
      { code: 452, enhanced: '4.3.1', lines: ['full', 'later'] },
    ],
    [
      'RFC 2034 §4: no enhanced code of another class',
      '550 4.1.1 who\r\n',
      { code: 550, enhanced: null, lines: ['4.1.1 who'] },
    ],
    ['no enhanced code for 354', '354 3.0.0 go\r\n', { code: 354, enhanced: null, lines: ['3.0.0 go'] }],
    [
      'no enhanced code that is a number',
      '250 2.0.0.1 x\r\n',
      { code: 250, enhanced: null, lines: ['2.0.0.1 x'] },
    ],
    [
      'no enhanced code of four digits',
      '250 2.1000.0 x\r\n',
      { code: 250, enhanced: null, lines: ['2.1000.0 x'] },
    ],
  ];
  for (const [why, text, reply] of cases) {
    it(`reads ${why}, for every cut`, () => {
      for (const size of cuts) assert.deepEqual(read(text, size), reply);
    });
  }

  const malformed = [
    '25 ok',
    '2500 ok',
    '250_ok',
    '199 x',
    '600 x',
    '099 x',
    'ok',
    '',
    ' 250 ok',
    '2x0 ok',
    '250-a\r\n251 b',
  ];
  for (const text of malformed) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      for (const size of cuts)
        assert.throws(() => read(`${text}\r\n`, size), { name: 'PeerError', code: 'malformed' });
    });
  }

  it('reads 16 KiB and no more: what a peer says is kept for every recipient, and an endless reply must end', () => {
    const lines = (count: number): string => '250-x\r\n'.repeat(count);
    assert.equal(read(`${lines(2340)}250 x\r\n`).lines.length, 2341);
    assert.throws(() => read(`${lines(2341)}250 x\r\n`), {
      code: 'reply-too-long',
      message: /more than 16384 octets/,
    });
    assert.throws(() => read(lines(100_000)), { code: 'reply-too-long' });
  });

  it('reads lines of 2048 octets and no more', () => {
    const line = (octets: number): string => `250 ${'x'.repeat(octets - 6)}\r\n`;
    assert.equal(read(line(2048)).lines[0]?.length, 2042);
    assert.throws(() => read(line(2049)), { code: 'line-too-long' });
    assert.throws(() => read('2'.repeat(1_000_000), 4096), { code: 'line-too-long' });
  });

  it('any bytes in any cut: a reply or a PeerError', () => {
    const part = fc.constantFrom(
      '250',
      '-',
      ' ',
      '\r\n',
      '\r',
      '\n',
      '\0',
      '5.1.1',
      'x',
      '\xff',
      '220 go\r\n',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), (parts, size) => {
        try {
          assert.ok(read(parts.join(''), size).lines.length > 0);
        } catch (error) {
          assert.equal(error instanceof Error && error.name, 'PeerError');
        }
      }),
    );
  });
});

describe('formatReply', () => {
  it('RFC 2034 §3: the enhanced code stands on every line', () => {
    assert.equal(formatReply(250, '2.1.5', 'a', 'b'), '250-2.1.5 a\r\n250 2.1.5 b\r\n');
    assert.equal(formatReply(250, null, 'a', 'b'), '250-a\r\n250 b\r\n');
  });

  it('lets no text break out of its line: neither CR and LF nor what latin1 would turn into them', () => {
    assert.equal(
      formatReply(550, '5.7.1', 'a\r\n250 ok', 'b\u010a\0\xe9'),
      '550-5.7.1 a??250 ok\r\n550 5.7.1 b???\r\n',
    );
  });

  it('is read back as what was written, for every cut', () => {
    const text = fc
      .string({ unit: fc.constantFrom('a', ' ', '.', '5', '-', '~'), maxLength: 12 })
      .filter((line) => !/^[245]\./.test(line));
    const klass = fc.constantFrom(2, 4, 5);
    fc.assert(
      fc.property(
        klass,
        fc.nat(99),
        fc.array(text, { maxLength: 3 }),
        text,
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        (first, rest, more, last, withCode, size) => {
          const code = first * 100 + rest;
          const enhanced = withCode ? `${first}.1.${rest}` : null;
          const lines: [string, ...string[]] = [last, ...more];
          assert.deepEqual(read(formatReply(code, enhanced, ...lines), size), { code, enhanced, lines });
        },
      ),
    );
  });
});

describe('what a reply means', () => {
  it('RFC 5321 §4.2.1: the first digit says yes, no for now, or no', () => {
    const of = (code: number): string => severity({ code, enhanced: null, lines: [''] });
    assert.deepEqual([220, 354, 399].map(of), ['positive', 'positive', 'positive']);
    assert.deepEqual([400, 421, 499].map(of), ['transient', 'transient', 'transient']);
    assert.deepEqual([500, 554, 599].map(of), ['permanent', 'permanent', 'permanent']);
  });

  it('is shown on one line, with nothing in it that a log could stumble over', () => {
    assert.equal(describeReply({ code: 250, enhanced: null, lines: ['a', 'b'] }), '250 a b');
    assert.equal(describeReply({ code: 550, enhanced: '5.1.1', lines: ['\x1b[31m'] }), '550 5.1.1 \\x1b[31m');
  });
});

describe('positiveOnly', () => {
  const of = (code: number): Reply => ({ code, enhanced: null, lines: ['x\x1b'] });

  it('passes the named codes and every no', () => {
    for (const code of [250, 251, 400, 454, 535, 599]) {
      assert.equal(positiveOnly(new Channel('mx'), 'RCPT', of(code), [250, 251]).code, code);
    }
  });

  it('another yes is the answer to another command (Opossum): an error that names peer, command and reply', () => {
    for (const code of [200, 220, 252, 354, 399]) {
      assert.throws(() => positiveOnly(new Channel('mx.test'), 'RCPT', of(code), [250, 251]), {
        name: 'PeerError',
        code: 'unexpected-reply',
        message: `mx.test answered RCPT with ${code} x\\x1b, which is not an answer to it`,
      });
    }
  });
});
