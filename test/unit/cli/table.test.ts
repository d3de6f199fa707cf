import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatTable } from '../../../src/cli/table.ts';

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
