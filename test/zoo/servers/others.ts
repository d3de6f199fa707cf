/** Servers that are no mail servers, right and wrong: directory, chat, news, files, databases. */
import type { CheckProtocol, TlsMode } from '../../../src/findings/endpoint.ts';
import type { PeerName } from '../../peers/support/catalog.ts';
import { startInn } from '../../peers/support/inn.ts';
import { startMariadb } from '../../peers/support/mariadb.ts';
import { startPostgresql } from '../../peers/support/postgresql.ts';
import { startProsody } from '../../peers/support/prosody.ts';
import { startSlapd } from '../../peers/support/slapd.ts';
import { startVsftpd } from '../../peers/support/vsftpd.ts';
import { type Place, type Running, type SetUp, setUp } from '../set-up.ts';

type Told = Partial<Omit<SetUp, 'name' | 'program' | 'protocol' | 'start'>>;

interface Kind {
  readonly program: PeerName;
  readonly protocol: CheckProtocol;
  readonly tls?: TlsMode;
  readonly start: (place: Place, secure: boolean) => Promise<Running>;
}

const accounts = { ada: 'correct horse' };

/** With a good certificate or without one, as the starters have it. */
function shownBy({ certificate }: Place, secure: boolean) {
  return secure ? { certificate: certificate('good') } : {};
}

const kinds = {
  slapd: {
    program: 'slapd',
    protocol: 'ldap',
    start: (place, secure) => startSlapd(place.root, { address: place.address, ...shownBy(place, secure) }),
  },
  ldaps: {
    program: 'slapd',
    protocol: 'ldap',
    tls: 'implicit',
    start: async (place) => {
      const server = await startSlapd(place.root, { address: place.address, ...shownBy(place, true) });
      return { port: server.tlsPort, close: () => server.close() };
    },
  },
  prosody: {
    program: 'prosody',
    protocol: 'xmpp',
    start: (place, secure) =>
      startProsody(place.root, {
        address: place.address,
        domain: place.host,
        accounts,
        ...shownBy(place, secure),
      }),
  },
  'prosody-server': {
    program: 'prosody',
    protocol: 'xmpp-server',
    start: async (place, secure) => {
      const { address, host: domain } = place;
      const server = await startProsody(place.root, { address, domain, accounts, ...shownBy(place, secure) });
      return { port: server.serverPort, close: () => server.close() };
    },
  },
  vsftpd: {
    program: 'vsftpd',
    protocol: 'ftp',
    start: (place, secure) =>
      startVsftpd(place.root, { address: place.address, accounts, ...shownBy(place, secure) }),
  },
  inn: {
    program: 'inn',
    protocol: 'nntp',
    start: (place, secure) =>
      startInn(place.root, { address: place.address, accounts, ...shownBy(place, secure) }),
  },
  postgresql: {
    program: 'postgresql',
    protocol: 'postgres',
    start: (place, secure) =>
      startPostgresql(place.root, { address: place.address, accounts, ...shownBy(place, secure) }),
  },
  mariadb: {
    program: 'mariadb',
    protocol: 'mysql',
    start: (place, secure) =>
      startMariadb(place.root, { address: place.address, accounts, ...shownBy(place, secure) }),
  },
} as const satisfies Readonly<Record<string, Kind>>;

function good(name: keyof typeof kinds, told: Told = {}): SetUp {
  const { start, ...kind }: Kind = kinds[name];
  return setUp({
    name: `${name}-good`,
    shows: 'all in order',
    ...kind,
    start: (place) => start(place, true),
    ...told,
  });
}

function withoutTls(name: keyof typeof kinds, told: Told = {}): SetUp {
  const { start, ...kind }: Kind = kinds[name];
  return setUp({
    name: `${name}-no-tls`,
    shows: 'TLS is off',
    ...kind,
    start: (place) => start(place, false),
    ...told,
  });
}

export const otherSetUps: readonly SetUp[] = [
  good('slapd', {
    shows: 'the versions of TLS that it takes as it is shipped',
    // One thread reads the connection, another works on StartTLS: by which is faster it answers the search behind it in
    // clear, or refuses StartTLS with operationsError. Inside TLS it never answers it.
    byChance: ['starttls.injection warn low'],
  }),
  withoutTls('slapd'),
  good('ldaps', { shows: 'the versions of TLS that it takes as it is shipped' }),
  good('prosody'),
  withoutTls('prosody'),
  good('prosody-server'),
  withoutTls('prosody-server'),
  good('vsftpd'),
  withoutTls('vsftpd'),
  good('inn'),
  withoutTls('inn'),
  good('postgresql'),
  withoutTls('postgresql'),
  good('mariadb'),
  withoutTls('mariadb'),
];
