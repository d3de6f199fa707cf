/** Which servers are visited for recordings, how each is set up, and what is asked of it at which port. */
import { createAuthority } from '../../support/certificates.ts';
import type { PeerName } from '../support/catalog.ts';
import { startCyrus } from '../support/cyrus.ts';
import { startDovecot } from '../support/dovecot.ts';
import { startInn } from '../support/inn.ts';
import { startMariadb } from '../support/mariadb.ts';
import { startPostgresql } from '../support/postgresql.ts';
import { startProsody } from '../support/prosody.ts';
import { startSlapd } from '../support/slapd.ts';
import { startVsftpd } from '../support/vsftpd.ts';

interface Started {
  readonly address: string;
  close(): Promise<void>;
}

interface VisitScene {
  readonly name: string;
  readonly shows: string;
  readonly start: (root: string) => Promise<Started>;
  /** Ports by the tasks that are done there. */
  readonly tasks: (server: Started) => Readonly<Record<string, number>>;
}

export interface Visited {
  readonly peer: PeerName;
  readonly title: string;
  readonly scenes: readonly VisitScene[];
}

function scene<Server extends Started>(
  name: string,
  shows: string,
  start: (root: string) => Promise<Server>,
  tasks: (server: Server) => Readonly<Record<string, number>>,
): VisitScene {
  let server: Server | undefined;
  return {
    name,
    shows,
    start: async (root) => {
      server = await start(root);
      return server;
    },
    tasks: () => (server === undefined ? {} : tasks(server)),
  };
}

/** The name that every server has. */
export const visitedName = 'mx.example.test';

const authority = await createAuthority();
const certificate = await authority.issue({ names: [visitedName] });
const user = 'user';
const accounts = { [user]: 'pencil' };
/** A client that comes from another address than the server's own, Dovecot takes for one from the network. */
const elsewhere = '127.0.0.3';
const mailboxes = { 'user@example.test': 'pencil' };

/** Both dialogues of a protocol that are had with STARTTLS. */
const both = (protocol: string, port: number): Record<string, number> => ({
  [`${protocol} visit curious`]: port,
  [`${protocol} injection`]: port,
});

export const visited: readonly Visited[] = [
  {
    peer: 'dovecot',
    title: 'Dovecot',
    scenes: [
      scene(
        'tls',
        'it has a certificate, and takes no login in clear',
        (root) => startDovecot(root, { address: elsewhere, accounts: mailboxes, certificate }),
        ({ imap, pop3, sieve }) => ({
          ...both('imap', imap.port),
          'imap visit implicit curious': imap.tlsPort,
          ...both('pop3', pop3.port),
          'pop3 visit implicit curious': pop3.tlsPort,
          ...both('sieve', sieve.port),
        }),
      ),
      scene(
        'clear',
        'it has no certificate, and takes logins in clear',
        (root) => startDovecot(root, { address: elsewhere, accounts: mailboxes }),
        ({ imap, pop3, sieve }) => ({
          'imap visit curious': imap.port,
          'pop3 visit curious': pop3.port,
          'sieve visit curious': sieve.port,
        }),
      ),
    ],
  },
  {
    peer: 'cyrus',
    title: 'Cyrus',
    scenes: [
      scene(
        'tls',
        'it has a certificate, and takes no login in clear',
        (root) => startCyrus(root, { certificate }),
        ({ imap, imaps, pop3, sieve }) => ({
          ...both('imap', imap),
          'imap visit implicit curious': imaps,
          ...both('pop3', pop3),
          ...both('sieve', sieve),
        }),
      ),
      scene(
        'clear',
        'it has a certificate, and takes logins in clear, too',
        (root) => startCyrus(root, { certificate, settings: { allowplaintext: '1' } }),
        ({ imap, pop3, sieve }) => ({
          'imap visit curious': imap,
          'pop3 visit curious': pop3,
          'sieve visit curious': sieve,
        }),
      ),
    ],
  },
  {
    peer: 'slapd',
    title: 'slapd',
    scenes: [
      scene(
        'tls',
        'it has a certificate',
        (root) => startSlapd(root, { certificate }),
        ({ port, tlsPort }) => ({ ...both('ldap', port), 'ldap visit implicit curious': tlsPort }),
      ),
      scene(
        'clear',
        'it has no certificate',
        (root) => startSlapd(root),
        ({ port }) => ({ 'ldap visit curious': port }),
      ),
    ],
  },
  {
    peer: 'prosody',
    title: 'Prosody',
    scenes: [
      scene(
        'tls',
        'it has a certificate, and demands TLS',
        (root) => startProsody(root, { domain: visitedName, accounts, certificate }),
        ({ port, tlsPort, serverPort }) => ({
          ...both('xmpp', port),
          'xmpp visit implicit curious': tlsPort,
          ...both('xmpp-server', serverPort),
        }),
      ),
      scene(
        'clear',
        'it has no certificate',
        (root) => startProsody(root, { domain: visitedName, accounts }),
        ({ port }) => ({ 'xmpp visit curious': port }),
      ),
      scene(
        'other',
        'it serves another domain',
        (root) => startProsody(root, { domain: 'other.example.test', accounts, certificate }),
        ({ port }) => ({ 'xmpp visit curious': port }),
      ),
    ],
  },
  {
    peer: 'inn',
    title: 'INN',
    scenes: [
      scene(
        'tls',
        'it has a certificate',
        (root) => startInn(root, { accounts, certificate }),
        ({ port }) => ({ ...both('nntp', port), 'nntp state': port }),
      ),
      scene(
        'clear',
        'it has no certificate, and offers STARTTLS all the same',
        (root) => startInn(root, { accounts }),
        ({ port }) => ({ 'nntp visit curious': port }),
      ),
    ],
  },
  {
    peer: 'vsftpd',
    title: 'vsftpd',
    scenes: [
      scene(
        'tls',
        'it has a certificate',
        (root) => startVsftpd(root, { accounts, certificate }),
        ({ port }) => both('ftp', port),
      ),
      scene(
        'clear',
        'it has no certificate',
        (root) => startVsftpd(root, { accounts }),
        ({ port }) => ({ 'ftp visit curious': port }),
      ),
    ],
  },
  ...(['postgresql', 'postgresql17'] as const).map(
    (peer): Visited => ({
      peer,
      title: 'PostgreSQL',
      scenes: [
        scene(
          'tls',
          'it has a certificate',
          (root) => startPostgresql(root, { accounts, certificate }),
          ({ port }) => ({
            ...both('postgres', port),
            ...(peer === 'postgresql17' ? { 'postgres visit implicit curious': port } : {}),
          }),
        ),
        scene(
          'clear',
          'it has no certificate',
          (root) => startPostgresql(root, { accounts }),
          ({ port }) => ({ 'postgres visit curious': port }),
        ),
      ],
    }),
  ),
  {
    peer: 'mariadb',
    title: 'MariaDB',
    scenes: [
      scene(
        'tls',
        'it has a certificate',
        (root) => startMariadb(root, { accounts, certificate }),
        ({ port }) => both('mysql', port),
      ),
      scene(
        'clear',
        'it has no certificate',
        (root) => startMariadb(root, { accounts }),
        ({ port }) => ({ 'mysql visit curious': port }),
      ),
    ],
  },
];
