import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import * as make from '../../../support/chains.ts';
import { host, randomChain, randomOf } from '../../../support/random-chain.ts';
import { intermediate, leaf, mx, names, root, stranger, top, verify } from './presented.ts';
import { setOf, tlsa, tlsaFor } from './records.ts';

const { authority, certify, party, server } = make;
const own = certify(mx, mx, { extensions: server('mx.example.test') });

describe('every usage, selector and matching type, for every certificate, under every presented chain', () => {
  const chains: Readonly<Record<string, readonly Uint8Array[]>> = {
    'the whole chain': [leaf, intermediate, top],
    'without the root': [leaf, intermediate],
    'the server alone': [leaf],
    'in disorder, with doubles': [leaf, top, intermediate, top, leaf],
    'with the root, without the intermediate': [leaf, top],
    'a self-signed certificate': [own],
  };
  const published: Readonly<Record<string, Uint8Array>> = { leaf, intermediate, root: top, stranger, own };
  /** Chain and record of usage 2, where they match: with a digest, and with the whole of it in the record. */
  const vouched: Readonly<Record<string, readonly [withDigest: boolean, withAll: boolean]>> = {
    'the whole chain, intermediate': [true, true],
    'the whole chain, root': [true, true],
    'without the root, intermediate': [true, true],
    'without the root, root': [false, true],
    'the server alone, intermediate': [false, true],
    'in disorder, with doubles, intermediate': [true, true],
    'in disorder, with doubles, root': [true, true],
    'with the root, without the intermediate, intermediate': [false, true],
  };
  const isMatch = (
    record: {
      readonly usage: number;
      readonly selector: number;
      readonly matching: number;
      readonly of: string;
    },
    chain: string,
  ): boolean => {
    const { usage, selector, matching, of } = record;
    const isSelfSigned = chain === 'a self-signed certificate';
    // Both certificates of the server have one key.
    const hasKey = selector === 1 && (of === 'own' || of === 'leaf');
    if (usage === 3) return hasKey || of === (isSelfSigned ? 'own' : 'leaf');
    // RFC 7671 §5.2.3: signed by the bare key, which is the server's own here.
    if (isSelfSigned) return hasKey && matching === 0;
    const [withDigest, withAll] = vouched[`${chain}, ${of}`] ?? [false, false];
    return matching === 0 ? withAll : withDigest;
  };

  for (const [chain, presented] of Object.entries(chains)) {
    for (const [record, certificate] of Object.entries(published)) {
      it(`${chain}; records of the ${record}`, () => {
        for (const usage of [2, 3])
          for (const selector of [0, 1])
            for (const matching of [0, 1, 2]) {
              const verdict = verify(presented, [tlsaFor(usage, selector, matching, certificate)]);
              const wanted = isMatch({ usage, selector, matching, of: record }, chain) ? 'match' : 'no-match';
              assert.equal(verdict.kind, wanted, `${usage} ${selector} ${matching}`);
            }
      });
    }
  }
});

describe('a huge chain', () => {
  it('is looked at up to 16 certificates', () => {
    const filler = Array.from({ length: 14 }, (_, at) => certify(party(`F${at}`), party('G')));
    const anchored = [tlsaFor(2, 0, 1, top)];
    assert.equal(verify([leaf, ...filler.slice(1), intermediate, top], anchored).kind, 'match');
    const verdict = verify([leaf, ...filler, intermediate, top], anchored);
    assert.equal(verdict.kind === 'no-match' && verdict.presented.length, 16);
  });

  it('a whole zone full of records is looked at in bounded time', () => {
    const digests = Array.from({ length: 1500 }, (_, at) =>
      tlsa(2 + (at % 2), at % 2, 1, Buffer.alloc(32, at)),
    );
    const anchors = Array.from({ length: 150 }, (_, at) =>
      tlsa(
        2,
        0,
        0,
        certify(root, root, { extensions: authority, serial: 50 + at, signedBy: party('Mallory') }),
      ),
    );
    const keys = Array.from({ length: 200 }, (_, at) => tlsa(2, 1, 0, make.spkiOf(party(`Key ${at}`))));
    for (const set of [digests, anchors, keys].map((records) => setOf(...records))) {
      const started = performance.now();
      verify([leaf, intermediate, top], set);
      assert.ok(performance.now() - started < 500);
    }
  });
});

describe('properties', () => {
  /** Some records for what was presented, and for what was not. */
  const records = (
    random: () => number,
    certificates: readonly Uint8Array[],
    usages: readonly number[],
  ): readonly Buffer[] =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
      const pick = (count: number): number => Math.floor(random() * count);
      const certificate = certificates[pick(certificates.length)] ?? leaf;
      return tlsaFor(usages[pick(usages.length)] ?? 3, pick(2), pick(3), certificate);
    });

  it('unusable records never change a verdict', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(3), (seed, kind) => {
        const random = randomOf(seed);
        const { presented, anchor } = randomChain(random, 0.2);
        const set = records(random, [...presented, anchor], [2, 3]);
        const unusable = [
          tlsaFor(1, 1, 1, presented[0] ?? leaf),
          tlsa(3, 1, 2, Buffer.alloc(63)),
          tlsa(2, 0, 0, Buffer.from('junk')),
          tlsa(3, 7, 1, Buffer.alloc(32)),
        ][kind];
        const before = verify(presented, set);
        assert.deepEqual(verify(presented, [unusable ?? leaf, ...set]), before);
        assert.deepEqual(verify(presented, [...set, unusable ?? leaf]), before);
      }),
      { numRuns: 150 },
    );
  });

  it('less evidence never turns a failure into a success', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = randomOf(seed);
        const { presented, anchor } = randomChain(random, 0.3);
        const set = setOf(...records(random, [...presented, anchor], [2, 2, 3]));
        if (verify(presented, set, names(host)).kind === 'match') return;
        const fewer = { ...set, usable: set.usable.filter(() => random() < 0.5) };
        assert.equal(verify(presented, fewer, names(host)).kind, 'no-match');
        // A bare key is used only where its certificate was not presented, so that taking that away may help.
        if (
          set.usable.some(
            ({ usage, selector, matchingType }) => usage === 2 && selector === 1 && matchingType === 0,
          )
        )
          return;
        const [first = leaf, ...rest] = presented;
        assert.equal(
          verify([first, ...rest.filter(() => random() < 0.5)], set, names(host)).kind,
          'no-match',
        );
      }),
      { numRuns: 200 },
    );
  });

  it('usage 2 never matches under a name that the certificate does not have', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = randomOf(seed);
        const { presented, anchor } = randomChain(random, 0.2);
        const set = records(random, [...presented, anchor], [2]);
        assert.equal(verify(presented, set, names('other.example.test')).kind, 'no-match');
      }),
      { numRuns: 150 },
    );
  });

  it('never throws, whatever is presented and published', () => {
    const octets = fc.oneof(
      fc.uint8Array(),
      fc
        .tuple(fc.constantFrom(leaf, intermediate, top), fc.nat(600), fc.nat(255))
        .map(([good, at, octet]) => {
          const changed = Buffer.from(good);
          changed[at % good.length] = octet;
          return changed;
        }),
    );
    const rdata = fc.oneof(
      fc.uint8Array(),
      fc
        .tuple(fc.constantFrom(2, 3), fc.nat(1), fc.nat(2), octets)
        .map(([u, s, m, of]) => tlsaFor(u, s, m, of)),
      fc.tuple(fc.constantFrom(2, 3), fc.nat(1), octets).map(([u, s, of]) => tlsa(u, s, 0, of)),
    );
    fc.assert(
      fc.property(fc.array(octets, { maxLength: 5 }), fc.array(rdata, { maxLength: 5 }), (chain, set) => {
        for (const presented of [chain, [leaf, ...chain]]) {
          const verdict = verify(presented, set);
          assert.ok(verdict.because.length > 0 && verdict.because.length < 3000);
        }
      }),
      { numRuns: 300 },
    );
  });
});
