import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HelloProbes } from '../../../../src/findings/hello-seen.ts';
import type { Visit, VisitEnd } from '../../../../src/findings/observation.ts';
import { tlsFindings } from '../../../../src/findings/rules/tls.ts';
import {
  agreed,
  caseOf,
  endedAt,
  handshakeFailed,
  handshakeRefused,
  helloRefused,
  hostCase,
  observe,
  only,
  probeNotTested,
  secured,
} from '../../../support/observations.ts';

const upToTls12 = secured({ version: 'TLSv1.2', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' });
const hung: VisitEnd = { kind: 'timeout', at: 'handshake', ms: 1_000 };
const retried = { kind: 'seen', result: 'retry', group: 0x001d, suite: 0x1301 } as const;

/** `id state`, of the two. */
function told(base: Partial<Visit>, hello: HelloProbes, up = upToTls12): readonly string[] {
  const probes = { upToTls12: up, hello };
  const findings = tlsFindings(caseOf([hostCase([observe({ base, probes })])]));
  return only(findings, 'starttls.large-hello-intolerance', 'tls.version-intolerance').map(
    ({ id, state }) => `${id} ${state}`,
  );
}

describe('hellos that a server cannot do with', () => {
  for (const [how, base] of [
    ['refused', handshakeFailed()],
    ['left without an answer', endedAt(hung)],
  ] as const) {
    it(`a large one, ${how}, where a small one with the same versions is answered`, () => {
      for (const large of [{ ...helloRefused(null), octets: 2048 }, probeNotTested(hung)])
        assert.deepEqual(told(base, { retry: retried, large }), ['starttls.large-hello-intolerance fail']);
      // The first hello differs in more than its size, and handshake_failure is about what is in it.
      assert.deepEqual(told(base, { retry: retried }), []);
      const refused = { ...helloRefused(40), octets: 2048 };
      assert.deepEqual(told(base, { retry: retried, large: refused }), []);
    });

    it(`one with TLS 1.3, ${how}, where TLS 1.2 alone comes to a session`, () => {
      for (const retry of [helloRefused(70), helloRefused(null), probeNotTested(hung)])
        assert.deepEqual(told(base, { retry }), ['tls.version-intolerance fail']);
    });

    it(`RFC 8446 §6.2: handshake_failure, ${how} before, is about parameters and not about versions`, () =>
      assert.deepEqual(told(base, { retry: helloRefused(40) }), []));
  }

  it('size was not in the way where another large one is answered', () => {
    const large = { ...agreed({ version: 0x0304 }), octets: 2048 };
    assert.deepEqual(told(handshakeFailed(), { retry: retried, large }), []);
    const unanswered = { ...probeNotTested(hung) };
    assert.deepEqual(told(handshakeFailed(), { retry: retried, large: unanswered }), [
      'starttls.large-hello-intolerance fail',
    ]);
  });

  it('nothing is said where nothing comes to a session, or where it was not come to', () => {
    assert.deepEqual(told(handshakeFailed(), { retry: helloRefused() }, handshakeRefused()), []);
    assert.deepEqual(told(handshakeFailed(), {}), []);
    assert.deepEqual(told(handshakeFailed(), { retry: probeNotTested() }), []);
    assert.deepEqual(told(endedAt({ kind: 'timeout', at: 'greeting', ms: 1 }), { retry: retried }), []);
  });

  it('a server that takes the first hello can do with both', () =>
    assert.deepEqual(told({}, {}), [
      'tls.version-intolerance pass',
      'starttls.large-hello-intolerance pass',
    ]));
});
