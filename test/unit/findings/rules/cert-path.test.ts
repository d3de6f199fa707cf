import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aDay, authority, certify, party, server } from '../../../support/chains.ts';
import { chainFor, HOST, now, only, rootOf, statesOf } from '../../../support/observations.ts';
import { der, extension } from '../../tls/forge.ts';
import { asVerified, found, leaf, severities, untrusted } from './certificates.ts';

describe('paths', () => {
  const self = party('self.example.test');
  const selfSigned = certify(self, self, { notAfter: now + 60 * aDay, extensions: server(HOST) });
  const alone = chainFor().slice(0, 1);
  const address = der(
    0x30,
    der(0x06, Buffer.from('2b06010505073002', 'hex')),
    der(0x86, Buffer.from('http://ca.example.test/ca.der')),
  );
  const aia = extension([0x2b, 6, 1, 5, 5, 7, 1, 1], der(0x30, address));

  it('signed by itself, which nobody looks at under DANE-EE, nor does who has a trust anchor', () => {
    const tls = { chain: [selfSigned], path: untrusted('DEPTH_ZERO_SELF_SIGNED_CERT') };
    assert.deepEqual(severities('cert.self-signed', tls), { ...asVerified('medium'), 'dane-ta': 'info' });
    assert.equal(statesOf(found(chainFor()), 'cert.self-signed'), 'pass');
  });

  it('signed by itself and expired is both', () => {
    const old = certify(self, self, { notAfter: now - aDay, extensions: server(HOST) });
    const findings = found([old], untrusted('CERT_HAS_EXPIRED'));
    assert.equal(statesOf(findings, 'cert.self-signed'), 'fail');
    assert.equal(statesOf(findings, 'cert.expired'), 'fail');
  });

  it('an authority that nobody knows', () => {
    for (const [chain, code] of [
      [chainFor(), 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
      [[...chainFor(), rootOf()], 'SELF_SIGNED_CERT_IN_CHAIN'],
      [alone, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ] as const) {
      const findings = found(chain, untrusted(code));
      assert.equal(statesOf(findings, 'cert.untrusted'), 'fail', code);
      assert.equal(statesOf(findings, 'cert.chain.incomplete'), '', code);
    }
    assert.equal(statesOf(found(chainFor()), 'cert.untrusted'), 'pass');
  });

  it('an intermediate certificate that was left out: said by the address of the issuer', () => {
    const chain = leaf({ extensions: [...server(HOST), aia] }).slice(0, 1);
    const [finding] = only(
      found(chain, untrusted('UNABLE_TO_VERIFY_LEAF_SIGNATURE')),
      'cert.chain.incomplete',
    );
    assert.equal(finding?.state, 'fail');
    assert.match(finding.evidence.join('\n'), /http:\/\/ca\.example\.test\/ca\.der/);
    assert.equal(statesOf(found(chain, untrusted('UNABLE_TO_VERIFY_LEAF_SIGNATURE')), 'cert.untrusted'), '');
  });

  it('or by others in its place, which do not lead on', () => {
    const stray = certify(party('Stray Authority'), party('Root'), { extensions: authority });
    const findings = found([...alone, stray], untrusted('UNABLE_TO_VERIFY_LEAF_SIGNATURE'));
    assert.equal(statesOf(findings, 'cert.chain.incomplete'), 'fail');
    assert.equal(statesOf(findings, 'cert.chain.order'), 'warn');
  });

  it('RFC 8446 §4.4.2: the order', () => {
    const [own, issuer] = chainFor();
    assert.ok(own !== undefined && issuer !== undefined);
    assert.equal(statesOf(found([own, rootOf(), issuer]), 'cert.chain.order'), 'warn');
    assert.equal(statesOf(found([own, issuer, issuer]), 'cert.chain.order'), 'warn');
    assert.equal(statesOf(found([own, issuer, rootOf()]), 'cert.chain.order'), 'pass');
    assert.equal(statesOf(found([own]), 'cert.chain.order'), '');
  });

  it('the root is presented, as info', () => {
    const [finding] = only(found([...chainFor(), rootOf()]), 'cert.chain.root-sent');
    assert.deepEqual([finding?.state, finding?.severity], ['warn', 'info']);
    assert.equal(statesOf(found(chainFor()), 'cert.chain.root-sent'), 'pass');
  });
});
