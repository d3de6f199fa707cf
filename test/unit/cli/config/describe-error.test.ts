import assert from 'node:assert/strict';
import { it } from 'node:test';
import { describeError } from '../../../../src/cli/config/describe-error.ts';

it('names where, which value and what is wrong; of a whole file only where and what', () => {
  const error = { origin: 'waxwing.toml:3', path: 'listener[0].address', message: 'is taken' };
  assert.equal(describeError(error), 'waxwing.toml:3: listener[0].address: is taken');
  assert.equal(describeError({ ...error, path: '' }), 'waxwing.toml:3: is taken');
});
