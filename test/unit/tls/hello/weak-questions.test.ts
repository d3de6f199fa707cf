import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientHelloSpec } from '../../../../src/tls/hello/client-hello.ts';
import { groups } from '../../../../src/tls/hello/groups.ts';
import { helloOctets, type Question } from '../../../../src/tls/hello/questions.ts';
import { signatureSchemes } from '../../../../src/tls/hello/signature-schemes.ts';
import { suites } from '../../../../src/tls/hello/suites.ts';
import {
  brokenClasses,
  brokenKindsOf,
  sha1Question,
  weakCurves,
  weakCurvesQuestion,
  weakQuestion,
  weakSchemes,
  weakSuites,
} from '../../../../src/tls/hello/weak-questions.ts';
import { ingredients } from './asked.ts';

const offerOf = ({ offer }: Question): ClientHelloSpec =>
  offer.kind === 'tls' ? offer : assert.fail('a hello of SSL 2.0');

describe('suites of broken kinds', () => {
  it('are offered all, the weakest first, and nothing else', () => {
    const { suites: offered, serverName } = offerOf(weakQuestion(ingredients));
    for (const kind of brokenClasses)
      assert.ok(
        offered.some((code) => brokenKindsOf(code).includes(kind)),
        kind,
      );
    for (const code of offered) {
      assert.ok(brokenKindsOf(code).length > 0, String(code));
      const { classes } = suites.get(code) ?? assert.fail();
      assert.ok(!classes.has('anon') && !classes.has('secret'), String(code));
    }
    const first = offered.map((code) =>
      brokenClasses.findIndex((kind) => brokenKindsOf(code).includes(kind)),
    );
    assert.deepEqual(
      first,
      first.toSorted((a, b) => a - b),
    );
    assert.equal(serverName, 'mx.example.test');
  });

  it('without those that are of nothing but what was taken: of a kind that was not, every suite is on offer', () => {
    const all = offerOf(weakQuestion(ingredients)).suites;
    for (const without of [
      ['rc4'],
      ['export'],
      ['des'],
      ['rc4', 'export'],
      ['null', 'rc4', '3des'],
    ] as const) {
      const known: readonly string[] = without;
      const { suites: offered } = offerOf(weakQuestion(ingredients, without));
      assert.ok(offered.length > 0);
      for (const code of all) {
        const isOpen = brokenKindsOf(code).some((kind) => !known.includes(kind));
        assert.equal(offered.includes(code), isOpen, `${code.toString(16)} without ${without.join()}`);
      }
    }
    // An export suite with RC4 is of both kinds.
    assert.ok(offerOf(weakQuestion(ingredients, ['rc4'])).suites.includes(0x0003));
  });

  it('what older recordings mean: without all that is of any kind that was taken', () => {
    const old = weakSuites({ without: ['rc4'] });
    assert.ok(!old.includes(0x0003) && !old.includes(0x0005) && old.includes(0x0008));
  });

  it('RFC 5469 §2, RFC 4346 A.5: in older versions, for servers that have a suite in those only', () => {
    const { suites: offered, legacyVersion } = offerOf(weakQuestion(ingredients, ['rc4'], 0x0301));
    assert.equal(legacyVersion, 0x0301);
    for (const code of offered) assert.ok((suites.get(code)?.since ?? Infinity) <= 0x0301, String(code));
    assert.ok(offered.includes(0x0008) && offered.includes(0x0009));
    assert.equal(offerOf(weakQuestion(ingredients, [], 0x0300)).serverName, null);
  });

  it('the kinds of a suite', () => {
    assert.deepEqual(brokenKindsOf(0x0003), ['export', 'rc4']);
    assert.deepEqual(brokenKindsOf(0x000a), ['3des']);
    assert.deepEqual(brokenKindsOf(0xc02f), []);
    assert.deepEqual(brokenKindsOf(0xfefd), []);
  });
});

it('RFC 8422 §5.1.1: curves of less than 224 bits only, with suites that have one', () => {
  const { groups: offered, suites: codes } = offerOf(weakCurvesQuestion(ingredients));
  assert.deepEqual(offered, weakCurves);
  for (const code of weakCurves) {
    const name = groups.get(code)?.name ?? '';
    assert.ok(Number(/\d{3}/.exec(name)?.[0]) < 224, name);
  }
  for (const [code, { name, kind }] of groups)
    if (kind === 'curve' && /^sec[pt](?:1[69]|2[01])/.test(name)) assert.ok(weakCurves.includes(code), name);
  for (const code of codes) assert.equal(suites.get(code)?.keyExchange, 'ECDHE');
});

it('RFC 8422 §5.1: with a key on a curve, that curve as well, the last', () => {
  assert.deepEqual(offerOf(weakCurvesQuestion(ingredients, 0x0017)).groups, [...weakCurves, 0x0017]);
  assert.deepEqual(offerOf(weakCurvesQuestion(ingredients, 0x0013)).groups, weakCurves);
});

it('RFC 9155 §2: signatures with SHA-1 and MD5 only, with suites in which the server signs; RFC 8446 §4.2.3: all in the chain', () => {
  const question = sha1Question(ingredients);
  const { signatureSchemes: offered, certificateSchemes, suites: codes } = offerOf(question);
  assert.deepEqual(offered, weakSchemes);
  for (const code of weakSchemes)
    assert.match(signatureSchemes.get(code)?.hash ?? '', /^(?:sha1|md5)$/, String(code));
  assert.equal(
    [...signatureSchemes.values()].filter(({ hash }) => /^(?:sha1|md5)$/.test(hash)).length,
    weakSchemes.length,
  );
  assert.deepEqual(
    certificateSchemes?.toSorted((a, b) => a - b),
    [...signatureSchemes.keys()],
  );
  for (const code of codes) {
    const suite = suites.get(code);
    assert.ok(suite?.keyExchange === 'ECDHE' || suite?.keyExchange === 'DHE', String(code));
    assert.notEqual(suite.authentication, 'anon');
  }
});

it('each fits into a segment, and is none of those that old servers hang at', () => {
  for (const question of [
    weakQuestion(ingredients),
    weakCurvesQuestion(ingredients),
    sha1Question(ingredients),
  ]) {
    const { length } = helloOctets(question);
    assert.ok(length < 5 + 256 || (length > 5 + 511 && length <= 1_220), String(length));
    assert.ok(offerOf(question).suites.length <= 128);
  }
});
