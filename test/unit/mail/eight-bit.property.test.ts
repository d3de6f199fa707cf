import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { toSevenBit } from '../../../src/mail/eight-bit.ts';
import { isPlain } from '../../../src/mail/encodings.ts';
import { readLeaves } from './mime-reader.ts';

function convert(message: string): string {
  const conversion = toSevenBit(Buffer.from(message, 'latin1'));
  assert.equal(conversion.kind, 'converted', conversion.kind === 'impossible' ? conversion.because : '');
  return conversion.kind === 'converted' ? Buffer.from(conversion.bytes).toString('latin1') : '';
}

const body = fc
  .array(
    fc.constantFrom(
      '\r\n',
      '\n',
      '\r',
      ' ',
      '\t',
      '.',
      '--',
      '--B',
      '=',
      'text',
      '\xe9\xff',
      '\0',
      '\x7f',
      'y'.repeat(77),
      'z'.repeat(1000),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(''));

/** A leaf with a body of its declared encoding, or a composite; every boundary is used once. */
const tree = fc.letrec<{ entity: string }>((tie) => ({
  entity: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc
      .record({
        type: fc.constantFrom(
          '',
          'text/plain; charset=utf-8',
          'TEXT/html',
          'application/octet-stream',
          'image/x',
        ),
        encoding: fc.constantFrom('', '7bit', '8BIT', 'binary'),
        body,
      })
      .map(({ type, encoding, body: content }) => {
        const fields = [
          ...(type === '' ? [] : [`Content-Type: ${type}\r\n`]),
          ...(encoding === '' ? [] : [`Content-Transfer-Encoding: ${encoding}\r\n`]),
        ];
        return `${fields.join('')}\r\n${content}`;
      }),
    fc.tuple(tie('entity'), fc.uuid()).map(([inner]) => `Content-Type: message/rfc822\r\n\r\n${inner}`),
    fc
      .record({
        parts: fc.array(tie('entity'), { minLength: 1, maxLength: 3 }),
        boundary: fc.uuid().map((id) => `B=_${id}`),
        encoding: fc.constantFrom('', 'Content-Transfer-Encoding: 8bit\r\n'),
        closes: fc.boolean(),
      })
      .map(({ parts, boundary, encoding, closes }) => {
        const delimited = parts.map((part) => `\r\n--${boundary}\r\n${part}`).join('');
        const end = closes ? `\r\n--${boundary}--` : '';
        return `Content-Type: multipart/mixed; boundary="${boundary}"\r\n${encoding}${delimited}${end}`;
      }),
  ),
})).entity;

describe('toSevenBit for any message', () => {
  it('decodes to exactly what it was, part by part, and leaves fit parts untouched', () => {
    fc.assert(
      fc.property(tree, (entity) => {
        const message = `Subject: x\r\n${entity}\r\n`;
        const converted = convert(message);
        assert.ok(isPlain(Buffer.from(converted, 'latin1')));
        const before = readLeaves(message);
        const after = readLeaves(converted);
        assert.deepEqual(
          after.map((leaf) => leaf.decoded),
          before.map((leaf) => leaf.decoded),
        );
        for (const [index, leaf] of before.entries()) {
          if (isPlain(Buffer.from(leaf.raw, 'latin1'))) assert.deepEqual(after[index]?.raw, leaf.raw);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('gives 7-bit or a reason for any octets, never a throw', () => {
    const pieces = fc.constantFrom(
      '\r\n',
      '--b',
      '--b--',
      'Content-Type: ',
      'multipart/mixed; boundary=b',
      'text/plain',
      ':',
      '\xe9',
      'message/rfc822',
      'x'.repeat(999),
      '\n',
      'Content-Transfer-Encoding: base64',
    );
    const hostile = fc.oneof(
      fc.array(pieces, { maxLength: 40 }).map((all) => Buffer.from(all.join(''), 'latin1')),
      fc.uint8Array({ maxLength: 300 }),
    );
    fc.assert(
      fc.property(hostile, (message) => {
        const conversion = toSevenBit(message);
        if (conversion.kind === 'converted') assert.ok(isPlain(conversion.bytes));
        else assert.ok(conversion.because.length > 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes linear time: 10 MB of the most expensive text, and of nested multiparts', () => {
    const text = Buffer.alloc(10_000_000, '\xe9=\r\n --', 'latin1');
    text.write('A: b\r\n\r\n');
    const started = performance.now();
    assert.equal(toSevenBit(text).kind, 'converted');
    let deep = '';
    for (let depth = 0; depth < 16; depth++)
      deep += `Content-Type: multipart/mixed; boundary=b${depth}\r\n\r\n--b${depth}\r\n`;
    const levels = Buffer.alloc(5_000_000, '--b1x\r\n', 'latin1');
    levels.write(`${deep}\r\n\xe9`, 'latin1');
    assert.equal(toSevenBit(levels).kind, 'converted');
    assert.ok(performance.now() - started < 10_000);
  });
});
