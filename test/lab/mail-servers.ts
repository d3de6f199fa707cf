/** The lab's mail servers, each behind a way that somebody may be on. */

import { startExim } from '../peers/support/exim.ts';
import type { Received } from '../peers/support/maildir.ts';
import { startOpenSmtpd } from '../peers/support/opensmtpd.ts';
import { startPostfix } from '../peers/support/postfix.ts';
import { type Certificate, createAuthority } from '../support/certificates.ts';
import { type Certificates, domainsOf, type MailServer } from './build/certificates.ts';
import { type Attack, type SmtpMitm, startSmtpMitm } from './mitm/smtp.ts';
import type { Net } from './net.ts';
import { servedDomains } from './zones/mail.ts';
import { mailServers } from './zones/mail-domain.ts';

/** A mail server of the lab that runs. */
export interface RunningMailServer {
  /** The way to it, where MX hosts point; whatever comes goes by it. */
  readonly way: SmtpMitm;
  /** What it took, at least so many. */
  readonly messages: (atLeast?: number) => Promise<Received[]>;
  readonly log: () => string;
  readonly close: () => Promise<void>;
}

const programs = { postfix: startPostfix, exim: startExim, opensmtpd: startOpenSmtpd } as const;

/** As it is shipped Postfix takes TLS 1.0, whatever suites OpenSSL has, and signs with SHA-1 for whoever wants that. */
const asItShouldBe = {
  settings: {
    smtpd_tls_protocols: '>=TLSv1.2',
    smtpd_tls_exclude_ciphers: 'aNULL, kRSA, SHA1, SHA256, SHA384, AESCCM8',
  },
  files: {
    // What /usr/lib/ssl/openssl.cnf leads to in Debian.
    '/etc/ssl/openssl.cnf': [
      'openssl_conf = default_conf',
      '[default_conf]',
      'ssl_conf = ssl_sect',
      '[ssl_sect]',
      'system_default = system_default_sect',
      '[system_default_sect]',
      'SignatureAlgorithms = ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512',
      '',
    ].join('\n'),
  },
} as const;

/** The servers themselves are out of sight: the addresses that the zones name are those of the ways. */
const BEHIND = 100;

/** Ways to Postfix that nobody repairs. */
const lastingAttacks: Readonly<Partial<Record<keyof typeof mailServers, Attack>>> = {
  stripped: 'strip',
  intercepted: 'intercept',
};

/** @param root of the server's set of packages. */
export async function startMailServer(
  name: MailServer,
  root: string,
  net: Net,
  certificates: Certificates,
): Promise<RunningMailServer> {
  const address = net.address(mailServers[name] + BEHIND);
  const server = await programs[name](root, {
    address,
    port: 25,
    hostname: `${name}.lab.test`,
    domains: domainsOf(name),
    certificate: withAuthority(certificates.servers[name], certificates.authority),
    ...(name === 'postfix' ? asItShouldBe : {}),
  });
  const ways: SmtpMitm[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([...ways.map((way) => way.close()), server.close()]);
  };
  try {
    const own = await strangersCertificate();
    const open = async (at: keyof typeof mailServers): Promise<SmtpMitm> => {
      const way = await startSmtpMitm({ address: net.address(mailServers[at]), port: 25 }, server, own);
      ways.push(way);
      way.become(lastingAttacks[at] ?? 'none');
      return way;
    };
    const way = await open(name);
    if (name === 'postfix') {
      await open('stripped');
      await open('intercepted');
    }
    return { way, messages: (atLeast) => server.messages(atLeast), log: () => server.log(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** RFC 7672 §3.1.2: a server whose TLSA records name an authority has to present that authority's certificate too. */
function withAuthority({ certPem, keyPem }: Certificate, authority: Certificate): Certificate {
  return { certPem: `${certPem}${authority.certPem}`, keyPem };
}

/** For every host of the lab, from an authority that nobody trusts. */
async function strangersCertificate(): Promise<Certificate> {
  const stranger = await createAuthority('Unknown Authority');
  const hosts = servedDomains.flatMap(({ hosts: ways }) => Object.values(ways).flat());
  return stranger.issue({ names: [...new Set(hosts)] });
}
