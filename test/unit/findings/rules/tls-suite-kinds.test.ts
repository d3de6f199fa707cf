import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HelloProbes } from '../../../../src/findings/hello-seen.ts';
import type { ObservedTls, Probes, Visit } from '../../../../src/findings/observation.ts';
import { tlsFindings } from '../../../../src/findings/rules/tls.ts';
import {
  agreed,
  caseOf,
  handshakeFailed,
  helloRefused,
  hostCase,
  observe,
  only,
  otherKey,
  secured,
  tlsSeen,
} from '../../../support/observations.ts';

type Findings = ReturnType<typeof tlsFindings>;
const at = (base: Partial<Visit>, probes: Probes = {}): Findings =>
  tlsFindings(caseOf([hostCase([observe({ base, probes })])]));
const found = (tls: Partial<ObservedTls> = {}, probes: Probes = {}): Findings =>
  at({ tls: tlsSeen(tls) }, probes);

function told(findings: Findings, id: string): readonly string[] {
  return only(findings, id).map(({ state, severity }) => `${state} ${severity}`);
}

const tls12 = { version: 'TLSv1.2', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', group: 'X25519' };
const tls10 = { version: 'TLSv1', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', group: 'prime256v1' };
const ids = ['tls.suite.rsa-kx', 'tls.suite.cbc', 'tls.suite.ccm8'] as const;
const RSA_CBC = 0x002f;
const STRONG = 0xc02f;

describe('suites that were chosen', () => {
  for (const [id, cipher, severity] of [
    ['tls.suite.rsa-kx', 'TLS_RSA_WITH_AES_128_GCM_SHA256', 'medium'],
    ['tls.suite.cbc', 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'low'],
    ['tls.suite.ccm8', 'TLS_AES_128_CCM_8_SHA256', 'low'],
    ['tls.suite.ccm8', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'low'],
  ] as const) {
    it(`${id}: ${cipher}`, () => {
      assert.deepEqual(told(found({ ...tls12, cipher }), id), [`warn ${severity}`]);
      // Also where only a client of TLS 1.2 gets it.
      const upToTls12 = secured({ ...tls12, cipher });
      assert.deepEqual(told(found({}, { upToTls12 }), id), [`warn ${severity}`]);
      assert.match(told(found(tls12), id)[0] ?? '', /^pass /);
    });
  }

  it('by a hello of our own with the best first', () => {
    const hello: HelloProbes = {
      weakFirst: agreed({ suite: STRONG }),
      bestFirst: agreed({ suite: RSA_CBC }),
    };
    assert.deepEqual(told(found({}, { hello }), 'tls.suite.rsa-kx'), ['warn medium']);
  });

  it('but for one that was asked for suites that the first connection had not', () => {
    const hello: HelloProbes = { retry: agreed({ suite: 0x009d }) };
    const cbc = { ...tls12, cipher: 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384' };
    assert.deepEqual(told(found(cbc, { hello }), 'tls.suite.rsa-kx'), ['warn low']);
    assert.deepEqual(told(found({}, { hello }), 'tls.suite.rsa-kx'), ['warn medium']);
  });

  it('one suite is told once', () => {
    const [finding] = only(found(tls12, { otherKey: otherKey(tls12) }), 'tls.suite.cbc');
    assert.deepEqual([finding?.state, finding?.evidence.length], ['pass', 1]);
  });
});

describe('suites that are taken by whoever wants them', () => {
  const taken = (hello: HelloProbes): readonly string[] =>
    ids.flatMap((id) => told(found({}, { hello }), id));

  it('with the weakest first, which is no choice of the server', () => {
    assert.deepEqual(taken({ weakFirst: agreed({ suite: RSA_CBC }) }), ['warn low', 'warn info', 'pass low']);
    assert.deepEqual(taken({ weakFirst: helloRefused(112), weakNamed: agreed({ suite: 0xc0a0 }) }), [
      'warn low',
      'pass low',
      'warn info',
    ]);
  });

  it('by older versions, with the TLS of Node or by a hello of our own', () => {
    assert.deepEqual(told(found(tls12, { legacy: secured(tls10) }), 'tls.suite.cbc'), ['warn info']);
    assert.deepEqual(taken({ weakFirst: agreed(), old: agreed({ version: 0x0301, suite: RSA_CBC }) }), [
      'warn low',
      'warn info',
      'pass low',
    ]);
  });

  it('of an export suite the key exchange is one with RSA, too', () =>
    assert.deepEqual(taken({ weakFirst: agreed({ suite: 0x0003 }) }).slice(0, 1), ['warn low']));

  const listed = (
    version: number,
    suites: readonly number[],
    unfinished: string | null = null,
  ): HelloProbes => ({
    suites: { connections: 9, versions: [{ version, suites, ownOrder: null, unfinished }] },
  });

  it('as --suites all lists them, in any version', () => {
    for (const version of [0x0301, 0x0303]) {
      const findings = found({}, { hello: listed(version, [0xc02f, RSA_CBC]) });
      assert.deepEqual(
        ids.flatMap((id) => told(findings, id)),
        ['warn low', 'warn info', 'pass low'],
      );
      const [{ evidence } = assert.fail()] = only(findings, 'tls.suite.rsa-kx');
      assert.match(evidence.join(), /^Takes: TLSv1(?:\.2)?, TLS_RSA_WITH_AES_128_CBC_SHA$/);
    }
    assert.deepEqual(taken(listed(0x0304, [0x1301, 0x1305])), [
      'not-tested info',
      'not-tested info',
      'warn info',
    ]);
  });

  it('where the first handshake came to nothing, too', () =>
    assert.deepEqual(
      told(
        at(handshakeFailed(), { hello: { old: agreed({ version: 0x0301, suite: RSA_CBC }) } }),
        'tls.suite.rsa-kx',
      ),
      ['warn low'],
    ));
});

describe('where only TLS 1.3 was seen', () => {
  it('nothing is known of older suites, and nobody praises them', () => {
    for (const probes of [{}, { hello: { weakFirst: helloRefused(40) } }])
      for (const id of ids) {
        const [finding] = only(found({}, probes), id);
        assert.deepEqual([finding?.state, finding?.severity], ['not-tested', 'info'], id);
        assert.match(finding?.evidence.join(' ') ?? '', /TLSv1\.3.*was not come to/);
      }
  });

  it('a server that has nothing else has none', () => {
    for (const id of ids)
      assert.match(told(found({}, { hello: { weakFirst: helloRefused(70) } }), id)[0] ?? '', /^pass /);
  });
});
