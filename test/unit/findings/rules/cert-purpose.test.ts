import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CheckProtocol } from '../../../../src/findings/endpoint.ts';
import { certFindings } from '../../../../src/findings/rules/cert.ts';
import { aDay, basicConstraints, extendedKeyUsage, hostNames, keyUsage } from '../../../support/chains.ts';
import {
  chainFor,
  HOST,
  now,
  observe,
  only,
  statesOf,
  tlsSeen,
  underPolicy,
} from '../../../support/observations.ts';
import { asVerified, type Findings, found, leaf, severities, under, untrusted } from './certificates.ts';

describe('what it is for', () => {
  const extensions = (...all: readonly Buffer[]): Findings => found(leaf({ extensions: all }));

  it('RFC 5280 §4.2.1.12: not for servers', () => {
    const chain = leaf({ extensions: [basicConstraints(false), extendedKeyUsage(2), hostNames(HOST)] });
    assert.deepEqual(
      severities('cert.eku-missing-serverauth', { chain, path: untrusted('INVALID_PURPOSE') }),
      asVerified('medium'),
    );
    assert.equal(statesOf(found(chain, untrusted('INVALID_PURPOSE')), 'cert.untrusted'), '');
    assert.equal(statesOf(extensions(hostNames(HOST)), 'cert.eku-missing-serverauth'), 'pass');
  });

  it('RFC 5280 §4.2.1.3: a key usage without signatures', () => {
    assert.equal(statesOf(extensions(keyUsage(0x20), hostNames(HOST)), 'cert.keyusage'), 'warn');
    assert.equal(statesOf(extensions(keyUsage(0xa0), hostNames(HOST)), 'cert.keyusage'), 'pass');
    assert.equal(statesOf(extensions(hostNames(HOST)), 'cert.keyusage'), 'pass');
  });

  it('RFC 5246 §7.4.2, RSA: "the keyEncipherment bit MUST be set if the key usage extension is present"', () => {
    const usageWith = (cipher: string, bits: number): Findings => {
      const chain = leaf({ extensions: [keyUsage(bits), hostNames(HOST)] });
      return only(under('none', { version: 'TLSv1.2', cipher, chain }), 'cert.keyusage');
    };
    const usageAt = (protocol: CheckProtocol): Findings => {
      const chain = leaf({ extensions: [keyUsage(0x80), hostNames(HOST)] });
      const tls = tlsSeen({ version: 'TLSv1.2', cipher: 'TLS_RSA_WITH_AES_256_GCM_SHA384', chain });
      const seen = observe({ endpoint: { protocol }, base: { tls } });
      return only(certFindings(underPolicy('none', [seen])), 'cert.keyusage');
    };
    const [finding] = usageWith('TLS_RSA_WITH_AES_256_GCM_SHA384', 0x80);
    assert.equal(finding?.state, 'warn');
    assert.match(finding.evidence.join(' '), /Agreed on: TLSv1\.2, TLS_RSA_WITH_AES_256_GCM_SHA384/);
    assert.match(finding.fix.map(({ do: order }) => order).join(' '), /ECDHE/);
    // What is said of clients is not what is said of mail servers.
    assert.match(JSON.stringify(finding.fix), /at port 25/);
    assert.doesNotMatch(JSON.stringify(usageAt('imap')[0]?.fix), /at port 25/);
    assert.equal(statesOf(usageWith('TLS_RSA_EXPORT_WITH_RC4_40_MD5', 0x80), 'cert.keyusage'), 'pass');
    assert.equal(statesOf(usageWith('TLS_RSA_WITH_AES_256_GCM_SHA384', 0xa0), 'cert.keyusage'), 'pass');
    assert.equal(statesOf(usageWith('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 0x80), 'cert.keyusage'), 'pass');
  });

  it('RFC 5280 §4.2.1.9: one of an authority', () => {
    assert.equal(statesOf(extensions(basicConstraints(true), hostNames(HOST)), 'cert.is-ca'), 'warn');
    assert.equal(statesOf(found(chainFor()), 'cert.is-ca'), 'pass');
  });

  it('made for years, as info', () => {
    const [finding] = only(found(leaf({ notAfter: now + 3650 * aDay })), 'cert.lifetime');
    assert.deepEqual([finding?.state, finding?.severity], ['warn', 'info']);
    assert.equal(statesOf(found(chainFor()), 'cert.lifetime'), 'pass');
  });
});
