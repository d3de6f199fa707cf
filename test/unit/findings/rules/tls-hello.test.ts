import assert from 'node:assert/strict';
import { getDiffieHellman } from 'node:crypto';
import { describe, it } from 'node:test';
import type { HelloProbes } from '../../../../src/findings/hello-seen.ts';
import type { Probes, Visit } from '../../../../src/findings/observation.ts';
import { tlsFindings } from '../../../../src/findings/rules/tls.ts';
import {
  agreed,
  caseOf,
  handshakeFailed,
  handshakeRefused,
  helloRefused,
  hostCase,
  observe,
  only,
  probeNotTested,
  statesOf,
  tlsSeen,
} from '../../../support/observations.ts';

type Findings = ReturnType<typeof tlsFindings>;

function found(hello: HelloProbes, probes: Probes = {}, base: Partial<Visit> = {}): Findings {
  return tlsFindings(caseOf([hostCase([observe({ base, probes: { ...probes, hello } })])]));
}

/** `state severity`, for each finding of that id. */
function told(findings: Findings, id: string): readonly string[] {
  return only(findings, id).map(({ state, severity }) => `${state} ${severity}`);
}

const newOnly: HelloProbes = { weakFirst: helloRefused(70) };

describe('old versions, by hellos of our own', () => {
  it('RFC 8996: TLS 1.0 and 1.1, as the hello of TLS 1.1 at most is answered', () => {
    assert.deepEqual(told(found({ old: agreed({ version: 0x0301 }) }), 'tls.tls10'), ['fail medium']);
    assert.deepEqual(told(found({ old: agreed({ version: 0x0301 }) }), 'tls.tls11'), ['pass medium']);
    assert.deepEqual(told(found({ old: agreed({ version: 0x0302 }) }), 'tls.tls11'), ['fail medium']);
    for (const id of ['tls.tls10', 'tls.tls11']) {
      assert.deepEqual(told(found({ old: helloRefused() }), id), ['pass medium']);
      assert.deepEqual(told(found({ old: probeNotTested() }), id), ['not-tested low']);
      assert.deepEqual(told(found({ old: { kind: 'seen', result: 'not-offered' } }), id), []);
      assert.deepEqual(told(found(newOnly), id), ['pass medium']);
    }
  });

  it('beside TLS 1.1 also 1.0, where it was asked for', () => {
    const old = agreed({ version: 0x0302 });
    assert.deepEqual(told(found({ old }), 'tls.tls10'), ['not-tested info']);
    assert.deepEqual(told(found({ old, older: agreed({ version: 0x0301 }) }), 'tls.tls10'), ['fail medium']);
    assert.deepEqual(told(found({ old, older: helloRefused() }), 'tls.tls10'), ['pass medium']);
  });

  it('a hello of TLS 1.2 that comes to TLS 1.0 needs no other one', () =>
    assert.deepEqual(told(found({ weakFirst: agreed({ version: 0x0301 }) }), 'tls.tls10'), ['fail medium']));

  it('TLS 1.0 without TLS 1.1, as a GnuTLS 3.7.9 may have it: found by itself, and the other is refused', () => {
    const hello = { old: helloRefused(70), older: agreed({ version: 0x0301 }) };
    assert.deepEqual(told(found(hello), 'tls.tls10'), ['fail medium']);
    assert.deepEqual(told(found(hello), 'tls.tls11'), ['pass medium']);
    // Nobody was asked for TLS 1.1.
    assert.deepEqual(told(found({ older: agreed({ version: 0x0301 }) }), 'tls.tls11'), []);
    const ssl3 = { ssl3: agreed({ version: 0x0300 }) };
    assert.deepEqual(told(found(ssl3), 'tls.tls10'), []);
    assert.deepEqual(told(found({ ...ssl3, older: helloRefused() }), 'tls.tls10'), ['pass medium']);
  });

  it('RFC 7568 §3: "SSLv3 MUST NOT be used"', () => {
    assert.deepEqual(told(found({ ssl3: agreed({ version: 0x0300 }) }), 'tls.ssl3'), ['fail high']);
    // A server that has nothing newer answers the hello of TLS 1.1 with it.
    const only3 = found({ old: agreed({ version: 0x0300 }) });
    assert.deepEqual(told(only3, 'tls.ssl3'), ['fail high']);
    assert.deepEqual(
      [told(only3, 'tls.tls10'), told(only3, 'tls.tls11')],
      [['pass medium'], ['pass medium']],
    );
    assert.deepEqual(told(found({ ssl3: helloRefused(null) }), 'tls.ssl3'), ['pass high']);
    // GnuTLS refuses a version that it lacks, though it has an older one: what was not asked for is not known.
    for (const hello of [{ old: helloRefused() }, newOnly])
      assert.deepEqual(told(found(hello), 'tls.ssl3'), []);
    assert.deepEqual(told(found({ old: agreed({ version: 0x0301 }) }), 'tls.ssl3'), []);
    assert.deepEqual(told(found({ ssl3: probeNotTested() }), 'tls.ssl3'), []);
  });

  it('RFC 6176 §3: "TLS servers MUST NOT … negotiate the use of SSL 2.0"', () => {
    const ssl2 = { kind: 'seen', result: 'sslv2', cipherKinds: [0x010080], chain: [] } as const;
    assert.deepEqual(told(found({ ssl2 }), 'tls.ssl2'), ['fail critical']);
    assert.match(only(found({ ssl2 }), 'tls.ssl2')[0]?.evidence[0] ?? '', /0x010080$/);
    assert.deepEqual(told(found({ ssl2: helloRefused() }), 'tls.ssl2'), ['pass critical']);
    // Without a cipher there is nothing that could be agreed on, and no DROWN.
    assert.deepEqual(told(found({ ssl2: { ...ssl2, cipherKinds: [] } }), 'tls.ssl2'), ['warn medium']);
    const broken = { kind: 'seen', result: 'broken', because: 'plaintext in place of TLS' } as const;
    assert.deepEqual(told(found({ ssl2: broken }), 'tls.ssl2'), []);
  });

  it('TLS 1.2 is there, or not, by its own word', () => {
    assert.deepEqual(told(found({ weakFirst: agreed() }), 'tls.no-tls12'), ['pass high']);
    assert.deepEqual(told(found(newOnly), 'tls.no-tls12'), ['warn medium']);
    // Another no may be about the missing name, or about the suites.
    assert.deepEqual(told(found({ weakFirst: helloRefused(40) }), 'tls.no-tls12'), []);
  });

  it('where the first handshake came to nothing, what is wrong is told, and nothing is praised', () => {
    const findings = found(
      { weakFirst: helloRefused(), old: agreed({ version: 0x0300, suite: 0x0005 }) },
      {},
      handshakeFailed(),
    );
    assert.deepEqual(findings.map(({ id, state }) => `${id} ${state}`).toSorted(), [
      'tls.ssl3 fail',
      'tls.suite.rc4 fail',
      'tls.suite.rsa-kx warn',
    ]);
  });

  it('a recording of before is judged as it was', () => {
    const findings = tlsFindings(caseOf([hostCase([observe({ probes: { legacy: handshakeRefused() } })])]));
    assert.equal(statesOf(findings, 'tls.tls10'), 'pass');
    assert.deepEqual(
      findings.filter(({ id }) => /ssl|reneg|compression|ems|fallback|dh\.|curve|sha1/.test(id)),
      [],
    );
  });
});

describe('what a ServerHello says by itself', () => {
  for (const [id, change, expected] of [
    ['tls.reneg.insecure', { renegotiationInfo: false }, 'fail high'],
    ['tls.compression', { compression: 1 }, 'fail high'],
    ['tls.ems-missing', { extendedMasterSecret: false }, 'warn medium'],
  ] as const) {
    it(id, () => {
      assert.deepEqual(told(found({ weakFirst: agreed(change) }), id), [expected]);
      assert.match(told(found({ weakFirst: agreed() }), id)[0] ?? '', /^pass /);
      assert.deepEqual(told(found({ retry: agreed({ ...change, version: 0x0304 }) }), id), []);
      assert.deepEqual(told(found({ weakFirst: helloRefused() }), id), []);
    });
  }

  it('RFC 8446 §4.1.2: what TLS 1.3 has done away with is not there where there is nothing else', () => {
    for (const id of ['tls.reneg.insecure', 'tls.compression', 'tls.ems-missing']) {
      assert.match(told(found(newOnly), id)[0] ?? '', /^pass /, id);
      assert.deepEqual(told(found({ weakFirst: helloRefused(40) }), id), [], id);
    }
  });

  it('compression is told of the hello that offers it, and of no other', () => {
    assert.deepEqual(told(found({ old: agreed({ version: 0x0301 }) }), 'tls.compression'), []);
    const named = { weakFirst: helloRefused(112), weakNamed: agreed({ compression: 1 }) };
    assert.deepEqual(told(found(named), 'tls.compression'), ['fail high']);
  });

  it('RFC 7627 §5.1 is about TLS 1.2; older versions have worse', () =>
    assert.deepEqual(
      told(found({ old: agreed({ version: 0x0301, extendedMasterSecret: false }) }), 'tls.ems-missing'),
      [],
    ));
});

it('RFC 8446 §4.1.3: a server of TLS 1.3 that agrees on TLS 1.2 says so in its random', () => {
  const id = 'tls.downgrade-sentinel';
  assert.deepEqual(told(found({ weakFirst: agreed() }), id), ['pass medium']);
  assert.deepEqual(told(found({ weakFirst: agreed({ couldSpeak: null }) }), id), ['warn medium']);
  assert.deepEqual(told(found({ weakFirst: agreed({ version: 0x0302, couldSpeak: 0x0303 }) }), id), []);
  const tls12 = { tls: tlsSeen({ version: 'TLSv1.2' }) };
  assert.deepEqual(told(found({ weakFirst: agreed({ couldSpeak: null }) }, {}, tls12), id), []);
});

it('RFC 8446 §4.1.3: a server that was offered TLS 1.3 and says that it was not got another hello than was sent', () => {
  const id = 'tls.downgrade-sentinel';
  const retry = agreed({ version: 0x0303, couldSpeak: 0x0304 });
  assert.deepEqual(told(found({ retry }, {}, handshakeFailed(null)), id), ['fail high']);
  assert.deepEqual(told(found({ retry: agreed({ couldSpeak: null }) }, {}, handshakeFailed(null)), id), []);
  // Where TLS 1.3 was not offered it has to say so.
  assert.deepEqual(told(found({ weakFirst: retry }), id), ['pass medium']);
});

it('RFC 7507 §3: "the server MUST respond with a fatal inappropriate_fallback alert"', () => {
  const asked = (seen: ReturnType<typeof agreed>): HelloProbes => ({
    fallback: { ...seen, version: 0x0302 },
  });
  assert.deepEqual(told(found(asked(agreed({ version: 0x0302 }))), 'tls.fallback-scsv'), ['warn low']);
  for (const alert of [86, null])
    assert.deepEqual(told(found(asked(helloRefused(alert))), 'tls.fallback-scsv'), ['pass low']);
  // One about something else.
  for (const alert of [40, 70])
    assert.deepEqual(told(found(asked(helloRefused(alert))), 'tls.fallback-scsv'), []);
});

describe('the key exchange', () => {
  const primeOf = (name: string): Uint8Array => getDiffieHellman(name).getPrime();

  it('a short prime, and whether many have it', () => {
    const oakley = found({ prime: agreed({ prime: primeOf('modp2') }) });
    assert.deepEqual(told(oakley, 'tls.dh.weak'), ['fail high']);
    assert.deepEqual(told(oakley, 'tls.dh.common-prime'), ['warn low']);
    // Nobody knows all that are shared.
    const unknown = found({ prime: agreed({ prime: primeOf('modp2').fill(0x11, 60, 70) }) });
    assert.deepEqual(told(unknown, 'tls.dh.common-prime'), []);
    assert.deepEqual(told(unknown, 'tls.dh.weak'), ['fail high']);
    assert.deepEqual(told(oakley, 'tls.dh.2048'), []);
  });

  it('2048 bits, and 3072', () => {
    assert.deepEqual(told(found({ prime: agreed({ prime: primeOf('modp14') }) }), 'tls.dh.2048'), [
      'warn low',
    ]);
    assert.deepEqual(told(found({ prime: agreed({ prime: primeOf('modp15') }) }), 'tls.dh.2048'), [
      'pass low',
    ]);
    assert.deepEqual(told(found({ prime: agreed({ prime: primeOf('modp14') }) }), 'tls.dh.weak'), [
      'pass high',
    ]);
  });

  it('none at all', () => {
    assert.deepEqual(told(found({ prime: helloRefused(null) }), 'tls.dh.weak'), ['pass high']);
    assert.deepEqual(told(found(newOnly), 'tls.dh.weak'), ['pass high']);
    assert.deepEqual(told(found({ weakFirst: agreed() }), 'tls.dh.weak'), []);
  });

  it('the short one that OpenSSL takes where nothing is proven anyway does not count', () => {
    const anonymous = agreed({ suite: 0x0034, prime: primeOf('modp2'), chain: [] });
    assert.deepEqual(told(found({ anonymous }), 'tls.dh.weak'), []);
  });

  it('RFC 9325 §4.5: curves of less than 224 bits', () => {
    const id = 'tls.ecdhe.weak-curve';
    assert.deepEqual(told(found({ weakCurves: agreed({ group: 0x0013 }) }), id), ['fail medium']);
    assert.deepEqual(told(found({ weakFirst: agreed({ group: 0x0001 }) }), id), ['fail medium']);
    assert.deepEqual(told(found({ weakCurves: helloRefused() }), id), ['pass medium']);
    assert.deepEqual(told(found({ weakFirst: agreed() }), id), []);
    // The curve of the certificate, which stood last: no client that can use the certificate comes to a shorter one.
    assert.deepEqual(told(found({ weakCurves: agreed({ group: 0x0017 }) }), id), ['pass medium']);
    assert.deepEqual(told(found({ weakCurves: agreed({ group: null }) }), id), []);
  });

  it('RFC 9155 §4: signatures with SHA-1 or MD5, of TLS 1.2 only', () => {
    const id = 'tls.sigalg.sha1';
    assert.deepEqual(told(found({ weakFirst: agreed({ signatureScheme: 0x0203 }) }), id), ['warn medium']);
    assert.deepEqual(told(found({ sha1: agreed({ signatureScheme: 0x0201 }) }), id), ['warn medium']);
    for (const signatureScheme of [0x0101, 0x0102, 0x0103])
      assert.deepEqual(told(found({ weakFirst: agreed({ signatureScheme }) }), id), ['warn medium']);
    assert.deepEqual(told(found({ sha1: helloRefused() }), id), ['pass medium']);
    assert.deepEqual(told(found({ old: agreed({ version: 0x0301, signatureScheme: null }) }), id), []);
  });
});

describe('the group that the server asks for', () => {
  const retry = (group: number | null): HelloProbes => ({
    retry: { kind: 'seen', result: 'retry', group, suite: 0x1301 },
  });

  it('post-quantum, in its final form or that of a draft', () => {
    assert.deepEqual(told(found(retry(0x11eb)), 'tls.group.pq'), ['pass info']);
    assert.deepEqual(told(found(retry(0x11eb)), 'tls.group.pq-draft-only'), ['pass low']);
    const base = { tls: tlsSeen({ group: 'X25519' }) };
    assert.deepEqual(told(found(retry(0x6399), {}, base), 'tls.group.pq-draft-only'), ['fail low']);
    // What it likes best is not all that it has: the first connection had the final form.
    assert.deepEqual(told(found(retry(0x6399)), 'tls.group.pq-draft-only'), ['pass low']);
    assert.deepEqual(told(found(retry(0x6399), {}, handshakeFailed()), 'tls.group.pq-draft-only'), []);
    assert.deepEqual(told(found(retry(0x001d)), 'tls.group.pq-draft-only'), []);
  });

  it('a usual one, and one that costs each client a round trip', () => {
    assert.deepEqual(told(found(retry(0x001d)), 'tls.group.preference'), ['pass info']);
    assert.deepEqual(told(found(retry(0x0019)), 'tls.group.preference'), ['warn info']);
    assert.deepEqual(told(found(retry(null)), 'tls.group.preference'), []);
    assert.deepEqual(told(found({ retry: helloRefused() }), 'tls.group.preference'), []);
  });
});
