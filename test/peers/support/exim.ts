/** Exim in a sandbox: receives into a maildir, and sends on to a host. */
import type { Certificate } from '../../support/certificates.ts';
import type { Accounts, Login } from './accounts.ts';
import type { Finished } from './command.ts';
import { type Received, readMaildir } from './maildir.ts';
import { freePort } from './ports.ts';
import type { Sandbox, SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';
import { until } from './until.ts';

/** How an Exim is set up; the defaults receive for example.test without TLS. */
export interface EximOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  readonly hostname?: string;
  /** Domains whose recipients are all delivered to the maildir. */
  readonly domains?: readonly string[];
  /** Shown to clients; with it STARTTLS is offered, and implicit TLS on `tlsPort`. */
  readonly certificate?: Certificate;
  /** Who may log in, only within TLS, by PLAIN or LOGIN; others may not send to other domains. */
  readonly accounts?: Accounts;
  /** Where all other mail goes, and how; without it, such recipients are refused. */
  readonly relay?: EximRelay;
  /** Sections of its configuration for all other mail, in place of `relay`; only its command line may send. */
  readonly sections?: EximSections;
  /** Main options, over all that is set here. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Text of each section. */
export interface EximSections {
  readonly main: string;
  readonly routers: string;
  readonly transports: string;
}

/** The next host and what is demanded of it. */
export interface EximRelay {
  /** An address, or a name that `hosts` resolves; a certificate is checked against it. */
  readonly host: string;
  readonly port: number;
  /** By default `none`; `verify` demands a certificate of `trust` for the host. */
  readonly tls?: 'none' | 'may' | 'encrypt' | 'verify';
  /** Authorities, PEM. */
  readonly trust?: string;
  /** By this mechanism, PLAIN where none is named; without a login nothing is sent. */
  readonly login?: Login & { readonly mechanism?: 'PLAIN' | 'LOGIN' };
  /** Lines of the transport. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running Exim. */
export interface Exim {
  readonly address: string;
  /** SMTP, with STARTTLS where there is a certificate. */
  readonly port: number;
  /** Implicit TLS; only with a certificate. */
  readonly tlsPort: number;
  /** What was delivered to the maildir, at least so many. */
  messages(atLeast?: number): Promise<Received[]>;
  /** Its main, reject and panic logs. */
  log(): string;
  /** Hands a message to its command line, lines ending with LF, and tries once to deliver it. */
  inject(from: string, to: readonly string[], message: Buffer): Promise<Finished>;
  /** What waits in its queue, as `exim -bp` says it. */
  queue(): Promise<string>;
  /** Runs a program of its package beside it. */
  run: Sandbox['run'];
  /** Where one of its files is, seen from here. */
  readonly path: Sandbox['path'];
  close(): Promise<void>;
}

const logs = ['mainlog', 'rejectlog', 'paniclog'].map((name) => `/var/log/exim4/${name}`);

/** The folders that the package's installation would have made, then Exim itself. */
const launch = `
set -e
mkdir -p /var/spool/exim4 /var/log/exim4 /run/exim4 /peer/mail
chown Debian-exim:Debian-exim /var/spool/exim4 /var/log/exim4 /run/exim4
chown mailbox:mailbox /peer/mail
exec exim4 -bdf -q5s
`;

/** Starts Exim and waits until it answers. */
export async function startExim(root: string, options: EximOptions = {}): Promise<Exim> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const tlsPort = await freePort(address);
  const { sandbox, log } = await startServer(root, {
    name: 'exim',
    launch,
    address,
    port,
    logs,
    hosts: options.hosts ?? {},
    files: {
      '/etc/exim4/exim4.conf': configuration(address, port, tlsPort, options),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      '/peer/trust.pem': options.relay?.trust ?? '',
      ...options.files,
    },
  });
  return {
    address,
    port,
    tlsPort,
    messages: (atLeast = 0) => readMaildir(sandbox.path('/peer/mail'), atLeast, log),
    log,
    inject: async (from, to, message) => {
      // In the foreground: whatever outlives the command would be ended with its sandbox.
      const sent = await sandbox.run('exim4', ['-odf', '-i', '-f', from, '--', ...to], { input: message });
      // A queue run may have been quicker, and then the command leaves the message to that one.
      await until(
        () => isEachTried(log()),
        () => `Exim has not tried what it was handed: ${log()}`,
      );
      return sent;
    },
    queue: async () => (await sandbox.run('exim4', ['-bp'])).stdout,
    run: sandbox.run,
    path: sandbox.path,
    close: sandbox.close,
  };
}

/** Whether each message that its command line took has a line of what became of it. */
function isEachTried(log: string): boolean {
  const ids = [...log.matchAll(/^\S+ \S+ (\S+) <= .* P=local /gm)].map(([, id]) => id);
  return ids.every((id) => new RegExp(`^\\S+ \\S+ ${id} (?:[-=]>|==|\\*\\*|Completed)`, 'm').test(log));
}

function configuration(address: string, port: number, tlsPort: number, options: EximOptions): string {
  const { hostname = 'exim.test', domains = ['example.test'], certificate, relay } = options;
  const settings: Record<string, string> = {
    primary_hostname: hostname,
    'domainlist stored_domains': domains.join(' : '),
    local_interfaces: address,
    daemon_smtp_ports: certificate === undefined ? `${port}` : `${port} : ${tlsPort}`,
    disable_ipv6: 'true',
    log_file_path: '/var/log/exim4/%slog',
    log_selector: '+tls_cipher +tls_peerdn +tls_certificate_verified +tls_sni +received_recipients',
    acl_smtp_rcpt: 'check_recipient',
    message_size_limit: '100M',
    smtp_accept_max: '0',
    smtp_accept_queue_per_connection: '0',
    ignore_bounce_errors_after: '0s',
    keep_environment: '',
    tls_advertise_hosts: certificate === undefined ? '' : '*',
    auth_advertise_hosts: options.accounts === undefined ? '' : '*',
    ...(certificate === undefined
      ? {}
      : {
          tls_certificate: '/peer/cert.pem',
          tls_privatekey: '/peer/key.pem',
          tls_on_connect_ports: `${tlsPort}`,
        }),
    ...options.settings,
  };
  const main = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  const logins = `begin authenticators\n${serverLogins(options.accounts)}${clientLogin(relay?.login)}`;
  const { sections } = options;
  return `${main.join('')}${sections?.main ?? ''}\n${logins}${receiving(options)}${relay === undefined ? '' : sending(relay)}${sections?.transports ?? ''}`;
}

function serverLogins(accounts: Accounts = {}): string {
  const matches = (user: string, password: string): string =>
    `\${if or{{eq{0}{1}}${Object.entries(accounts)
      .map(([name, secret]) => `{and{{eq{${user}}{${name}}}{eq{${password}}{${secret}}}}}`)
      .join('')}}}`;
  return `
plain_server:
 driver = plaintext
 public_name = PLAIN
 server_prompts = :
 server_condition = ${matches('$auth2', '$auth3')}
 server_set_id = $auth2
 server_advertise_condition = \${if def:tls_in_cipher}
login_server:
 driver = plaintext
 public_name = LOGIN
 server_prompts = <| Username: | Password:
 server_condition = ${matches('$auth1', '$auth2')}
 server_set_id = $auth1
 server_advertise_condition = \${if def:tls_in_cipher}
`;
}

function clientLogin(login: EximRelay['login']): string {
  if (login === undefined) return '';
  const { user, password, mechanism = 'PLAIN' } = login;
  const said = mechanism === 'PLAIN' ? `<; ^${user}^${password}` : `<; ; ${user} ; ${password}`;
  return `
client:
 driver = plaintext
 public_name = ${mechanism}
 client_send = ${said}
`;
}

/** Everything but the sending transport, which comes last. */
function receiving({ accounts, relay, sections }: EximOptions): string {
  // The transport says to which host.
  const next = 'next:\n driver = accept\n transport = next\n';
  return `
begin acl
check_recipient:
 accept domains = +stored_domains
${relay === undefined ? '' : ` accept${accounts === undefined ? '' : ' authenticated = *'}\n`} deny message = relay not permitted

begin retry
* * F,1h,5s

begin routers
stored:
 driver = accept
 domains = +stored_domains
 transport = stored
${relay === undefined ? (sections?.routers ?? '') : next}

begin transports
stored:
 driver = appendfile
 directory = /peer/mail
 maildir_format
 create_directory
 user = mailbox
 group = mailbox
 envelope_to_add
 return_path_add
 delivery_date_add
`;
}

function sending(relay: EximRelay): string {
  const tls = relay.tls ?? 'none';
  const settings = Object.entries(relay.settings ?? {}).map(([name, value]) => ` ${name} = ${value}\n`);
  const verify = tls === 'verify' ? '*' : '';
  return `
next:
 driver = smtp
 hosts = ${relay.host}
 port = ${relay.port}
 gethostbyname
 allow_localhost
 connect_timeout = 5s
 hosts_avoid_tls = ${tls === 'none' ? '*' : ''}
 hosts_require_tls = ${tls === 'none' || tls === 'may' ? '' : '*'}
 hosts_try_dane =
 tls_verify_certificates = ${verify === '' ? '' : '/peer/trust.pem'}
 tls_verify_hosts = ${verify}
 tls_try_verify_hosts =
 tls_verify_cert_hostnames = ${verify}
 hosts_require_auth = ${relay.login === undefined ? '' : '*'}
${settings.join('')}`;
}
