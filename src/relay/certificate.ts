/** The certificate of the listeners: the operator's, or one made on the first start and kept. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyPair } from '../net/tls.ts';
import { createSelfIssued } from '../tls/self-issued.ts';

const TEN_YEARS_MS = 10 * 365 * 24 * 60 * 60 * 1000;

/**
 * Reads the certificate below the data folder, or makes it.
 *
 * It identifies us to nobody who does not know it; it is there so that STARTTLS works from the first minute.
 */
export async function ownCertificate(
  dataFolder: string,
  hostnames: readonly string[],
  now: number,
): Promise<KeyPair> {
  const folder = join(dataFolder, 'tls');
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const [certPem, keyPem] = await Promise.all([readIfThere(certFile), readIfThere(keyFile)]);
  if (certPem !== undefined && keyPem !== undefined) return { certPem, keyPem };
  const made = await createSelfIssued({
    hostnames,
    // A leading 4: RFC 5280 §4.1.2.2 wants a positive number.
    serial: `4${randomBytes(15).toString('hex')}`,
    notBefore: new Date(now - 60 * 60 * 1000),
    notAfter: new Date(now + TEN_YEARS_MS),
  });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // The key first: a certificate without its key would be taken for a complete pair.
  await writeWhole(keyFile, made.keyPem);
  await writeWhole(certFile, made.certPem);
  return made;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
