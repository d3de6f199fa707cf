/** Names of suites and groups as programs write them, and as IANA does. */
import { X509Certificate } from 'node:crypto';
import { groups } from '../../../src/tls/hello/groups.ts';
import { suites } from '../../../src/tls/hello/suites.ts';

const groupNames: ReadonlyMap<string, string> = new Map([
  ...[...groups.values()].map(({ name }) => [plain(name), name] as const),
  ['25519', 'x25519'],
  ['p256', 'secp256r1'],
  ['p384', 'secp384r1'],
  ['p521', 'secp521r1'],
  ['prime256v1', 'secp256r1'],
  ['prime192v1', 'secp192r1'],
  ['ecdhx25519', 'x25519'],
  ['ecdhx448', 'x448'],
]);

/** @returns IANA's name, or what was given where nobody knows it. */
export function ianaGroup(name: string): string {
  return groupNames.get(plain(name)) ?? name;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** @param code two octets in hexadecimal. */
export function ianaSuite(code: string): string {
  return suites.get(Number.parseInt(code, 16))?.name ?? `0x${code}`;
}

/** Whether the list of suites here has it. */
export function isKnownSuite(name: string): boolean {
  return known.has(name);
}

const known: ReadonlySet<string> = new Set([...suites.values()].map(({ name }) => name));

/** SHA-256 of every certificate in PEM in a text, in their order. */
export function fingerprintsIn(text: string): readonly string[] {
  return [...text.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].map(([pem]) =>
    hexOf(new X509Certificate(pem).fingerprint256),
  );
}

/** Hexadecimal without anything in between. */
export function hexOf(fingerprint: string): string {
  return fingerprint.replaceAll(/[^0-9a-f]/gi, '').toLowerCase();
}
