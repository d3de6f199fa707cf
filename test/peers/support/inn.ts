/** INN in a sandbox: a news server with one group and one article in it. */
import type { Certificate } from '../../support/certificates.ts';
import type { Accounts } from './accounts.ts';
import { freePort } from './ports.ts';
import type { SandboxOptions } from './sandbox.ts';
import { startServer } from './server.ts';

/** How an INN is set up. */
export interface InnOptions extends SandboxOptions {
  /** An address of 127.0.0.0/8. */
  readonly address?: string;
  /** By default one that is free. */
  readonly port?: number;
  /** Who may log in, by AUTHINFO USER and PASS, then read and post; nobody else may. */
  readonly accounts: Accounts;
  /** With it nobody logs in without STARTTLS; without it INN offers STARTTLS all the same, and answers 580. */
  readonly certificate?: Certificate;
}

/** A running INN. */
export interface Inn {
  readonly address: string;
  readonly port: number;
  log(): string;
  close(): Promise<void>;
}

/** The group that there is. */
export const newsgroup = 'local.test';

/** The article in it. */
export const article = {
  id: '<first@news.example.test>',
  subject: 'The first one',
  body: 'Hello from the spool.\n',
} as const;

const logFile = '/var/log/innd.log';

/** INN says what it has to say to syslog only. */
const syslog = `
  $log = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "/dev/log");
  chmod 0666, "/dev/log";
  $| = 1;
  print "$line\n" while defined $log->recv($line, 8192);
`;

/** The databases are made anew from the spool, which is the articles' own text. */
const launch = `
set -e
as() { chroot --userspec=news:news / "$@"; }
mkdir -p /run/news /var/log/news
while read -r user password; do
  perl -e 'print "$ARGV[0]:", crypt($ARGV[1], q($6$peer$)), "\\n"' "$user" "$password"
done </peer/accounts >/peer/passwd
chown -R news:news /run/news /var/log/news /var/lib/news /var/spool/news /etc/news /peer
chmod 600 /peer/key.pem
perl -MIO::Socket::UNIX -e '${syslog}' >>${logFile} &
while [ ! -S /dev/log ]; do sleep 0.02; done
{
  as /usr/lib/news/bin/makehistory -O
  as /usr/lib/news/bin/makedbz -s 1000 -i -o
} >>${logFile} 2>&1
exec chroot --userspec=news:news / /usr/lib/news/bin/innd -f >>${logFile} 2>&1
`;

/** Starts INN and waits until it accepts connections. */
export async function startInn(root: string, options: InnOptions): Promise<Inn> {
  const address = options.address ?? '127.0.0.1';
  const port = options.port ?? (await freePort(address));
  const accounts = Object.entries(options.accounts);
  const { sandbox, log } = await startServer(root, {
    name: 'innd',
    launch,
    address,
    port,
    logs: [logFile, '/var/log/news/errlog'],
    hosts: options.hosts ?? {},
    files: {
      '/etc/news/inn.conf': configuration(address, port, options),
      '/etc/news/readers.conf': readers(options),
      // Nobody feeds it: every client is a reader.
      '/etc/news/incoming.conf': 'max-connections: 10\n',
      '/etc/news/newsfeeds': 'ME:!*::\n',
      '/var/lib/news/active': `${['control', 'control.cancel', 'junk', newsgroup].map((name) => `${name} 0000000001 0000000001 y`).join('\n')}\n`,
      '/var/lib/news/newsgroups': `${newsgroup}\tA group for tests\n`,
      [`/var/spool/news/articles/${newsgroup.replaceAll('.', '/')}/1`]: spooled,
      '/peer/accounts': accounts.map(([user, password]) => `${user} ${password}\n`).join(''),
      '/peer/cert.pem': options.certificate?.certPem ?? '',
      '/peer/key.pem': options.certificate?.keyPem ?? '',
      ...options.files,
    },
  });
  return { address, port, log, close: sandbox.close };
}

const spooled = [
  'Path: news.example.test!not-for-mail',
  'From: A Tester <a@sender.test>',
  `Newsgroups: ${newsgroup}`,
  `Subject: ${article.subject}`,
  'Date: Sat, 28 Nov 2026 12:00:00 +0000',
  `Message-ID: ${article.id}`,
  `Xref: news.example.test ${newsgroup}:1`,
  '',
  article.body,
]
  .join('\n')
  .replaceAll('\n', '\r\n');

function configuration(address: string, port: number, { certificate }: InnOptions): string {
  const settings: Record<string, string> = {
    mta: '"/bin/false %s"',
    ovmethod: 'tradindexed',
    hismethod: 'hisv6',
    pathhost: 'news.example.test',
    pathnews: '/usr/lib/news',
    pathdb: '/var/lib/news',
    pathetc: '/etc/news',
    pathfilter: '/etc/news/filter',
    pathlog: '/var/log/news',
    pathrun: '/run/news',
    pathspool: '/var/spool/news',
    pathtmp: '/var/spool/news/incoming/tmp',
    domain: 'example.test',
    bindaddress: address,
    port: `${port}`,
    nnrpdpostport: `${port}`,
    pgpverify: 'false',
    rlimitnofile: '256',
    ...(certificate === undefined ? {} : { tlscertfile: '/peer/cert.pem', tlskeyfile: '/peer/key.pem' }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

/** Who has not logged in yet is `<nobody>`, and may read nothing. */
function readers({ certificate }: InnOptions): string {
  const secure = certificate === undefined ? '' : '  require_encryption: true\n';
  return `
auth "nobody" {
  hosts: "*"
  default: "<nobody>"
}
auth "accounts" {
  hosts: "*"
${secure}  auth: "ckpasswd -f /peer/passwd"
}
access "nothing" {
  users: "<nobody>"
  newsgroups: "!*"
}
access "everything" {
  users: "*,!<nobody>"
  newsgroups: "*"
  access: RPA
}
`;
}
