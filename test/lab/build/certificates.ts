/** The lab's authority and the certificates of its mail servers, kept with the zones that have their digests. */
import { createHash, X509Certificate } from 'node:crypto';
import { type Certificate, createAuthority } from '../../support/certificates.ts';
import { servedDomains } from '../zones/mail.ts';
import type { MailDomain } from '../zones/mail-domain.ts';

/** Servers that show a certificate of their own. */
export type MailServer = 'postfix' | 'exim' | 'opensmtpd';

export const mailServerNames: readonly MailServer[] = ['postfix', 'exim', 'opensmtpd'];

/** Certificates of a lab. */
export interface Certificates {
  readonly authority: Certificate;
  readonly servers: Readonly<Record<MailServer, Certificate>>;
}

/** Behind the servers that somebody is on the way to, there is Postfix. */
const behind: Readonly<Record<MailServer, readonly (keyof MailDomain['hosts'])[]>> = {
  postfix: ['postfix', 'stripped', 'intercepted'],
  exim: ['exim'],
  opensmtpd: ['opensmtpd'],
};

/** The domains that a mail server has mailboxes of. */
export function domainsOf(server: MailServer): string[] {
  return servedDomains
    .filter(({ hosts }) => behind[server].some((way) => hosts[way] !== undefined))
    .map(({ name }) => name);
}

export async function makeCertificates(): Promise<Certificates> {
  const authority = await createAuthority('Lab Authority');
  const issue = (server: MailServer): Promise<Certificate> => {
    const names = servedDomains.flatMap(({ hosts }) => behind[server].flatMap((way) => hosts[way] ?? []));
    return authority.issue({ names: [...new Set(names)] });
  };
  return {
    authority: { certPem: authority.certPem, keyPem: authority.keyPem },
    servers: {
      postfix: await issue('postfix'),
      exim: await issue('exim'),
      opensmtpd: await issue('opensmtpd'),
    },
  };
}

/** The TLSA data that zones name: `<postfix key>`, `<authority certificate>` and so on, SHA-256 as hexadecimal. */
export function tlsaData({ authority, servers }: Certificates): ReadonlyMap<string, string> {
  const all: readonly (readonly [string, Certificate])[] = [
    ['authority', authority],
    ...mailServerNames.map((name) => [name, servers[name]] as const),
  ];
  return new Map(
    all.flatMap(([name, { certPem }]) => {
      const certificate = new X509Certificate(certPem);
      const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
      return [
        [`<${name} key>`, sha256(key)],
        [`<${name} certificate>`, sha256(certificate.raw)],
      ];
    }),
  );
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
