/** The policy list at the control socket: what there is, and one that an operator imports. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { openListKeeper } from '../../../src/lookup/list-keeper.ts';
import type { ImportedList, KeptList } from '../../../src/relay/list-api.ts';
import type { KeptOfDomain } from '../../../src/relay/policies-api.ts';
import { type ControlSetting, controlSetting } from '../../support/control.ts';
import { DAY, listText, newSigner, type Signer, signed } from '../../support/lists.ts';

const [ours, stranger] = [newSigner(), newSigner()];

/** A relay that goes by lists which are only imported. */
function setting(t: TestContext): Promise<ControlSetting> {
  return controlSetting(t, {
    list(store) {
      const terms = () => ({ keys: [ours.public], source: null, refreshMs: DAY });
      const keeper = openListKeeper({
        store,
        terms,
        now: Date.now,
        random: Math.random,
        onLook: () => undefined,
        onEndNear: () => undefined,
        onKeyGone: () => undefined,
        onEnd: () => undefined,
        onError: (what) => assert.fail(what),
      });
      t.after(() => keeper.close());
      return { keeper, terms };
    },
  });
}

/** A list that is in date. */
function text(change: Readonly<Record<string, unknown>> = {}): string {
  const now = Date.now();
  const times = { timestamp: new Date(now).toISOString(), expires: new Date(now + DAY).toISOString() };
  return listText({ ...times, ...change });
}

function body(list: string, by: Signer): string {
  const offered = signed(list, by);
  const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
  return JSON.stringify({ list: base64(offered.list), signature: base64(offered.signature) });
}

describe('GET /list', () => {
  it('is null where no list is used, and then nothing can be imported', async (t) => {
    const { asked } = await controlSetting(t);
    assert.deepEqual(await asked('GET', '/list'), { status: 200, body: null });
    assert.equal((await asked('POST', '/list', body(text(), ours))).status, 409);
  });

  it('is the keys, and that none was accepted so far', async (t) => {
    const { asked } = await setting(t);
    const kept = { keys: [ours.public.id], source: null, list: null, lastLook: null, nextLookAt: null };
    assert.deepEqual(await asked('GET', '/list'), { status: 200, body: kept });
  });
});

describe('POST /list', () => {
  it('takes a list that is signed; it is shown, and so is what it says of a domain', async (t) => {
    const { asked, words } = await setting(t);
    const answer = await asked('POST', '/list', body(text(), ours));
    const { look, list } = answer.body as ImportedList;
    assert.deepEqual(
      [answer.status, look.outcome, list.list?.inForce, list.list?.domains],
      [200, 'accepted', true, 3],
    );
    assert.match(words[0] ?? '', /^an operator has handed in a policy list .*"accepted"/);
    assert.deepEqual((await asked('GET', '/list')).body, list);
    const { listed } = (await asked('GET', '/policies/alias.test')).body as KeptOfDomain;
    assert.deepEqual(
      [listed?.mode, listed?.mxs, listed?.alias, listed?.inForce],
      ['enforce', ['.big.test'], 'big', true],
    );
    assert.equal((await asked('GET', '/policies/other.test')).status, 404);
  });

  it('says why it refuses one, and the one before stays', async (t) => {
    const { asked } = await setting(t);
    await asked('POST', '/list', body(text(), ours));
    const before = ((await asked('GET', '/list')).body as KeptList).list;
    for (const [fault, request] of [
      ['signature', body(text(), stranger)],
      ['rollback', body(text({ timestamp: 1 }), ours)],
      ['form', body(text({ version: 1 }), ours)],
    ] as const) {
      const { look, list } = (await asked('POST', '/list', request)).body as ImportedList;
      assert.deepEqual([look.outcome, look.fault, list.list], ['refused', fault, before]);
    }
  });

  it('refuses what is no request, and what is too large, before it reads it', async (t) => {
    const { asked } = await setting(t);
    assert.equal((await asked('POST', '/list', '{')).status, 400);
    assert.equal((await asked('POST', '/list', '{"list":"%","signature":""}')).status, 400);
    assert.equal((await asked('POST', '/list', 'x'.repeat(6_000_000))).status, 413);
  });
});
