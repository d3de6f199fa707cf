/** OpenSMTPD in a sandbox: receives into a maildir, and sends on to a host. */
import type { Certificate } from '../../support/certificates.ts';
import type { Accounts, Login } from './accounts.ts';
import type { Finished } from './command.ts';
import { type Received, readMaildir } from './maildir.ts';
import { freePort } from './ports.ts';
import type { Sandbox, SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';

/** How an OpenSMTPD is set up; the defaults receive for example.test without TLS. */
export interface OpenSmtpdOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  readonly hostname?: string;
  /** Domains whose recipients are all delivered to the maildir. */
  readonly domains?: readonly string[];
  /** Shown to clients; with it STARTTLS is offered, and implicit TLS on `tlsPort`. */
  readonly certificate?: Certificate;
  /** Who may log in, only within TLS, and then send to any domain; needs a certificate and a relay. */
  readonly accounts?: Accounts;
  /** Where all other mail goes, and how; without it, such recipients are refused. */
  readonly relay?: OpenSmtpdRelay;
}

/** The next host and what is demanded of it. */
export interface OpenSmtpdRelay {
  /** An address, or a name that `hosts` resolves. */
  readonly host: string;
  readonly port: number;
  /** By default `none`; `verify` and `implicit` demand a certificate of `trust`. */
  readonly tls?: 'none' | 'may' | 'encrypt' | 'verify' | 'implicit';
  /** Authorities, PEM. */
  readonly trust?: string;
  /** Needs `verify` or `implicit`. */
  readonly login?: Login;
}

/** A running OpenSMTPD. */
export interface OpenSmtpd {
  readonly address: string;
  /** SMTP, with STARTTLS where there is a certificate. */
  readonly port: number;
  /** Implicit TLS; only with a certificate. */
  readonly tlsPort: number;
  /** What was delivered to the maildir, at least so many. */
  messages(atLeast?: number): Promise<Received[]>;
  log(): string;
  /** Hands a message to its `sendmail`, lines ending with LF. */
  inject(from: string, to: readonly string[], message: Buffer): Promise<Finished>;
  /** What waits in its queue, one line for each recipient. */
  queue(): Promise<string>;
  close(): Promise<void>;
}

const logFile = '/var/log/smtpd.log';

/** The folders that the package's installation would have made, and the accounts with hashed passwords. */
const launch = `
set -e
mkdir -p /var/lib/opensmtpd/empty /peer/mail
mkdir -m 711 /var/spool/smtpd
chown mailbox:mailbox /peer/mail
chmod 600 /peer/key.pem
while read -r user password; do
  printf '%s\\t%s\\n' "$user" "$(smtpctl encrypt "$password")"
done </peer/accounts >/etc/smtpd-accounts
exec smtpd -d -f /etc/smtpd.conf >${logFile} 2>&1
`;

/** Starts OpenSMTPD and waits until it answers. */
export async function startOpenSmtpd(root: string, options: OpenSmtpdOptions = {}): Promise<OpenSmtpd> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const tlsPort = await freePort(address);
  const accounts = Object.entries(options.accounts ?? {});
  const { sandbox, log } = await startServer(root, {
    name: 'smtpd',
    launch,
    address,
    port,
    logs: [logFile],
    hosts: options.hosts ?? {},
    files: {
      '/etc/mailname': `${options.hostname ?? 'opensmtpd.test'}\n`,
      '/etc/smtpd.conf': configuration(address, port, tlsPort, options),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      '/peer/accounts': accounts.map(([user, password]) => `${user} ${password}\n`).join(''),
      // It trusts what the system trusts, and knows no other file.
      '/etc/ssl/certs/ca-certificates.crt': options.relay?.trust ?? '',
      ...options.files,
    },
  });
  return {
    address,
    port,
    tlsPort,
    messages: (atLeast = 0) => readMaildir(sandbox.path('/peer/mail'), atLeast, log),
    log,
    inject: (from, to, message) => inject(sandbox, from, to, message),
    queue: async () => (await sandbox.run('smtpctl', ['show', 'queue'])).stdout,
    close: sandbox.close,
  };
}

function inject(sandbox: Sandbox, from: string, to: readonly string[], message: Buffer): Promise<Finished> {
  return sandbox.run('sendmail', ['-i', '-f', from, '--', ...to], { input: message });
}

function configuration(address: string, port: number, tlsPort: number, options: OpenSmtpdOptions): string {
  const { hostname = 'opensmtpd.test', domains = ['example.test'], certificate, accounts, relay } = options;
  const auth = accounts === undefined ? '' : ' auth-optional <accounts>';
  const listen = (on: number, tls: string): string =>
    `listen on ${address} port ${on} ${tls}${auth} hostname ${hostname}`;
  return [
    ...(certificate === undefined
      ? [listen(port, '')]
      : [
          'pki shown cert "/peer/cert.pem"',
          'pki shown key "/peer/key.pem"',
          ...(accounts === undefined ? [] : ['table accounts file:/etc/smtpd-accounts']),
          listen(port, 'tls pki shown'),
          listen(tlsPort, 'smtps pki shown'),
        ]),
    'table mailboxes { "@" = mailbox }',
    'action "stored" maildir "/peer/mail" virtual <mailboxes>',
    ...domains.map((domain) => `match from any for domain "${domain}" action "stored"`),
    ...(relay === undefined ? [] : sending(relay, accounts === undefined ? 'local' : 'socket')),
    '',
  ].join('\n');
}

const schemes = {
  none: 'smtp+notls',
  may: 'smtp',
  encrypt: 'smtp+tls',
  verify: 'smtp+tls',
  implicit: 'smtps',
} as const;

/** @param trusted who may send to any domain without a login: its own commands are `socket`, loopback is `local`. */
function sending({ host, port, tls = 'none', login }: OpenSmtpdRelay, trusted: 'local' | 'socket'): string[] {
  const label = login === undefined ? '' : 'next@';
  const url = `${schemes[tls]}://${label}${host}:${port}`;
  const how = `${tls === 'encrypt' ? ' tls no-verify' : ''}${login === undefined ? '' : ' auth <logins>'}`;
  return [
    ...(login === undefined ? [] : [`table logins { next = "${login.user}:${login.password}" }`]),
    `action "next" relay host "${url}"${how}`,
    'match from any auth for any action "next"',
    `match from ${trusted} for any action "next"`,
  ];
}
