import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { type Written, watchReader } from '../../../../src/cli/check/reader.ts';
import { endWithoutReader } from '../../../../src/cli/usage.ts';

const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });

function left(written: Written): readonly string[] {
  const stream = new EventEmitter();
  stream.on('error', endWithoutReader);
  const told: string[] = [];
  const release = watchReader({
    stream,
    isPage: false,
    written: () => written,
    tell: (message) => told.push(message),
    exit: (code) => told.push(String(code)),
  });
  stream.emit('error', gone);
  release();
  assert.deepEqual(stream.listeners('error'), [endWithoutReader]);
  return told;
}

describe('a reader that goes away', () => {
  it('has part of a list, which is said, and is no success', () => {
    assert.deepEqual(left({ results: 6, of: 200 }), ['6 of 200 targets written; the reader went away', '2']);
    assert.deepEqual(left({ results: 6, of: undefined }), ['6 targets written; the reader went away', '2']);
  });
});
