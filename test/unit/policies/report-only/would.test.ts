import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SeenSession } from '../../../../src/policies/report-only/seen.ts';
import { type Candidate, wouldDo } from '../../../../src/policies/report-only/would.ts';
import { DOMAIN, nameOf } from '../../../support/destinations.ts';
import { seenOf } from '../../../support/seen.ts';
import { MX1 } from '../../../support/tracks.ts';

function tried(rule: Candidate['rule'], change: Partial<SeenSession> = {}, names: Candidate['names'] = []) {
  const would = wouldDo(seenOf(change), { rule, names });
  if (would === undefined) return 'nothing';
  return would.kind === 'pass' ? 'pass' : `${would.kind}: ${would.because}`;
}

const valid = (...names: readonly string[]) => ({ certificate: { path: 'trusted', names, more: false } });

describe('encrypt', () => {
  it('lets TLS through with whatever certificate, and nothing else', () => {
    assert.equal(tried('encrypt', { certificate: null }), 'pass');
    assert.equal(tried('encrypt', { tls: 'clear' }), `block: ${MX1} had no TLS to offer`);
    assert.equal(tried('encrypt', { tls: 'failed' }), `block: TLS with ${MX1} failed`);
  });
});

describe('authenticate', () => {
  it('wants a name that the path could not choose', () => {
    assert.equal(tried('authenticate'), `block: the certificate of ${MX1} does not prove ${DOMAIN}`);
    assert.equal(tried('authenticate', { vouched: true }), 'pass');
    assert.equal(tried('authenticate', valid(DOMAIN)), 'pass');
    assert.equal(
      tried('authenticate', valid('*.example.test')),
      `block: the certificate of ${MX1} does not prove ${DOMAIN}`,
    );
  });

  it('takes names that the operator would add', () => {
    const names = [{ kind: 'under', suffix: nameOf('example.test') }] as const;
    assert.equal(tried('authenticate', {}, names), 'pass');
    assert.equal(
      tried('authenticate', {}, [{ kind: 'name', name: nameOf('other.test') }]),
      `block: the certificate of ${MX1} does not prove ${DOMAIN}, other.test`,
    );
  });

  it('a TLSA record that matches proves a host that is vouched for; one that does not is refused', () => {
    const self = { certificate: { path: 'DEPTH_ZERO_SELF_SIGNED_CERT', names: [MX1], more: false } };
    assert.equal(tried('authenticate', { ...self, vouched: true, tlsa: 'match' }), 'pass');
    assert.match(tried('authenticate', { ...self, tlsa: 'match' }), /^block: .* is not valid \(DEPTH_ZERO/);
    assert.match(
      tried('authenticate', { vouched: true, tlsa: 'mismatch' }),
      /^block: .* none of its TLSA records$/,
    );
  });

  it('a certificate that is not valid, or none, proves nothing', () => {
    const expired = { vouched: true, certificate: { path: 'CERT_HAS_EXPIRED', names: [MX1], more: false } };
    assert.equal(
      tried('authenticate', expired),
      `block: the certificate of ${MX1} is not valid (CERT_HAS_EXPIRED)`,
    );
    assert.equal(tried('authenticate', { certificate: null }), `block: ${MX1} showed no certificate`);
    assert.equal(tried('authenticate', { tls: 'clear' }), `block: ${MX1} had no TLS to offer`);
  });

  it('is unknown where not all names of the certificate were kept, and none of those proves it', () => {
    const some = (name: string) => ({ certificate: { path: 'trusted', names: [name], more: true } });
    assert.match(tried('authenticate', some('other.test')), /^unknown: .* more names than are kept$/);
    assert.equal(tried('authenticate', some(DOMAIN)), 'pass');
  });
});

describe('a policy that is only tested, as if it were enforced', () => {
  const lists = { sts: { mode: 'testing', lists: true } } as const;

  it('says nothing where there is none', () => {
    assert.equal(tried('sts'), 'nothing');
    assert.equal(tried('sts', { sts: { mode: 'none', lists: false } }), 'nothing');
  });

  it('wants a host that it lists, and a certificate for the name of the host', () => {
    assert.equal(tried('sts', lists), 'pass');
    assert.equal(
      tried('sts', { sts: { mode: 'testing', lists: false } }),
      `block: the policy does not list ${MX1}`,
    );
    assert.equal(
      tried('sts', { ...lists, ...valid(DOMAIN) }),
      `block: the certificate of ${MX1} does not prove ${MX1}`,
    );
    assert.equal(tried('sts', { ...lists, tls: 'clear' }), `block: ${MX1} had no TLS to offer`);
  });

  it('RFC 8461 §2: TLSA records decide before it', () => {
    assert.equal(
      tried('sts', {
        ...lists,
        tlsa: 'match',
        certificate: { path: 'CERT_HAS_EXPIRED', names: [], more: false },
      }),
      'pass',
    );
  });
});

describe('the memory, as if it were enforced', () => {
  it('says nothing where it expects nothing', () => assert.equal(tried('memory'), 'nothing'));

  it('wants what it expects; of a host that was proven before its own name', () => {
    assert.equal(tried('memory', { memory: { level: 'encrypt', own: true } }), 'pass');
    assert.match(tried('memory', { memory: { level: 'encrypt', own: true }, tls: 'clear' }), /^block/);
    assert.equal(tried('memory', { memory: { level: 'authenticate', own: true } }), 'pass');
    assert.match(
      tried('memory', { memory: { level: 'authenticate', own: false } }),
      /^block: .* does not prove example\.test$/,
    );
  });
});
