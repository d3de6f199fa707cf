import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatImported, formatList } from '../../../src/cli/list-text.ts';
import type { ListTerms } from '../../../src/lookup/list-keeper.ts';
import { toKeptList, toKeptLook } from '../../../src/relay/list-api.ts';
import { DAY, listHead, NOON } from '../../support/lists.ts';

const HOUR = 60 * 60_000;
const terms: ListTerms = {
  keys: [{ id: 'k1', base64: 'x' }],
  source: { name: '/etc/p.json', read: () => Promise.reject(new Error('nobody reads here')) },
  refreshMs: HOUR,
};
const refused = {
  at: NOON - HOUR,
  source: '/etc/p.json',
  outcome: 'refused',
  fault: 'rollback',
  because: 'it is older',
} as const;

function kept(change: Partial<Parameters<typeof toKeptList>[1]> = {}, now = NOON) {
  return toKeptList(
    terms,
    { head: () => listHead, lastLook: refused, nextLookAt: NOON + HOUR, ...change },
    now,
  );
}

describe('the policy list for people', () => {
  it('says that there is none', () => {
    assert.equal(formatList(null, NOON), 'there is no policy list: list.keys is not set\n');
  });

  it('says how it stands, what came of the last look, and when the next is', () => {
    assert.equal(
      formatList(kept(), NOON + DAY),
      `policy list: in force, 1 domain
  made at 2026-11-28T12:00:00.000Z (24h ago), holds until 2026-12-12T12:00:00.000Z (in 13d)
  author Example
  signed by 0123456789abcdef, accepted at 2026-11-28T12:00:00.000Z from /etc/waxwing/policy.json
  last look 25h ago, at /etc/p.json: it was refused (rollback): it is older
  next look 23h ago, at /etc/p.json
`,
    );
  });

  it('says from a day before that the end is near, and that there is no newer one', () => {
    const text = (now: number): string => formatList(kept({}, now), now).split('\n')[0] ?? '';
    assert.equal(text(NOON + 13 * DAY - 1), 'policy list: in force, 1 domain');
    assert.equal(
      text(NOON + 13 * DAY),
      'policy list: in force, 1 domain; it ends soon, and no newer one was accepted so far',
    );
  });

  it('says that its time is over', () => {
    assert.match(
      formatList(kept({}, NOON + 14 * DAY), NOON + 14 * DAY),
      /^policy list: over: nothing of it protects\n.*held until 2026-12-12T12:00:00\.000Z \(0s ago\)$/m,
    );
  });

  it('says that none was accepted, and that nothing is looked for', () => {
    const none = toKeptList(
      { ...terms, source: null },
      { head: () => undefined, lastLook: null, nextLookAt: null },
      NOON,
    );
    assert.equal(
      formatList(none, NOON),
      'policy list: none that one of list.keys has signed was accepted so far\n  newer ones are only imported: there is no list.source\n',
    );
  });

  it('says what came of an import', () => {
    const text = (outcome: 'accepted' | 'unchanged' | 'failed'): string =>
      formatImported({ look: toKeptLook({ ...refused, outcome, fault: null }), list: kept() }, NOON).split(
        '\n',
      )[0] ?? '';
    assert.equal(text('accepted'), 'the list was accepted: it is older');
    assert.equal(text('unchanged'), 'the list changes nothing: it is older');
    assert.equal(text('failed'), 'the list could not be had: it is older');
  });

  it('shows what an author has written without what a terminal would do with it', () => {
    const author = 'a\u009b2Jb';
    assert.ok(!formatList(kept({ head: () => ({ ...listHead, author }) }), NOON).includes('\u009b'));
  });
});
