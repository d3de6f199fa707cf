import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../../../src/findings/finding.ts';
import { finding } from '../../../../src/findings/finding.ts';
import type { Probes } from '../../../../src/findings/observation.ts';
import type { SeenDoor } from '../../../../src/findings/profiles/doors.ts';
import { seenOf, withoutOtherKey } from '../../../../src/findings/profiles/facets.ts';
import type { Facet } from '../../../../src/findings/profiles/profile.ts';
import {
  chainFor,
  handshakeRefused,
  hostCase,
  observe,
  otherKey,
  probeNotTested,
  rootOf,
  type Seen,
  secured,
  tlsSeen,
} from '../../../support/observations.ts';
import { allProbes } from '../../../support/profiles.ts';

function door(seen: Seen): SeenDoor {
  const observation = observe(seen);
  const host = hostCase([observation]);
  const { address, port } = observation.endpoint;
  return { host, observation, scope: { host: host.name, address, port }, withoutTls: undefined };
}

function namesOf(facet: Facet, seen: Seen, findings: readonly Finding[] = []): readonly string[] {
  return seenOf(facet, door(seen), findings).choices.map(({ name }) => name);
}

function openOf(facet: Facet, seen: Seen, findings: readonly Finding[] = []): string | undefined {
  return seenOf(facet, door(seen), findings).open;
}

const told = (id: 'tls.tls10' | 'tls.tls11', state: Finding['state']): Finding =>
  finding(id, state, { scope: {}, evidence: [`of the test: ${id}`] });
const refused = [told('tls.tls10', 'pass'), told('tls.tls11', 'pass')];

describe('versions of TLS', () => {
  it('are those of all sessions, each once', () => {
    const probes: Probes = { ...allProbes, legacy: secured({ version: 'TLSv1.1' }) };
    assert.deepEqual(namesOf('version', { probes }), ['TLSv1.3', 'TLSv1.2', 'TLSv1.1']);
  });

  it('are open where a version was not tried: SSL is not tried yet', () => {
    assert.equal(
      openOf('version', { probes: allProbes }, refused),
      'whether it speaks SSLv2, SSLv3 was not tried',
    );
    assert.match(openOf('version', { probes: allProbes }) ?? '', /SSLv2, SSLv3, TLSv1, TLSv1\.1 was/);
  });

  it('are open for TLS 1.2, too, where a server of TLS 1.3 was not asked for it', () => {
    assert.match(openOf('version', {}, refused) ?? '', /TLSv1\.2/);
    assert.match(openOf('version', { probes: { upToTls12: probeNotTested() } }, refused) ?? '', /TLSv1\.2/);
    const refusing = openOf('version', { probes: { upToTls12: handshakeRefused() } }, refused) ?? '';
    assert.doesNotMatch(refusing, /TLSv1\.2/);
    const old = openOf('version', { base: { tls: tlsSeen({ version: 'TLSv1.2' }) } }, refused) ?? '';
    assert.doesNotMatch(old, /TLSv1\.2/);
  });

  it('are also those that a finding tells', () => {
    const names = namesOf('version', {}, [told('tls.tls10', 'fail'), told('tls.tls11', 'not-tested')]);
    assert.deepEqual(names, ['TLSv1.3', 'TLSv1']);
    assert.match(openOf('version', {}, [told('tls.tls11', 'not-tested')]) ?? '', /TLSv1\.1/);
  });
});

describe('suites and groups', () => {
  it('are those that were agreed on, and never all', () => {
    assert.deepEqual(namesOf('suite', { probes: allProbes }), [
      'TLS_AES_256_GCM_SHA384',
      'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    ]);
    assert.deepEqual(namesOf('group', { probes: allProbes }), ['X25519MLKEM768', 'secp256r1']);
    for (const facet of ['suite', 'group'] as const)
      assert.notEqual(openOf(facet, { probes: allProbes }), undefined);
  });

  it('a group without a name, or none at all, is no choice', () => {
    for (const group of ['DH', null])
      assert.deepEqual(namesOf('group', { base: { tls: tlsSeen({ group }) } }), []);
  });
});

describe('keys and signatures', () => {
  const both: Probes = { ...allProbes, otherKey: otherKey() };

  it('are of both kinds of certificates', () => {
    assert.deepEqual(namesOf('key', { probes: both }), ['EC secp256r1', 'RSA 2048']);
    assert.equal(openOf('key', { probes: both }), undefined);
    assert.deepEqual(namesOf('signature', { probes: both }), ['sha256']);
    assert.equal(openOf('signature', { probes: both }), undefined);
  });

  for (const [why, probes] of [
    ['was not asked for', {}],
    ['did not come to its question', { otherKey: { ...probeNotTested() } }],
    [
      'was asked where STARTTLS was not offered',
      { otherKey: { kind: 'seen', key: 'rsa', result: 'not-offered' } },
    ],
  ] as const satisfies readonly (readonly [string, Probes])[]) {
    it(`are open where the other kind of key ${why}`, () => {
      assert.notEqual(withoutOtherKey(probes), undefined);
      assert.notEqual(openOf('key', { probes }), undefined);
      assert.notEqual(openOf('signature', { probes }), undefined);
    });
  }

  it('a server that refuses the other kind has only one', () => {
    assert.equal(withoutOtherKey(allProbes), undefined);
    assert.deepEqual(namesOf('key', { probes: allProbes }), ['EC secp256r1']);
  });

  it('are open where a certificate cannot be read, or is not there', () => {
    for (const chain of [[], [Buffer.from('no certificate')]])
      assert.match(
        openOf('key', { base: { tls: tlsSeen({ chain }) }, probes: allProbes }) ?? '',
        /missing, or cannot/,
      );
  });

  it('are of each certificate that somebody else has signed, and not of a root', () => {
    const weak = [...chainFor({ spec: { signing: 'sha1' } }), rootOf()];
    assert.deepEqual(namesOf('signature', { base: { tls: tlsSeen({ chain: weak }) } }), ['sha1', 'sha256']);
    const whole = [...chainFor(), rootOf({ signing: 'sha1' })];
    assert.deepEqual(namesOf('signature', { base: { tls: tlsSeen({ chain: whole }) } }), ['sha256']);
  });
});
