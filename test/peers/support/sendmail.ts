/** Sendmail in a sandbox: takes mail for one domain by SMTP and keeps it in its queue. */
import type { Certificate } from '../../support/certificates.ts';
import { freePort } from './ports.ts';
import type { SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';

/** How a Sendmail is set up; the defaults receive for example.test without TLS. */
export interface SendmailOptions extends Pick<SandboxOptions, 'files'> {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  readonly hostname?: string;
  /** Shown to clients: `CERT` and `KEY` of the server; with it STARTTLS is offered. */
  readonly certificate?: Certificate;
  /** Lines of the macro file, after those set here. */
  readonly macros?: readonly string[];
}

/** A running Sendmail. */
export interface Sendmail {
  readonly address: string;
  readonly port: number;
  log(): string;
  close(): Promise<void>;
}

const logFile = '/var/log/sendmail.log';

/**
 * Its configuration is made of macros; it says what it has to say to syslog only, which is not there. Whoever comes from
 * 127.0.0.1 may send everywhere, by a rule of its own that no macro switches off: here all clients come from there.
 */
const launch = `
set -e
mkdir -p -m 700 /var/spool/mqueue
mkdir -p /etc/mail /etc/ssl/certs /run/sendmail
chmod 600 /peer/key.pem
echo example.test >/etc/mail/local-host-names
m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /usr/share/sendmail/cf/m4/cf.m4 /peer/sendmail.mc >/etc/mail/sendmail.cf
sed -i '/^R127\\.0\\.0\\.1/d' /etc/mail/sendmail.cf
exec /usr/libexec/sendmail/sendmail -bD -q1h -C /etc/mail/sendmail.cf -X ${logFile}
`;

/** Starts Sendmail and waits until it accepts connections. */
export async function startSendmail(root: string, options: SendmailOptions = {}): Promise<Sendmail> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const { sandbox, log } = await startServer(root, {
    name: 'sendmail',
    launch,
    address,
    port,
    logs: [logFile],
    files: {
      '/peer/sendmail.mc': macros(address, port, options),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      // Names are asked of no DNS.
      '/etc/mail/service.switch': 'hosts files\naliases files\n',
      // A client by the name of localhost would be itself.
      '/etc/hosts': '127.0.0.1 client.example.net\n',
      ...options.files,
    },
  });
  return { address, port, log, close: sandbox.close };
}

function macros(address: string, port: number, options: SendmailOptions): string {
  const { hostname = 'sendmail.test', certificate } = options;
  return [
    'divert(0)',
    "OSTYPE(`linux')",
    `define(\`confDOMAIN_NAME', \`${hostname}')`,
    "define(`confDEF_USER_ID', `mail:mail')",
    "define(`confPID_FILE', `/run/sendmail/pid')",
    "define(`STATUS_FILE', `/run/sendmail/statistics')",
    "define(`ALIAS_FILE', `')",
    "define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch')",
    // It does not look up who comes.
    "define(`confTO_IDENT', `0')",
    // Its own addresses are no names of its own.
    "define(`confDONT_PROBE_INTERFACES', `true')",
    "define(`confDELIVERY_MODE', `queueonly')",
    ...(certificate === undefined
      ? []
      : [
          "define(`confSERVER_CERT', `/peer/cert.pem')",
          "define(`confSERVER_KEY', `/peer/key.pem')",
          // Without authorities for clients it is no server of TLS.
          "define(`confCACERT', `/peer/cert.pem')",
          "define(`confCACERT_PATH', `/etc/ssl/certs')",
        ]),
    "FEATURE(`use_cw_file')",
    "FEATURE(`nocanonify')",
    "FEATURE(`no_default_msa')",
    `DAEMON_OPTIONS(\`Name=MTA, Addr=${address}, Port=${port}, Family=inet')`,
    ...(options.macros ?? []),
    "MAILER(`local')",
    "MAILER(`smtp')",
    '',
  ].join('\n');
}
