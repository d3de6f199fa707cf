import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { extendedErrorNames, rcodeNames, typeNumbers } from '../../../src/dns/numbers.ts';
import { types } from '../../../src/dns/record.ts';

describe('names of numbers', () => {
  it('no two types share a number, and none is beyond 16 bits', () => {
    const numbers = Object.values(typeNumbers);
    assert.equal(new Set(numbers).size, numbers.length);
    assert.ok(numbers.every((number) => number > 0 && number <= 65_535));
  });

  it('hold the types that the program works with', () => {
    for (const [name, number] of Object.entries(types)) assert.equal(typeNumbers[name], number, name);
  });

  it('no name is there twice, in any of the tables', () => {
    for (const table of [rcodeNames, extendedErrorNames]) {
      const names = Object.values(table);
      assert.equal(new Set(names).size, names.length);
    }
  });

  it('RFC 8914 §5.2: the extended errors begin at 0 and leave none out', () => {
    const codes = Object.keys(extendedErrorNames).map(Number);
    assert.deepEqual(
      codes,
      codes.map((_, index) => index),
    );
  });
});
