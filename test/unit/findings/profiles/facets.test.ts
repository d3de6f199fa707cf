import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../../../src/findings/finding.ts';
import { finding } from '../../../../src/findings/finding.ts';
import type { Probes } from '../../../../src/findings/observation.ts';
import type { SeenDoor } from '../../../../src/findings/profiles/doors.ts';
import { seenOf, withoutOtherKey } from '../../../../src/findings/profiles/facets.ts';
import type { Facet } from '../../../../src/findings/profiles/profile.ts';
import {
  agreed,
  chainFor,
  handshakeRefused,
  handshakeUnfit,
  helloRefused,
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
    assert.match(openOf('version', { probes: { upToTls12: handshakeUnfit() } }, refused) ?? '', /TLSv1\.2/);
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

  it('are also those that hellos of our own have shown, and broken ones among them', () => {
    const hello = {
      weakFirst: agreed({ suite: 0x002f, group: null }),
      old: agreed({ version: 0x0301, suite: 0x0016, group: null, prime: Buffer.alloc(128, 0xff) }),
      ssl3: helloRefused(),
      retry: { kind: 'seen', result: 'retry', group: 0x0018, suite: 0x1302 },
      weak: [{ without: [], ...agreed({ suite: 0x0005, group: 0x0017 }) }],
    } as const satisfies Probes['hello'];
    assert.deepEqual(namesOf('suite', { probes: { hello } }), [
      'TLS_AES_256_GCM_SHA384',
      'TLS_RSA_WITH_AES_128_CBC_SHA',
      'TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA',
      'TLS_RSA_WITH_RC4_128_SHA',
    ]);
    assert.deepEqual(namesOf('version', { probes: { hello } }), ['TLSv1.3', 'TLSv1.2', 'TLSv1']);
    assert.doesNotMatch(openOf('version', { probes: { hello } }) ?? '', /TLSv1\.2/);
    const groups = namesOf('group', { probes: { hello } });
    for (const name of ['secp384r1', 'DH 1024', 'secp256r1']) assert.ok(groups.includes(name), name);
  });

  it('are all suites once they are listed to the end', () => {
    const listed = (unfinished: string | null): Probes => {
      const version = { version: 0x0303, suites: [0xc02f, 0xc013], ownOrder: true, unfinished };
      return { hello: { suites: { connections: 9, versions: [version] } } };
    };
    const base = { tls: tlsSeen({ version: 'TLSv1.2', cipher: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' }) };
    assert.equal(openOf('suite', { base, probes: listed(null) }), undefined);
    assert.match(openOf('suite', { probes: listed(null) }) ?? '', /lacks TLS_AES_256_GCM_SHA384/);
    assert.ok(namesOf('suite', { probes: listed(null) }).includes('TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'));
    assert.match(openOf('suite', { probes: listed('it hung') }) ?? '', /not listed to the end: it hung/);
    assert.match(openOf('suite', {}) ?? '', /--suites all/);
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
    // Our own TLS may not have liked the certificate that there is.
    const unfit = { ...handshakeUnfit(), key: 'rsa' } as const;
    assert.match(withoutOtherKey({ otherKey: unfit }) ?? '', /not by the word of the server/);
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
