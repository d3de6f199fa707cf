/**
 * What is fetched: one set of Debian packages for each peer, because mail servers exclude each other.
 *
 * A set becomes a small root of its own with everything its programs need, so nothing is taken from the
 * host but its kernel.
 */

/** What every root needs: a shell with its usual commands, and the names of services. */
const base: readonly string[] = [
  'dash',
  'coreutils',
  'sed',
  'grep',
  'findutils',
  'netbase',
  'base-files',
  // Named so that apt does not choose usrmerge, which needs the whole of perl.
  'usr-is-merged',
];

const sets = {
  // With the mechanisms of AUTH, which are modules, and the command that writes their passwords.
  postfix: ['postfix', 'libsasl2-modules', 'sasl2-bin', ...base],
  // With libtlsrpt, by which it tells of its sessions.
  postfix310: ['postfix', ...base],
  exim: ['exim4-daemon-heavy', ...base],
  opensmtpd: ['opensmtpd', ...base],
  dovecot: [
    'dovecot-lmtpd',
    'dovecot-imapd',
    'dovecot-pop3d',
    'dovecot-managesieved',
    'dovecot-submissiond',
    ...base,
  ],
  // With its clients: ldapsearch and the others.
  slapd: ['slapd', 'ldap-utils', ...base],
  // dnssec-signzone, dig and delv. Not the server: it listens only on addresses that an interface lists.
  bind: ['bind9-utils', 'bind9-dnsutils', ...base],
  knot: ['knot', 'knot-dnssecutils', ...base],
  ldns: ['ldnsutils', ...base],
  nsd: ['nsd', ...base],
  unbound: ['unbound', ...base],
  // With psql.
  postgresql: ['postgresql-15', 'postgresql-client-15', ...base],
  postgresql17: ['postgresql-17', 'postgresql-client-17', ...base],
  // Without what the full packages add to server and client: replication, backups, Perl.
  mariadb: ['mariadb-server-core', 'mariadb-client-core', ...base],
  // With a client that runs without a display and verifies certificates.
  prosody: ['prosody', 'python3-slixmpp', ...base],
  inn: ['inn2', ...base],
  // With perl, which makes the hashes of passwords.
  vsftpd: ['vsftpd', 'perl-base', ...base],
  // With the macros that its configuration is made of.
  sendmail: ['sendmail-bin', 'sendmail-cf', 'm4', ...base],
  cyrus: ['cyrus-imapd', 'cyrus-pop3d', 'sasl2-bin', ...base],
  stunnel: ['stunnel4', ...base],
  nginx: ['nginx', 'libnginx-mod-mail', ...base],
  haproxy: ['haproxy', ...base],
  tools: [
    'swaks',
    'libnet-ssleay-perl',
    'msmtp',
    'curl',
    'python3',
    'openssl',
    'strace',
    'tcpdump',
    'ca-certificates',
    ...base,
  ],
  // mbsync, fetchmail, sieve-connect and gnutls-cli.
  mailclients: ['isync', 'fetchmail', 'sieve-connect', 'gnutls-bin', 'ca-certificates', ...base],
  // What others make of SPF, DKIM, ARC and DMARC; with the module for Ed25519, which python3-dkim only recommends.
  mailauth: [
    'opendmarc',
    'opendkim',
    'opendkim-tools',
    'python3-spf',
    'python3-dkim',
    'python3-nacl',
    'python3-authres',
    ...base,
  ],
  // Programs that hand mail to a sendmail; msmtp-mta keeps apt from choosing a whole mail server for them.
  mailx: ['bsd-mailx', 'mutt', 'msmtp-mta', ...base],
  // Reads the log of a Postfix, and adds up what it says.
  pflogsumm: ['pflogsumm', ...base],
  // systemd-socket-activate, which hands over sockets, and systemd-analyze, which judges units.
  systemd: ['systemd', 'procps', ...base],
  // What else answers Postfix's look-ups by MTA-STS, with its faster event loop, and in memory only.
  stsresolver: ['postfix-mta-sts-resolver', 'python3-uvloop', ...base],
  // A library that tells one process another time of the day.
  faketime: ['libfaketime', ...base],
  // What judges and reads the forms of a check: schemas, OpenMetrics, node_exporter, figures of plugins, GitHub's Markdown.
  forms: [
    'libxml2-utils',
    'python3-jsonschema',
    'python3-prometheus-client',
    'prometheus-node-exporter',
    'libmonitoring-plugin-perl',
    'cmark-gfm',
    ...base,
  ],
  // What else looks at TLS from outside: testssl.sh with the commands that it calls, sslscan, nmap, gnutls-cli, openssl.
  scanners: [
    'testssl.sh',
    'sslscan',
    'nmap',
    'gnutls-bin',
    'openssl',
    'bsdextrautils',
    'procps',
    'bind9-host',
    'gawk',
    'bash',
    'ca-certificates',
    ...base,
  ],
} as const satisfies Record<string, readonly string[]>;

/** The name of a set of packages. */
export type PeerName = keyof typeof sets;

/** Every set there is. */
export const peerNames: readonly PeerName[] = [
  'postfix',
  'postfix310',
  'exim',
  'opensmtpd',
  'dovecot',
  'slapd',
  'bind',
  'knot',
  'ldns',
  'nsd',
  'unbound',
  'postgresql',
  'postgresql17',
  'mariadb',
  'prosody',
  'inn',
  'vsftpd',
  'sendmail',
  'cyrus',
  'stunnel',
  'nginx',
  'haproxy',
  'tools',
  'mailclients',
  'mailauth',
  'mailx',
  'pflogsumm',
  'systemd',
  'stsresolver',
  'faketime',
  'forms',
  'scanners',
];

/**
 * Debian's release that a set is taken from; null: the one that the host runs.
 *
 * Postfix tells of its sessions since 3.10. OpenSMTPD 6.8, which is in bookworm, cannot do TLS as a server with the OpenSSL there. PostgreSQL 17 is the first that
 * can begin with TLS without being asked. The lab's programs are of one release, so that its zones and verdicts are the
 * same everywhere.
 */
export function releaseOf(name: PeerName): string | null {
  return newer.has(name) ? 'trixie' : null;
}

const newer: ReadonlySet<PeerName> = new Set([
  'postfix310',
  'opensmtpd',
  'postgresql17',
  'bind',
  'knot',
  'ldns',
  'nsd',
  'unbound',
]);

/** The packages of a set; the first one names its version. */
export function packagesOf(name: PeerName): readonly string[] {
  return sets[name];
}

/** The users that the packages would have made when installed. */
export const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
  'mail:x:8:8:mail:/var/mail:/usr/sbin/nologin',
  'news:x:9:9:news:/var/spool/news:/usr/sbin/nologin',
  'postfix:x:101:101::/var/spool/postfix:/usr/sbin/nologin',
  'Debian-exim:x:103:103::/var/spool/exim4:/usr/sbin/nologin',
  'tcpdump:x:104:104::/tmp:/usr/sbin/nologin',
  'opensmtpd:x:105:105::/var/lib/opensmtpd/empty:/usr/sbin/nologin',
  'opensmtpq:x:106:106::/var/lib/opensmtpd/empty:/usr/sbin/nologin',
  'dovecot:x:107:107::/usr/lib/dovecot:/usr/sbin/nologin',
  'dovenull:x:108:108::/nonexistent:/usr/sbin/nologin',
  'postgres:x:120:120::/var/lib/postgresql:/usr/sbin/nologin',
  'mysql:x:121:121::/var/lib/mysql:/usr/sbin/nologin',
  'prosody:x:122:122::/var/lib/prosody:/usr/sbin/nologin',
  'mailbox:x:5000:5000::/peer:/usr/sbin/nologin',
  'nobody:x:65534:65534:nobody:/tmp:/usr/sbin/nologin',
];

/** The groups of those users. */
export const group = [
  'root:x:0:',
  'daemon:x:1:',
  'tty:x:5:',
  'mail:x:8:',
  'news:x:9:',
  'postfix:x:101:',
  'postdrop:x:102:',
  'Debian-exim:x:103:',
  'tcpdump:x:104:',
  'opensmtpd:x:105:',
  'opensmtpq:x:106:',
  'dovecot:x:107:',
  'dovenull:x:108:',
  'postgres:x:120:',
  'mysql:x:121:',
  'prosody:x:122:',
  'mailbox:x:5000:',
  'nogroup:x:65534:',
];
