import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatTable, growingTable } from '../../../src/cli/table.ts';

it('columns are as wide as their widest cell; the last one is not padded', () => {
  const rows = [
    ['a', 'bb', 'c'],
    ['aaa', 'b', 'cc'],
  ];
  assert.equal(formatTable(rows), 'a    bb  c\naaa  b   cc\n');
});

it('rows may differ in length, and nothing gives nothing', () => {
  assert.equal(formatTable([['a'], ['aa', 'b']]), 'a\naa  b\n');
  assert.equal(formatTable([]), '');
});

it('a part that follows goes on in the columns of those before, or in wider ones', () => {
  const format = growingTable();
  assert.equal(format([['aaa', 'b', 'c']]), 'aaa  b  c\n');
  assert.equal(format([['a', 'bb', 'c']]), 'a    bb  c\n');
});
