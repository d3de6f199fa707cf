/** stunnel in a sandbox: TLS in front of a server that has none, or for clients that have none. */
import type { Between, BetweenOptions, FrontOptions } from './between.ts';
import { freePort } from './ports.ts';
import { trustFile } from './reach.ts';
import { startServer } from './server.ts';

/** The dialects of STARTTLS that it speaks to clients. */
export interface StunnelFront extends FrontOptions {
  /** Without one TLS begins at once. */
  readonly protocol?: 'imap' | 'pop3' | 'smtp' | 'pgsql';
}

/** The dialects of STARTTLS that it speaks to servers. */
export interface StunnelReverse extends BetweenOptions {
  /** Without one TLS begins at once. */
  readonly protocol?: 'imap' | 'pop3' | 'smtp' | 'pgsql' | 'nntp' | 'ldap';
  /** Authorities that the server's certificate is verified against, PEM. */
  readonly trust: string;
  /** The name that it has to bear. */
  readonly serverName: string;
}

const logFile = '/var/log/stunnel.log';

/** Starts a stunnel that gives TLS to the clients of a server. */
export function startStunnel(root: string, options: StunnelFront): Promise<Between> {
  const { certPem, keyPem } = options.certificate;
  const settings = { client: 'no', cert: '/peer/cert.pem', key: '/peer/key.pem' };
  return start(root, options, settings, { '/peer/cert.pem': certPem, '/peer/key.pem': keyPem });
}

/** Starts a stunnel that speaks verified TLS to a server, for clients that speak none. */
export function startReverseStunnel(root: string, options: StunnelReverse): Promise<Between> {
  const { trust, serverName } = options;
  const settings = { client: 'yes', CAfile: trustFile, verifyChain: 'yes', checkHost: serverName };
  return start(root, options, settings, { [trustFile]: trust });
}

async function start(
  root: string,
  options: StunnelFront | StunnelReverse,
  settings: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>>,
): Promise<Between> {
  const { to, protocol, address = '127.0.0.1' } = options;
  const port = options.port ?? (await freePort(address));
  const everywhere = { foreground: 'yes', pid: '', debug: '5', output: logFile, syslog: 'no' };
  const service = {
    accept: `${address}:${port}`,
    connect: `${to.host}:${to.port}`,
    ...(protocol === undefined ? {} : { protocol }),
    ...settings,
  };
  const { sandbox, log } = await startServer(root, {
    name: 'stunnel',
    launch: 'exec stunnel4 /peer/stunnel.conf',
    address,
    port,
    logs: [logFile],
    files: { '/peer/stunnel.conf': `${lines(everywhere)}[service]\n${lines(service)}`, ...files },
  });
  return { address, port, log, close: sandbox.close };
}

function lines(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}
