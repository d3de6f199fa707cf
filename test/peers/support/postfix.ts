/** Postfix in a sandbox: receives into a maildir, relays to a host, and brings smtp-source and smtp-sink. */
import type { Certificate } from '../../support/certificates.ts';
import type { Accounts, Login } from './accounts.ts';
import type { Finished } from './command.ts';
import { type Received, readMaildir } from './maildir.ts';
import { freePort } from './ports.ts';
import type { Sandbox, SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';

/** How a Postfix is set up; the defaults receive for example.test without TLS. */
export interface PostfixOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  readonly hostname?: string;
  /** Domains whose recipients are all delivered to the maildir. */
  readonly domains?: readonly string[];
  /** Shown to clients; with it STARTTLS is offered, and implicit TLS on `tlsPort`. */
  readonly certificate?: Certificate;
  /** `smtpd_tls_security_level`; by default `may` where there is a certificate. */
  readonly starttls?: 'none' | 'may' | 'encrypt';
  /** Who may log in, only within TLS, by PLAIN, LOGIN or SCRAM-SHA-256; others may not send to other domains. */
  readonly accounts?: Accounts;
  /** Where all other mail goes, and how; without it, such recipients are refused. */
  readonly relay?: PostfixRelay;
  /** Lines of main.cf, over all that is set here. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Lines of master.cf, after those set here. */
  readonly services?: readonly string[];
}

/** The next host and what is demanded of it. */
export interface PostfixRelay {
  /** An address, or a name that `hosts` resolves. */
  readonly host: string;
  readonly port: number;
  /** `smtp_tls_security_level`; by default `none`. */
  readonly tls?: 'none' | 'may' | 'encrypt' | 'verify' | 'secure';
  /** Authorities, PEM. */
  readonly trust?: string;
  /** What the certificate may be for, where not the host: `smtp_tls_secure_cert_match`. */
  readonly names?: readonly string[];
  /** Used within TLS only. */
  readonly login?: Login;
}

/** A running Postfix. */
export interface Postfix {
  readonly address: string;
  /** SMTP, with STARTTLS where offered. */
  readonly port: number;
  /** Implicit TLS; only with a certificate. */
  readonly tlsPort: number;
  /** What was delivered to the maildir, at least so many. */
  messages(atLeast?: number): Promise<Received[]>;
  log(): string;
  /** Hands a message to its `sendmail`, lines ending with LF. */
  inject(from: string, to: readonly string[], message: Buffer): Promise<Finished>;
  /** What waits in its queue, one JSON object for each message. */
  queue(): Promise<string>;
  /** Where the host sees a file of its sandbox. */
  readonly path: Sandbox['path'];
  /** Runs a program of its package beside it. */
  run: Sandbox['run'];
  close(): Promise<void>;
}

const logFile = '/var/log/postfix.log';
const mailbox = 5000;
const defaultName = 'postfix.test';

/** Starts Postfix and waits until it answers. */
export async function startPostfix(root: string, options: PostfixOptions = {}): Promise<Postfix> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const tlsPort = await freePort(address);
  const { sandbox, log } = await startServer(root, {
    name: 'postfix',
    launch,
    address,
    port,
    logs: [logFile],
    hosts: options.hosts ?? {},
    files: {
      '/etc/postfix/main.cf': mainCf(options),
      '/etc/postfix/master.cf': masterCf(address, port, tlsPort, options),
      '/peer/chain.pem': `${options.certificate?.keyPem ?? ''}${options.certificate?.certPem ?? ''}`,
      '/peer/trust.pem': options.relay?.trust ?? '',
      '/etc/postfix/sasl/smtpd.conf': sasl,
      '/peer/accounts': accountLines(options),
      ...options.files,
    },
  });
  return {
    address,
    port,
    tlsPort,
    messages: (atLeast = 0) => readMaildir(sandbox.path('/peer/mail'), atLeast, log),
    log,
    inject: (from, to, message) =>
      sandbox.run('sendmail', ['-i', '-f', from, '--', ...to], { input: message }),
    queue: async () => (await sandbox.run('postqueue', ['-j'])).stdout,
    path: sandbox.path,
    run: sandbox.run,
    close: sandbox.close,
  };
}

/**
 * Makes the folders that Postfix's slow check would make, and says that there was a quick stop, after which
 * Postfix starts without that check.
 */
const launch = `
set -e
mkdir -p /var/lib/postfix /peer/mail /var/spool/postfix/pid
cd /var/spool/postfix
mkdir -m 700 active bounce corrupt defer deferred flush hold incoming private saved trace
mkdir -m 710 public
mkdir -m 730 maildrop
chown postfix:root /var/lib/postfix active bounce corrupt defer deferred flush hold incoming private saved trace
chown postfix:postdrop public maildrop
chown ${mailbox}:${mailbox} /peer/mail
chmod 700 /peer/mail /var/lib/postfix
while read -r realm user password; do
  printf %s "$password" | saslpasswd2 -p -c -u "$realm" "$user"
done </peer/accounts
test ! -e /etc/sasldb2 || chown postfix /etc/sasldb2
touch quick-start
exec postfix start-fg
`;

/** How its library looks up passwords, and what it offers. */
const sasl = 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN SCRAM-SHA-256\n';

function accountLines({ hostname = defaultName, accounts = {} }: PostfixOptions): string {
  return Object.entries(accounts)
    .map(([user, password]) => `${hostname} ${user} ${password}\n`)
    .join('');
}

function mainCf(options: PostfixOptions): string {
  const { hostname = defaultName, domains = ['example.test'], certificate, relay } = options;
  const settings: Record<string, string> = {
    compatibility_level: '3.6',
    myhostname: hostname,
    mydestination: '',
    mynetworks: '127.0.0.0/8',
    inet_protocols: 'ipv4',
    smtp_bind_address: '127.0.0.1',
    maillog_file: logFile,
    // Names come from /etc/hosts alone.
    smtp_dns_support_level: 'disabled',
    smtp_host_lookup: 'native',
    smtpd_peername_lookup: 'no',
    alias_maps: '',
    alias_database: '',
    local_recipient_maps: '',
    message_size_limit: '104857600',
    mailbox_size_limit: '0',
    virtual_mailbox_limit: '0',
    smtpd_relay_restrictions: `${mayRelay(options)}reject_unauth_destination`,
    virtual_mailbox_domains: domains.join(', '),
    virtual_mailbox_base: '/peer',
    virtual_mailbox_maps: 'static:mail/',
    virtual_uid_maps: `static:${mailbox}`,
    virtual_gid_maps: `static:${mailbox}`,
    notify_classes: '',
    // A test waits for an answer, and hands in many messages at once.
    smtp_connect_timeout: '5s',
    smtpd_client_connection_count_limit: '0',
    minimal_backoff_time: '5s',
    maximal_backoff_time: '10s',
    queue_run_delay: '5s',
    smtpd_tls_security_level: options.starttls ?? (certificate === undefined ? 'none' : 'may'),
    smtpd_tls_chain_files: certificate === undefined ? '' : '/peer/chain.pem',
    smtpd_tls_loglevel: '1',
    smtpd_tls_received_header: 'yes',
    smtp_tls_loglevel: '1',
    ...(options.accounts === undefined ? {} : accountSettings),
    ...(relay === undefined ? {} : relaySettings(relay)),
    ...options.settings,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

const accountSettings = {
  smtpd_sasl_auth_enable: 'yes',
  smtpd_sasl_security_options: 'noanonymous',
  smtpd_tls_auth_only: 'yes',
  cyrus_sasl_config_path: '/etc/postfix/sasl',
};

function mayRelay({ accounts, relay }: PostfixOptions): string {
  if (relay === undefined) return '';
  return accounts === undefined ? 'permit_mynetworks, ' : 'permit_sasl_authenticated, ';
}

function relaySettings(relay: PostfixRelay): Record<string, string> {
  return {
    relayhost: `[${relay.host}]:${relay.port}`,
    smtp_tls_security_level: relay.tls ?? 'none',
    smtp_tls_CAfile: relay.trust === undefined ? '' : '/peer/trust.pem',
    ...(relay.login === undefined
      ? {}
      : {
          smtp_sasl_auth_enable: 'yes',
          smtp_sasl_password_maps: `static:{${relay.login.user}:${relay.login.password}}`,
          smtp_sasl_security_options: 'noanonymous, noplaintext',
          smtp_sasl_tls_security_options: 'noanonymous',
        }),
    ...(relay.names === undefined
      ? {}
      : {
          smtp_tls_secure_cert_match: relay.names.join(':'),
          smtp_tls_verify_cert_match: relay.names.join(':'),
        }),
  };
}

/** Debian's services without their chroot, listening where the test says. */
function masterCf(address: string, port: number, tlsPort: number, options: PostfixOptions): string {
  const implicit = [
    `${address}:${tlsPort} inet n - n - - smtpd`,
    ' -o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=encrypt',
  ];
  return [
    `${address}:${port} inet n - n - - smtpd`,
    ...(options.certificate === undefined ? [] : implicit),
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'verify unix - - n - 1 verify',
    'flush unix n - n 1000? 0 flush',
    'proxymap unix - - n - - proxymap',
    'proxywrite unix - - n - 1 proxymap',
    'smtp unix - - n - - smtp',
    'relay unix - - n - - smtp',
    'lmtp unix - - n - - lmtp',
    'showq unix n - n - - showq',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'local unix - n n - - local',
    'virtual unix - n n - - virtual',
    'anvil unix - - n - 1 anvil',
    'scache unix - - n - 1 scache',
    'tlsproxy unix - - n - 0 tlsproxy',
    'postlog unix-dgram n - n - 1 postlogd',
    ...(options.services ?? []),
    '',
  ].join('\n');
}
