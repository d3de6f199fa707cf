import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameOf as dnsNameOf } from '../../../src/dns/name.ts';
import { types } from '../../../src/dns/record.ts';
import type { PolicyHands } from '../../../src/lookup/drive.ts';
import { fetchedOnce, keptLookUps, leavingAlone } from '../../../src/scanner/kept-look-ups.ts';
import { readOptOut } from '../../../src/scanner/opt-out.ts';
import { nameOf } from '../../support/destinations.ts';
import { answerFrom } from '../../support/scripted-zone.ts';

const answer = answerFrom({ 'example.test A': ['192.0.2.1'] });

/** Counts what is asked. */
function counting(): { readonly hands: PolicyHands; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    hands: {
      resolve: (question) => {
        asked.push(`resolve ${question.type}`);
        return Promise.resolve(answer(question));
      },
      fetch: (domain) => {
        asked.push(`fetch ${domain}`);
        return Promise.resolve({ kind: 'failed', fault: 'tcp', because: 'of the test', tls: undefined });
      },
      recall: (domain) => {
        asked.push(`recall ${domain}`);
        return { sts: undefined, overrides: [] };
      },
    },
  };
}

const domain = nameOf('example.test');

describe('look-ups of one run', () => {
  it('ask each thing once, at the same time too, and keep what came', async () => {
    const { hands, asked } = counting();
    const kept = keptLookUps(hands);
    const question = { name: dnsNameOf(domain), type: types.A };
    const ask = async (): Promise<void> => {
      kept.hands.recall(domain);
      await Promise.all([kept.hands.resolve(question), kept.hands.fetch(domain)]);
    };
    await Promise.all([ask(), ask()]);
    await ask();
    assert.deepEqual(asked, ['recall example.test', `resolve ${types.A}`, 'fetch example.test']);
    const { answers, fetched, recalled } = kept.all();
    assert.deepEqual([answers.length, fetched.length, recalled.length], [1, 1, 1]);
  });

  it('know of a domain what everybody may, and nothing of the list, the memory and the promotions of this relay', () => {
    const { hands } = counting();
    const kept = keptLookUps({
      ...hands,
      recall: () => ({
        sts: undefined,
        overrides: [],
        get list(): never {
          throw new Error('it was looked for');
        },
        memory: [],
        promotion: undefined,
      }),
    });
    const known = { sts: undefined, overrides: [] };
    assert.deepEqual(kept.hands.recall(domain), known);
    assert.deepEqual(kept.all().recalled, [{ domain, recalled: known }]);
  });

  it('leave the policy host of those alone who asked for it, and of nobody else', async () => {
    const read = readOptOut('example.test');
    const list = read.kind === 'ok' ? read.value : assert.fail(read.because);
    const { hands, asked } = counting();
    const careful = leavingAlone(hands, list);
    const outcome = await careful.fetch(domain);
    assert.ok(outcome.kind === 'failed' && outcome.because.endsWith('has example.test'));
    // A course would say that it was asked, and too slow.
    assert.equal(outcome.course, undefined);
    await careful.fetch(nameOf('other.test'));
    assert.deepEqual(asked, ['fetch other.test']);
  });

  it('ask for the policy of a domain once for a target that is begun twice', async () => {
    const { hands, asked } = counting();
    let now = 0;
    const fetch = fetchedOnce(hands.fetch, () => now);
    assert.deepEqual(await fetch(domain), await fetch(domain));
    assert.deepEqual(asked, ['fetch example.test']);
    now = 10 * 60_000;
    await fetch(domain);
    assert.equal(asked.length, 2);
  });
});
