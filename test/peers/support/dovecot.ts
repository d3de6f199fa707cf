/** Dovecot in a sandbox: takes mail by LMTP and stores it, one maildir for each user. */
import type { Certificate } from '../../support/certificates.ts';
import { type Received, readMaildir } from './maildir.ts';
import { freePort } from './ports.ts';
import type { SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';

/** How a Dovecot is set up; every address that is not listed is unknown to it. */
export interface DovecotOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  /** The addresses that have a mailbox. */
  readonly users: readonly string[];
  /** Octets that each listed address may keep, the others have no limit; what is over it is refused when it came. */
  readonly quotas?: Readonly<Record<string, number>>;
  /** Shown to clients; with it STARTTLS is offered, and implicit TLS on `tlsPort`. */
  readonly certificate?: Certificate;
  /** Settings, over all that is set here. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running Dovecot. */
export interface Dovecot {
  readonly address: string;
  /** LMTP, with STARTTLS where there is a certificate. */
  readonly port: number;
  /** LMTP over implicit TLS; only with a certificate. */
  readonly tlsPort: number;
  /** What was delivered to this user, at least so many. */
  messages(user: string, atLeast?: number): Promise<Received[]>;
  log(): string;
  close(): Promise<void>;
}

const logFile = '/var/log/dovecot.log';

/** Its folders below /run are made by itself. */
const launch = `
set -e
mkdir -p /peer/mail /var/lib/dovecot
chown mailbox:mailbox /peer/mail
exec dovecot -F -c /etc/dovecot/dovecot.conf
`;

/** Starts Dovecot and waits until it answers. */
export async function startDovecot(root: string, options: DovecotOptions): Promise<Dovecot> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const tlsPort = await freePort(address);
  const { sandbox, log } = await startServer(root, {
    name: 'dovecot',
    launch,
    address,
    port,
    logs: [logFile],
    hosts: options.hosts ?? {},
    files: {
      '/etc/dovecot/dovecot.conf': configuration(address, port, tlsPort, options),
      '/etc/dovecot/users': options.users.map((user) => userLine(user, options.quotas?.[user])).join(''),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      ...options.files,
    },
  });
  return {
    address,
    port,
    tlsPort,
    async messages(user, atLeast = 0) {
      const received = await readMaildir(sandbox.path(`/peer/mail/${user}`), atLeast, log);
      // It notes the recipient only in a message that has no other.
      return received.map((message) => ({ ...message, to: user }));
    },
    log,
    close: sandbox.close,
  };
}

/** A line of a passwd-file: user, password, ids, home, and fields of Dovecot's own. */
function userLine(user: string, quota: number | undefined): string {
  const own = quota === undefined ? '' : `userdb_quota_rule=*:bytes=${quota}`;
  return `${user}:{PLAIN}:5000:5000::/peer/home/${user}::${own}\n`;
}

function configuration(address: string, port: number, tlsPort: number, options: DovecotOptions): string {
  const { certificate } = options;
  const settings: Record<string, string> = {
    protocols: 'lmtp',
    log_path: logFile,
    ssl: certificate === undefined ? 'no' : 'yes',
    ...(certificate === undefined ? {} : { ssl_cert: '</peer/cert.pem', ssl_key: '</peer/key.pem' }),
    hostname: 'dovecot.test',
    login_greeting: 'Dovecot',
    mail_location: 'maildir:/peer/mail/%u',
    mail_plugins: 'quota',
    first_valid_uid: '5000',
    postmaster_address: 'postmaster@dovecot.test',
    ...options.settings,
  };
  const listener = (name: string, on: number, ssl: string): string =>
    ` inet_listener ${name} {\n  address = ${address}\n  port = ${on}\n  ssl = ${ssl}\n }\n`;
  return [
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`),
    'plugin {\n quota = maildir:User quota\n}\n',
    'passdb {\n driver = passwd-file\n args = /etc/dovecot/users\n}\n',
    'userdb {\n driver = passwd-file\n args = /etc/dovecot/users\n}\n',
    `service lmtp {\n${listener('lmtp', port, 'no')}`,
    certificate === undefined ? '' : listener('lmtps', tlsPort, 'yes'),
    '}\n',
  ].join('');
}
