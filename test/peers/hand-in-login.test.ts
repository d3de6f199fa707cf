/** Real clients and relays log in at the real Waxwing, and hand in what others may not. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { type Authority, createAuthority } from '../support/certificates.ts';
import { greetedClient } from '../support/raw-client.ts';
import type { Login } from './support/accounts.ts';
import { type Client, curl, type HandIn, msmtp, nodemailer, smtplib, swaks } from './support/clients.ts';
import type { Finished } from './support/command.ts';
import { startExim } from './support/exim.ts';
import { startOpenSmtpd } from './support/opensmtpd.ts';
import { peerTest } from './support/peer.ts';
import { type Postfix, startPostfix } from './support/postfix.ts';
import { until } from './support/until.ts';
import { hashPassword, startWaxwing, type Waxwing } from './support/waxwing.ts';

const serverName = 'relay.example.test';
const hosts = { [serverName]: '127.0.0.1' };
const message = Buffer.from('From: <a@sender.test>\r\nSubject: hello\r\n\r\ntext\r\n');
const envelope = { from: 'a@sender.test', to: ['b@example.test'], message };
const lfOnly = Buffer.from('From: <a@sender.test>\nSubject: hello\n\ntext\n');

/** One is kept as a hash, the other as a verifier, with which SCRAM can be done. */
const anna: Login = { user: 'anna', password: 'pencil' };
const ben: Login = { user: 'ben@example.test', password: 'Grüße=1' };
const accounts = {
  [anna.user]: await hashPassword(anna.password, '--scrypt'),
  [ben.user]: await hashPassword(ben.password, '--scram'),
};

/** RFC 3848: the keyword for TLS and a login. */
const byLogin = /^Received: from .* by waxwing\.test with\s+ESMTPSA\s+id/m;

type Mechanism = NonNullable<HandIn['login']>['mechanism'];

const plainAndLogin: readonly Mechanism[] = ['PLAIN', 'LOGIN'];
const clients: Record<string, { client: Client; mechanisms: readonly Mechanism[] }> = {
  swaks: { client: swaks, mechanisms: plainAndLogin },
  msmtp: { client: msmtp, mechanisms: [...plainAndLogin, 'SCRAM-SHA-256'] },
  curl: { client: curl, mechanisms: plainAndLogin },
  smtplib: { client: smtplib, mechanisms: plainAndLogin },
  nodemailer: { client: nodemailer, mechanisms: plainAndLogin },
};

describe('logging in at Waxwing', () => {
  for (const [name, { client, mechanisms }] of Object.entries(clients)) {
    peerTest(
      `${name} logs in by ${mechanisms.join(', ')}; without the right password nothing is taken`,
      ['postfix', 'tools'],
      async (roots, t) => {
        const { authority, waxwing, postfix } = await startChain(roots.postfix, t);
        const to: HandIn = {
          ...envelope,
          port: waxwing.port,
          tls: 'starttls',
          trust: authority.certPem,
          serverName,
        };
        const byPlain: HandIn = { ...to, login: { ...anna, mechanism: 'PLAIN' } };
        const accepted: HandIn[] = [
          { ...byPlain, port: waxwing.tlsPort, tls: 'implicit' },
          ...mechanisms.map((mechanism): HandIn => ({ ...to, login: { ...userOf(mechanism), mechanism } })),
        ];
        for (const one of accepted) {
          const { code, stdout, stderr } = await client(roots.tools, one);
          assert.equal(code, 0, `${one.tls} ${one.login?.mechanism}: ${stdout}${stderr}`);
        }
        const received = await postfix.messages(accepted.length);
        for (const { header } of received) assert.match(header, byLogin);

        const mechanism = mechanisms.at(-1) ?? 'PLAIN';
        const wrong = await client(roots.tools, {
          ...to,
          login: { ...userOf(mechanism), password: 'pen', mechanism },
        });
        assert.notEqual(wrong.code, 0);
        // curl names its own error, and not the reply.
        assert.match(wrong.stdout + wrong.stderr, /535|Login denied/);
        const nobody = await client(roots.tools, to);
        assert.notEqual(nobody.code, 0);
        assert.match(nobody.stdout + nobody.stderr, /530/);
        const { trust: _, serverName: __, ...inClear } = byPlain;
        assert.notEqual((await client(roots.tools, { ...inClear, tls: 'none' })).code, 0);
        // Python's sends the password although nobody offered to take it.
        const exposed = waxwing.exposures().map(({ user }) => user);
        assert.deepEqual(exposed, client === smtplib ? ['anna'] : []);
        assert.equal((await waxwing.eventsOf('received')).length, accepted.length);
      },
    );
  }

  peerTest(
    'a password in clear is refused, and named as exposed without being shown',
    ['postfix'],
    async (roots, t) => {
      const { waxwing } = await startChain(roots.postfix, t);
      const client = await greetedClient(waxwing.port);
      t.after(() => client.close());
      await client.expect(`AUTH PLAIN ${base64('\0anna\0pencil')}`, '538 5.7.11');
      const exposures = await until(
        () => waxwing.exposures().length > 0 && waxwing.exposures(),
        () => waxwing.log(),
      );
      assert.deepEqual(
        exposures.map(({ user, address }) => ({ user, address })),
        [{ user: 'anna', address: '127.0.0.1' }],
      );
      assert.doesNotMatch(JSON.stringify(exposures) + waxwing.log(), /pencil|AGFubmEAcGVuY2ls/);
    },
  );

  peerTest(
    'Postfix relays to Waxwing after a login by PLAIN, LOGIN or SCRAM-SHA-256',
    ['postfix'],
    async (roots, t) => {
      const chain = await startChain(roots.postfix, t);
      for (const [index, mechanism] of ['PLAIN', 'LOGIN', 'SCRAM-SHA-256'].entries()) {
        const sendAs = async (login: Login) => {
          const client = await startPostfix(roots.postfix, {
            domains: [],
            hosts,
            relay: { ...relayOf(chain), tls: 'secure', names: ['nexthop'], login },
            settings: { smtp_sasl_mechanism_filter: mechanism },
          });
          t.after(() => client.close());
          return client;
        };
        await assertOnlyWithTheRightPassword(
          chain,
          ben,
          sendAs,
          /status=deferred .*SASL authentication failed/,
          index,
        );
      }
    },
  );

  peerTest(
    'Exim relays to Waxwing after a login by PLAIN or LOGIN',
    ['exim', 'postfix'],
    async (roots, t) => {
      const chain = await startChain(roots.postfix, t);
      for (const [index, mechanism] of (['PLAIN', 'LOGIN'] as const).entries()) {
        const sendAs = async (login: Login) => {
          const client = await startExim(roots.exim, {
            domains: [],
            hosts,
            relay: { ...relayOf(chain), tls: 'verify', login: { ...login, mechanism } },
          });
          t.after(() => client.close());
          return client;
        };
        await assertOnlyWithTheRightPassword(chain, anna, sendAs, /authenticator failed .*535/, index);
      }
    },
  );

  peerTest(
    'OpenSMTPD relays to Waxwing after a login over STARTTLS or implicit TLS',
    ['opensmtpd', 'postfix'],
    async (roots, t) => {
      const chain = await startChain(roots.postfix, t);
      const ports = { verify: chain.waxwing.port, implicit: chain.waxwing.tlsPort };
      for (const [index, tls] of (['verify', 'implicit'] as const).entries()) {
        const sendAs = async (login: Login) => {
          const relay = { ...relayOf(chain), port: ports[tls], tls, login };
          const client = await startOpenSmtpd(roots.opensmtpd, { domains: [], hosts, relay });
          t.after(() => client.close());
          return client;
        };
        await assertOnlyWithTheRightPassword(chain, anna, sendAs, /535/, index);
      }
    },
  );
});

/** SCRAM needs a user who is kept as a verifier. */
function userOf(mechanism: Mechanism): Login {
  return mechanism === 'SCRAM-SHA-256' ? ben : anna;
}

interface Chain {
  readonly authority: Authority;
  readonly waxwing: Waxwing;
  /** Where all mail goes in the end. */
  readonly postfix: Postfix;
}

/** A Waxwing that takes mail only from those who log in, wherever they are. */
async function startChain(root: string, t: TestContext): Promise<Chain> {
  const authority = await createAuthority();
  const postfix = await startPostfix(root);
  t.after(() => postfix.close());
  const waxwing = await startWaxwing({
    certificate: await authority.issue({ names: [serverName] }),
    networks: [],
    accounts,
    routes: [{ match: '*', to: `smtp://127.0.0.1:${postfix.port}` }],
  });
  t.after(() => waxwing.close());
  return { authority, waxwing, postfix };
}

function relayOf({ authority, waxwing }: Chain): { host: string; port: number; trust: string } {
  return { host: serverName, port: waxwing.port, trust: authority.certPem };
}

interface Sender {
  inject(from: string, to: readonly string[], message: Buffer): Promise<Finished>;
  log(): string;
  close(): Promise<void>;
}

/**
 * @param refusal what the client logs where the password is wrong.
 * @param earlier how many messages came through before.
 */
async function assertOnlyWithTheRightPassword(
  { waxwing, postfix }: Chain,
  login: Login,
  startAs: (login: Login) => Promise<Sender>,
  refusal: RegExp,
  earlier: number,
): Promise<void> {
  const wrong = await startAs({ ...login, password: 'pen' });
  await wrong.inject(envelope.from, envelope.to, lfOnly);
  await until(
    () => refusal.test(wrong.log()),
    () => wrong.log(),
  );
  // It would come again.
  await wrong.close();
  assert.equal((await waxwing.eventsOf('received', earlier)).length, earlier);
  const right = await startAs(login);
  await right.inject(envelope.from, envelope.to, lfOnly);
  const received = await postfix.messages(earlier + 1).catch((error: Error) => {
    throw new Error(right.log(), { cause: error });
  });
  assert.equal(received.length, earlier + 1);
  assert.match(received.at(-1)?.header ?? '', byLogin);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
