import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  type ListKeeper,
  type ListTerms,
  openListKeeper,
  type ReadList,
} from '../../../src/lookup/list-keeper.ts';
import type { AcceptedList, OfferedList, Signing } from '../../../src/policies/list/accept.ts';
import type { ListHead } from '../../../src/policies/list/facts.ts';
import { DAY, listText, NOON, newSigner, type Signer, signed } from '../../support/lists.ts';

const [ours, next] = [newSigner(), newSigner()];
const HOUR = 60 * 60_000;

/** Everything around a keeper, all of it told by the test. */
interface Around {
  now: number;
  keys: readonly Signer[] | null;
  /** What the source has. */
  there: () => Promise<ReadList>;
  reads: number;
  failing: boolean;
  head: ListHead | undefined;
  readonly said: string[];
  readonly keeper: ListKeeper;
}

function around(t: TestContext, change: { readonly imported?: true } = {}): Around {
  const signings = new Map<string, Signing>();
  const told: Omit<Around, 'keeper'> = {
    now: NOON,
    keys: [ours],
    there: () => Promise.resolve(read(signed(listText(), ours))),
    reads: 0,
    failing: false,
    head: undefined,
    said: [],
  };
  const terms = (): ListTerms | null => {
    if (told.keys === null) return null;
    const source = {
      name: 'the source',
      read: () => {
        told.reads += 1;
        return told.there();
      },
    };
    return {
      keys: told.keys.map((key) => key.public),
      source: change.imported === true ? null : source,
      refreshMs: HOUR,
    };
  };
  const keeper = openListKeeper({
    store: {
      head: () => told.head,
      signings: () => [...signings.values()],
      put({ list, digest, signers }: AcceptedList, source, now) {
        if (told.failing) throw new Error('the disk is full');
        const { timestamp, expires, author, domains } = list;
        told.head = {
          timestamp,
          expires,
          author,
          signers,
          digest,
          source,
          acceptedAt: now,
          domains: domains.size,
          ended: false,
        };
        for (const key of signers) signings.set(key, { key, timestamp, digest });
      },
      end() {
        if (told.failing) throw new Error('the disk is full');
        if (told.head !== undefined) told.head = { ...told.head, ended: true };
      },
    },
    terms,
    now: () => told.now,
    random: () => 0,
    onLook: ({ outcome, fault }) => void told.said.push(fault ?? outcome),
    onEndNear: () => void told.said.push('ends soon'),
    onKeyGone: () => void told.said.push('its key is gone'),
    onEnd: ({ expires }) => void told.said.push(`ended ${new Date(expires).toISOString()}`),
    onError: (what, error) => void told.said.push(`${what}: ${String(error)}`),
  });
  t.after(() => keeper.close());
  return Object.assign(told, { keeper });
}

function read(offered: OfferedList): ReadList {
  return { kind: 'read', ...offered };
}

function made(ms: number, change: Readonly<Record<string, unknown>> = {}): ReadList {
  return read(signed(listText({ timestamp: new Date(ms).toISOString(), ...change }), ours));
}

describe('the keeper of the policy list', () => {
  it('looks at once, then each hour, and keeps what is new', async (t) => {
    const one = around(t);
    await one.keeper.look();
    assert.deepEqual([one.said, one.reads, one.keeper.nextLookAt], [['accepted'], 1, NOON + HOUR]);
    one.now += HOUR - 1;
    await one.keeper.look();
    assert.equal(one.reads, 1);
    one.now += 1;
    await one.keeper.look();
    one.there = () => Promise.resolve(made(NOON + HOUR));
    one.now += HOUR;
    await one.keeper.look();
    assert.deepEqual(one.said, ['accepted', 'unchanged', 'accepted']);
    assert.equal(one.keeper.head()?.timestamp, NOON + HOUR);
  });

  const bad: readonly (readonly [string, () => ReadList])[] = [
    ['signature', () => read(signed(listText({ timestamp: new Date(NOON + 1).toISOString() }), next))],
    [
      'signature',
      () => ({ ...signed(listText(), ours), kind: 'read', list: Buffer.from(listText().slice(0, 99)) }),
    ],
    ['expired', () => made(NOON + 1, { expires: new Date(NOON + HOUR).toISOString() })],
    ['rollback', () => made(NOON - 1)],
    ['conflict', () => made(NOON, { policies: {} })],
    ['future', () => made(NOON + 2 * DAY)],
    ['form', () => made(NOON + 1, { policies: 5 })],
    ['size', () => ({ kind: 'failed', tooLarge: true, because: 'it has too many octets' })],
    ['failed', () => ({ kind: 'failed', tooLarge: false, because: 'nobody answers' })],
  ];
  for (const [what, there] of bad) {
    it(`${what}: says so, and the last good list stays; tried again after 1, 2, 4 … minutes`, async (t) => {
      const one = around(t);
      await one.keeper.look();
      const good = one.head;
      one.there = () => Promise.resolve(there());
      one.now += HOUR;
      const waits: number[] = [];
      for (let turn = 0; turn < 8; turn++) {
        await one.keeper.look();
        waits.push((one.keeper.nextLookAt ?? 0) - one.now);
        one.now = one.keeper.nextLookAt ?? 0;
      }
      assert.deepEqual(one.said, ['accepted', ...Array.from({ length: 8 }, () => what)]);
      assert.deepEqual(
        waits.map((ms) => ms / 60_000),
        [1, 2, 4, 8, 16, 32, 60, 60],
      );
      assert.equal(one.head, good);
      one.there = () => Promise.resolve(made(one.now));
      await one.keeper.look();
      assert.equal(one.keeper.nextLookAt, one.now + HOUR);
    });
  }

  it('looks that somebody wants in between, with a reload, do not put off the next one', async (t) => {
    const one = around(t);
    one.there = () => Promise.resolve({ kind: 'failed', tooLarge: false, because: 'nobody answers' });
    await one.keeper.look();
    for (let turn = 0; turn < 8; turn++) await one.keeper.refresh();
    assert.deepEqual([one.reads, (one.keeper.nextLookAt ?? 0) - one.now], [9, 60_000]);
  });

  const shortLived = (from: number): ReadList => {
    const times = {
      timestamp: new Date(from).toISOString(),
      expires: new Date(from + 40 * 60_000).toISOString(),
    };
    return read(signed(listText(times), ours));
  };

  it('looks more often where the list that it has is about to end, whatever comes of it', async (t) => {
    for (const outcome of ['unchanged', 'failed']) {
      const one = around(t);
      one.there = () => Promise.resolve(shortLived(NOON));
      const minutes: number[] = [];
      for (let turn = 0; turn < 8; turn++) {
        await one.keeper.look();
        if (outcome === 'failed')
          one.there = () => Promise.resolve({ kind: 'failed', tooLarge: false, because: 'nobody answers' });
        one.now = one.keeper.nextLookAt ?? 0;
        minutes.push((one.now - NOON) / 60_000);
      }
      const seen = {
        unchanged: [20, 30, 35, 37.5, 38.75, 39.75, 40.75, 41.75],
        failed: [20, 21, 23, 27, 33.5, 36.75, 38.375, 39.375],
      };
      assert.deepEqual(minutes, seen[outcome === 'failed' ? 'failed' : 'unchanged'], outcome);
    }
  });

  it('looks for a newer list before it says that there is none', async (t) => {
    const one = around(t);
    one.there = () => Promise.resolve(shortLived(NOON));
    await one.keeper.look();
    one.now += 39 * 60_000 + 30_000;
    await one.keeper.look();
    one.there = () => Promise.resolve(shortLived(NOON + 39 * 60_000));
    one.now += 30_000;
    await one.keeper.look();
    assert.deepEqual(one.said, ['accepted', 'unchanged', 'ends soon', 'accepted']);
  });

  it('says that the end is near after the look that has brought no newer list then, and not before', async (t) => {
    for (const outcome of ['unchanged', 'failed']) {
      const one = around(t);
      await one.keeper.look();
      if (outcome === 'failed')
        one.there = () => Promise.resolve({ kind: 'failed', tooLarge: false, because: 'nobody answers' });
      one.now = NOON + 13 * DAY - 1;
      await one.keeper.look();
      one.now += 1;
      await one.keeper.look();
      assert.deepEqual(one.said, ['accepted', outcome], 'that look is a millisecond too old');
      one.now = one.keeper.nextLookAt ?? 0;
      await one.keeper.look();
      assert.deepEqual(one.said, ['accepted', outcome, outcome, 'ends soon']);
    }
    const one = around(t, { imported: true });
    one.keeper.offer(signed(listText(), ours), 'an import');
    one.now = NOON + 13 * DAY;
    await one.keeper.look();
    assert.deepEqual(one.said, ['accepted', 'ends soon'], 'nobody looks for it');
  });

  it('does not look all the time where the end cannot be put on record', async (t) => {
    const one = around(t);
    await one.keeper.look();
    one.now = NOON + 14 * DAY;
    one.failing = true;
    one.there = () => Promise.resolve(made(one.now));
    for (let turn = 0; turn < 5; turn++) await one.keeper.look();
    assert.equal(one.reads, 2);
  });

  it('ends the list once its time is over, says so once, and takes the next', async (t) => {
    const one = around(t);
    await one.keeper.look();
    one.there = () => Promise.resolve({ kind: 'failed', tooLarge: false, because: 'nobody answers' });
    one.now = NOON + 14 * DAY;
    await one.keeper.look();
    await one.keeper.look();
    assert.deepEqual(one.said, ['accepted', 'failed', 'ended 2026-12-12T12:00:00.000Z']);
    assert.equal(one.keeper.head()?.ended, true);
    // Also where the clock is set back then.
    one.now = NOON;
    assert.equal(one.keeper.head()?.ended, true);
    one.there = () => Promise.resolve(made(NOON));
    await one.keeper.look();
    assert.equal(one.keeper.head()?.ended, false);
  });

  it('looks at once where the clock was set back behind the last look', async (t) => {
    const one = around(t);
    await one.keeper.look();
    one.now -= DAY;
    await one.keeper.look();
    assert.equal(one.reads, 2);
  });

  it('goes by no list that nobody who is trusted has signed', async (t) => {
    const one = around(t);
    await one.keeper.look();
    one.keys = [next];
    assert.equal(one.keeper.head(), undefined);
    one.keys = null;
    assert.equal(one.keeper.head(), undefined);
    assert.equal(one.keeper.nextLookAt, null);
    one.keys = [next, ours];
    assert.equal(one.keeper.head(), one.head);
  });

  it('says that the key is gone which has signed the list, before it looks for another one', async (t) => {
    const one = around(t);
    await one.keeper.look();
    const slow = Promise.withResolvers<ReadList>();
    one.there = () => slow.promise;
    one.keys = [next];
    const looking = one.keeper.refresh();
    assert.deepEqual(one.said, ['accepted', 'its key is gone']);
    slow.resolve(read(signed(listText({ timestamp: new Date(NOON + 1).toISOString() }), next)));
    await looking;
    assert.deepEqual(one.said, ['accepted', 'its key is gone', 'accepted']);
  });

  it('judges what is imported by the same rules, and looks nowhere where there is no source', async (t) => {
    const one = around(t, { imported: true });
    await one.keeper.look();
    assert.deepEqual([one.reads, one.keeper.nextLookAt, one.keeper.lastLook], [0, null, null]);
    assert.equal(one.keeper.offer(signed(listText(), ours), 'an import').outcome, 'accepted');
    assert.equal(one.keeper.offer(signed(listText(), ours), 'an import').outcome, 'unchanged');
    assert.equal(one.keeper.offer(signed(listText(), next), 'an import').fault, 'signature');
    assert.equal(one.keeper.head()?.source, 'an import');
    assert.equal(one.keeper.lastLook?.fault, 'signature');
  });

  it('counts the further key of a list that is known as something new', async (t) => {
    const one = around(t);
    await one.keeper.look();
    one.keys = [ours, next];
    one.there = () => Promise.resolve(read(signed(listText(), ours, next)));
    await one.keeper.refresh();
    assert.deepEqual(one.said, ['accepted', 'accepted']);
    one.keys = [next];
    assert.notEqual(one.keeper.head(), undefined);
  });

  it('forgets no key that has signed the list, whoever takes its line away', async (t) => {
    const one = around(t);
    one.keys = [ours, next];
    one.there = () => Promise.resolve(read(signed(listText(), ours, next)));
    await one.keeper.look();
    // The text beside the list is signed by nobody: whoever is on the path can leave out lines of it.
    one.there = () => Promise.resolve(read(signed(listText(), ours)));
    await one.keeper.refresh();
    assert.deepEqual(one.said, ['accepted', 'unchanged']);
    one.keys = [next, ours];
    one.there = () => Promise.resolve(read(signed(listText(), next, ours)));
    await one.keeper.refresh();
    assert.deepEqual(one.said, ['accepted', 'unchanged', 'unchanged']);
    one.keys = [next];
    assert.notEqual(one.keeper.head(), undefined);
  });

  it('a key that comes to those before it takes none of them away', async (t) => {
    const one = around(t);
    await one.keeper.look();
    one.keys = [ours, next];
    one.there = () => Promise.resolve(read(signed(listText(), next)));
    await one.keeper.refresh();
    assert.deepEqual(one.keeper.head()?.signers.toSorted(), [ours.public.id, next.public.id].toSorted());
  });

  it('says nothing of the end of a list that mail does not go by', async (t) => {
    for (const keys of [[next], null]) {
      const one = around(t, { imported: true });
      one.keeper.offer(signed(listText(), ours), 'an import');
      one.keys = keys;
      one.now = NOON + 14 * DAY;
      await one.keeper.look();
      assert.deepEqual([one.said, one.head?.ended], [['accepted'], true]);
    }
  });

  it('one look after the other, however many want one', async (t) => {
    const one = around(t);
    let atOnce = 0;
    let most = 0;
    one.there = async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      return made(NOON);
    };
    await Promise.all([one.keeper.refresh(), one.keeper.look(), one.keeper.refresh(), one.keeper.look()]);
    assert.deepEqual([most, one.reads], [1, 2]);
  });

  it('keeps nothing of a look that ends after it was closed', async (t) => {
    const one = around(t);
    const slow = Promise.withResolvers<ReadList>();
    one.there = () => slow.promise;
    const looking = one.keeper.look();
    one.keeper.close();
    slow.resolve(made(NOON));
    await looking;
    assert.deepEqual([one.head, one.said], [undefined, []]);
  });

  it('a store that fails is told, and tried again', async (t) => {
    const one = around(t);
    one.failing = true;
    await one.keeper.look();
    assert.deepEqual(one.said, ['looking for a newer policy list: Error: the disk is full']);
    one.failing = false;
    one.now += 60_000;
    await one.keeper.look();
    assert.equal(one.said.at(-1), 'accepted');
  });
});
