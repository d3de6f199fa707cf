import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { drive, type PolicyHands } from '../../../src/lookup/drive.ts';
import { all, fetchPolicy, type PolicyLookUp, recall } from '../../../src/policies/look-ups.ts';
import type { HttpsOutcome } from '../../../src/wire/https-answer.ts';
import { nameOf } from '../../support/destinations.ts';

const outcome: HttpsOutcome = { kind: 'failed', fault: 'tcp', because: 'of the test', tls: undefined };
const hands: PolicyHands = {
  resolve: () => Promise.reject(new Error('the resolver is gone')),
  fetch: () => Promise.resolve(outcome),
  recall: () => ({ sts: undefined, overrides: [] }),
};

describe('the driver of look-ups', () => {
  it('hands each effect on and its reaction back', async () => {
    function* both(): PolicyLookUp<unknown> {
      const recalled = yield* recall(nameOf('a.test'));
      return [recalled, yield* fetchPolicy(nameOf('a.test'))];
    }
    assert.deepEqual(await drive(both(), hands), [{ sts: undefined, overrides: [] }, outcome]);
  });

  it('runs the dialogues of one step at the same time, and keeps their order', async () => {
    let running = 0;
    let most = 0;
    const slow: PolicyHands = {
      ...hands,
      fetch: async (domain) => {
        most = Math.max(most, (running += 1));
        await sleep(domain === 'slow.test' ? 20 : 1);
        running -= 1;
        return { ...outcome, because: domain };
      },
    };
    const found = await drive(
      all(['slow.test', 'b.test', 'c.test'].map((name) => fetchPolicy(nameOf(name)))),
      slow,
    );
    assert.deepEqual(
      found.map((one) => one.kind === 'failed' && one.because),
      ['slow.test', 'b.test', 'c.test'],
    );
    assert.equal(most, 3);
  });

  it('throws what an effect is lost by into the dialogue, which may take it', async () => {
    const lost: PolicyHands = { ...hands, fetch: () => Promise.reject(new Error('no more sockets')) };
    function* patient(): PolicyLookUp<string> {
      try {
        yield* fetchPolicy(nameOf('a.test'));
        return 'fetched';
      } catch (error) {
        return error instanceof Error ? error.message : 'odd';
      }
    }
    assert.equal(await drive(patient(), lost), 'no more sockets');
    await assert.rejects(drive(all([fetchPolicy(nameOf('a.test'))]), lost), /no more sockets/);
  });
});
