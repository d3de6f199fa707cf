/** vsftpd in a sandbox: FTP, and FTP that asks for TLS before the login. */
import type { Certificate } from '../../support/certificates.ts';
import type { Accounts } from './accounts.ts';
import type { Finished } from './command.ts';
import { freePort } from './ports.ts';
import { hostOf, type Reach, reachable, trustFile } from './reach.ts';
import { runIn, type SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';

/** How a vsftpd is set up. */
export interface VsftpdOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  /** Who may log in; all share one folder. */
  readonly accounts: Accounts;
  /** What lies in that folder, by name. */
  readonly shared?: Readonly<Record<string, string>>;
  /** With it `AUTH TLS` is offered, and demanded for logins and data. */
  readonly certificate?: Certificate;
}

/** A running vsftpd. */
export interface Vsftpd {
  readonly address: string;
  readonly port: number;
  log(): string;
  close(): Promise<void>;
}

const logFile = '/var/log/vsftpd.log';
const folder = '/peer/shared';

const launch = `
set -e
mkdir -p /run/vsftpd/empty ${folder}
chown -R mailbox:mailbox ${folder}
while read -r user password; do
  echo "$user:x:5000:5000::${folder}:/bin/sh" >>/etc/passwd
  perl -e 'print "$ARGV[0]:", crypt($ARGV[1], q($6$peer$)), ":20000::::::\n"' "$user" "$password" >>/etc/shadow
done </peer/accounts
exec vsftpd /peer/vsftpd.conf
`;

/** Starts vsftpd and waits until it accepts connections. */
export async function startVsftpd(root: string, options: VsftpdOptions): Promise<Vsftpd> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const accounts = Object.entries(options.accounts);
  const shared = Object.entries(options.shared ?? {});
  const { sandbox, log } = await startServer(root, {
    name: 'vsftpd',
    launch,
    address,
    port,
    logs: [logFile],
    hosts: options.hosts ?? {},
    files: {
      '/peer/vsftpd.conf': configuration(address, port, options.certificate !== undefined),
      '/etc/pam.d/vsftpd': [
        'auth required pam_unix.so nodelay',
        'account required pam_unix.so',
        'session required pam_permit.so\n',
      ].join('\n'),
      '/peer/accounts': accounts.map(([user, password]) => `${user} ${password}\n`).join(''),
      ...Object.fromEntries(shared.map(([name, text]) => [`${folder}/${name}`, text])),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      ...options.files,
    },
  });
  return { address, port, log, close: sandbox.close };
}

function configuration(address: string, port: number, secure: boolean): string {
  const settings: Record<string, string> = {
    listen: 'YES',
    listen_address: address,
    listen_port: `${port}`,
    background: 'NO',
    anonymous_enable: 'NO',
    local_enable: 'YES',
    write_enable: 'YES',
    local_root: folder,
    pam_service_name: 'vsftpd',
    secure_chroot_dir: '/run/vsftpd/empty',
    // It allows too few system calls for kernels of today.
    seccomp_sandbox: 'NO',
    log_ftp_protocol: 'YES',
    vsftpd_log_file: logFile,
    ...(secure
      ? {
          ssl_enable: 'YES',
          rsa_cert_file: '/peer/cert.pem',
          rsa_private_key_file: '/peer/key.pem',
          ssl_ciphers: 'HIGH',
          require_ssl_reuse: 'NO',
          force_local_logins_ssl: 'YES',
          force_local_data_ssl: 'YES',
        }
      : { ssl_enable: 'NO' }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Fetches a file with curl, from the set `tools`, or stores one there with what is to be `stored`. */
export function ftp(
  root: string,
  reach: Omit<Reach, 'tls'> & { readonly tls: 'starttls' | 'none' },
  file: string,
  stored?: string,
): Promise<Finished> {
  const { port, tls, login } = reach;
  return runIn(
    root,
    'curl',
    [
      '--silent',
      '--show-error',
      '--verbose',
      '--max-time',
      '20',
      ...(tls === 'starttls' ? ['--ssl-reqd', '--cacert', trustFile] : []),
      '--user',
      `${login.user}:${login.password}`,
      ...(stored === undefined ? [] : ['--upload-file', '-']),
      `ftp://${hostOf(reach)}:${port}/${file}`,
    ],
    { ...reachable(reach), input: stored ?? '' },
  );
}
