/** Which hellos of our own are worth a connection after what was answered so far, and what they offer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HelloProbes } from '../../../src/findings/hello-seen.ts';
import type { Probes, Visit } from '../../../src/findings/observation.ts';
import { deepHellos } from '../../../src/scanner/deep-hellos.ts';
import { emptyDraft } from '../../../src/scanner/draft.ts';
import {
  furtherHellos,
  isKnownUpTo12,
  isKnownWithoutName,
  sizeHellos,
  usualHellos,
  weakHello,
} from '../../../src/scanner/hello-questions.ts';
import type { Knocking, Question } from '../../../src/scanner/probes.ts';
import type { ClientHelloSpec } from '../../../src/tls/hello/client-hello.ts';
import type { Question as Hello } from '../../../src/tls/hello/questions.ts';
import { suites as known } from '../../../src/tls/hello/suites.ts';
import { brokenKindsOf } from '../../../src/tls/hello/weak-questions.ts';
import {
  agreed,
  chainFor,
  handshakeRefused,
  helloRefused,
  otherKey,
  probeNotTested,
  secured,
  tlsSeen,
} from '../../support/observations.ts';

function visit(tls: Parameters<typeof tlsSeen>[0] | null = {}): Visit {
  const { step: _, ...draft } = emptyDraft();
  const upgrade =
    tls === null
      ? ({ kind: 'handshake-failed', because: 'x', alert: null, ms: 1 } as const)
      : ({ kind: 'secured', ms: 1 } as const);
  return {
    connect: { kind: 'connected', ms: 1 },
    transcript: [],
    ...draft,
    upgrade,
    tls: tls === null ? null : tlsSeen(tls),
    end: { kind: tls === null ? 'without-tls' : 'complete' },
  };
}

const tls12 = { version: 'TLSv1.2', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' };

interface Asked {
  readonly hello: Hello;
  readonly named: boolean;
  readonly probes: Probes;
}

/** Asks it, and lets the server refuse. */
async function ask(question: Question, so: Probes = {}): Promise<Asked> {
  const said: { hello: Hello; named: boolean }[] = [];
  const knocking: Knocking = {
    visit: () => assert.fail('no visit'),
    talk: () => assert.fail('no talk'),
    async hello(hello, named) {
      said.push({ hello: hello(named ? 'mx.example.test' : null), named });
      return { seen: helloRefused(), end: { kind: 'without-tls' } };
    },
  };
  const { probes, end } = await question.ask(knocking, so);
  assert.deepEqual(end, { kind: 'without-tls' });
  const [first] = said;
  assert.ok(first !== undefined && said.length === 1);
  return { ...first, probes };
}

function offerOf({ hello: { offer } }: Asked): ClientHelloSpec {
  return offer.kind === 'tls' ? offer : assert.fail('a hello of SSL 2.0');
}

/** Names of the questions that are open, in their order. */
async function open(questions: readonly Question[], hello: HelloProbes): Promise<readonly string[]> {
  const probes = { hello };
  const worth = questions.filter(({ isOpen }) => isOpen?.(probes) !== false);
  const asked = await Promise.all(worth.map((question) => ask(question, probes)));
  return asked.map((one) => Object.keys(one.probes.hello ?? {}).join());
}

const isOpen = ({ isOpen: worth }: Question, hello: HelloProbes): boolean => worth?.({ hello }) !== false;

describe('the usual ones', () => {
  it('the weakest first goes without SNI and without anonymous suites; the old one with SNI', async () => {
    const { weakFirst, old } = usualHellos(visit(), true);
    const weak = await ask(weakFirst);
    assert.deepEqual([weak.named, offerOf(weak).serverName], [false, null]);
    assert.ok(!offerOf(weak).suites.includes(0x0034));
    assert.deepEqual(weak.probes, { hello: { weakFirst: helloRefused() } });
    const second = await ask(old);
    assert.deepEqual([second.named, offerOf(second).serverName], [true, 'mx.example.test']);
    assert.equal(offerOf(second).legacyVersion, 0x0302);
  });

  it('each has a random of its own', async () => {
    const { weakFirst } = usualHellos(visit(), true);
    const [one, other] = [offerOf(await ask(weakFirst)), offerOf(await ask(weakFirst))];
    assert.notDeepEqual(one.random, other.random);
  });

  it('once more with the name, unless the certificate without it is known to be of that name', async () => {
    const { weakNamed } = usualHellos(visit(), true);
    const another = agreed({ chain: [Uint8Array.of(1)] });
    for (const weakFirst of [helloRefused(112), helloRefused(70), another, agreed({ chain: [] })])
      assert.ok(isOpen(weakNamed, { weakFirst }));
    const same = { chain: chainFor(), couldSpeak: 0x0304 };
    assert.ok(!isOpen(weakNamed, { weakFirst: agreed(same) }));
    // The default server may have the same certificate, and no TLS 1.3.
    assert.ok(isOpen(weakNamed, { weakFirst: agreed({ ...same, couldSpeak: null }) }));
    const named12 = usualHellos(visit(tls12), true).weakNamed;
    assert.ok(!isOpen(named12, { weakFirst: agreed({ ...same, couldSpeak: null }) }));
    assert.ok(isOpen(named12, { weakFirst: agreed({ ...same, version: 0x0301 }) }));
    const ofRsa = { hello: { weakFirst: agreed({ ...same, chain: chainFor({ key: 'rsa2048' }) }) } };
    assert.equal(weakNamed.isOpen?.(ofRsa), true);
    assert.equal(weakNamed.isOpen?.({ ...ofRsa, otherKey: otherKey() }), false);
    assert.ok(!isOpen(usualHellos(visit(), false).weakNamed, { weakFirst: another }));
    // Where the first hello came to nothing, there is nothing to hold against: it is asked with the name at once.
    assert.ok(!isOpen(usualHellos(visit(null), true).weakFirst, {}));
    assert.ok(isOpen(usualHellos(visit(null), true).weakNamed, {}));
    assert.ok(isOpen(usualHellos(visit(null), false).weakFirst, {}));
    const asked = await ask(weakNamed);
    assert.equal(offerOf(asked).serverName, 'mx.example.test');
    assert.deepEqual(asked.probes, { hello: { weakNamed: helloRefused() } });
  });

  it('old versions are not asked for where it is known', () => {
    const { old } = usualHellos(visit(), true);
    assert.ok(isOpen(old, {}));
    assert.ok(isOpen(old, { weakFirst: helloRefused(40) }));
    assert.ok(!isOpen(old, { weakFirst: helloRefused(70) }));
    const upToTls12 = handshakeRefused();
    assert.equal(old.isOpen?.({ hello: { weakFirst: helloRefused(null) }, upToTls12 }), false);
    assert.equal(old.isOpen?.({ hello: { weakFirst: agreed() }, upToTls12 }), true);
    assert.ok(!isOpen(old, { weakFirst: agreed({ version: 0x0301 }) }));
    assert.ok(!isOpen(usualHellos(visit({ version: 'TLSv1' }), true).old, {}));
  });
});

describe('what they leave open', () => {
  it('the certificate without SNI, where none was shown', () => {
    assert.ok(isKnownWithoutName({ hello: { weakFirst: agreed() } }));
    assert.ok(!isKnownWithoutName({ hello: { weakFirst: agreed({ chain: [] }) } }));
    assert.ok(!isKnownWithoutName({ hello: { weakFirst: helloRefused() } }));
    assert.ok(!isKnownWithoutName({}));
    // Only the name made the difference.
    const hello = { weakFirst: helloRefused(112), weakNamed: agreed() };
    assert.ok(isKnownWithoutName({ hello }));
    assert.ok(!isKnownWithoutName({ hello: { ...hello, weakNamed: helloRefused(112) } }));
  });

  it('what clients of TLS 1.2 get, unless all is strong, or nothing is there', () => {
    assert.ok(isKnownUpTo12(visit(), { hello: { weakFirst: agreed() } }));
    assert.ok(isKnownUpTo12(visit(), { hello: { weakFirst: helloRefused(70) } }));
    // The best first are asked for by a hello of our own.
    assert.ok(isKnownUpTo12(visit(), { hello: { weakFirst: agreed({ suite: 0x002f }) } }));
    assert.ok(!isKnownUpTo12(visit(), { hello: { weakFirst: agreed({ version: 0x0302 }) } }));
    assert.ok(!isKnownUpTo12(visit(), { hello: { weakFirst: helloRefused(40) } }));
    // Where the first hello came to nothing, only a session shows that a smaller one does better,
    assert.ok(!isKnownUpTo12(visit(null), { hello: { weakFirst: agreed() } }));
    // and one that hangs at a small hello, too, is not left hanging once more.
    const weakFirst = probeNotTested({ kind: 'timeout', at: 'handshake', ms: 1_000 });
    assert.ok(isKnownUpTo12(visit(null), { hello: { weakFirst } }));
    assert.ok(!isKnownUpTo12(visit(), { hello: { weakFirst } }));
    const [retry] = sizeHellos(visit(null));
    assert.equal(retry?.isOpen?.({ hello: { weakFirst } }), false);
  });
});

describe('further ones, for which nobody is told that they were left out', () => {
  it('are all extra', () => {
    for (const question of [...furtherHellos(visit()), ...deepHellos(visit())])
      assert.equal(question.isExtra, true);
  });

  it('of a server with TLS 1.3 that is strong in TLS 1.2', async () => {
    const hello = { weakFirst: agreed(), old: helloRefused(70) };
    assert.deepEqual(await open(furtherHellos(visit()), hello), ['retry', 'weak']);
    assert.deepEqual(await open(deepHellos(visit()), hello), [
      'weak',
      'ssl2',
      'ssl3',
      'prime',
      'older',
      'weak',
      'sha1',
      'weakCurves',
      'anonymous',
      'fallback',
      'weak',
    ]);
  });

  it('the worse what may come of it the sooner: where connections run out, it is of the mildest that nothing is known', async () => {
    const hello = { weakFirst: agreed({ suite: 0x0005 }), old: agreed({ version: 0x0302 }) };
    assert.deepEqual(await open(deepHellos(visit()), hello), [
      'weak',
      'ssl2',
      'ssl3',
      'prime',
      'older',
      'weak',
      'sha1',
      'weakCurves',
      'anonymous',
      'fallback',
      'bestFirst',
      'weak',
    ]);
  });

  it('of one with TLS 1.3 only', async () => {
    const hello = { weakFirst: helloRefused(70) };
    assert.deepEqual(await open(furtherHellos(visit()), hello), ['retry']);
    // An older version may be there without the ones between.
    assert.deepEqual(await open(deepHellos(visit()), hello), ['ssl2', 'ssl3', 'older', 'old']);
  });

  it('of one with TLS 1.2 that is strong the group is nothing to ask for', async () => {
    assert.deepEqual(await open(furtherHellos(visit(tls12)), { weakFirst: agreed({ suite: 0xc02f }) }), [
      'weak',
    ]);
  });

  it('of one that refused without a name, the same with it', async () => {
    const hello = { weakFirst: helloRefused(40) };
    const shown = { ...hello, weakNamed: agreed({ prime: Uint8Array.of(1) }) };
    assert.ok(!(await open(deepHellos(visit()), shown)).includes('prime'));
    assert.ok((await open(deepHellos(visit()), shown)).includes('fallback'));
  });

  it('whose order counts is told from two hellos of our own, the second as the first was', async () => {
    const hello = { weakFirst: agreed({ suite: 0x002f }) };
    const ofRsa = visit({ ...tls12, cipher: 'TLS_RSA_WITH_AES_128_CBC_SHA' });
    assert.deepEqual(await open(furtherHellos(ofRsa), hello), ['retry', 'weak']);
    // It took the same of two different lists.
    assert.ok(!(await open(deepHellos(ofRsa), hello)).includes('bestFirst'));
    for (const base of [visit(), visit(tls12)])
      assert.ok((await open(deepHellos(base), hello)).includes('bestFirst'));
    for (const [so, named] of [
      [hello, false],
      [{ weakFirst: helloRefused(112), weakNamed: agreed({ suite: 0x002f }) }, true],
    ] as const) {
      const worth = deepHellos(visit()).filter(({ isOpen: isWorth }) => isWorth?.({ hello: so }) !== false);
      const asked = await Promise.all(worth.map((one) => ask(one, { hello: so })));
      const second = asked.find((one) => one.probes.hello?.bestFirst !== undefined) ?? assert.fail();
      assert.equal(second.named, named);
      const first = offerOf(await ask(usualHellos(visit(), true).weakFirst)).suites;
      assert.deepEqual(new Set(offerOf(second).suites), new Set(first));
    }
  });

  it('of one that hangs at the usual hello, a large one behind the small one', async () => {
    const retry = { kind: 'seen', result: 'retry', group: 29, suite: 0x1301 } as const;
    const further = sizeHellos(visit(null));
    assert.deepEqual((await open(further, { retry })).slice(0, 2), ['retry', 'large']);
    assert.ok(!(await open(further, { retry: helloRefused() })).includes('large'));
    assert.ok(!(await open(sizeHellos(visit()), { retry })).includes('large'));
  });

  describe('the small one of TLS 1.3 and 1.2 offers of TLS 1.2', () => {
    async function older(base: Visit, probes: Probes = {}): Promise<readonly number[]> {
      const [retry] = base.tls === null ? sizeHellos(base) : furtherHellos(base);
      const { suites } = offerOf(await ask(retry ?? assert.fail(), probes));
      return suites.filter((code) => (known.get(code)?.since ?? 0) < 0x0304);
    }
    const has = (code: number, name: 'aead' | 'no-fs'): boolean =>
      known.get(code)?.classes.has(name) === true;

    it('what the suite that was agreed on lacks, so that a refusal tells', async () => {
      const cbc = await older(visit({ ...tls12, cipher: 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384' }));
      assert.ok(cbc.every((code) => has(code, 'aead')));
      for (const code of [0xc02f, 0x009c]) assert.ok(cbc.includes(code), String(code));
      const gcm = await older(visit({ ...tls12, cipher: 'TLS_RSA_WITH_AES_128_GCM_SHA256' }));
      assert.ok(gcm.every((code) => !has(code, 'no-fs')));
      for (const code of [0xc02f, 0xc013]) assert.ok(gcm.includes(code), String(code));
      const neither = await older(visit({ ...tls12, cipher: 'TLS_RSA_WITH_AES_128_CBC_SHA' }));
      assert.ok(neither.every((code) => has(code, 'aead') || !has(code, 'no-fs')));
      for (const code of [0xc02f, 0xc013, 0x009c]) assert.ok(neither.includes(code), String(code));
    });

    it('what TLS 1.2 alone came to, where the first hello came to nothing', async () => {
      const upToTls12 = secured({ ...tls12, cipher: 'TLS_RSA_WITH_AES_128_CBC_SHA' });
      assert.ok((await older(visit(null), { upToTls12 })).includes(0x002f));
      const [, large] = sizeHellos(visit(null));
      assert.ok(offerOf(await ask(large ?? assert.fail(), { upToTls12 })).suites.includes(0x002f));
      for (const suites of [await older(visit(null)), await older(visit(), { upToTls12 })])
        assert.ok(suites.every((code) => !has(code, 'no-fs')) && suites.includes(0xc02f));
    });
  });

  it('RFC 8422 §5.1: short curves, with that of a key on a curve where there is no other', async () => {
    const curves = async (base: Visit, probes: Probes = {}): Promise<number | undefined> => {
      const hello = { weakFirst: agreed() };
      const worth = deepHellos(base).filter(
        ({ isOpen: isWorth }) => isWorth?.({ ...probes, hello }) !== false,
      );
      const asked = await Promise.all(worth.map((question) => ask(question, { ...probes, hello })));
      const found = asked.find((one) => one.probes.hello?.weakCurves !== undefined);
      return offerOf(found ?? assert.fail()).groups?.at(-1);
    };
    assert.equal(await curves(visit()), 0x0017);
    assert.equal(await curves(visit({ chain: chainFor({ key: 'rsa2048' }) })), 0x0013);
    assert.equal(await curves(visit(), { otherKey: otherKey() }), 0x0013);
  });

  it('SSL 3.0 below an old version, which a server without one would have answered with', async () => {
    const beside = { weakFirst: agreed(), old: agreed({ version: 0x0301 }) };
    assert.ok((await open(deepHellos(visit()), beside)).includes('ssl3'));
    const alone = { weakFirst: agreed(), old: agreed({ version: 0x0300 }) };
    for (const name of ['ssl3', 'older']) assert.ok(!(await open(deepHellos(visit()), alone)).includes(name));
    assert.ok(!(await open(deepHellos(visit()), beside)).includes('older'));
    // A GnuTLS 3.7.9 refuses a version that it lacks, though it has an older one.
    const refused = { weakFirst: agreed(), old: helloRefused(70) };
    for (const name of ['ssl3', 'older'])
      assert.ok((await open(deepHellos(visit()), refused)).includes(name));
  });

  it('what has been seen already is not asked for', async () => {
    const prime = Uint8Array.of(1);
    const hello = { weakFirst: agreed({ prime, signatureScheme: 0x0203, group: 1 }) };
    const names = await open(deepHellos(visit()), hello);
    for (const name of ['prime', 'sha1', 'weakCurves']) assert.ok(!names.includes(name), name);
  });
});

describe('broken kinds', () => {
  const weak = weakHello(visit());

  it('again without those that were taken, as long as one is', async () => {
    const first = await ask(weak, { hello: { weakFirst: agreed({ suite: 0xc02f }) } });
    assert.ok(offerOf(first).suites.every((code) => brokenKindsOf(code).length > 0));
    assert.deepEqual(first.probes.hello?.weak, [{ ...helloRefused(), without: [], version: 0x0303 }]);
    const before = [{ ...agreed({ suite: 0x000a }), without: [] }];
    const second = await ask(weak, { hello: { weak: before } });
    assert.ok(!offerOf(second).suites.includes(0x000a));
    assert.deepEqual(second.probes.hello?.weak, [
      ...before,
      { ...helloRefused(), without: ['3des'], version: 0x0303 },
    ]);
  });

  it('RFC 4346 A.5: where TLS 1.2 has none, in the lowest version that is spoken', async () => {
    const refused = [{ ...helloRefused(), without: [], version: 0x0303 }];
    const old = agreed({ version: 0x0301 });
    assert.ok(!isOpen(weak, { weak: refused }));
    assert.ok(!isOpen(weak, { weak: refused, old: helloRefused() }));
    const asked = await ask(weak, { hello: { weak: refused, old } });
    assert.equal(offerOf(asked).legacyVersion, 0x0301);
    const both = asked.probes.hello?.weak ?? [];
    assert.deepEqual(both.at(-1), { ...helloRefused(), without: [], version: 0x0301 });
    assert.ok(!isOpen(weak, { weak: both, old }));
    // Where there is nothing newer, it is asked in that at once.
    const only = await ask(weak, { hello: { weakFirst: old } });
    assert.equal(offerOf(only).legacyVersion, 0x0301);
  });

  it('a close that nothing came behind is no answer to any of them', () => {
    const closed = { ...helloRefused(null), without: [], version: 0x0303 };
    const said = { ...agreed({ suite: 0x000a }), without: [], version: 0x0303 };
    const told = weak.unasked(probeNotTested(), { hello: { weak: [said, closed, closed] } });
    assert.deepEqual(told.hello?.weak, [said, probeNotTested()]);
    assert.deepEqual(weak.unasked(probeNotTested(), told), told);
  });

  it('until one is refused', () => {
    assert.ok(isOpen(weak, { weak: [{ ...agreed({ suite: 0x000a }), without: [] }] }));
    assert.ok(!isOpen(weak, { weak: [{ ...helloRefused(), without: [] }] }));
    assert.ok(!isOpen(weak, { weak: [{ kind: 'seen', result: 'broken', because: 'x', without: [] }] }));
  });
});

describe('a second try (RFC 7507 §3)', () => {
  async function fallback(base: Visit, hello: HelloProbes): Promise<Asked | undefined> {
    const worth = deepHellos(base).filter(({ isOpen: isWorth }) => isWorth?.({ hello }) !== false);
    const asked = await Promise.all(worth.map((question) => ask(question, { hello })));
    return asked.find((one) => one.probes.hello?.fallback !== undefined);
  }

  for (const [name, base, hello, version] of [
    ['TLS 1.2 below TLS 1.3', visit(), { weakFirst: agreed() }, 0x0303],
    ['TLS 1.1 below TLS 1.3', visit(), { weakFirst: agreed(), old: agreed({ version: 0x0302 }) }, 0x0302],
    ['TLS 1.0 below TLS 1.2', visit(tls12), { old: agreed({ version: 0x0301 }) }, 0x0301],
  ] as const) {
    it(name, async () => {
      const asked = (await fallback(base, hello)) ?? assert.fail();
      const { legacyVersion, fallback: says } = offerOf(asked);
      assert.deepEqual([legacyVersion, says], [version, true]);
      assert.deepEqual(asked.probes, { hello: { fallback: { ...helloRefused(), version } } });
    });
  }

  it('not where there is nothing below the best version, nor where that is old itself', async () => {
    assert.equal(await fallback(visit(tls12), { weakFirst: agreed() }), undefined);
    assert.equal(await fallback(visit(), { weakFirst: helloRefused(70) }), undefined);
    assert.equal(
      await fallback(visit({ version: 'TLSv1.1' }), { old: agreed({ version: 0x0301 }) }),
      undefined,
    );
    assert.equal(await fallback(visit(tls12), { old: agreed({ version: 0x0300 }) }), undefined);
  });
});
