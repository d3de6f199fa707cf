import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ownCertificate } from '../../../src/relay/certificate.ts';

const now = Date.UTC(2026, 10, 22);

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-cert-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the certificate of the first start', () => {
  it('names this host and is the same at the next start', () =>
    inFolder(async (folder) => {
      const first = await ownCertificate(folder, ['relay.example.test'], now);
      const second = await ownCertificate(folder, ['renamed.example.test'], now);
      assert.deepEqual(second, first);
      const certificate = new X509Certificate(first.certPem);
      assert.equal(certificate.checkHost('relay.example.test', { subject: 'never' }), 'relay.example.test');
      assert.equal(
        certificate.validFromDate.getTime() < now && certificate.validToDate.getTime() > now,
        true,
      );
    }));

  it('keeps the key from everybody else', () =>
    inFolder(async (folder) => {
      await ownCertificate(folder, [], now);
      const { mode } = await stat(join(folder, 'tls/key.pem'));
      assert.equal(mode & 0o077, 0);
    }));

  it('is made anew where the key was lost', () =>
    inFolder(async (folder) => {
      const first = await ownCertificate(folder, [], now);
      await rm(join(folder, 'tls/key.pem'));
      const second = await ownCertificate(folder, [], now);
      assert.notEqual(second.certPem, first.certPem);
      assert.equal(await readFile(join(folder, 'tls/cert.pem'), 'utf8'), second.certPem);
    }));

  for (const name of ['cert', 'key']) {
    it(`is made anew where a power cut has left nothing in the file of the ${name}`, () =>
      inFolder(async (folder) => {
        await ownCertificate(folder, [], now);
        await writeFile(join(folder, `tls/${name}.pem`), '');
        const made = await ownCertificate(folder, [], now);
        assert.equal(new X509Certificate(made.certPem).checkPrivateKey(createPrivateKey(made.keyPem)), true);
        assert.deepEqual(await ownCertificate(folder, [], now), made);
      }));
  }
});
