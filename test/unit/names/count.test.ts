import assert from 'node:assert/strict';
import { it } from 'node:test';
import { counted } from '../../../src/names/count.ts';

it('one is one, and none are several', () => {
  assert.deepEqual(
    [0, 1, 2].map((count) => counted(count, 'event')),
    ['0 events', '1 event', '2 events'],
  );
});
