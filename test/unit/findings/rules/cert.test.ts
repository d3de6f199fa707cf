import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certFindings } from '../../../../src/findings/rules/cert.ts';
import { hostTarget, observe, otherKey } from '../../../support/observations.ts';
import { found, policies, under, untrusted } from './certificates.ts';

describe('a certificate in order', () => {
  it('passes everything, under every policy and for clients', () => {
    for (const policy of policies)
      assert.deepEqual(
        under(policy, {}).filter(({ state }) => state !== 'pass'),
        [],
        policy,
      );
    const imap = hostTarget([observe({ endpoint: { protocol: 'imap' }, probes: { otherKey: otherKey() } })]);
    assert.deepEqual(
      certFindings(imap).filter(({ state }) => state !== 'pass'),
      [],
    );
  });

  it('where there is none, nothing is said of it', () => {
    assert.deepEqual(found([], { kind: 'absent' }), []);
  });
});

describe('what can be read', () => {
  it('octets that are no certificate', () => {
    const findings = found([Buffer.from('not a certificate')], untrusted('X'));
    assert.deepEqual(
      findings.map(({ id, state }) => `${id} ${state}`),
      ['cert.unparsable fail'],
    );
  });
});
