/** Keys that sign mail: read from their files, and found by the domain of an author. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { SignatureOf } from '../mail/dkim.ts';
import type { Domain, Parsed } from '../names/domain.ts';
import { readSmallFile } from './read-file.ts';

export interface DkimKey extends SignatureOf {
  /** Whether it signs for the domains below its own that have no key themselves. */
  readonly subdomains: boolean;
  readonly key: KeyObject;
}

export interface KeyRead {
  readonly key: KeyObject;
  readonly algorithm: SignatureOf['algorithm'];
  /** What is not as it should be, though it works. */
  readonly warnings: readonly string[];
}

/** RFC 8301 §3.2: "Signers MUST use RSA keys of at least 1024 bits"; "SHOULD use RSA keys of at least 2048 bits". */
const LEAST_BITS = 1_024;
const WANTED_BITS = 2_048;

/** Reads a private key, PEM. */
export async function readDkimKey(file: string): Promise<Parsed<KeyRead>> {
  const bytes = await readSmallFile(file);
  if (bytes.kind === 'invalid') return bytes;
  const key = privateKeyOf(bytes.value);
  if (key === undefined) return invalid(`${file} holds no private key in PEM form that can be read`);
  const warnings = await warningsOfMode(file);
  if (key.asymmetricKeyType === 'ed25519') {
    return { kind: 'ok', value: { key, algorithm: 'ed25519-sha256', warnings } };
  }
  if (key.asymmetricKeyType !== 'rsa') {
    return invalid(`${file} holds a key of the kind ${key.asymmetricKeyType}; DKIM has rsa and ed25519`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < LEAST_BITS) {
    return invalid(
      `${file} holds an RSA key of ${bits} bits; below ${LEAST_BITS} no signature counts (RFC 8301)`,
    );
  }
  const short =
    bits < WANTED_BITS
      ? [`${file} holds an RSA key of ${bits} bits; ${WANTED_BITS} are advised (RFC 8301)`]
      : [];
  return { kind: 'ok', value: { key, algorithm: 'rsa-sha256', warnings: [...short, ...warnings] } };
}

function privateKeyOf(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

async function warningsOfMode(file: string): Promise<readonly string[]> {
  const mode = (await stat(file)).mode & 0o777;
  return (mode & 0o007) === 0
    ? []
    : [`${file} has mode 0${mode.toString(8)}: every user of this host can sign mail with it; 0600 is right`];
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}

/** The keys that sign for an author in a domain; none: nobody's. */
export type KeyRing = (author: Domain) => readonly DkimKey[];

export function keyRing(keys: readonly DkimKey[]): KeyRing {
  const byDomain = new Map<string, readonly DkimKey[]>();
  for (const key of keys) byDomain.set(key.domain, [...(byDomain.get(key.domain) ?? []), key]);
  return (author) => {
    const own = byDomain.get(author);
    if (own !== undefined) return own;
    // The nearest domain above has the word, as for DNS.
    for (let dot = author.indexOf('.'); dot !== -1; dot = author.indexOf('.', dot + 1)) {
      const above = byDomain.get(author.slice(dot + 1));
      if (above !== undefined) return above.filter(({ subdomains }) => subdomains);
    }
    return [];
  };
}
