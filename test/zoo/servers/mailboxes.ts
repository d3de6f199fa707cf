/** Servers of mailboxes, right and wrong: Dovecot and Cyrus. */
import type { CheckProtocol, TlsMode } from '../../../src/findings/endpoint.ts';
import { startCyrus } from '../../peers/support/cyrus.ts';
import { startDovecot } from '../../peers/support/dovecot.ts';
import type { CertificateKind } from '../certificates.ts';
import { type SetUp, setUp } from '../set-up.ts';

type Told = Partial<Omit<SetUp, 'name' | 'program' | 'shows' | 'protocol'>>;
type Mailboxes = Extract<CheckProtocol, 'imap' | 'pop3' | 'sieve' | 'submission' | 'lmtp'>;

interface Way {
  readonly protocol: Mailboxes;
  readonly tls?: TlsMode;
}

function dovecot(
  name: string,
  shows: string,
  { protocol, tls = 'starttls' }: Way,
  kind: CertificateKind | null,
  told: Told & { readonly settings?: Readonly<Record<string, string>>; readonly usualPorts?: boolean } = {},
): SetUp {
  const { settings = {}, usualPorts = false, ...rest } = told;
  return setUp({
    name: `dovecot-${protocol}-${name}`,
    program: 'dovecot',
    shows,
    protocol,
    tls,
    start: async ({ root, address, certificate }) => {
      const server = await startDovecot(root, {
        address,
        accounts: { 'ada@zoo.test': 'correct horse' },
        relay: { host: '127.0.0.1', port: 9 },
        usualPorts,
        ...(kind === null ? {} : { certificate: certificate(kind) }),
        settings,
      });
      const { port, tlsPort } = protocol === 'lmtp' ? server : { tlsPort: 0, ...server[protocol] };
      return { port: tls === 'implicit' ? tlsPort : port, close: () => server.close() };
    },
    ...rest,
  });
}

function cyrus(
  name: string,
  shows: string,
  {
    protocol,
    tls = 'starttls',
  }: { readonly protocol: 'imap' | 'pop3' | 'sieve' | 'lmtp'; readonly tls?: TlsMode },
  kind: CertificateKind | null,
  told: Told & { readonly settings?: Readonly<Record<string, string>> } = {},
): SetUp {
  const { settings = {}, ...rest } = told;
  return setUp({
    name: `cyrus-${protocol}-${name}`,
    program: 'cyrus',
    shows,
    protocol,
    tls,
    start: async ({ root, address, certificate }) => {
      const server = await startCyrus(root, {
        address,
        ...(kind === null ? {} : { certificate: certificate(kind) }),
        settings,
      });
      const implicit = protocol === 'pop3' ? server.pop3s : server.imaps;
      return { port: tls === 'implicit' ? implicit : server[protocol], close: () => server.close() };
    },
    ...rest,
  });
}

const inClear = { disable_plaintext_auth: 'no' };

export const mailboxSetUps: readonly SetUp[] = [
  dovecot('good', 'all in order', { protocol: 'imap' }, 'good'),
  dovecot('implicit', 'all in order, TLS first', { protocol: 'imap', tls: 'implicit' }, 'good'),
  dovecot('login-in-clear', 'logins are taken in clear', { protocol: 'imap' }, 'good', { settings: inClear }),
  dovecot('no-tls', 'TLS is off', { protocol: 'imap' }, null),
  dovecot('good', 'all in order', { protocol: 'pop3' }, 'good'),
  dovecot('implicit', 'all in order, TLS first', { protocol: 'pop3', tls: 'implicit' }, 'good'),
  dovecot('login-in-clear', 'logins are taken in clear', { protocol: 'pop3' }, 'good', { settings: inClear }),
  dovecot('no-tls', 'TLS is off', { protocol: 'pop3' }, null),
  dovecot('good', 'all in order', { protocol: 'sieve' }, 'good'),
  dovecot('login-in-clear', 'logins are taken in clear', { protocol: 'sieve' }, 'good', {
    settings: inClear,
  }),
  dovecot('no-tls', 'TLS is off', { protocol: 'sieve' }, null),
  dovecot('good', 'all in order', { protocol: 'submission' }, 'good'),
  dovecot('implicit', 'all in order, TLS first', { protocol: 'submission', tls: 'implicit' }, 'good'),
  dovecot('login-in-clear', 'logins are taken in clear', { protocol: 'submission' }, 'good', {
    settings: inClear,
  }),
  dovecot('no-tls', 'TLS is off', { protocol: 'submission' }, null),
  dovecot('good', 'all in order', { protocol: 'lmtp' }, 'good'),
  dovecot('usual-ports', 'all in order, at the usual ports', { protocol: 'imap' }, 'good', {
    usualPorts: true,
  }),
  dovecot('usual-ports-no-tls', 'TLS is off, at the usual ports', { protocol: 'imap' }, null, {
    usualPorts: true,
  }),
  dovecot('usual-ports', 'all in order, at the usual ports', { protocol: 'pop3' }, 'good', {
    usualPorts: true,
  }),
  dovecot('usual-ports-no-tls', 'TLS is off, at the usual ports', { protocol: 'pop3' }, null, {
    usualPorts: true,
  }),
  dovecot('expired', 'the certificate is past', { protocol: 'imap' }, 'expired'),
  dovecot('wrong-name', 'the certificate is for another name', { protocol: 'imap' }, 'wrong-name'),
  cyrus('good', 'all in order', { protocol: 'imap' }, 'good'),
  cyrus('implicit', 'all in order, TLS first', { protocol: 'imap', tls: 'implicit' }, 'good'),
  cyrus('login-in-clear', 'logins are taken in clear', { protocol: 'imap' }, 'good', {
    settings: { allowplaintext: 'yes' },
  }),
  cyrus('no-tls', 'TLS is off', { protocol: 'imap' }, null),
  cyrus('good', 'all in order', { protocol: 'pop3' }, 'good'),
  cyrus('no-tls', 'TLS is off, and logins are taken', { protocol: 'pop3' }, null, {
    settings: { allowplaintext: 'yes' },
  }),
  cyrus('good', 'all in order', { protocol: 'sieve' }, 'good'),
];
