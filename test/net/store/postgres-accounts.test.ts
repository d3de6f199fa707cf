/** Accounts in PostgreSQL, against servers that hang, end and lie. That it fits the real one is in test/peers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { AccountRow, AccountRows } from '../../../src/store/account-rows.ts';
import { type PostgresSource, postgresAccounts } from '../../../src/store/postgres-accounts.ts';
import { StoreError } from '../../../src/store/store-error.ts';
import { createAuthority } from '../../support/certificates.ts';
import {
  answerOf,
  type PostgresBehaviour,
  type PostgresServer,
  postgresServer,
  SSL_REQUEST,
  welcome,
} from './postgres-server.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['localhost'] });
const tls: ConnectionOptions = { ca: authority.certPem };
const PASSWORD = 'the password of the database';

async function serverFor(t: TestContext, behaviour: PostgresBehaviour): Promise<PostgresServer> {
  const server = await postgresServer(behaviour);
  t.after(() => server.close());
  return server;
}

function accountsAt(t: TestContext, port: number, changes: Partial<PostgresSource> = {}): AccountRows {
  const accounts = postgresAccounts({
    host: 'localhost',
    port,
    database: 'mail',
    user: 'waxwing',
    password: PASSWORD,
    tls,
    query: 'SELECT password_hash FROM users WHERE name = $1',
    ...changes,
  });
  t.after(() => accounts.close());
  return accounts;
}

const find = (accounts: Pick<AccountRows, 'find'>, ms = 2_000): Promise<readonly AccountRow[]> =>
  accounts.find('anna', AbortSignal.timeout(ms));

describe('accounts in PostgreSQL', () => {
  it('are found over TLS, with the user as a parameter, and the connection is used again', async (t) => {
    const server = await serverFor(t, { certificate, rows: ['hash'] });
    const accounts = accountsAt(t, server.port);
    for (let n = 0; n < 3; n++)
      assert.deepEqual(
        (await find(accounts)).map((row) => ({ ...row })),
        [{ password_hash: 'hash' }],
      );
    assert.equal(server.open(), 1);
    assert.deepEqual(server.said.clear, SSL_REQUEST);
    assert.match(server.said.secret.toString('latin1'), /name = \$1.*anna/s);
    accounts.close();
    await until(() => server.open() === 0);
  });

  it('are found in clear where no TLS is asked for', async (t) => {
    const server = await serverFor(t, { rows: [] });
    assert.deepEqual(await find(accountsAt(t, server.port, { tls: null })), []);
  });

  it('are two rows at most, and the rest is not waited for', async (t) => {
    const server = await serverFor(t, { certificate, rows: Array.from({ length: 5_000 }, () => 'hash') });
    assert.equal((await find(accountsAt(t, server.port))).length, 2);
    await until(() => server.open() === 0);
  });

  for (const hangsAt of ['ssl-request', 'startup', 'query'] as const)
    it(`are unknown in time where the server hangs at ${hangsAt}, and the connection is gone`, async (t) => {
      const server = await serverFor(t, { certificate, hangsAt });
      const begun = performance.now();
      await assert.rejects(find(accountsAt(t, server.port), 200), /PostgreSQL has not answered in time/);
      assert.ok(performance.now() - begun < 1_500);
      await until(() => server.open() === 0);
    });

  it('are found again at a server that was started anew, in one try', async (t) => {
    const first = await postgresServer({ certificate, rows: ['old'] });
    const accounts = accountsAt(t, first.port);
    await find(accounts);
    await first.close();
    await assert.rejects(find(accounts), StoreError);
    const { port } = first;
    const again = await restarted(t, port);
    assert.equal((await find(accounts))[0]?.['password_hash'], 'new');
    assert.equal(again.open(), 1);
  });

  it('are found for whoever asks after the end, as a session of before may', async (t) => {
    const server = await serverFor(t, { certificate, rows: ['hash'] });
    const accounts = accountsAt(t, server.port);
    accounts.close();
    assert.equal((await find(accounts)).length, 1);
    await until(() => server.open() === 0);
  });

  async function restarted(t: TestContext, port: number): Promise<PostgresServer> {
    const server = await postgresServer({ certificate, rows: ['new'] }, port);
    t.after(() => server.close());
    return server;
  }
});

describe('nobody on the path', () => {
  /** Says before TLS what a client would take for answers from inside it. */
  const forged = Buffer.concat([welcome, answerOf(['forged'])]);
  const lies: Readonly<Record<string, PostgresBehaviour>> = {
    'puts answers behind the S (CVE-2021-23222)': {
      certificate,
      answer: [Buffer.concat([Buffer.from('S'), forged])],
    },
    'puts answers between the S and the handshake': { certificate, answer: [Buffer.from('S'), forged] },
    'answers N, to have the password in clear': { answer: [Buffer.from('N')] },
    'answers N, and goes on in clear as if it were logged in': {
      answer: [Buffer.concat([Buffer.from('N'), forged])],
    },
    'answers E, with a text of its own (CVE-2024-10977)': { answer: [Buffer.from('E'), forged] },
    'answers nothing but what a logged in client would read': { answer: [forged] },
  };
  for (const [lie, behaviour] of Object.entries(lies))
    it(`forges an account, or learns more than that there is a client, who ${lie}`, async (t) => {
      const server = await serverFor(t, behaviour);
      await assert.rejects(find(accountsAt(t, server.port), 500), StoreError);
      assert.deepEqual(server.said.clear.subarray(0, 8), SSL_REQUEST);
      // A ClientHello at most.
      assert.ok(!server.said.clear.includes('waxwing'));
      assert.equal(server.said.secret.length, 0);
    });

  it('and the first of these lies convicts a client that keeps what it has read', async (t) => {
    const [lie] = Object.values(lies);
    const server = await serverFor(t, lie ?? {});
    assert.deepEqual(await find(keepingTwin(server.port)), [{ password_hash: 'forged' }]);
  });

  it('takes the place of the server with a certificate of another, or of nobody we know', async (t) => {
    const others = await authority.issue({ names: ['other.test'] });
    const strange = await (await createAuthority()).issue({ names: ['localhost'] });
    for (const shown of [others, strange]) {
      const server = await serverFor(t, { certificate: shown, rows: ['forged'] });
      await assert.rejects(find(accountsAt(t, server.port)), StoreError);
      assert.equal(server.said.secret.length, 0);
    }
  });

  it('learns the password from what is said about a failure', async (t) => {
    const server = await serverFor(t, { answer: [Buffer.from('N')] });
    const failure = await find(accountsAt(t, server.port)).catch((error: unknown) => error);
    assert.ok(failure instanceof StoreError);
    assert.ok(!`${failure.message} ${failure.stack} ${JSON.stringify(failure)}`.includes(PASSWORD));
  });

  /** What is behind the S goes where answers from inside TLS go: the hole of libpq before 14.1. */
  function keepingTwin(port: number): Pick<AccountRows, 'find'> {
    return {
      async find() {
        const socket = connectPlain(port, '127.0.0.1');
        socket.write(SSL_REQUEST);
        const [said]: Buffer[] = await once(socket, 'data');
        const kept = said?.subarray(1) ?? Buffer.alloc(0);
        socket.pause();
        const inside = connectTls({ socket, servername: 'localhost', ...tls });
        await once(inside, 'secureConnect');
        inside.destroy();
        const at = kept.indexOf('D', welcome.length + 30);
        return [{ password_hash: kept.toString('latin1', at + 11, at + 11 + kept.readUInt32BE(at + 7)) }];
      },
    };
  }
});

async function until(done: () => boolean): Promise<void> {
  for (let n = 0; n < 3000 && !done(); n++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(done());
}
