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

  it('§2.3: and with signed MX records alone, so that it need not list the host', () => {
    const unlisted = { sts: { mode: 'testing', lists: false }, tlsa: 'match' } as const;
    assert.equal(tried('sts', { ...unlisted, signed: true }), 'nothing');
    assert.match(tried('sts', unlisted), /^block: the policy does not list/);
  });
});

describe('a policy list that only tests the domain, as if it were enforced', () => {
  const names = { list: { mode: 'testing', names: true } } as const;
  const other = { list: { mode: 'testing', names: false } } as const;

  it('says nothing where there is none, or it asks for nothing', () => {
    assert.equal(tried('list'), 'nothing');
    assert.equal(tried('list', { list: { mode: 'none', names: false } }), 'nothing');
  });

  it('L1, L2: wants a host that it names, and a certificate for the name of the host', () => {
    assert.equal(tried('list', names), 'pass');
    assert.equal(tried('list', other), `block: the policy list does not name ${MX1}`);
    assert.equal(
      tried('list', { ...names, ...valid(DOMAIN) }),
      `block: the certificate of ${MX1} does not prove ${MX1}`,
    );
    assert.equal(tried('list', { ...names, tls: 'clear' }), `block: ${MX1} had no TLS to offer`);
  });

  it('L5: with signed MX records TLSA records decide alone; without, it has to name the host', () => {
    const self = { certificate: { path: 'DEPTH_ZERO_SELF_SIGNED_CERT', names: [], more: false } };
    assert.equal(tried('list', { ...other, ...self, tlsa: 'match', signed: true }), 'nothing');
    assert.equal(tried('list', { ...names, ...self, tlsa: 'match' }), 'pass');
    assert.match(tried('list', { ...other, ...self, tlsa: 'match' }), /^block: .* does not name/);
  });

  it('L6: a policy of the domain that names the host does as well', () => {
    assert.equal(tried('list', { ...other, sts: { mode: 'testing', lists: true } }), 'pass');
    assert.match(tried('list', { ...other, sts: { mode: 'testing', lists: false } }), /^block/);
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
