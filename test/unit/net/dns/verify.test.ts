import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { SignatureCheck } from '../../../../src/dns/look-ups.ts';
import { type Bench, verifying } from '../../../../src/net/dns/verify.ts';
import { signed } from '../../../support/dns/signed.ts';

/** A clock of a machine on which a check takes so long, in milliseconds: it goes on each time it is looked at. */
function clock(checkMs = 0.07): () => number {
  let at = 0;
  return () => {
    at += checkMs;
    return at;
  };
}

function several(): Bench {
  return { cores: 2, now: clock() };
}

function verdict(verify: ReturnType<typeof verifying>, check: SignatureCheck): Promise<boolean> {
  return new Promise((resolve) => {
    const now = verify(check, resolve);
    if (now !== undefined) resolve(now);
  });
}

describe('signatures', () => {
  for (const algorithm of [5, 7, 8, 10, 13, 14, 15, 16]) {
    it(`of algorithm ${algorithm}: good, or changed in any part`, async () => {
      const verify = verifying(several());
      const good = signed(algorithm, 'some data');
      assert.equal(await verdict(verify, good), true);
      for (const part of ['publicKey', 'data', 'signature'] as const) {
        const changed = Buffer.from(good[part]);
        changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
        assert.equal(await verdict(verify, { ...good, [part]: changed }), false, part);
      }
      for (const signature of [
        good.signature.subarray(1),
        Buffer.concat([good.signature, Buffer.of(0)]),
        Buffer.of(),
      ])
        assert.equal(await verdict(verify, { ...good, signature }), false, 'of another length');
    });
  }

  it('of an algorithm that is not known are not good', async () => {
    const good = signed(13, 'some data');
    for (const algorithm of [0, 1, 3, 6, 12, 17, 252])
      assert.equal(await verdict(verifying(several()), { ...good, algorithm }), false);
  });
});

describe('where the work is done', () => {
  it('RSA here, P-384 never where there are other cores: it takes as long as fifty questions', async () => {
    const verify = verifying(several());
    const rsa = signed(8, 'data');
    for (let times = 0; times < 100; times += 1)
      assert.equal(
        verify(rsa, () => assert.fail('later')),
        true,
      );
    const long = signed(14, 'data');
    const later = Promise.withResolvers<boolean>();
    assert.equal(verify(long, later.resolve), undefined);
    assert.equal(await later.promise, true);
  });

  for (const [what, bench, most] of [
    ['few', several(), 4],
    ['4 ms where there is no other core', { cores: 1, now: clock() }, 57],
  ] as const) {
    it(`others here as long as there are ${what} in one turn of the event loop`, async () => {
      const verify = verifying(bench);
      const check = signed(13, 'data');
      const verdicts: Promise<boolean>[] = [];
      const here = (): number =>
        Array.from({ length: 100 }, () => {
          const later = Promise.withResolvers<boolean>();
          const now = verify(check, later.resolve);
          if (now === undefined) verdicts.push(later.promise);
          return now;
        }).filter((now) => now === true).length;
      assert.equal(here(), most);
      assert.equal(here(), 0);
      await turn();
      assert.equal(here(), most, 'in the next turn again');
      assert.ok((await Promise.all(verdicts)).every(Boolean));
    });
  }

  it('less here on a slower machine: what a check took counts, not what it should take', () => {
    const verify = verifying({ cores: 1, now: clock(1) });
    const check = signed(13, 'data');
    const all = Array.from({ length: 10 }, () => verify(check, () => undefined));
    assert.deepEqual(
      all.map((now) => now === true),
      [true, true, true, true, false, false, false, false, false, false],
    );
  });

  it('P-384 here too where there is no other core, five in one turn', async () => {
    const verify = verifying({ cores: 1, now: clock(0.7) });
    const check = signed(14, 'data');
    const verdicts: Promise<boolean>[] = [];
    const now = Array.from({ length: 8 }, () => {
      const later = Promise.withResolvers<boolean>();
      const here = verify(check, later.resolve);
      if (here === undefined) verdicts.push(later.promise);
      return here;
    });
    assert.equal(now.filter((good) => good === true).length, 5);
    assert.deepEqual(await Promise.all(verdicts), [true, true, true]);
  });
});
