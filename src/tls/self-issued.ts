/** The certificate a relay makes for itself on its first start, before anybody has given it one. */
import { webcrypto } from 'node:crypto';

export interface SelfIssuedOptions {
  /** Host names to stand in it beside `localhost`, 127.0.0.1 and ::1. */
  readonly hostnames: readonly string[];
  /** Serial number in hex: up to 20 octets, positive (RFC 5280 §4.1.2.2). */
  readonly serial: string;
  /** Opportunistic senders look at no dates, so ten years apart is fine. */
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface SelfIssued {
  readonly certPem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * Makes a P-256 key and a certificate that it signs itself: enough for opportunistic TLS, proof of nothing.
 *
 * The key is the one thing here that is not determined by the arguments.
 */
export async function createSelfIssued(options: SelfIssuedOptions): Promise<SelfIssued> {
  // Loaded only here, since it takes longer than everything else that a start does.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const hostnames = [...new Set([...options.hostnames, 'localhost'])];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: options.serial,
      // The common name holds 64 characters at most (RFC 5280 appendix A.1), and nobody may rely on it anyway.
      name: 'CN=Waxwing self-issued',
      notBefore: options.notBefore,
      notAfter: options.notAfter,
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          ...hostnames.map((value) => ({ type: 'dns', value }) as const),
          { type: 'ip', value: '127.0.0.1' },
          { type: 'ip', value: '::1' },
        ]),
      ],
    },
    webcrypto,
  );
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certPem: `${certificate.toString('pem')}\n`,
    keyPem: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  };
}
