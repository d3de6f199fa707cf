/** Authorities that a program names. */
import { X509Certificate } from 'node:crypto';

/**
 * The certificates of a text in PEM, one by one.
 *
 * OpenSSL passes over what is no certificate without a word: whoever has mistyped a file would trust nobody.
 *
 * @throws TypeError
 */
export function rootsIn(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new TypeError('ca: there is no certificate in PEM');
  try {
    return blocks.map((block) => new X509Certificate(block).toString());
  } catch (cause) {
    throw new TypeError('ca: one of these is no certificate', { cause });
  }
}
