import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { badLineWords, nextLine } from '../../../src/wire/next-line.ts';

const next = (text: string, max = 10) => nextLine(Buffer.from(text, 'latin1'), max);

describe('nextLine', () => {
  it('takes one line and says how much of the octets it was', () => {
    assert.deepEqual(next('one\r\ntwo\r\n'), { kind: 'line', line: 'one', used: 5 });
    assert.deepEqual(next('\r\n'), { kind: 'line', line: '', used: 2 });
    assert.deepEqual(next('\xff\r\n'), { kind: 'line', line: '\xff', used: 3 });
  });

  it('waits for the end of a line, as long as it can be one', () => {
    for (const text of ['', 'o', 'one\r', '123456789\r']) assert.deepEqual(next(text), { kind: 'more' });
    assert.deepEqual(next('12345678\r\n'), { kind: 'line', line: '12345678', used: 10 });
    assert.deepEqual(next('123456789\r\n'), { kind: 'bad', what: 'too-long' });
    assert.deepEqual(next('12345678901'), { kind: 'bad', what: 'too-long' });
  });

  it('takes nothing else for the end of a line (SMTP smuggling, CVE-2023-51764)', () => {
    assert.deepEqual(next('one\ntwo'), { kind: 'bad', what: 'bare-lf' });
    assert.deepEqual(next('\n'), { kind: 'bad', what: 'bare-lf' });
    assert.deepEqual(next('a\rb\r\n'), { kind: 'bad', what: 'bare-cr' });
    assert.deepEqual(next('a\0b\r\n'), { kind: 'bad', what: 'nul' });
    for (const words of Object.values(badLineWords))
      assert.match(`a line ${words}`, /^a line (?:that|with) \w/);
  });

  it('says the same of what has come so far, or waits', () => {
    const octets = fc.array(fc.constantFrom('a', '\r', '\n', '\r\n', '\0'), { maxLength: 20 });
    fc.assert(
      fc.property(octets, fc.nat(20), (parts, cutAt) => {
        const whole = next(parts.join(''));
        const part = next(parts.join('').slice(0, cutAt));
        if (part.kind !== 'more') assert.deepEqual(whole, part);
      }),
    );
  });
});
