import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GetOutcome, LeftAlone } from '../../../src/net/https.ts';
import { callingBy, openPolicyCalls } from '../../../src/scanner/policy-calls.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const failed: GetOutcome = {
  kind: 'failed',
  fault: 'tcp',
  because: 'of the test',
  tls: undefined,
  noRoute: false,
};

/** Calls that end when the test says so. */
function bench(concurrency = 100) {
  let now = 0;
  const clock = (): number => now;
  const isOurs = (address: string): boolean => address.startsWith('127.');
  const calling = callingBy(openPolicyCalls({ concurrency, isOurs, clock }), clock);
  const under: { readonly address: string; readonly end: (outcome: GetOutcome | Error) => void }[] = [];
  let most = 0;
  return {
    call: (address: string): Promise<GetOutcome | LeftAlone> =>
      calling(
        address,
        () =>
          new Promise((resolve, reject) => {
            under.push({
              address,
              end: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)),
            });
            most = Math.max(most, under.length);
          }),
      ),
    /** Those that are being called. */
    under: () => under.map(({ address }) => address),
    most: () => most,
    /** The first ends, after so many milliseconds. */
    end: async (ms = 0, outcome: GetOutcome | Error = failed): Promise<void> => {
      now += ms;
      under.shift()?.end(outcome);
      await settle();
    },
    wait: (ms: number) => {
      now += ms;
    },
  };
}

const kinds = async (all: readonly Promise<GetOutcome | LeftAlone>[]): Promise<readonly string[]> =>
  (await Promise.all(all)).map(({ kind }) => kind);

describe('policy hosts', () => {
  it('are called four at a time in one network, whatever address and spelling; others meanwhile', async () => {
    const { call, under, end, most } = bench();
    const addresses = ['1.1.1.1', '1.1.1.1', '::ffff:1.1.1.2', '64:ff9b::101:103', '1.1.1.4', '1.1.1.1'];
    const all = [...addresses, '1.1.2.1'].map(call);
    await settle();
    assert.deepEqual(under(), [...addresses.slice(0, 4), '1.1.2.1']);
    for (let count = 0; count < 7; count += 1) await end();
    assert.deepEqual(new Set(await kinds(all)), new Set(['failed']));
    assert.equal(most(), 5);
  });

  it('are called no more at a time than are allowed in all; those of this host, too', async () => {
    const { call, under, end } = bench(2);
    const all = ['127.0.0.1', '127.0.0.1', '127.0.0.1', '1.1.1.1'].map(call);
    await settle();
    assert.equal(under().length, 2);
    for (let count = 0; count < 4; count += 1) await end();
    await Promise.all(all);
  });

  it('that keep us waiting for nothing three times are left alone for ten minutes', async () => {
    const { call, end, wait, under } = bench();
    const all = Array.from({ length: 100 }, () => call('1.1.1.1'));
    await settle();
    // Some were called before the third had failed.
    for (let count = 0; count < 6; count += 1) await end(10_000);
    const outcomes = await Promise.all(all);
    assert.equal(outcomes.filter(({ kind }) => kind === 'left-alone').length, 94);
    const [last] = outcomes.slice(-1);
    assert.match(last?.kind === 'left-alone' ? last.because : '', /^1\.1\.1\.1 has kept this check waiting/);
    const neighbour = call('1.1.1.2');
    await settle();
    assert.deepEqual(under(), ['1.1.1.2']);
    await end();
    assert.deepEqual(await kinds([neighbour]), ['failed']);
    wait(10 * 60_000);
    const later = call('1.1.1.1');
    await settle();
    await end();
    assert.deepEqual(await kinds([later]), ['failed']);
  });

  it('that say no at once, or answer in between, are asked for every domain', async () => {
    const { call, end } = bench();
    const answer: GetOutcome = {
      kind: 'answered',
      answer: {
        status: 404,
        contentType: undefined,
        contentEncoding: undefined,
        location: undefined,
        body: new Uint8Array(),
        address: '1.1.1.1',
        tls: {
          version: 'TLSv1.3',
          cipher: 'TLS_AES_256_GCM_SHA384',
          group: null,
          chain: [],
          path: { kind: 'trusted' },
          serverName: null,
          alpn: null,
        },
      },
    };
    for (let count = 0; count < 10; count += 1) {
      const quick = call('1.1.1.1');
      await settle();
      await end(100);
      assert.deepEqual(await kinds([quick]), ['failed']);
      const [slow, slower] = [call('1.1.1.1'), call('1.1.1.1')];
      await settle();
      await end(20_000);
      await end(20_000, answer);
      assert.deepEqual(await kinds([slow, slower]), ['failed', 'answered']);
    }
  });

  it('a call that is lost holds no place', async () => {
    const { call, end, under } = bench(1);
    const lost = assert.rejects(call('1.1.1.1'), /lost/);
    await settle();
    await end(0, new Error('lost'));
    await lost;
    const next = call('1.1.1.1');
    await settle();
    assert.equal(under().length, 1);
    await end();
    await next;
  });
});
