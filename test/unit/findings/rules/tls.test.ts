import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BrokenOffBy, ObservedTls, Probes } from '../../../../src/findings/observation.ts';
import { tlsFindings } from '../../../../src/findings/rules/tls.ts';
import {
  agreed,
  answerOf,
  caseOf,
  handshakeFailed,
  handshakeRefused,
  handshakeUnfit,
  helloRefused,
  hostCase,
  observe,
  only,
  otherKey,
  probeNotTested,
  secured,
  statesOf,
  tlsSeen,
} from '../../../support/observations.ts';

type Findings = ReturnType<typeof tlsFindings>;
const found = (tls: Partial<ObservedTls> = {}, probes: Probes = {}): Findings =>
  tlsFindings(caseOf([hostCase([observe({ base: { tls: tlsSeen(tls) }, probes })])]));

const tls12 = { version: 'TLSv1.2', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', group: 'X25519' };
const tls10 = { version: 'TLSv1', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', group: 'prime256v1' };
const tls11 = { ...tls10, version: 'TLSv1.1' };
const modern: Probes = {
  legacy: handshakeRefused(),
  upToTls12: secured(tls12),
  otherKey: otherKey(),
  alpn: {
    kind: 'seen',
    refused: 'the server sent the alert no application protocol',
    by: { kind: 'alert', alert: 'no application protocol' },
  },
};

describe('a server in order', () => {
  it('passes everything', () => {
    assert.deepEqual(
      found({}, modern).filter(({ state }) => state !== 'pass'),
      [],
    );
  });

  it('without TLS nothing is said of it', () => {
    assert.deepEqual(
      tlsFindings(caseOf([hostCase([observe({ base: handshakeFailed(), probes: modern })])])),
      [],
    );
  });
});

describe('versions', () => {
  it('RFC 8996 §4: "TLS 1.0 MUST NOT be used"', () => {
    const findings = found({}, { legacy: secured(tls10) });
    const [finding] = only(findings, 'tls.tls10');
    assert.deepEqual([finding?.state, finding?.severity], ['fail', 'medium']);
    assert.equal(statesOf(findings, 'tls.tls11'), 'pass');
  });

  it('RFC 8996 §5: "TLS 1.1 MUST NOT be used"; whether there is 1.0 too was not come to', () => {
    const findings = found({}, { legacy: secured(tls11) });
    assert.equal(statesOf(findings, 'tls.tls11'), 'fail');
    const [old] = only(findings, 'tls.tls10');
    assert.deepEqual([old?.state, old?.severity], ['not-tested', 'info']);
  });

  it('a probe that was refused clears both, one that did not come to it neither', () => {
    for (const id of ['tls.tls10', 'tls.tls11']) {
      assert.equal(statesOf(found({}, { legacy: handshakeRefused() }), id), 'pass');
      assert.equal(statesOf(found({}, { legacy: probeNotTested() }), id), 'not-tested');
      assert.equal(statesOf(found({}, { legacy: { kind: 'seen', result: 'not-offered' } }), id), '');
      assert.equal(statesOf(found(), id), '');
    }
  });

  it('a word that is no version, as a recording may have one, is none of them', () => {
    for (const version of ['__proto__', 'constructor', 'unknown']) {
      const findings = found({ version }, modern);
      assert.deepEqual([statesOf(findings, 'tls.tls10'), statesOf(findings, 'tls.tls11')], ['pass', 'pass']);
    }
  });

  it('nothing better than TLS 1.1', () => {
    const findings = found(tls11);
    assert.deepEqual([statesOf(findings, 'tls.no-tls12'), statesOf(findings, 'tls.tls11')], ['fail', 'fail']);
    assert.equal(only(findings, 'tls.no-tls12')[0]?.severity, 'high');
    assert.equal(statesOf(found(tls12), 'tls.no-tls12'), 'pass');
  });

  it('a server that comes to TLS 1.0 with TLS 1.2 on offer has none, also where the first hello came to nothing', () => {
    const of = (version: number): string =>
      statesOf(
        tlsFindings(
          caseOf([
            hostCase([
              observe({ base: handshakeFailed(), probes: { hello: { weakFirst: agreed({ version }) } } }),
            ]),
          ]),
        ),
        'tls.no-tls12',
      );
    assert.deepEqual([of(0x0301), of(0x0303)], ['fail', '']);
  });

  it('TLS 1.3 only keeps senders out that have 1.2', () => {
    const refused = { hello: { weakFirst: helloRefused() }, upToTls12: handshakeRefused() };
    const [finding] = only(found({}, refused), 'tls.no-tls12');
    assert.deepEqual([finding?.state, finding?.severity], ['warn', 'medium']);
    assert.match(finding?.why ?? '', /speaks TLS 1\.3 only/);
    assert.equal(statesOf(found({}, { upToTls12: probeNotTested() }), 'tls.no-tls12'), 'not-tested');
    assert.equal(
      statesOf(found({}, { upToTls12: { kind: 'seen', result: 'not-offered' } }), 'tls.no-tls12'),
      '',
    );
  });

  it('RFC 8446 §6.2: a handshake_failure is none about versions, and our own verdict is no word of the server', () => {
    const upToTls12 = handshakeRefused({ kind: 'alert', alert: 'handshake failure' });
    const [finding] = only(found({}, { hello: { weakFirst: helloRefused() }, upToTls12 }), 'tls.no-tls12');
    assert.equal(finding?.state, 'warn');
    assert.match(finding?.why ?? '', /comes to a session with TLS 1\.3 only/);
    for (const failed of [handshakeUnfit(), handshakeRefused(null)])
      assert.equal(statesOf(found({}, { upToTls12: failed }), 'tls.no-tls12'), 'not-tested');
  });

  it('a handshake that fails at its end anyway says nothing of versions', () => {
    const upgrade = { kind: 'handshake-failed', because: 'x', alert: 'certificate required', ms: 1 } as const;
    const observation = observe({ base: { upgrade }, probes: { upToTls12: handshakeRefused() } });
    assert.equal(statesOf(tlsFindings(caseOf([hostCase([observation])])), 'tls.no-tls12'), '');
  });

  it('without TLS 1.3, low', () => {
    const [finding] = only(found(tls12), 'tls.no-tls13');
    assert.deepEqual([finding?.state, finding?.severity], ['absent', 'low']);
    assert.equal(statesOf(found(), 'tls.no-tls13'), 'pass');
  });
});

describe('the key exchange', () => {
  it('with ML-KEM, and without', () => {
    const [none] = only(found({ group: 'X25519' }), 'tls.group.pq');
    assert.deepEqual([none?.state, none?.severity], ['absent', 'info']);
    for (const group of ['X25519MLKEM768', 'SecP256r1MLKEM768'])
      assert.equal(statesOf(found({ group }), 'tls.group.pq'), 'pass');
    assert.equal(statesOf(found({ group: null }), 'tls.group.pq'), '');
  });
});

describe('RFC 7301: a client that speaks another protocol', () => {
  const alpn = (name: string | null): Findings =>
    found({}, { alpn: { kind: 'seen', offered: 'http/1.1', agreed: name } });

  it('is agreed with', () => {
    const [finding] = only(alpn('http/1.1'), 'tls.alpn-cross');
    assert.deepEqual([finding?.state, finding?.severity], ['fail', 'low']);
  });

  it('is not heard, as info', () => {
    const [finding] = only(alpn(null), 'tls.alpn-cross');
    assert.deepEqual([finding?.state, finding?.severity], ['absent', 'info']);
  });

  it('is refused, or was not tried', () => {
    assert.equal(statesOf(found({}, modern), 'tls.alpn-cross'), 'pass');
    const refusedBy = (by?: BrokenOffBy): string =>
      statesOf(
        found({}, { alpn: { kind: 'seen', refused: 'x', ...(by === undefined ? {} : { by }) } }),
        'tls.alpn-cross',
      );
    assert.equal(refusedBy({ kind: 'closed' }), 'pass');
    for (const by of [{ kind: 'alert', alert: 'handshake failure' }, { kind: 'own' }, undefined] as const)
      assert.equal(refusedBy(by), '');
    assert.equal(statesOf(found(), 'tls.alpn-cross'), '');
    const end = { kind: 'throttled', at: 'greeting', answer: answerOf(421, 'later') } as const;
    assert.equal(statesOf(found({}, { alpn: probeNotTested(end) }), 'tls.alpn-cross'), 'not-tested');
  });
});
