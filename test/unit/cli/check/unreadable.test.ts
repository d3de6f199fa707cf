import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { whyUnreadable } from '../../../../src/cli/check/unreadable.ts';

it('usual reasons have words of their own, and others those of the system', () => {
  const why = (path: string): string => {
    try {
      readFileSync(path);
    } catch (error) {
      if (error instanceof Error) return whyUnreadable(error);
    }
    return assert.fail(`${path} was read`);
  };
  assert.equal(why('/nowhere/at/all'), 'there is no such file');
  assert.equal(why(`${import.meta.filename}/x`), 'there is no such file');
  assert.equal(why(import.meta.dirname), 'it is a folder');
  assert.equal(whyUnreadable(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })), 'EIO: i/o error');
});
