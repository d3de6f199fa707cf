/** Accounts in a real PostgreSQL: logins of real clients, and what they come to while it is gone. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { type Authority, type Certificate, createAuthority } from '../support/certificates.ts';
import type { Login } from './support/accounts.ts';
import { type HandIn, msmtp, nodemailer } from './support/clients.ts';
import { peerTest } from './support/peer.ts';
import { freePort } from './support/ports.ts';
import { type Postgresql, psql, startPostgresql } from './support/postgresql.ts';
import { hashPassword, startWaxwing } from './support/waxwing.ts';

const database: Login = { user: 'waxwing', password: "it's secret" };
const message = Buffer.from('From: <a@sender.test>\r\nSubject: hello\r\n\r\ntext\r\n');
const query =
  'SELECT hash AS password_hash, active, senders, quota AS messages_per_hour FROM users WHERE name = $1';
const hashes = {
  scram: await hashPassword('pencil', '--scram'),
  scrypt: await hashPassword('pencil', '--scrypt'),
};
const tables = `
  CREATE TABLE users (name text PRIMARY KEY, hash text, active boolean, senders text[], quota bigint);
  INSERT INTO users VALUES
    ('anna', '${hashes.scram}', true, '{a@sender.test}', NULL),
    ('ben', '${hashes.scrypt}', true, '{example.test}', NULL),
    ('cleo', '${hashes.scram}', false, NULL, NULL),
    ('dora', '${hashes.scram}', true, NULL, 1),
    ('o''hara', '${hashes.scram}', true, NULL, NULL);
`;

describe('accounts in PostgreSQL', () => {
  peerTest(
    'let in whom it knows, put a login off while it is gone, and let in again once it is back',
    ['postgresql', 'tools'],
    async (roots, t) => {
      const place = await prepare(t);
      const first = await started(roots.postgresql, place, t);
      const { answerTo, waxwing } = await relayOn(place, t);
      assert.equal(await answerTo('anna', 'pencil'), 'taken');
      assert.equal(await answerTo("o'hara", 'pencil'), 'taken');
      assert.equal(await answerTo('anna', 'pen'), '535');
      assert.equal(await answerTo("' OR name = 'anna' --", 'pencil'), '535');
      assert.equal(await answerTo('cleo', 'pencil'), '535', 'she is not active');
      assert.equal(await answerTo('ben', 'pencil'), '550', 'he may not send as a@sender.test');
      assert.equal(await answerTo('dora', 'pencil'), 'taken');
      assert.equal(await answerTo('dora', 'pencil'), '450', 'her quota is used up');
      const { login, ...rest } = handIn(place, waxwing.port, 'anna', 'pencil');
      assert.ok(login !== undefined);
      const scram = await msmtp(roots.tools, { ...rest, login: { ...login, mechanism: 'SCRAM-SHA-256' } });
      assert.equal(scram.code, 0, scram.stderr);
      const before = waxwing.log();

      await first.close();
      assert.equal(await answerTo('anna', 'pencil'), '454');
      assert.equal(await answerTo('anna', 'pen'), '454');
      const meanwhile = waxwing.log().slice(before.length);
      assert.match(meanwhile, /an account cannot be looked up: PostgreSQL: connect ECONNREFUSED/);
      assert.doesNotMatch(meanwhile, /a login failed/);
      await started(roots.postgresql, place, t);
      assert.equal(await answerTo('anna', 'pencil'), 'taken');
      assert.doesNotMatch(waxwing.log() + JSON.stringify(waxwing.events()), /it's secret|pencil/);
    },
  );
});

interface Place {
  readonly authority: Authority;
  readonly shown: Certificate;
  readonly port: number;
  readonly passwordFile: string;
}

async function prepare(t: TestContext): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-peer-accounts-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, `${database.password}\n`, { mode: 0o600 });
  const authority = await createAuthority();
  const shown = await authority.issue({ names: ['localhost', 'relay.example.test'] });
  return { authority, shown, port: await freePort('127.0.0.1'), passwordFile };
}

/** With TLS only, and the tables in it. */
async function started(
  root: string,
  { authority, shown: certificate, port }: Place,
  t: TestContext,
): Promise<Postgresql> {
  const server = await startPostgresql(root, {
    port,
    certificate,
    accounts: { [database.user]: database.password },
  });
  t.after(() => server.close());
  const way = {
    address: server.address,
    port,
    tls: 'starttls',
    trust: authority.certPem,
    serverName: 'localhost',
    login: database,
  } as const;
  const made = await psql(root, way, tables);
  assert.equal(made.code, 0, made.stderr);
  return server;
}

async function relayOn(place: Place, t: TestContext) {
  const waxwing = await startWaxwing({
    certificate: place.shown,
    trust: place.authority.certPem,
    networks: [],
    routes: [{ match: '*', to: 'smtp://127.0.0.1:9', tls: 'off' }],
    accountDatabase: {
      url: `postgresql://${database.user}@localhost:${place.port}/${database.user}`,
      password_file: place.passwordFile,
      scram: true,
      timeout: '1s',
      query,
    },
  });
  t.after(() => waxwing.close());
  return {
    waxwing,
    /** The code with which nodemailer was refused; it runs in this process, which is quick. */
    answerTo: async (user: string, password: string): Promise<string> => {
      const sent = await nodemailer('', handIn(place, waxwing.port, user, password));
      if (sent.code === 0) return 'taken';
      return /\b([245][0-9]{2})[ -]/.exec(sent.stderr)?.[1] ?? sent.stdout + sent.stderr;
    },
  };
}

function handIn({ authority }: Place, port: number, user: string, password: string): HandIn {
  return {
    port,
    tls: 'starttls',
    trust: authority.certPem,
    serverName: 'relay.example.test',
    from: 'a@sender.test',
    to: ['b@example.test'],
    message,
    login: { user, password, mechanism: 'PLAIN' },
  };
}
