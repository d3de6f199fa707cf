import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { conditionOf, parseLine, type Speaker, writeString } from '../../../../src/protocols/sieve/line.ts';

const parse = (text: string, speaker: Speaker = 'server', max = 100) =>
  parseLine(Buffer.from(text, 'latin1'), speaker, max);

function words(text: string, speaker: Speaker = 'server'): string[] {
  const parsed = parse(text, speaker);
  assert.equal(parsed.kind, 'line', text);
  return parsed.kind === 'line' ? parsed.words.map((word) => `${word.kind} ${word.text}`) : [];
}

describe('a line of ManageSieve', () => {
  it('RFC 5804 §4: atoms, quoted strings with escapes, response codes', () => {
    assert.deepEqual(words('OK\r\n'), ['atom OK']);
    assert.deepEqual(words('"a\\"b\\\\c" "x"\r\n'), ['string a"b\\c', 'string x']);
    assert.deepEqual(words('NO (QUOTA/MAXSCRIPTS) "too many"\r\n'), [
      'atom NO',
      'code QUOTA/MAXSCRIPTS',
      'string too many',
    ]);
    assert.deepEqual(words('BYE (REFERRAL "sieve://x") ""\r\n'), ['atom BYE', 'code REFERRAL', 'string ']);
  });

  it('RFC 5804 §4: literals, wherever a string may be, and whatever is in them', () => {
    assert.deepEqual(words('{3}\r\na\r\n {1}\r\n\0\r\n'), ['string a\r\n', 'string \0']);
    assert.deepEqual(words('OK (TAG {2}\r\n")) {3}\r\n{1}\r\n'), ['atom OK', 'code TAG', 'string {1}']);
    assert.deepEqual(words('AUTHENTICATE "PLAIN" {4+}\r\nabcd\r\n', 'client'), [
      'atom AUTHENTICATE',
      'string PLAIN',
      'string abcd',
    ]);
  });

  it('RFC 5804 §4: literal-c2s has a plus, literal-s2c has none', () => {
    assert.deepEqual(parse('X {1}\r\na\r\n', 'client'), { kind: 'bad', what: 'malformed' });
    assert.deepEqual(parse('"X" {1+}\r\na\r\n', 'server'), { kind: 'bad', what: 'malformed' });
  });

  it('has up to eight literals: read anew with each octet, one of 4600 cost seconds', () => {
    const line = (count: number): string => `X${' {0+}\r\n'.repeat(count)}\r\n`;
    assert.equal(words(line(8), 'client').length, 9);
    assert.deepEqual(parse(line(9), 'client'), { kind: 'bad', what: 'too-long' });
  });

  it('is nothing else: no line is repaired', () => {
    for (const text of [
      '',
      ' OK',
      'OK ',
      'OK  "x"',
      '"a',
      'a"b"',
      '"a""b"',
      '"a\\b"',
      '(X)y',
      '()',
      'OK (',
      'OK )',
      '\x01',
      'OK\r',
      'a\rb',
    ]) {
      assert.deepEqual(parse(`${text}\r\n`), { kind: 'bad', what: 'malformed' }, JSON.stringify(text));
    }
    assert.deepEqual(parse('OK\n'), { kind: 'bad', what: 'malformed' });
    assert.deepEqual(parse('O\0K\r\n'), { kind: 'bad', what: 'malformed' });
  });

  it('is bounded, with its literals, at the limit and one past it', () => {
    assert.equal(parse('OK "abcd"\r\n', 'server', 11).kind, 'line');
    assert.deepEqual(parse('OK "abcd"\r\n', 'server', 10), { kind: 'bad', what: 'too-long' });
    assert.equal(parse('{3}\r\nabc\r\n', 'server', 10).kind, 'line');
    assert.deepEqual(parse('{3}\r\nabc\r\n', 'server', 9), { kind: 'bad', what: 'too-long' });
    assert.deepEqual(parse('{9999999999}\r\n'), { kind: 'bad', what: 'too-long' });
    assert.deepEqual(parse('x'.repeat(101)), { kind: 'bad', what: 'too-long' });
  });

  it('takes only itself of what is there', () => {
    const parsed = parse('OK "x"\r\nNO\r\n');
    assert.equal(parsed.kind === 'line' && parsed.used, 8);
  });

  it('says the same of what has come so far, or waits', () => {
    const parts = fc.array(
      fc.constantFrom('OK', '"', 'a', ' ', '\r\n', '{2}', '{1+}', '(', ')', '\\', '\r', '\0'),
      { maxLength: 24 },
    );
    fc.assert(
      fc.property(parts, fc.nat(60), fc.constantFrom('client', 'server'), (all, cutAt, speaker) => {
        const whole = parse(all.join(''), speaker, 40);
        const part = parse(all.join('').slice(0, cutAt), speaker, 40);
        if (part.kind !== 'more') assert.deepEqual(whole, part);
      }),
      { numRuns: 5000 },
    );
  });

  it('a string that was written is read as it was', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        const text = Buffer.from(octets).toString('latin1');
        const parsed = parse(`OK ${writeString(text)}\r\n`, 'server', 1000);
        assert.equal(parsed.kind === 'line' && parsed.words[1]?.text, text);
      }),
    );
    assert.equal(writeString('x'.repeat(1024)).startsWith('"'), true);
    assert.equal(writeString('x'.repeat(1025)).startsWith('{1025}\r\n'), true);
  });

  it('is read in linear time', () => {
    const started = performance.now();
    parse(`"${'\\"'.repeat(500_000)}x\r\n`, 'server', 2_000_000);
    parse(`OK (${'A '.repeat(500_000)}\r\n`, 'server', 2_000_000);
    assert.ok(performance.now() - started < 1_000);
  });
});

describe('the end of an answer', () => {
  const condition = (text: string) => {
    const parsed = parse(`${text}\r\n`);
    return parsed.kind === 'line' ? conditionOf(parsed.words) : undefined;
  };

  it('RFC 5804 §1.2, §1.3: OK, NO or BYE, with a code, with a text', () => {
    assert.deepEqual(condition('ok'), { name: 'OK', text: '' });
    assert.deepEqual(condition('NO "x"'), { name: 'NO', text: 'x' });
    assert.deepEqual(condition('BYE (TRYLATER) "x"'), { name: 'BYE', text: 'x' });
    assert.deepEqual(condition('BYE (TRYLATER)'), { name: 'BYE', text: '' });
  });

  it('is nothing else', () => {
    for (const text of ['OKAY', '"OK"', 'OK x', 'OK "x" "y"', 'OK "x" (A)', '(OK)'])
      assert.equal(condition(text), undefined, text);
  });
});
