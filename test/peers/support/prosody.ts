/** Prosody in a sandbox: XMPP for clients and for servers. */
import type { Certificate } from '../../support/certificates.ts';
import type { Accounts } from './accounts.ts';
import { freePort, waitForPort } from './ports.ts';
import type { SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';

/** How a Prosody is set up; it never asks another server anything. */
export interface ProsodyOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** For clients; by default one that is free. */
  readonly port?: number;
  /** The domain it serves. */
  readonly domain: string;
  /** Who may log in, by the part before the `@`. */
  readonly accounts: Accounts;
  /** With it neither client nor server goes on without TLS; without it there is none, and PLAIN is offered in clear. */
  readonly certificate?: Certificate;
}

/** A running Prosody. */
export interface Prosody {
  readonly address: string;
  /** For clients. */
  readonly port: number;
  /** For clients, implicit TLS; only with a certificate. */
  readonly tlsPort: number;
  /** For servers. */
  readonly serverPort: number;
  log(): string;
  close(): Promise<void>;
}

const logFile = '/var/log/prosody.log';

const launch = `
set -e
mkdir -p /run/prosody /var/lib/prosody
: >${logFile}
chown -R prosody:prosody /run/prosody /var/lib/prosody ${logFile} /peer/key.pem
exec chroot --userspec=prosody:prosody / prosody -F --config /peer/prosody.cfg.lua >>${logFile} 2>&1
`;

/** Starts Prosody and waits until it answers clients and servers. */
export async function startProsody(root: string, options: ProsodyOptions): Promise<Prosody> {
  const address = options.address ?? '127.0.0.1';
  const ports = {
    port: options.port ?? (await freePort(address)),
    tlsPort: await freePort(address),
    serverPort: await freePort(address),
  };
  const { sandbox, log } = await startServer(root, {
    name: 'prosody',
    launch,
    address,
    port: ports.port,
    logs: [logFile],
    hosts: options.hosts ?? {},
    files: {
      '/peer/prosody.cfg.lua': configuration(address, ports, options),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      ...accountFiles(options),
      ...options.files,
    },
  });
  // It opens one port after the other, this one last.
  await waitForPort(address, ports.serverPort, log).catch(async (error: unknown) => {
    await sandbox.close();
    throw error;
  });
  return { address, ...ports, log, close: sandbox.close };
}

/** One file for each user, as its plain storage keeps them. */
function accountFiles({ domain, accounts }: ProsodyOptions): Record<string, string> {
  const encoded = (text: string): string =>
    text.replace(/[^a-z0-9]/gi, (one) => `%${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const files = Object.entries(accounts).map(([user, password]) => [
    `/var/lib/prosody/${encoded(domain)}/accounts/${encoded(user)}.dat`,
    `return { ["password"] = ${JSON.stringify(password)}; };\n`,
  ]);
  return Object.fromEntries(files);
}

function configuration(
  address: string,
  ports: Pick<Prosody, 'port' | 'tlsPort' | 'serverPort'>,
  { domain, certificate }: ProsodyOptions,
): string {
  const secure = certificate !== undefined;
  const files = '{ certificate = "/peer/cert.pem"; key = "/peer/key.pem"; }';
  return `
pidfile = "/run/prosody/prosody.pid"
interfaces = { "${address}" }
c2s_ports = { ${ports.port} }
c2s_direct_tls_ports = { ${secure ? ports.tlsPort : ''} }
s2s_ports = { ${ports.serverPort} }
modules_enabled = { "roster"; "saslauth"; "disco"; "ping"; "s2s"; "dialback"; ${secure ? '"tls"; ' : ''}}
authentication = "internal_plain"
c2s_require_encryption = ${secure}
s2s_require_encryption = ${secure}
allow_unencrypted_plain_auth = ${!secure}
log = { { levels = { min = "info" }; to = "file"; filename = "${logFile}"; } }
${secure ? `ssl = ${files}\nc2s_direct_tls_ssl = ${files}` : ''}
VirtualHost "${domain}"
`;
}
