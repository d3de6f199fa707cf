import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TlsaFacts } from '../../../../src/policies/dane/hosts.ts';
import { daneAt } from '../../../../src/policies/dane/plan.ts';
import { domain, setOf, tlsa } from './records.ts';

const base = domain('mx.test');
const found = (...records: readonly Uint8Array[]): TlsaFacts => ({
  kind: 'found',
  base,
  set: setOf(...records),
  evidence: [],
});
const sha256 = Buffer.alloc(32, 0xab);
const good = tlsa(3, 1, 1, sha256);
const pkix = tlsa(1, 1, 1, sha256);

describe('daneAt, RFC 7672 §2.2', () => {
  it('"at least one usable record": authenticated TLS', () => {
    const plan = daneAt(found(good));
    assert.equal(plan.kind, 'dane');
    assert.equal(plan.because, `mx.test publishes TLSA records: 3 1 1 ${'ab'.repeat(32)}`);
    assert.equal(plan.kind === 'dane' && plan.base, base);
  });

  it('D14: "all the records are unusable": TLS, "but authentication is not required"', () => {
    const plan = daneAt(found(pkix, tlsa(3, 9, 1, sha256)));
    assert.equal(plan.kind, 'encrypt');
    assert.match(
      plan.because,
      /^mx\.test publishes only TLSA records that authenticate nobody: 1 1 1 abab\w*, 3 9 1 /,
    );
  });

  it('D15: a usable record among others is enough', () => {
    assert.equal(daneAt(found(pkix, good)).kind, 'dane');
  });

  it('D12: none, or none that are secure: nothing', () => {
    const because = 'there are no TLSA records';
    assert.deepEqual(daneAt({ kind: 'absent', because, evidence: [] }), { kind: 'none', because });
  });

  it('D11: "MUST treat that server as unreachable and MUST NOT deliver the message via that server"', () => {
    const because = 'they cannot be learnt';
    assert.deepEqual(daneAt({ kind: 'unknown', because, evidence: [] }), { kind: 'avoid', because });
  });
});
