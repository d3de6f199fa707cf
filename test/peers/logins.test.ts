/** The real peers' own logins: a test that uses them is only worth something where these refuse and accept. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { curl, type HandIn, msmtp, nodemailer, smtplib, swaks } from './support/clients.ts';
import { startExim } from './support/exim.ts';
import { startOpenSmtpd } from './support/opensmtpd.ts';
import { peerTest } from './support/peer.ts';
import { startPostfix } from './support/postfix.ts';

const serverName = 'smarthost.example.test';
const login = { user: 'anna', password: 'pencil', mechanism: 'PLAIN' } as const;
const message = Buffer.from('From: <a@sender.test>\r\nSubject: hello\r\n\r\ntext\r\n');
const envelope = {
  from: 'a@sender.test',
  to: ['b@example.test'],
  message,
  serverName,
  tls: 'starttls',
} as const;

const servers = { postfix: startPostfix, exim: startExim, opensmtpd: startOpenSmtpd } as const;

describe('a real server with accounts', () => {
  for (const name of ['postfix', 'exim', 'opensmtpd'] as const) {
    peerTest(
      `${name} takes mail for elsewhere from whoever logs in within TLS, and from nobody else`,
      [name, 'postfix', 'tools'],
      async (roots, t) => {
        const authority = await createAuthority();
        const certificate = await authority.issue({ names: [serverName] });
        const end = await startPostfix(roots.postfix);
        t.after(() => end.close());
        const server = await servers[name](roots[name], {
          certificate,
          domains: [],
          accounts: { anna: 'pencil' },
          relay: { host: '127.0.0.1', port: end.port },
        });
        t.after(() => server.close());
        const to: HandIn = { ...envelope, port: server.port, trust: authority.certPem };
        const refused: HandIn[] = [
          to,
          { ...to, login: { ...login, password: 'pen' } },
          { ...to, tls: 'none', login },
        ];
        for (const one of refused) assert.notEqual((await swaks(roots.tools, one)).code, 0);
        const accepted = await swaks(roots.tools, { ...to, login });
        assert.equal(accepted.code, 0, accepted.stdout + accepted.stderr);
        const implicit = await curl(roots.tools, { ...to, port: server.tlsPort, tls: 'implicit', login });
        assert.equal(implicit.code, 0, implicit.stderr);
        assert.equal((await end.messages(2)).length, 2);
      },
    );
  }

  for (const [name, client] of Object.entries({ swaks, msmtp, curl, smtplib, nodemailer })) {
    peerTest(`${name} logs in at Postfix by what it is told to`, ['postfix', 'tools'], async (roots, t) => {
      const authority = await createAuthority();
      const postfix = await startPostfix(roots.postfix, {
        certificate: await authority.issue({ names: [serverName] }),
        accounts: { anna: 'pencil' },
        relay: { host: '127.0.0.1', port: 9 },
      });
      t.after(() => postfix.close());
      const scram = client === msmtp ? (['SCRAM-SHA-256'] as const) : [];
      for (const mechanism of ['PLAIN', 'LOGIN', ...scram] as const) {
        const to = {
          ...envelope,
          port: postfix.port,
          trust: authority.certPem,
          login: { ...login, mechanism },
        };
        const sent = await client(roots.tools, to);
        assert.equal(sent.code, 0, sent.stdout + sent.stderr);
        assert.match(postfix.log(), new RegExp(`sasl_method=${mechanism}, sasl_username=anna`));
      }
    });
  }
});
