/** What else puts TLS before a server, or before a client: each by itself, before Waxwing is compared with it. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { startDovecot } from './support/dovecot.ts';
import { startHaproxy } from './support/haproxy.ts';
import { curlFetches } from './support/mail-readers.ts';
import { startNginx } from './support/nginx.ts';
import { peerTest } from './support/peer.ts';
import { psql, startPostgresql } from './support/postgresql.ts';
import type { Reach } from './support/reach.ts';
import { startReverseStunnel, startStunnel } from './support/stunnel.ts';

const login = { user: 'ada@example.test', password: 'correct horse' };
const accounts = { [login.user]: login.password };
const mail = { [login.user]: ['Subject: first\n\n1\n'] };
const authority = await createAuthority();
const certificate = await authority.issue({ names: ['mail.example.test'] });
const stranger = await createAuthority();

/** A Dovecot without TLS. */
const startBehind = async (root: string) => {
  const dovecot = await startDovecot(root, { address: '127.0.0.2', accounts, mail });
  return { dovecot, of: (port: number) => ({ host: dovecot.address, port }) };
};

const verified = (tls: 'starttls' | 'implicit', address: string, port: number): Reach => ({
  address,
  port,
  tls,
  trust: authority.certPem,
  serverName: 'mail.example.test',
  login,
});

describe('TLS before servers that have none', () => {
  for (const protocol of ['imap', 'pop3'] as const) {
    peerTest(
      `stunnel and nginx give STARTTLS to clients of ${protocol}`,
      ['stunnel', 'nginx', 'dovecot', 'tools'],
      async (roots, t) => {
        const { dovecot, of } = await startBehind(roots.dovecot);
        t.after(() => dovecot.close());
        const common = { address: '127.0.0.3', certificate, protocol, to: of(dovecot[protocol].port) };
        for (const front of [
          await startStunnel(roots.stunnel, common),
          await startNginx(roots.nginx, common),
        ]) {
          t.after(() => front.close());
          const way = verified('starttls', front.address, front.port);
          const fetched = await curlFetches(roots.tools, protocol, way);
          assert.equal(fetched.code, 0, fetched.stderr + front.log());
          assert.match(fetched.stdout, /Subject: first/);
          const refused = await curlFetches(roots.tools, protocol, { ...way, trust: stranger.certPem });
          assert.match(refused.stderr, /unable to get local issuer/);
        }
      },
    );
  }

  for (const proxy of [undefined, 1, 2] as const) {
    peerTest(
      `HAProxy gives implicit TLS to clients of IMAP, PROXY header ${proxy ?? 'none'}`,
      ['haproxy', 'dovecot', 'tools'],
      async (roots, t) => {
        const dovecot = await startDovecot(roots.dovecot, {
          address: '127.0.0.2',
          accounts,
          mail,
          proxied: proxy !== undefined,
        });
        t.after(() => dovecot.close());
        const front = await startHaproxy(roots.haproxy, {
          address: '127.0.0.3',
          certificate,
          to: { host: dovecot.address, port: dovecot.imap.port },
          ...(proxy === undefined ? {} : { proxy }),
        });
        t.after(() => front.close());
        const way = verified('implicit', front.address, front.port);
        const fetched = await curlFetches(roots.tools, 'imap', way);
        assert.equal(fetched.code, 0, fetched.stderr + front.log());
        assert.match(fetched.stdout, /Subject: first/);
        const refused = await curlFetches(roots.tools, 'imap', { ...way, trust: stranger.certPem });
        assert.match(refused.stderr, /unable to get local issuer/);
      },
    );
  }

  peerTest(
    'stunnel speaks STARTTLS to an IMAP server for clients that have none, and verifies it',
    ['stunnel', 'dovecot', 'tools'],
    async (roots, t) => {
      const dovecot = await startDovecot(roots.dovecot, {
        address: '127.0.0.2',
        accounts,
        mail,
        certificate,
      });
      t.after(() => dovecot.close());
      const lead = async (trust: string, serverName: string) => {
        const to = { host: dovecot.address, port: dovecot.imap.port };
        const common = { address: '127.0.0.3', protocol: 'imap', to } as const;
        const reverse = await startReverseStunnel(roots.stunnel, { ...common, trust, serverName });
        t.after(() => reverse.close());
        const way = { address: reverse.address, port: reverse.port, tls: 'none', login } as const;
        return { ...(await curlFetches(roots.tools, 'imap', way)), log: reverse.log() };
      };
      const fetched = await lead(authority.certPem, 'mail.example.test');
      assert.equal(fetched.code, 0, fetched.stderr + fetched.log);
      assert.match(fetched.stdout, /Subject: first/);
      assert.match((await lead(stranger.certPem, 'mail.example.test')).log, /unable to get local issuer/);
      assert.match((await lead(authority.certPem, 'other.example.test')).log, /Subject checks failed/);
    },
  );

  peerTest(
    'stunnel gives SSLRequest to clients of PostgreSQL; the other way round libpq takes it for somebody on the path',
    ['stunnel', 'postgresql'],
    async (roots, t) => {
      const plain = await startPostgresql(roots.postgresql, { address: '127.0.0.2', accounts });
      t.after(() => plain.close());
      const common = { address: '127.0.0.3', protocol: 'pgsql' } as const;
      const to = { host: plain.address, port: plain.port };
      const front = await startStunnel(roots.stunnel, { ...common, certificate, to });
      t.after(() => front.close());
      const way = verified('starttls', front.address, front.port);
      const said = await psql(roots.postgresql, way, 'SELECT 1;');
      assert.equal(said.stdout, '1\n', said.stderr + front.log());

      const secure = await startPostgresql(roots.postgresql, { address: '127.0.0.2', accounts, certificate });
      t.after(() => secure.close());
      const reverse = await startReverseStunnel(roots.stunnel, {
        ...common,
        to: { host: secure.address, port: secure.port },
        trust: authority.certPem,
        serverName: 'mail.example.test',
      });
      t.after(() => reverse.close());
      const clear = { address: reverse.address, port: reverse.port, tls: 'none', login } as const;
      const through = await psql(roots.postgresql, clear, 'SELECT 1;');
      assert.match(
        through.stderr,
        /server offered SCRAM-SHA-256-PLUS authentication over a non-SSL connection/,
      );
    },
  );
});
