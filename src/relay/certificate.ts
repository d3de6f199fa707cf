/** Certificates of the listeners: those that the operator names, or one made on the first start and kept. */
import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Parsed } from '../names/domain.ts';
import { checkKeyPair } from '../net/certificates.ts';
import type { KeyPair } from '../net/tls.ts';
import { flushFolder } from '../store/data-folder.ts';
import { validityOf } from '../tls/openssl.ts';
import { createSelfIssued } from '../tls/self-issued.ts';
import { readSmallFile } from './read-file.ts';

/** Where a chain and its key lie. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export type KeyPairRead =
  | { readonly kind: 'ok'; readonly pair: KeyPair }
  | {
      readonly kind: 'invalid';
      readonly faults: readonly { readonly file: 'cert' | 'key'; readonly because: string }[];
    };

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Reads a chain and its key, PEM, and checks that they can be used together; whether now, is not looked at. */
export async function readKeyPair({ certFile, keyFile }: CertificateFiles): Promise<KeyPairRead> {
  const [chain, key] = await Promise.all([readPem(certFile), readPem(keyFile)]);
  if (chain.kind === 'invalid' || key.kind === 'invalid') {
    const faults = [
      ...(chain.kind === 'invalid' ? [{ file: 'cert', because: chain.because } as const] : []),
      ...(key.kind === 'invalid' ? [{ file: 'key', because: key.because } as const] : []),
    ];
    return { kind: 'invalid', faults };
  }
  const pair: KeyPair = { certPem: chain.value, keyPem: key.value };
  const checked = checkKeyPair(pair, datesOf(pair)?.from ?? 0);
  if (checked.kind === 'ok') return { kind: 'ok', pair };
  const [file, path] = checked.part === 'key' ? (['key', keyFile] as const) : (['cert', certFile] as const);
  return { kind: 'invalid', faults: [{ file, because: `${path}: ${checked.because}` }] };
}

/** Reads a file of certificates, PEM. */
export async function readRoots(file: string): Promise<Parsed<string>> {
  const text = await readPem(file);
  if (text.kind === 'invalid') return text;
  const blocks = text.value.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return { kind: 'invalid', because: `${file} holds no PEM certificate` };
  const damaged = blocks.findIndex((block) => leafOf(block) === undefined);
  return damaged === -1
    ? text
    : { kind: 'invalid', because: `certificate ${damaged + 1} in ${file} is damaged` };
}

/** When the first certificate of the chain is valid, in milliseconds since 1970; nothing where it is damaged. */
export function datesOf({ certPem }: KeyPair): { readonly from: number; readonly to: number } | undefined {
  const leaf = leafOf(certPem);
  return leaf && validityOf(leaf);
}

/** Why the pair is not valid now, or nothing. */
export function faultOfDates(pair: KeyPair, now: number): string | undefined {
  const { from, to } = datesOf(pair) ?? { from: 0, to: 0 };
  if (now > to) return `expired at ${new Date(to).toISOString()}`;
  return now < from ? `is not valid before ${new Date(from).toISOString()}` : undefined;
}

/** The first certificate of a chain. */
function leafOf(certPem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(certPem);
  } catch {
    return undefined;
  }
}

async function readPem(file: string): Promise<Parsed<string>> {
  const bytes = await readSmallFile(file);
  return bytes.kind === 'ok' ? { kind: 'ok', value: bytes.value.toString('latin1') } : bytes;
}

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
  flushFolder(folder);
  flushFolder(dataFolder);
  return made;
}

/** Nothing is in a file that a power cut has left without its content: it counts as not there. */
async function readIfThere(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    return text === '' ? undefined : text;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}
