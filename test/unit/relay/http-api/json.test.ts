import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readJson } from '../../../../src/relay/http-api/json.ts';

const read = (text: string | Uint8Array) => readJson(typeof text === 'string' ? Buffer.from(text) : text);

function refusal(text: string | Uint8Array): { readonly error: string; readonly limit: number | null } {
  const json = read(text);
  assert.ok(json.kind === 'refused', 'it is taken');
  assert.equal(json.status, 400);
  return json;
}

describe('JSON of a stranger', () => {
  it('is read as JSON is, whatever stands in its texts', () => {
    const noLoadedName = fc
      .jsonValue({ maxDepth: 3 })
      .filter((value) => !/"(?:__proto__|constructor|prototype)":/.test(JSON.stringify(value)));
    fc.assert(
      fc.property(noLoadedName, (value) => {
        assert.deepEqual(read(JSON.stringify(value)), {
          kind: 'ok',
          value: JSON.parse(JSON.stringify(value)),
        });
      }),
    );
  });

  it('may go eight deep, and no deeper', () => {
    assert.equal(read('['.repeat(8) + ']'.repeat(8)).kind, 'ok');
    assert.deepEqual([refusal('['.repeat(9) + ']'.repeat(9)).limit], [8]);
    assert.deepEqual([refusal('{"a":'.repeat(9) + '1' + '}'.repeat(9)).limit], [8]);
  });

  it('may be of 50,000 values, and no more', () => {
    assert.equal(read(`[${'1,'.repeat(49_999)}1]`).kind, 'ok');
    assert.equal(refusal(`[${'1,'.repeat(50_000)}1]`).limit, 50_000);
    assert.equal(refusal(`[${'{},'.repeat(25_000)}1]`).limit, 50_000);
  });

  it('has brackets and commas in texts that count for nothing, also behind quotes that are escaped', () => {
    for (const text of ['[[[[[[[[[[', '{"'.repeat(40), '\\"[[[[[[[[[[', '\\\\', ',,,,'])
      assert.equal(read(JSON.stringify({ text })).kind, 'ok', text);
    assert.equal(refusal('"\\\\"[[[[[[[[[').limit, 8);
  });

  it('is measured in linear time, without anything being made of it', () => {
    for (const text of [
      '['.repeat(4_000_000),
      `"${'\\"'.repeat(2_000_000)}`,
      `"${'\\'.repeat(4_000_000)}`,
      '"'.repeat(4_000_000),
    ]) {
      const began = performance.now();
      refusal(text);
      assert.ok(performance.now() - began < 2_000, text.slice(0, 9));
    }
  });

  for (const text of [
    '{"__proto__":{"tls":"optional"}}',
    '{"headers":{"constructor":"x"}}',
    '[{"prototype":1}]',
  ])
    it(`has no name that means something to JavaScript: ${text}`, () => {
      assert.match(refusal(text).error, /: no field is called so$/);
    });

  const broken: [why: string, text: string | Uint8Array][] = [
    ['nothing', ''],
    ['two values', '{}{}'],
    ['a byte order mark', '\ufeff{}'],
    ['octets that are no UTF-8', Buffer.from('{"a":"\xff"}', 'latin1')],
    ['a comma too many', '[1,]'],
    ['a text without an end', '{"a":"b'],
  ];
  for (const [why, text] of broken)
    it(`is refused with ${why}`, () => assert.match(refusal(text).error, /is not (?:JSON|UTF-8)$/));
});
