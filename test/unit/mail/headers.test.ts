import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  countHops,
  defaultHeaderLimits,
  fieldsNamed,
  readHeaderSection,
  unfoldedValue,
} from '../../../src/mail/headers.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const read = (text: string, limits = defaultHeaderLimits) => readHeaderSection(bytes(text), limits);

describe('readHeaderSection', () => {
  it('gives each field with its name as written and its range', () => {
    const text = 'Subject: a\r\nX-y:b\r\n c\r\n\r\nbody';
    const section = read(text);
    assert.deepEqual(
      section.fields.map(({ name, start, end }) => [name, text.slice(start, end)]),
      [
        ['Subject', 'Subject: a\r\n'],
        ['X-y', 'X-y:b\r\n c\r\n'],
      ],
    );
    assert.equal(text.slice(section.bodyStart), 'body');
    assert.equal(section.endedBy, 'empty-line');
  });

  const ends: readonly [why: string, text: string, endedBy: string, fields: number, body: string][] = [
    ['an empty line in front of everything', '\r\nA: b\r\n', 'empty-line', 0, 'A: b\r\n'],
    ['no empty line', 'A: b\r\n', 'end-of-input', 1, ''],
    ['nothing at all', '', 'end-of-input', 0, ''],
    ['a line without a colon', 'A: b\r\nbody\r\n\r\n', 'not-a-field', 1, 'body\r\n\r\n'],
    ['a name with a space in it', 'From bob: x\r\n\r\n', 'not-a-field', 0, 'From bob: x\r\n\r\n'],
    ['a fold that continues nothing', ' a: b\r\n\r\n', 'not-a-field', 0, ' a: b\r\n\r\n'],
    ['an empty name', ': b\r\n\r\n', 'not-a-field', 0, ': b\r\n\r\n'],
    ['an 8-bit name', '\xe9: b\r\n\r\n', 'not-a-field', 0, '\xe9: b\r\n\r\n'],
    ['a field that has no line end', 'A: b', 'not-a-field', 0, 'A: b'],
  ];
  for (const [why, text, endedBy, fields, body] of ends) {
    it(`ends at ${why}`, () => {
      const section = read(text);
      assert.deepEqual(
        [section.endedBy, section.fields.length, text.slice(section.bodyStart)],
        [endedBy, fields, body],
      );
    });
  }

  it('takes only CRLF for a line end: a bare LF or CR hides no field and no empty line', () => {
    const section = read('A: b\nC: d\rE: f\r\n\r\n');
    assert.deepEqual(
      section.fields.map(({ name }) => name),
      ['A'],
    );
    assert.equal(read('A: b\n\nC: d\r\n\r\n').fields.length, 1);
  });

  it('RFC 5322 §4.5.8: white space may stand before the colon', () => {
    const section = read('Received \t: x\r\n\r\n');
    assert.deepEqual(section.fields[0]?.name, 'Received');
  });

  it('stops at its limits and says so', () => {
    assert.equal(read('A: b\r\nC: d\r\n\r\n', { bytes: 100, fields: 1 }).endedBy, 'limit');
    assert.equal(read('A: b\r\nC: d\r\n\r\n', { bytes: 100, fields: 2 }).endedBy, 'empty-line');
    const cut = read('A: b\r\nC: d\r\n\r\n', { bytes: 9, fields: 10 });
    assert.deepEqual([cut.endedBy, cut.fields.length, cut.end], ['limit', 1, 6]);
    assert.equal(read('A: b\r\n\r\n', { bytes: 6, fields: 10 }).endedBy, 'limit');
  });

  it('reads the header of a 30 MB message without touching the body', () => {
    const message = Buffer.alloc(30_000_000, 'x');
    message.write('A: b\r\n\r\n');
    const started = performance.now();
    assert.equal(readHeaderSection(message, defaultHeaderLimits).bodyStart, 8);
    assert.ok(performance.now() - started < 50);
  });

  it('covers its input without gaps for any octets, and never looks beyond the limit', () => {
    const pieces = fc.constantFrom('A: b\r\n', ' c\r\n', '\r\n', ':', '\n', '\r', 'Received: x\r\n', '\xff');
    const hostile = fc.oneof(
      fc.array(pieces).map((all) => bytes(all.join(''))),
      fc.uint8Array({ maxLength: 200 }),
    );
    fc.assert(
      fc.property(hostile, fc.nat(100), fc.nat(5), (message, most, fields) => {
        const section = readHeaderSection(message, { bytes: most, fields });
        let at = 0;
        for (const field of section.fields) {
          assert.equal(field.start, at);
          assert.ok(field.valueStart > field.start && field.end >= field.valueStart + 2);
          assert.doesNotMatch(unfoldedValue(message, field), /\r\n/);
          at = field.end;
        }
        assert.equal(section.end, at);
        assert.ok(section.bodyStart <= Math.min(most, message.length));
        assert.ok(section.fields.length <= fields);
      }),
    );
  });
});

describe('unfoldedValue', () => {
  it('removes the CRLF of folds and nothing else', () => {
    const message = bytes('A: b\r\n\tc \r\n  d\r\n\r\n');
    const [field] = readHeaderSection(message, defaultHeaderLimits).fields;
    assert.equal(field && unfoldedValue(message, field), ' b\tc   d');
  });
});

describe('countHops and fieldsNamed', () => {
  it('counts Received in any spelling, and not in the body', () => {
    const message = 'Received: a\r\nreceived: b\r\nRECEIVED : c\r\nX-Received: d\r\n\r\nReceived: e\r\n';
    assert.equal(countHops(bytes(message)), 3);
    assert.equal(fieldsNamed(read(message), 'x-RECEIVED').length, 1);
  });
});
