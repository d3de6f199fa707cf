import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { ClientHelloSpec } from '../../../../src/tls/hello/client-hello.ts';
import {
  classQuestion,
  compressionQuestion,
  fallbackQuestion,
  helloOctets,
  keyQuestion,
  largeQuestion,
  legacyQuestion,
  primeQuestion,
  type Question,
  remainingQuestion,
  retryQuestion,
  sslv2Question,
  weakFirstQuestion,
} from '../../../../src/tls/hello/questions.ts';
import { suiteClasses, suites } from '../../../../src/tls/hello/suites.ts';
import { SSL_3, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 } from '../../../../src/tls/hello/versions.ts';
import { asked, ingredients } from './asked.ts';

const offerOf = ({ offer }: Question): ClientHelloSpec =>
  offer.kind === 'tls' ? offer : assert.fail('a hello of SSL 2.0');
const length = (question: Question): number => helloOctets(question).length;

describe('questions', () => {
  for (const [name, question] of asked) {
    it(`${name}: fits into a segment, is none of those that old servers hang at, and offers 128 suites at most`, () => {
      const octets = length(question);
      // RFC 7685 §4: 256 to 511 octets of the message, to which 5 of the record come.
      assert.ok(octets < 5 + 256 || octets > 5 + 511, String(octets));
      if (name !== 'large') assert.ok(octets <= 1220, String(octets));
      if (question.offer.kind === 'tls') {
        const { suites: offered } = question.offer;
        assert.ok(offered.length > 0 && offered.length <= 128);
        assert.equal(new Set(offered).size, offered.length);
        for (const code of offered) assert.ok(!suites.get(code)?.classes.has('secret'), String(code));
      }
    });
  }

  it('a name goes along where there is one', () => {
    const without = { ...ingredients, serverName: null };
    assert.equal(offerOf(weakFirstQuestion(ingredients)).serverName, 'mx.example.test');
    assert.equal(offerOf(weakFirstQuestion(without)).serverName, null);
    assert.equal(offerOf(legacyQuestion(ingredients, SSL_3)).serverName, null);
  });

  it('retry: TLS 1.3 with an empty key_share, the post-quantum groups first, and TLS 1.2', () => {
    const { keyShares, groups, supportedVersions, suites: offered } = offerOf(retryQuestion(ingredients));
    assert.deepEqual(
      [keyShares, groups?.slice(0, 3), supportedVersions],
      [[], [0x11ec, 0x11eb, 0x11ed], [TLS_1_3, TLS_1_2]],
    );
    for (const code of [0x1301, 0x1302, 0x1303, 0xc02f, 0xc030]) assert.ok(offered.includes(code));
    assert.deepEqual(offerOf(retryQuestion(ingredients, [0x0017])).groups, [0x0017]);
  });

  it('weak first: no weaker suite stands behind a stronger one, and classes can be left out', () => {
    const {
      suites: offered,
      compression,
      signatureSchemes,
      groups,
    } = offerOf(weakFirstQuestion(ingredients));
    const firsts = ['null', 'anon', 'export', 'des', 'rc2', 'rc4', 'idea', '3des', 'seed', 'gost'] as const;
    const ranks = offered.map((code) => firsts.findIndex((name) => suites.get(code)?.classes.has(name)));
    const weak = ranks.filter((rank) => rank >= 0);
    assert.deepEqual(
      ranks.slice(0, weak.length),
      weak.toSorted((one, other) => one - other),
    );
    assert.equal(suites.get(offered.at(-1) ?? 0)?.mode, 'POLY1305');
    assert.deepEqual([compression, signatureSchemes?.[0], groups?.[0]], [[1, 0], 0x0101, 0x0001]);
    const left = offerOf(weakFirstQuestion(ingredients, ['anon', 'null'])).suites;
    assert.ok(
      left.length > 80 &&
        left.every(
          (code) => !suites.get(code)?.classes.has('anon') && !suites.get(code)?.classes.has('null'),
        ),
    );
  });

  it('primes are not offered before TLS 1.3, so that a server shows its own (RFC 7919 §4)', () => {
    for (const question of [
      weakFirstQuestion(ingredients),
      legacyQuestion(ingredients),
      keyQuestion(ingredients, 'rsa'),
    ])
      assert.ok(offerOf(question).groups?.every((group) => group < 0x0100));
  });

  it('old clients: the highest version and no suites of later ones; SSL 3.0 has no extensions', () => {
    for (const version of [TLS_1_1, TLS_1_0, SSL_3]) {
      const { legacyVersion, suites: offered } = offerOf(legacyQuestion(ingredients, version));
      assert.equal(legacyVersion, version);
      assert.ok(offered.every((code) => (suites.get(code)?.since ?? Infinity) <= version));
    }
    const ssl3 = offerOf(legacyQuestion(ingredients, SSL_3));
    const octets = helloOctets(legacyQuestion(ingredients, SSL_3));
    assert.equal(octets.length, 5 + 4 + 2 + 32 + 1 + 2 + 2 * (ssl3.suites.length + 1) + 2);
    assert.deepEqual([...octets.subarray(1, 3), ...octets.subarray(-4)], [3, 0, 0, 0xff, 1, 0]);
  });

  it('one kind of key: only suites with it, and signatures of both, as the chain may have them', () => {
    for (const [key, authentication] of [
      ['rsa', 'RSA'],
      ['ecdsa', 'ECDSA'],
    ] as const) {
      const { suites: offered, signatureSchemes } = offerOf(keyQuestion(ingredients, key));
      assert.ok(offered.every((code) => suites.get(code)?.authentication === authentication));
      for (const scheme of [0x0401, 0x0403]) assert.ok(signatureSchemes?.includes(scheme));
    }
  });

  it('suites with long primes are the last of equals in either order, as servers break off at them', () => {
    const isLong = (code: number): boolean => suites.get(code)?.keyExchange === 'DHE';
    const curves = (code: number): boolean => suites.get(code)?.keyExchange === 'ECDHE';
    const { suites: weak } = offerOf(
      weakFirstQuestion(ingredients, ['anon', 'export', 'des', '3des', 'null', 'rc4', 'seed']),
    );
    const { suites: best } = offerOf(keyQuestion(ingredients, 'rsa'));
    assert.ok(weak.findIndex(curves) < weak.findIndex(isLong));
    assert.ok(best.findIndex(curves) < best.findIndex(isLong));
    const { suites: primes, signatureSchemes } = offerOf(primeQuestion(ingredients));
    assert.ok(primes.length > 10 && primes.every(isLong) && signatureSchemes?.includes(0x0401));
  });

  it('of a class: only of it', () => {
    for (const name of suiteClasses) {
      if (name === 'secret') continue;
      const { suites: offered } = offerOf(classQuestion(ingredients, name));
      assert.ok(offered.length > 0 && offered.every((code) => suites.get(code)?.classes.has(name)), name);
    }
  });

  it('large: above a segment, with a share as post-quantum clients send it', () => {
    assert.deepEqual(
      [length(largeQuestion(ingredients)), length(largeQuestion(ingredients, 9000))],
      [2048, 9000],
    );
    const [share] = offerOf(largeQuestion(ingredients)).keyShares ?? [];
    assert.deepEqual([share?.group, share?.key.length], [0x11ec, 1184 + 32]);
    assert.deepEqual(share?.key.subarray(1184), ingredients.random);
  });

  it('fallback: its signal is the last of the suites', () => {
    const octets = Buffer.from(helloOctets(fallbackQuestion(ingredients, TLS_1_0)));
    const suitesLength = octets.readUInt16BE(5 + 4 + 2 + 32 + 1);
    assert.equal(octets.readUInt16BE(5 + 4 + 2 + 32 + 1 + suitesLength), 0x5600);
    assert.equal(offerOf(fallbackQuestion(ingredients)).legacyVersion, TLS_1_1);
  });

  it('compression: DEFLATE before none', () => {
    assert.deepEqual(offerOf(compressionQuestion(ingredients)).compression, [1, 0]);
  });

  it('SSL 2.0: all ten of its ciphers', () => {
    const { offer } = sslv2Question(ingredients.random.subarray(0, 16));
    assert.equal(offer.kind === 'sslv2' && offer.cipherKinds.length, 10);
  });
});

describe('remainingQuestion: the list of all suites that a server has', () => {
  /** Asks a server that takes the first suite of its own. */
  function list(version: number, own: readonly number[]): { taken: number[]; asked: number } {
    const settled = new Set<number>();
    const taken: number[] = [];
    for (let count = 0; ; count++) {
      const question = remainingQuestion(ingredients, version, settled);
      if (question === undefined) return { taken, asked: count };
      const { suites: offered } = offerOf(question);
      const found = own.find((code) => offered.includes(code));
      if (found === undefined) for (const code of offered) settled.add(code);
      else taken.push(found);
      if (found !== undefined) settled.add(found);
    }
  }

  const possible = (version: number): readonly number[] => list(version, [...suites.keys()]).taken;

  it('all that can be had without a secret are asked for', () => {
    assert.equal(possible(TLS_1_2).length, 241);
    assert.deepEqual(possible(TLS_1_3).slice(-5).length, 5);
    assert.ok(possible(TLS_1_3).every((code) => suites.get(code)?.since === TLS_1_3));
    assert.ok(possible(SSL_3).includes(0xfeff) && possible(TLS_1_3).includes(0x1303));
  });

  it('comes out whole, with a question for each suite and one for each key exchange that has none left', () => {
    const all = possible(TLS_1_2);
    const exchangeOf = (code: number): string =>
      `${suites.get(code)?.keyExchange} ${suites.get(code)?.authentication}`;
    const exchanges = new Set(all.map(exchangeOf)).size;
    fc.assert(
      fc.property(fc.shuffledSubarray([...all], { maxLength: 40 }), (own) => {
        const { taken, asked: questions } = list(TLS_1_2, own);
        const order = (codes: readonly number[]): number[] => codes.toSorted((one, other) => one - other);
        assert.deepEqual(order(taken), order(own));
        assert.ok(questions <= own.length + exchanges, String(questions));
      }),
      { numRuns: 15 },
    );
  });
});
