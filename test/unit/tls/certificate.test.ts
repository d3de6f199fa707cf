import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { summarizeCertificate } from '../../../src/tls/certificate.ts';
import { createAuthority } from '../../support/certificates.ts';
import { dns, forgeNames } from './forge.ts';

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('summarizeCertificate', () => {
  it('says what the certificate says', async () => {
    const authority = await createAuthority('An Authority');
    const notBefore = new Date('2026-01-02T03:04:05Z');
    const notAfter = new Date('2051-01-02T03:04:05Z');
    const names = ['mx.example.test', '*.example.test', '192.0.2.1'];
    const { certPem } = await authority.issue({ names, notBefore, notAfter });
    const certificate = new X509Certificate(certPem);
    assert.deepEqual(summarizeCertificate(certificate.raw), {
      kind: 'ok',
      value: {
        sha256: hash(certificate.raw),
        spkiSha256: hash(certificate.publicKey.export({ type: 'spki', format: 'der' })),
        subject: 'CN=mx.example.test',
        issuer: 'CN=An Authority',
        names: ['mx.example.test', '*.example.test'],
        notBefore: notBefore.getTime(),
        notAfter: notAfter.getTime(),
      },
    });
  });

  it('shows a subject of hostile characters on one line, escaped', async () => {
    const authority = await createAuthority();
    const { certPem } = await authority.issue({ names: ['a.test'], cn: 'x\u001b[2J\u202ey' });
    const summary = summarizeCertificate(new X509Certificate(certPem).raw);
    assert.equal(summary.kind, 'ok');
    assert.match(summary.kind === 'ok' ? summary.value.subject : '', /^CN=x[\x20-\x7e]+y$/);
  });

  it('says why where there is no certificate', () => {
    assert.deepEqual(summarizeCertificate(Buffer.from('x')), {
      kind: 'invalid',
      because: 'the octets are not a DER certificate',
    });
    assert.deepEqual(summarizeCertificate(forgeNames(dns('a.test'))), {
      kind: 'invalid',
      because: 'OpenSSL cannot read the certificate',
    });
  });

  it('gives a result for any change of one octet', async () => {
    const authority = await createAuthority();
    const { raw } = new X509Certificate((await authority.issue({ names: ['a.test'] })).certPem);
    fc.assert(
      fc.property(fc.nat(raw.length - 1), fc.nat(255), (at, octet) => {
        const changed = Buffer.from(raw);
        changed[at] = octet;
        const summary = summarizeCertificate(changed);
        if (summary.kind === 'ok') assert.ok(Number.isFinite(summary.value.notAfter));
      }),
      { numRuns: 500 },
    );
  });
});
