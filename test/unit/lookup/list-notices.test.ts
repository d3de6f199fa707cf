import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ListNotices, listNotices } from '../../../src/lookup/list-notices.ts';
import type { ListHead } from '../../../src/policies/list/facts.ts';
import { DAY, listHead, NOON } from '../../support/lists.ts';

interface Around {
  now: number;
  kept: ListHead | undefined;
  isTrusted: boolean;
  readonly said: string[];
  readonly notices: ListNotices;
}

function around(change: Partial<ListHead> = {}): Around {
  const told: Omit<Around, 'notices'> = {
    now: NOON,
    kept: { ...listHead, ...change },
    isTrusted: true,
    said: [],
  };
  const notices = listNotices({
    kept: () => told.kept,
    isTrusted: () => told.isTrusted,
    now: () => told.now,
    onEndNear: ({ digest }) => void told.said.push(`the end of ${digest} is near`),
    onKeyGone: ({ digest }) => void told.said.push(`the key of ${digest} is gone`),
  });
  return Object.assign(told, { notices });
}

const END = NOON + 14 * DAY;
const MINUTE = 60_000;

describe('the end of a policy list', () => {
  it('is near a day before it, and is told once for each list', () => {
    const one = around();
    one.now = END - DAY - 1;
    one.notices.ofEnd(one.now);
    assert.deepEqual(one.said, []);
    for (const before of [DAY, DAY / 2, 1]) {
      one.now = END - before;
      one.notices.ofEnd(one.now);
    }
    assert.deepEqual(one.said, ['the end of ab is near']);
    one.kept = { ...listHead, digest: 'cd' };
    one.notices.ofEnd(one.now);
    assert.deepEqual(one.said.slice(1), ['the end of cd is near']);
  });

  it('is near a tenth of its life before it, where that is less than a day', () => {
    const one = around({ expires: NOON + 40 * MINUTE });
    one.now = NOON + 36 * MINUTE - 1;
    one.notices.ofEnd(one.now);
    assert.deepEqual(one.said, []);
    one.now += 1;
    one.notices.ofEnd(one.now);
    assert.deepEqual(one.said, ['the end of ab is near']);
  });

  it('is told only where a newer list was looked for since it is near', () => {
    const one = around();
    one.now = END - DAY / 2;
    one.notices.ofEnd(END - DAY - 1);
    assert.deepEqual(one.said, []);
    one.notices.ofEnd(END - DAY);
    assert.deepEqual(one.said, ['the end of ab is near']);
  });

  it('is near no more once it is there, and is nothing where mail does not go by the list', () => {
    const one = around();
    one.now = END;
    one.notices.ofEnd(END);
    one.now = END - 1;
    one.isTrusted = false;
    one.notices.ofEnd(END);
    one.kept = undefined;
    one.notices.ofEnd(END);
    assert.deepEqual(one.said, []);
  });
});

describe('a policy list without a signer', () => {
  it('is told once for as long as it has none', () => {
    const one = around();
    const look = (isTrusted: boolean): void => {
      one.isTrusted = isTrusted;
      one.notices.ofKeys();
    };
    look(true);
    assert.deepEqual(one.said, []);
    look(false);
    look(false);
    assert.deepEqual(one.said, ['the key of ab is gone']);
    look(true);
    look(false);
    assert.deepEqual(one.said, ['the key of ab is gone', 'the key of ab is gone']);
  });

  it('is nothing where none is kept, or its time is over', () => {
    const one = around();
    one.isTrusted = false;
    for (const kept of [undefined, { ...listHead, ended: true }, { ...listHead, expires: NOON }]) {
      one.kept = kept;
      one.notices.ofKeys();
    }
    assert.deepEqual(one.said, []);
  });
});
