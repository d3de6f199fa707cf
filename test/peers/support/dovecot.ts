/** Dovecot in a sandbox: takes mail by LMTP, one maildir for each user, and gives it to those who log in. */
import type { Certificate } from '../../support/certificates.ts';
import { rawClient } from '../../support/raw-client.ts';
import type { Endpoint } from '../../support/tap.ts';
import type { Accounts } from './accounts.ts';
import { type Received, readMaildir } from './maildir.ts';
import { freePort } from './ports.ts';
import type { SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';

/** How a Dovecot is set up; every address that is not listed is unknown to it. */
export interface DovecotOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8; a client that comes from the same one, Dovecot takes for secure without TLS. */
  readonly address?: string;
  /** Of LMTP; by default one that is free. */
  readonly port?: number;
  /** Whether IMAP, POP3, submission and ManageSieve are at their usual ports, for which the address has to be its own. */
  readonly usualPorts?: boolean;
  /** The addresses that have a mailbox beside those of `accounts`. */
  readonly users?: readonly string[];
  /**
   * Addresses that have a mailbox and a password: with them it serves IMAP, POP3 and ManageSieve. Without a certificate
   * they log in in clear, with one only inside TLS.
   */
  readonly accounts?: Accounts;
  /** What lies in mailboxes from the beginning, by address: messages as stored, lines ending with LF. */
  readonly mail?: Readonly<Record<string, readonly string[]>>;
  /** Where submission hands on to, in clear; without it, and without `accounts`, there is none. */
  readonly relay?: Endpoint;
  /** Whether every connection begins with a PROXY header, of version 1 or 2; one without is closed. */
  readonly proxied?: boolean;
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
  readonly imap: Ports;
  readonly pop3: Ports;
  readonly submission: Ports;
  /** ManageSieve. */
  readonly sieve: Pick<Ports, 'port'>;
  /** What was delivered to this user, at least so many. */
  messages(user: string, atLeast?: number): Promise<Received[]>;
  log(): string;
  close(): Promise<void>;
}

/** Where one protocol is served. */
export interface Ports {
  /** With STARTTLS where there is a certificate. */
  readonly port: number;
  /** Implicit TLS; only with a certificate. */
  readonly tlsPort: number;
}

const logFile = '/var/log/dovecot.log';

/** Its folders below /run are made by itself; the name stands in the time stamp of APOP. */
const launch = `
set -e
mkdir -p /peer/mail /peer/home /var/lib/dovecot
chown -R mailbox:mailbox /peer/mail /peer/home
export DOVECOT_HOSTNAME=dovecot.test
exec dovecot -F -c /etc/dovecot/dovecot.conf
`;

/** Starts Dovecot and waits until it answers. */
export async function startDovecot(root: string, options: DovecotOptions): Promise<Dovecot> {
  const address = options.address ?? '127.0.0.1';
  const ports = await choosePorts(address, options);
  const { sandbox, log } = await startServer(root, {
    name: 'dovecot',
    launch,
    address,
    port: ports.lmtp,
    // It begins to listen at one after the other.
    morePorts: protocolsOf(options)
      .flatMap((protocol) => listenersOf(protocol, ports, options))
      .map(({ port }) => port),
    logs: [logFile],
    hosts: options.hosts ?? {},
    files: {
      '/etc/dovecot/dovecot.conf': configuration(address, ports, options),
      '/etc/dovecot/users': userLines(options),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      ...mailFiles(options.mail ?? {}),
      ...options.files,
    },
  });
  try {
    for (const protocol of protocolsOf(options)) await greeted(address, ports[protocol], protocol, options);
  } catch (error) {
    await sandbox.close();
    throw error;
  }
  return {
    address,
    port: ports.lmtp,
    tlsPort: ports.lmtps,
    imap: { port: ports.imap, tlsPort: ports.imaps },
    pop3: { port: ports.pop3, tlsPort: ports.pop3s },
    submission: { port: ports.submission, tlsPort: ports.submissions },
    sieve: { port: ports.sieve },
    async messages(user, atLeast = 0) {
      const received = await readMaildir(sandbox.path(`/peer/mail/${user}`), atLeast, log);
      // It notes the recipient only in a message that has no other.
      return received.map((message) => ({ ...message, to: user }));
    },
    log,
    close: sandbox.close,
  };
}

/** Lines of a passwd-file: user, password, ids, home, and fields of Dovecot's own; an empty password lets nobody in. */
function userLines({ users = [], accounts = {}, quotas = {} }: DovecotOptions): string {
  const line = (user: string): string => {
    const own = quotas[user] === undefined ? '' : `userdb_quota_rule=*:bytes=${quotas[user]}`;
    return `${user}:{PLAIN}${accounts[user] ?? ''}:5000:5000::/peer/home/${user}::${own}\n`;
  };
  return [...new Set([...users, ...Object.keys(accounts)])].map(line).join('');
}

function mailFiles(mail: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  const files = Object.entries(mail).flatMap(([user, messages]) =>
    messages.map((message, index) => [`/peer/mail/${user}/new/${index + 1}.test`, message] as const),
  );
  return Object.fromEntries(files);
}

type ListenerPorts = Awaited<ReturnType<typeof choosePorts>>;

/** By the names that Dovecot has for its listeners. */
async function choosePorts(address: string, { port, usualPorts = false }: DovecotOptions) {
  const at = (usual: number): number | Promise<number> => (usualPorts ? usual : freePort(address));
  return {
    lmtp: port ?? (await freePort(address)),
    lmtps: await freePort(address),
    imap: await at(143),
    imaps: await at(993),
    pop3: await at(110),
    pop3s: await at(995),
    sieve: await at(4190),
    submission: await at(587),
    submissions: await at(465),
  };
}

function configuration(address: string, ports: ListenerPorts, options: DovecotOptions): string {
  const { certificate, relay } = options;
  const withTls = certificate !== undefined;
  const served = protocolsOf(options);
  const settings: Record<string, string> = {
    protocols: served.join(' '),
    log_path: logFile,
    ssl: withTls ? 'yes' : 'no',
    ...(withTls ? { ssl_cert: '</peer/cert.pem', ssl_key: '</peer/key.pem' } : {}),
    disable_plaintext_auth: withTls ? 'yes' : 'no',
    auth_mechanisms: 'plain login apop',
    haproxy_trusted_networks: '127.0.0.0/8',
    hostname: 'dovecot.test',
    login_greeting: 'Dovecot',
    mail_location: 'maildir:/peer/mail/%u',
    mail_plugins: 'quota',
    first_valid_uid: '5000',
    postmaster_address: 'postmaster@dovecot.test',
    ...(relay === undefined
      ? {}
      : { submission_relay_host: relay.host, submission_relay_port: `${relay.port}` }),
    ...options.settings,
  };
  return [
    ...Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`),
    'plugin {\n quota = maildir:User quota\n sieve = file:~/sieve;active=~/.dovecot.sieve\n}\n',
    'passdb {\n driver = passwd-file\n args = /etc/dovecot/users\n}\n',
    'userdb {\n driver = passwd-file\n args = /etc/dovecot/users\n}\n',
    ...served.map((protocol) => service(protocol, address, ports, options)),
  ].join('');
}

/** A service with its listeners, by the names that Dovecot has for both, and what it greets with when it is ready. */
const services = {
  lmtp: { name: 'lmtp', clear: 'lmtp', implicit: 'lmtps', greeting: /^220 / },
  imap: { name: 'imap-login', clear: 'imap', implicit: 'imaps', greeting: /^\* OK \[CAPABILITY /m },
  pop3: { name: 'pop3-login', clear: 'pop3', implicit: 'pop3s', greeting: /^\+OK / },
  sieve: { name: 'managesieve-login', clear: 'sieve', implicit: null, greeting: /^OK "/m },
  submission: { name: 'submission-login', clear: 'submission', implicit: 'submissions', greeting: /^220 / },
} as const;

/** Until its authentication runs, it greets IMAP clients twice: first by saying that they have to wait. */
async function greeted(
  address: string,
  port: number,
  protocol: Protocol,
  { proxied = false }: DovecotOptions,
): Promise<void> {
  const client = await rawClient(port, address);
  if (proxied) client.write('PROXY UNKNOWN\r\n');
  await client.until(services[protocol].greeting);
  client.close();
}

interface Listener {
  readonly name: string;
  readonly port: number;
  readonly ssl: 'yes' | 'no';
}

function listenersOf(protocol: Protocol, ports: ListenerPorts, { certificate }: DovecotOptions): Listener[] {
  const { clear, implicit } = services[protocol];
  const open: Listener[] = [{ name: clear, port: ports[clear], ssl: 'no' }];
  if (implicit !== null && certificate !== undefined)
    open.push({ name: implicit, port: ports[implicit], ssl: 'yes' });
  return open;
}

function service(protocol: Protocol, address: string, ports: ListenerPorts, options: DovecotOptions): string {
  const { name, implicit } = services[protocol];
  const open = listenersOf(protocol, ports, options);
  const haproxy = options.proxied === true ? 'yes' : 'no';
  const listener = (one: Listener): string =>
    ` inet_listener ${one.name} {
  address = ${address}
  port = ${one.port}
  ssl = ${one.ssl}
  haproxy = ${haproxy}
 }
`;
  // Without a word about it Dovecot would open its usual one.
  const closed =
    implicit !== null && open.length === 1 ? ` inet_listener ${implicit} {\n  port = 0\n }\n` : '';
  // One process for everybody, as on a busy server: by default each connection gets one of its own.
  const shared = protocol === 'lmtp' ? '' : ' service_count = 0\n process_min_avail = 1\n';
  return `service ${name} {\n${shared}${open.map(listener).join('')}${closed}}\n`;
}

type Protocol = keyof typeof services;

function protocolsOf({ accounts, relay }: DovecotOptions) {
  return [
    'lmtp',
    ...(accounts === undefined ? [] : (['imap', 'pop3', 'sieve'] as const)),
    ...(accounts === undefined || relay === undefined ? [] : (['submission'] as const)),
  ] as const;
}
