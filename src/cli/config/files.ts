/** Checks the files that a configuration names: readable, right kind, fitting each other, in date. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { messageOf } from '../usage.ts';
import type { Config, ConfigError, EffectiveValue } from './config.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** What reading a file for a key gave: the value, or why there is none. */
type Reading<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'invalid'; readonly message: string };

/** What is wrong with the files. */
export interface FileFaults {
  /** With these no listener can be opened, or no delivery be verified. */
  readonly errors: readonly ConfigError[];
  /** The certificate is out of date: clients who verify it stay away, everything else works. */
  readonly outOfDate: readonly ConfigError[];
}

/**
 * @param effective where the values of `config` come from.
 * @param now milliseconds since 1970.
 */
export function checkFiles({ tls }: Config, effective: readonly EffectiveValue[], now: number): FileFaults {
  const errors: ConfigError[] = [];
  const outOfDate: ConfigError[] = [];
  if (tls.caFile !== null) take('tls.ca', readCertificates(tls.caFile));
  if (tls.certificate !== null) {
    const { certFile, keyFile } = tls.certificate;
    const leaf = take('tls.cert', readCertificates(certFile))?.[0];
    const key = take('tls.key', readKey(keyFile));
    if (leaf !== undefined) checkDates(leaf, certFile);
    if (leaf !== undefined && key !== undefined && !leaf.checkPrivateKey(key)) {
      errors.push(fault('tls.key', `${keyFile} is not the key of the first certificate in ${certFile}`));
    }
  }
  return { errors, outOfDate };

  function fault(path: string, message: string): ConfigError {
    return { path, origin: effective.find((value) => value.path === path)?.origin ?? 'default', message };
  }

  function take<Value>(path: string, reading: Reading<Value>): Value | undefined {
    if (reading.kind === 'ok') return reading.value;
    errors.push(fault(path, reading.message));
    return undefined;
  }

  function checkDates(leaf: X509Certificate, file: string): void {
    if (now > leaf.validToDate.getTime()) {
      outOfDate.push(fault('tls.cert', `${file} expired at ${leaf.validToDate.toISOString()}`));
    } else if (now < leaf.validFromDate.getTime()) {
      outOfDate.push(fault('tls.cert', `${file} is not valid before ${leaf.validFromDate.toISOString()}`));
    }
  }
}

function readCertificates(file: string): Reading<readonly X509Certificate[]> {
  const text = readText(file);
  if (text.kind === 'invalid') return text;
  const blocks = text.value.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return { kind: 'invalid', message: `${file} holds no PEM certificate` };
  const certificates: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      return { kind: 'invalid', message: `certificate ${index + 1} in ${file} is damaged` };
    }
  }
  return { kind: 'ok', value: certificates };
}

function readKey(file: string): Reading<KeyObject> {
  const text = readText(file);
  if (text.kind === 'invalid') return text;
  if (/^-----BEGIN ENCRYPTED PRIVATE KEY-----$|^Proc-Type: 4,ENCRYPTED/m.test(text.value)) {
    return { kind: 'invalid', message: `${file} is encrypted with a passphrase; write it without one` };
  }
  try {
    return { kind: 'ok', value: createPrivateKey(text.value) };
  } catch {
    // OpenSSL's message says less, and nothing of a key belongs into a message.
    return { kind: 'invalid', message: `${file} holds no PEM private key` };
  }
}

function readText(file: string): Reading<string> {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES)
      return { kind: 'invalid', message: `${file} is larger than ${MAX_FILE_BYTES} bytes` };
    return { kind: 'ok', value: readFileSync(file, 'latin1') };
  } catch (error) {
    return { kind: 'invalid', message: `cannot be read: ${messageOf(error)}` };
  }
}
