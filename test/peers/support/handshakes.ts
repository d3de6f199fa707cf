/** Programs that only upgrade to TLS, in every protocol they know, and say whether what they saw is good. */
import type { Finished } from './command.ts';
import { hostOf, type Reach, reachable, trustFile } from './reach.ts';
import { runIn } from './sandbox.ts';

/** As `openssl s_client -starttls` calls them; GnuTLS knows those of the second type. */
export type OpensslProtocol = GnutlsProtocol | 'xmpp-server' | 'mysql';

/** As `gnutls-cli --starttls-proto` calls them. */
export type GnutlsProtocol =
  | 'smtp'
  | 'lmtp'
  | 'imap'
  | 'pop3'
  | 'sieve'
  | 'ldap'
  | 'nntp'
  | 'ftp'
  | 'xmpp'
  | 'postgres';

/** Upgrades with `openssl s_client`; 0 where chain and name are proven. */
export function opensslClient(
  toolsRoot: string,
  protocol: OpensslProtocol,
  reach: Omit<Reach, 'login'>,
): Promise<Finished> {
  const name = hostOf(reach);
  const starttls = reach.tls === 'starttls' ? ['-starttls', protocol] : [];
  // The domain that the stream is for.
  const domain = protocol.startsWith('xmpp') ? ['-name', name] : [];
  return runIn(
    toolsRoot,
    'openssl',
    [
      's_client',
      '-connect',
      `${name}:${reach.port}`,
      ...starttls,
      ...domain,
      '-servername',
      name,
      '-verify_hostname',
      name,
      '-verify_return_error',
      '-CAfile',
      trustFile,
      '-no-CApath',
      '-no-CAstore',
    ],
    reachable(reach),
  );
}

/** Upgrades with gnutls-cli; 0 where chain and name are proven. */
export function gnutlsClient(
  clientsRoot: string,
  protocol: GnutlsProtocol,
  reach: Omit<Reach, 'login'>,
): Promise<Finished> {
  const starttls = reach.tls === 'starttls' ? [`--starttls-proto=${protocol}`] : [];
  return runIn(
    clientsRoot,
    'gnutls-cli',
    [...starttls, `--port=${reach.port}`, `--x509cafile=${trustFile}`, hostOf(reach)],
    reachable(reach),
  );
}
