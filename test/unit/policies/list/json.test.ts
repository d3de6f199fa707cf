import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readListJson } from '../../../../src/policies/list/json.ts';

function read(text: string | Uint8Array): string {
  const json = readListJson(typeof text === 'string' ? Buffer.from(text) : text);
  return json.kind === 'ok' ? JSON.stringify(json.value) : json.because;
}

describe('the JSON of a list', () => {
  it('gives what JSON.parse gives', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4, noUnicodeString: false }), (text) => {
        assert.equal(read(text), JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  const twice: readonly (readonly [string, string])[] = [
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"b":{"c":1},"a":1}', 'a'],
    ['{"x":[{"a":1},{"b":1,"b":2}]}', 'b'],
    ['{"a" \t\r\n:1,"a":2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"\\"":1,"\\u0022":2}', '"'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"":1,"":2}', ''],
  ];
  for (const [text, name] of twice) {
    it(`RFC 8259 §4: "names within an object SHOULD be unique": ${text}`, () =>
      assert.equal(read(text), `the name ${JSON.stringify(name)} stands twice in one object`));
  }

  it('may have a name twice in different objects, and a text that looks like one', () => {
    for (const text of ['[{"a":1},{"a":2}]', '{"a":{"a":1}}', '{"a":"a","b":"a\\":"}', '{"a":["a","a"]}'])
      assert.equal(read(text), text);
  });

  it('is UTF-8, without a mark of byte order', () => {
    assert.equal(read(Uint8Array.of(0x22, 0xff, 0x22)), 'it is not UTF-8');
    assert.equal(read('\ufeff{}'), 'it is not JSON');
  });

  it('is JSON as a whole', () => {
    for (const text of ['', '{', '{"a":1', '{"a":1}}', '{"a":1,}', "{'a':1}", '{"a":"\\x"}', '{"a', '{"\\'])
      assert.equal(read(text), 'it is not JSON', text);
  });

  it('goes eight levels deep, and no deeper', () => {
    const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    assert.equal(read(deep(8)), deep(8));
    assert.equal(read(deep(9)), 'it goes deeper than 8 levels');
    assert.equal(read('['.repeat(100_000)), 'it goes deeper than 8 levels');
  });

  it('is read in linear time, whatever it is made of', () => {
    const MOST = 4 * 1024 * 1024;
    for (const part of ['"', '\\"', '"a":', ' ', ':', '"a\\']) {
      const text = part.repeat(Math.floor(MOST / part.length));
      const began = performance.now();
      readListJson(Buffer.from(text));
      readListJson(Buffer.from(`[${JSON.stringify(text)}]`));
      readListJson(Buffer.from(`{"a"${' '.repeat(MOST)}:1}`));
      assert.ok(performance.now() - began < 2_000, part);
    }
  });

  it('has 500,000 values, and no more', () => {
    const values = (count: number): string => `[${Array.from({ length: count - 1 }, () => '0').join()},0]`;
    assert.notEqual(read(values(500_000)), 'it has more than 500000 values');
    assert.equal(read(values(500_001)), 'it has more than 500000 values');
  });
});
