import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Domain } from '../../../../src/names/domain.ts';
import { noSenderWishes } from '../../../../src/names/wishes.ts';
import type { Envelope } from '../../../../src/protocols/smtp/server/state.ts';
import { atTheSocket } from '../../../../src/relay/arrival.ts';
import { noQuota } from '../../../../src/relay/quotas.ts';
import type { WorkerCalls } from '../../../../src/relay/workers/calls.ts';
import { type WorkerEnd, WorkersMissing } from '../../../../src/relay/workers/fan-out.ts';
import { mergedRelay } from '../../../../src/relay/workers/merged-relay.ts';
import { domain } from '../../../store/policy-conformance.ts';
import { deafCalls } from '../../../support/worker-calls.ts';

const envelope: Envelope = {
  hello: 'x',
  extended: true,
  tls: undefined,
  account: null,
  sender: null,
  smtpUtf8: false,
  requireTls: false,
  wishes: noSenderWishes,
  recipients: [],
};

const nobody = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));

/** @param workers `drains`: it takes nothing in. */
function settingOf(...workers: readonly (Partial<WorkerCalls> & { readonly drains?: true })[]) {
  const missed: number[] = [];
  const ends: WorkerEnd[] = workers.map(({ drains, ...calls }, at) => ({
    number: at + 1,
    takes: drains !== true,
    calls: { ...deafCalls, ...calls },
  }));
  return {
    missed,
    relay: mergedRelay({ workers: () => ends, onMissing: (missing) => missed.push(...missing) }),
  };
}

describe('a message that is handed in', () => {
  const taking = (id: string): Partial<WorkerCalls> => ({
    submit: () => Promise.resolve({ kind: 'kept', id }),
  });
  const handIn = async ({ relay }: ReturnType<typeof settingOf>): Promise<string> => {
    const intake = await relay.submit(envelope, new Uint8Array());
    return intake.kind === 'kept' ? intake.id : intake.text;
  };

  it('goes to each worker in its turn', async () => {
    const here = settingOf(taking('a'), taking('b'), taking('c'));
    const took = [await handIn(here), await handIn(here), await handIn(here), await handIn(here)];
    assert.deepEqual(new Set(took.slice(0, 3)), new Set(['a', 'b', 'c']));
    assert.equal(took[3], took[0]);
  });

  it('goes to another one where nobody is there, and to none where nobody is anywhere', async () => {
    const here = settingOf({ submit: nobody }, taking('b'));
    assert.deepEqual([await handIn(here), await handIn(here)], ['b', 'b']);
    await assert.rejects(handIn(settingOf({ submit: nobody }, { submit: nobody })), WorkersMissing);
  });

  it('goes to the same one as another with its key, whose answer may only be late', async () => {
    const here = settingOf(taking('a'), taking('b'), taking('c'));
    const terms = { tls: null, tellOutcome: false, trace: null };
    const handInWith = async (key: string): Promise<string> => {
      const receipt = { account: 'shop', key, digest: 'aa' };
      const intake = await here.relay.submit(envelope, new Uint8Array(), {
        ...atTheSocket,
        said: { terms, receipt },
      });
      return intake.kind === 'kept' ? intake.id : intake.text;
    };
    const keys = Array.from({ length: 30 }, (_, n) => `order-${n}`);
    const took = [];
    for (const key of keys) took.push(await handInWith(key));
    assert.equal(new Set(took).size, 3);
    for (const [index, key] of keys.toReversed().entries())
      assert.equal(await handInWith(key), took[keys.length - 1 - index]);
  });

  it('never goes to one that only empties its queue', async () => {
    const here = settingOf(taking('a'), { ...taking('b'), drains: true });
    assert.deepEqual([await handIn(here), await handIn(here)], ['a', 'a']);
  });

  it('is not handed in twice where it is not known whether the first has taken it', async () => {
    let asked = 0;
    const lost = (): Promise<never> => {
      asked += 1;
      return Promise.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    };
    await assert.rejects(handIn(settingOf({ submit: lost }, { submit: lost })), /reset/);
    assert.equal(asked, 1);
  });
});

describe('what is known of several workers', () => {
  it('of held mail is what was found last', async () => {
    const word = (at: number | null) => ({
      destination: 'far.test',
      word: { found: at === null ? null : { at, because: `at ${at}` }, nextAt: 9 },
    });
    const words = (...list: ReturnType<typeof word>[]): Partial<WorkerCalls> => ({
      words: () => Promise.resolve(list),
    });
    const { relay } = settingOf(words(word(null)), words(word(5)), words(word(3)));
    assert.equal((await relay.wordsOf(['far.test']))('far.test')?.found?.because, 'at 5');
  });

  it('costs no question where nothing is held', async () =>
    assert.equal((await settingOf({}).relay.wordsOf([]))('far.test'), undefined));

  it('of TLS at a host is what holds longest', async () => {
    const remembering = (until: number): Partial<WorkerCalls> => ({
      rememberedTls: () =>
        Promise.resolve([
          {
            kind: 'broken',
            host: 'mx',
            address: '::1',
            port: 25,
            failures: 3,
            since: 0,
            until,
            because: 'x',
          },
        ]),
    });
    const { relay, missed } = settingOf(remembering(5), remembering(7), { rememberedTls: nobody });
    assert.deepEqual(
      (await relay.rememberedTls()).map(({ until }) => until),
      [7],
    );
    assert.deepEqual(missed, [3]);
  });
});

it('those who have spent of a quota are asked of all workers, and who gives no answer is said', async () => {
  const cleo = { subject: 'account cleo', quota: noQuota };
  const { relay, missed } = settingOf({ spenders: () => Promise.resolve([cleo]) }, { spenders: nobody });
  assert.deepEqual(await relay.spenders(), [cleo]);
  assert.deepEqual(missed, [2]);
});

describe('a policy', () => {
  const far: Domain = domain('far.test');
  it('is fetched by one worker, and the others forget what they knew before the answer is given', async () => {
    const happened: string[] = [];
    const calls = (number: number): Partial<WorkerCalls> => ({
      refreshPolicy(of) {
        happened.push(`${number} fetches ${of}`);
        return Promise.reject(new Error('no facts in this test'));
      },
      overlook(of) {
        happened.push(`${number} overlooks ${of}`);
        return Promise.resolve();
      },
      forgetPolicy: () => (happened.push(`${number} forgets`), Promise.resolve(undefined)),
    });
    const { relay } = settingOf(calls(1), calls(2));
    await assert.rejects(relay.engine.refresh(far), /no facts/);
    assert.equal(happened.length, 1);
    assert.equal(await relay.engine.forget(far), undefined);
    assert.deepEqual(happened.slice(1), ['1 forgets', '2 forgets']);
  });
});
