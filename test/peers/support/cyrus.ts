/** Cyrus IMAP in a sandbox: IMAP, POP3, ManageSieve and LMTP, of which nobody has a mailbox. */
import type { Certificate } from '../../support/certificates.ts';
import { passwd } from './catalog.ts';
import { freePort } from './ports.ts';
import type { SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';

/** How a Cyrus is set up. */
export interface CyrusOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** Shown to clients; with it STARTTLS is offered, and implicit TLS for IMAP and POP3. */
  readonly certificate?: Certificate;
  /** Lines of imapd.conf, over all that is set here. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running Cyrus. */
export interface Cyrus {
  readonly address: string;
  readonly imap: number;
  /** IMAP over implicit TLS; only with a certificate. */
  readonly imaps: number;
  readonly pop3: number;
  readonly pop3s: number;
  readonly sieve: number;
  readonly lmtp: number;
  log(): string;
  close(): Promise<void>;
}

const logFile = '/var/log/cyrus.log';

/** Its programs run as a user of their own, and ask for that one's name. */
const launch = `
set -e
mkdir -p /var/lib/cyrus /var/spool/cyrus/mail /var/spool/sieve /run/cyrus/proc /run/cyrus/lock /run/cyrus/socket
chown -R cyrus:mail /var/lib/cyrus /var/spool/cyrus /var/spool/sieve /run/cyrus /peer/key.pem
: >${logFile}
export CYRUS_VERBOSE=0
exec /usr/lib/cyrus/bin/master -p /run/cyrus/master.pid >>${logFile} 2>&1
`;

/** Starts Cyrus and waits until it accepts connections. */
export async function startCyrus(root: string, options: CyrusOptions = {}): Promise<Cyrus> {
  const address = options.address ?? '127.0.0.1';
  const ports = {
    imap: await freePort(address),
    imaps: await freePort(address),
    pop3: await freePort(address),
    pop3s: await freePort(address),
    sieve: await freePort(address),
    lmtp: await freePort(address),
  };
  const { sandbox, log } = await startServer(root, {
    name: 'cyrus',
    launch,
    address,
    port: ports.imap,
    morePorts: [ports.pop3, ports.sieve, ports.lmtp],
    logs: [logFile],
    hosts: options.hosts ?? {},
    files: {
      '/etc/passwd': `${[...passwd, 'cyrus:x:5001:8::/var/spool/cyrus:/usr/sbin/nologin'].join('\n')}\n`,
      '/etc/imapd.conf': settingsOf(options),
      '/etc/cyrus.conf': services(address, ports, options),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      ...options.files,
    },
  });
  return { address, ...ports, log, close: sandbox.close };
}

function settingsOf({ certificate, settings }: CyrusOptions): string {
  const all: Record<string, string> = {
    configdirectory: '/var/lib/cyrus',
    proc_path: '/run/cyrus/proc',
    mboxname_lockpath: '/run/cyrus/lock',
    defaultpartition: 'default',
    'partition-default': '/var/spool/cyrus/mail',
    sievedir: '/var/spool/sieve',
    servername: 'cyrus.test',
    admins: 'cyrus',
    sasl_pwcheck_method: 'auxprop',
    sasl_auxprop_plugin: 'sasldb',
    sasl_mech_list: 'PLAIN LOGIN',
    allowplaintext: 'no',
    lmtpsocket: '/run/cyrus/socket/lmtp',
    idlesocket: '/run/cyrus/socket/idle',
    notifysocket: '/run/cyrus/socket/notify',
    ...(certificate === undefined
      ? {}
      : { tls_server_cert: '/peer/cert.pem', tls_server_key: '/peer/key.pem' }),
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

type Listening = Readonly<Record<'imap' | 'imaps' | 'pop3' | 'pop3s' | 'sieve' | 'lmtp', number>>;

function services(address: string, ports: Listening, { certificate }: CyrusOptions): string {
  const service = (name: keyof Listening, program: string): string =>
    ` ${name} cmd="${program}" listen="${address}:${ports[name]}" proto="tcp4" prefork=0\n`;
  const implicit =
    certificate === undefined ? '' : `${service('imaps', 'imapd -s')}${service('pop3s', 'pop3d -s')}`;
  return `START {
 recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -r"
}
SERVICES {
${service('imap', 'imapd')}${service('pop3', 'pop3d')}${service('sieve', 'timsieved')}${service('lmtp', 'lmtpd -a')}${implicit}}
EVENTS {
 checkpoint cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -c" period=30
}
`;
}
