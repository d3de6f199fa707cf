import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  type JudgedList,
  judgeList,
  type OfferedList,
  type Signing,
} from '../../../../src/policies/list/accept.ts';
import { MAX_LIST_OCTETS } from '../../../../src/policies/list/policy-list.ts';
import { DAY, listText, NOON, newSigner, type Signer, signed } from '../../../support/lists.ts';

const [ours, next] = [newSigner(), newSigner()];

function at(ms: number): string {
  return new Date(ms).toISOString();
}

function judged(
  offered: OfferedList,
  signings: readonly Signing[] = [],
  now = NOON,
  keys = [ours],
): JudgedList {
  return judgeList(
    offered,
    keys.map((key) => key.public),
    signings,
    now,
  );
}

/** `accepted`, or the fault with its reason. */
function shown(verdict: JudgedList): string {
  return verdict.kind === 'refused' ? `${verdict.fault}: ${verdict.because}` : verdict.kind;
}

/** What is known after a list was accepted. */
function signingsOf(offered: OfferedList, ...keys: readonly Signer[]): readonly Signing[] {
  const verdict = judged(offered, [], NOON, [...keys]);
  if (verdict.kind === 'refused') assert.fail(verdict.because);
  const { list, digest, signers } = verdict;
  return signers.map((key) => ({ key, timestamp: list.timestamp, digest }));
}

describe('a list that is offered', () => {
  const good = signed(listText(), ours);

  it('is accepted where one of the keys has signed it and it is in date', () => {
    const verdict = judged(signed(listText(), next, ours));
    assert.equal(verdict.kind, 'accepted');
    assert.deepEqual(verdict.kind === 'accepted' && verdict.signers, [ours.public.id]);
  });

  it('is accepted again where nothing has changed', () =>
    assert.equal(shown(judged(good, signingsOf(good, ours))), 'accepted'));

  it('is refused where a stranger has signed it', () => {
    const reason = 'signature: none of the keys in list.keys has signed it';
    assert.equal(shown(judged(signed(listText(), next))), reason);
    assert.equal(shown(judged(good, [], NOON, [])), reason);
  });

  it('is refused where the signature is of another list', () => {
    const { signature } = signed(listText({ version: '0.2' }), ours);
    assert.match(
      shown(judged({ ...good, signature })),
      /^signature: the signature is not one of these octets/,
    );
  });

  it('is refused where it, or its signature, is half written: at every length', () => {
    for (let end = 0; end < good.list.length; end += 7)
      assert.match(shown(judged({ ...good, list: good.list.subarray(0, end) })), /^signature: /);
    for (let end = 0; end < good.signature.length; end++)
      assert.match(shown(judged({ ...good, signature: good.signature.subarray(0, end) })), /^signature: /);
  });

  it('is refused for its size before anything is looked at', () => {
    const list = Buffer.alloc(MAX_LIST_OCTETS + 1, 0x20);
    assert.equal(
      shown(judged({ list, signature: Buffer.from('x') })),
      `size: it has ${MAX_LIST_OCTETS + 1} octets, the limit is ${MAX_LIST_OCTETS}`,
    );
  });

  it('is not parsed unless it is signed', () => {
    assert.match(shown(judged(signed('{', next))), /^signature: /);
    assert.equal(shown(judged(signed('{', ours))), 'form: it is not JSON');
  });

  it('is refused once its time is over, at that very millisecond', () => {
    const end = NOON + 14 * DAY;
    assert.equal(shown(judged(good, [], end - 1)), 'accepted');
    assert.equal(shown(judged(good, [], end)), 'expired: it expired at 2026-12-12T12:00:00Z');
  });

  it('is refused where it comes from more than a day ahead', () => {
    assert.equal(shown(judged(signed(listText({ timestamp: at(NOON + DAY) }), ours))), 'accepted');
    assert.equal(
      shown(judged(signed(listText({ timestamp: at(NOON + DAY + 1) }), ours))),
      'future: it was made at 2026-11-29T12:00:00Z, which is more than a day ahead',
    );
  });

  it('is refused where it is older than one that was accepted, also by a millisecond', () => {
    const older = signed(listText({ timestamp: at(NOON - 1) }), ours);
    assert.equal(
      shown(judged(older, signingsOf(good, ours))),
      'rollback: it was made at 2026-11-28T11:59:59Z, and one of 2026-11-28T12:00:00Z was accepted before',
    );
    assert.equal(shown(judged(older)), 'accepted');
  });

  it('is refused where it is as old as one that was accepted, and another', () => {
    const other = signed(listText({ policies: {} }), ours);
    assert.equal(
      shown(judged(other, signingsOf(good, ours))),
      'conflict: another list of the same time, 2026-11-28T12:00:00Z, was accepted before: a new one takes a later timestamp',
    );
  });
});

describe('a new key', () => {
  const both = signed(listText(), ours, next);
  const older = signed(listText({ timestamp: at(NOON - DAY) }), next);

  it('cannot bring back what is older than what the old one has signed, as long as that is trusted', () =>
    assert.match(
      shown(judged(older, signingsOf(signed(listText(), ours), ours), NOON, [ours, next])),
      /^rollback: /,
    ));

  it('knows what it has signed beside the old one, once that is gone', () =>
    assert.match(shown(judged(older, signingsOf(both, ours, next), NOON, [next])), /^rollback: /));

  it('is not shut out by a stolen one that is trusted no more and has signed for tomorrow', () => {
    const stolen = signed(listText({ timestamp: at(NOON + DAY) }), ours);
    const signings = signingsOf(stolen, ours);
    assert.match(shown(judged(signed(listText(), next), signings, NOON, [ours, next])), /^rollback: /);
    assert.equal(shown(judged(signed(listText(), next), signings, NOON, [next])), 'accepted');
  });
});

describe('whatever is done to a signed list', () => {
  const text = listText();
  const good = signed(text, ours);

  it('it is refused, unless it is the same', () => {
    const piece = fc.record({
      at: fc.nat(text.length - 1),
      cut: fc.nat(20),
      put: fc.string({ maxLength: 5 }),
    });
    fc.assert(
      fc.property(piece, ({ at: start, cut, put }) => {
        const changed = text.slice(0, start) + put + text.slice(start + cut);
        const verdict = shown(judged({ list: Buffer.from(changed), signature: good.signature }));
        if (changed === text) assert.equal(verdict, 'accepted');
        else assert.match(verdict, /^signature: /);
      }),
      { numRuns: 300 },
    );
  });

  it('a history of lists in any order never goes back in time', () => {
    const steps = fc.array(
      fc.record({ made: fc.nat(10), by: fc.constantFrom(ours, next), names: fc.boolean() }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(steps, (history) => {
        let signings: readonly Signing[] = [];
        let newest = Number.NEGATIVE_INFINITY;
        for (const { made, by, names } of history) {
          const change = names ? {} : { policies: {} };
          const offered = signed(listText({ timestamp: at(NOON - made * DAY), ...change }), by);
          const verdict = judged(offered, signings, NOON, [ours, next]);
          if (verdict.kind === 'refused') continue;
          const { timestamp } = verdict.list;
          assert.ok(timestamp >= newest);
          if (timestamp === newest)
            assert.ok(
              signings
                .filter((one) => one.timestamp === newest)
                .some(({ digest }) => digest === verdict.digest),
            );
          newest = timestamp;
          const { digest } = verdict;
          signings = [
            ...signings.filter(({ key }) => key !== by.public.id),
            { key: by.public.id, timestamp, digest },
          ];
        }
      }),
      { numRuns: 100 },
    );
  });
});
