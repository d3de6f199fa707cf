import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asStoreError, StoreError, shapingErrors } from '../../../src/store/store-error.ts';

const failed = (fields: object): Error => Object.assign(new Error('it broke'), fields);

describe('asStoreError', () => {
  for (const { why, error, code } of [
    { why: 'SQLite has no room', error: failed({ code: 'ERR_SQLITE_ERROR', errcode: 13 }), code: 'full' },
    { why: 'the file system has no room', error: failed({ code: 'ENOSPC' }), code: 'full' },
    { why: 'the quota is used up', error: failed({ code: 'EDQUOT' }), code: 'full' },
    { why: 'SQLite cannot read', error: failed({ code: 'ERR_SQLITE_ERROR', errcode: 10 }), code: 'failed' },
    { why: 'a file is missing', error: failed({ code: 'ENOENT' }), code: 'failed' },
  ] as const) {
    it(`says ${code} where ${why}, and keeps the cause`, () => {
      const wrapped = asStoreError(error, 'queue');
      assert.deepEqual(
        [wrapped.code, wrapped.message, wrapped.cause],
        [code, 'the queue failed: it broke', error],
      );
    });
  }

  it('leaves an error of the store as it is', () => {
    const error = new StoreError('refused', 'no');
    assert.equal(asStoreError(error, 'queue'), error);
  });
});

describe('shapingErrors', () => {
  it('hands a result through, and gives what is thrown the one shape', () => {
    const shaped = shapingErrors('shelf');
    assert.equal(
      shaped(() => 7),
      7,
    );
    assert.throws(
      () =>
        shaped(() => {
          throw failed({ errcode: 13 });
        }),
      { name: 'StoreError', code: 'full', message: 'the shelf failed: it broke' },
    );
  });
});
