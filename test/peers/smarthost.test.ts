/** The real Waxwing logs in at real servers, within TLS that it verified first. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { type Authority, type Certificate, createAuthority } from '../support/certificates.ts';
import { startTap } from '../support/tap.ts';
import type { Accounts } from './support/accounts.ts';
import { startExim } from './support/exim.ts';
import { startOpenSmtpd } from './support/opensmtpd.ts';
import { peerTest } from './support/peer.ts';
import { handIn } from './support/pipelining-client.ts';
import { type Postfix, startPostfix } from './support/postfix.ts';
import { startWaxwing } from './support/waxwing.ts';

const message = {
  from: 'a@sender.test',
  to: ['b@example.test'],
  content: Buffer.from('Subject: x\r\n\r\ntext\r\n'),
};
const login = { user: 'anna', password: 'pencil' };

/** How each smarthost notes by what somebody logged in. */
const smarthosts = {
  postfix: { start: startPostfix, noted: /sasl_method=SCRAM-SHA-256, sasl_username=anna/ },
  exim: { start: startExim, noted: /A=plain_server:anna/ },
  opensmtpd: { start: startOpenSmtpd, noted: /authentication user=anna result=ok/ },
} as const;

describe('a smarthost that wants a login', () => {
  for (const name of ['postfix', 'exim', 'opensmtpd'] as const) {
    const { start, noted } = smarthosts[name];
    peerTest(
      `${name} takes mail for elsewhere from Waxwing over STARTTLS and implicit TLS`,
      [name, 'postfix'],
      async (roots, t) => {
        const { authority, options, end } = await prepare(roots.postfix, t);
        const smarthost = await start(roots[name], options);
        t.after(() => smarthost.close());
        for (const [scheme, port] of [
          ['smtp', smarthost.port],
          ['smtps', smarthost.tlsPort],
        ] as const) {
          const waxwing = await startWaxwing({
            trust: authority.certPem,
            routes: [{ match: '*', to: `${scheme}://smarthost.localhost:${port}`, ...login }],
          });
          t.after(() => waxwing.close());
          await handIn(waxwing.port, message);
          const [delivered] = await waxwing.eventsOf('delivered');
          assert.equal(delivered?.tls?.outcome, 'authenticated');
          assert.equal(delivered.tls.required, 'authenticate');
          assert.equal(delivered.tls.peerName, 'smarthost.localhost');
          assert.equal(delivered.mx?.port, port);
          assert.doesNotMatch(waxwing.log() + JSON.stringify(waxwing.events()), /pencil/);
        }
        assert.equal((await end.messages(2)).length, 2);
        assert.match(smarthost.log(), noted);
      },
    );
  }

  peerTest('Postfix refuses the password: the mail waits, and says why', ['postfix'], async (roots, t) => {
    const { authority, options, end } = await prepare(roots.postfix, t);
    const smarthost = await startPostfix(roots.postfix, options);
    t.after(() => smarthost.close());
    const waxwing = await startWaxwing({
      trust: authority.certPem,
      routes: [{ match: '*', to: `smtp://smarthost.localhost:${smarthost.port}`, ...login, password: 'pen' }],
    });
    t.after(() => waxwing.close());
    await handIn(waxwing.port, message);
    const [deferred] = await waxwing.eventsOf('deferred');
    assert.equal(deferred?.reply?.code, 535);
    assert.notEqual(deferred.nextAttemptAt, null);
    assert.deepEqual(await end.messages(), []);
  });

  peerTest(
    'one whose certificate is for another name gets neither the password nor the mail',
    ['postfix'],
    async (roots, t) => {
      const { authority, options } = await prepare(roots.postfix, t);
      const certificate = await authority.issue({ names: ['other.localhost'] });
      const smarthost = await startPostfix(roots.postfix, { ...options, certificate });
      t.after(() => smarthost.close());
      const waxwing = await startWaxwing({
        trust: authority.certPem,
        routes: [{ match: '*', to: `smtp://smarthost.localhost:${smarthost.port}`, ...login }],
      });
      t.after(() => waxwing.close());
      await handIn(waxwing.port, message);
      const [held] = await waxwing.eventsOf('held');
      assert.match(held?.tls?.because ?? '', /names other\.localhost, not smarthost\.localhost/);
      assert.doesNotMatch(smarthost.log(), /auth=|mail=/);
    },
  );

  peerTest('one without TLS gets no word of either', ['postfix'], async (roots, t) => {
    const postfix = await startPostfix(roots.postfix);
    t.after(() => postfix.close());
    const tap = await startTap({ target: { host: postfix.address, port: postfix.port } });
    t.after(() => tap.close());
    const waxwing = await startWaxwing({
      routes: [{ match: '*', to: `smtp://smarthost.localhost:${tap.port}`, ...login }],
    });
    t.after(() => waxwing.close());
    await handIn(waxwing.port, message);
    await waxwing.eventsOf('held');
    const said = tap.plainBytes().map(({ client }) => client.toString('latin1'));
    assert.deepEqual(said, ['EHLO waxwing.test\r\nQUIT\r\n']);
  });
});

interface Prepared {
  readonly authority: Authority;
  /** Of a smarthost that sends everything on to `end`. */
  readonly options: {
    readonly certificate: Certificate;
    readonly domains: readonly string[];
    readonly accounts: Accounts;
    readonly relay: { readonly host: string; readonly port: number };
  };
  readonly end: Postfix;
}

async function prepare(root: string, t: TestContext): Promise<Prepared> {
  const authority = await createAuthority();
  const end = await startPostfix(root);
  t.after(() => end.close());
  const options = {
    certificate: await authority.issue({ names: ['smarthost.localhost'] }),
    domains: [],
    accounts: { [login.user]: login.password },
    relay: { host: '127.0.0.1', port: end.port },
  };
  return { authority, options, end };
}
