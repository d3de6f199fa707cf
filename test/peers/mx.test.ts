/** The real Waxwing before a real Dovecot: whom it takes mail for, and what becomes of each recipient. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { type Authority, createAuthority } from '../support/certificates.ts';
import { greetedClient, type RawClient } from '../support/raw-client.ts';
import { type Dovecot, startDovecot } from './support/dovecot.ts';
import { startExim } from './support/exim.ts';
import { startOpenSmtpd } from './support/opensmtpd.ts';
import { peerTest } from './support/peer.ts';
import { handIn } from './support/pipelining-client.ts';
import { startPostfix } from './support/postfix.ts';
import { readMail } from './support/read-mail.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

const users = ['anna@example.test', 'ben@example.test', 'full@example.test', 'postmaster@example.test'];
const quotas = { 'full@example.test': 10 };
const content = Buffer.from('Subject: x\r\nMessage-ID: <1@sender.test>\r\n\r\nGrüße\r\n.dot\r\n');
const stored = Buffer.from('Grüße\n.dot\n');

/** How Waxwing learns who is there: from its own table, or from Dovecot. */
const ways = {
  table: { recipients: ['anna', 'ben', 'full'] },
  callout: { verify: 'callout' },
} as const;

describe('Waxwing before Dovecot', () => {
  for (const [way, keys] of Object.entries(ways)) {
    peerTest(
      `${way}: each recipient gets an answer in the session, and its mail`,
      ['dovecot'],
      async (roots, t) => {
        const { dovecot, waxwing } = await startBoth(roots.dovecot, t, keys);
        const client = await greetedClient(waxwing.mxPort);
        t.after(() => client.close());
        await client.expect('MAIL FROM:<a@sender.test>', '250');
        for (const to of ['anna@example.test', 'BEN@EXAMPLE.TEST', 'postmaster@example.test', 'Postmaster'])
          await client.expect(`RCPT TO:<${to}>`, '250');
        await client.expect('RCPT TO:<unknown@example.test>', '550 5.1.1');
        for (const to of ['b@other.test', 'anna%other.test@example.test', '"b@other.test"@example.test'])
          await client.expect(`RCPT TO:<${to}>`, '550 5');
        await finish(client);
        for (const to of ['anna@example.test', 'ben@example.test', 'postmaster@example.test']) {
          const [received] = await dovecot.messages(to, 1);
          assert.equal(received?.from, 'a@sender.test');
          assert.deepEqual(received.body, stored);
          assert.match(received.header, /using TLSv1\.3 .*by dovecot\.test with LMTPS/s);
        }
        const delivered = await waxwing.eventsOf('delivered', 3);
        for (const { to, tls, mx, reply } of delivered) {
          assert.equal(tls?.outcome, 'authenticated', to);
          assert.equal(mx?.host, 'backend.localhost');
          // The answer is this recipient's own.
          assert.match(reply?.text ?? '', new RegExp(`<${to}>`, 'i'));
        }
      },
    );
  }

  peerTest(
    'RFC 2033: of two recipients one has no room: one delivery, one notification to the sender',
    ['dovecot', 'exim', 'tools'],
    async (roots, t) => {
      const exim = await startExim(roots.exim, { domains: ['sender.test'] });
      t.after(() => exim.close());
      const routes = [{ match: 'sender.test', to: `smtp://127.0.0.1:${exim.port}` }];
      const { dovecot, waxwing } = await startBoth(roots.dovecot, t, ways.table, routes);
      const to = ['full@example.test', 'anna@example.test'];
      assert.match(await handIn(waxwing.mxPort, { from: 'a@sender.test', to, content }), /^250 /);
      assert.equal((await dovecot.messages('anna@example.test', 1)).length, 1);
      const [bounced] = await waxwing.eventsOf('bounced');
      assert.equal(bounced?.to, 'full@example.test');
      assert.equal(bounced.reply?.code, 552);
      assert.equal(bounced.reply.enhanced, '5.2.2');
      const [notice] = await exim.messages(1);
      assert.ok(notice !== undefined);
      const read = await readMail(roots.tools, notice);
      const [, ...recipients] = read.parts[1]?.fields ?? [];
      assert.equal(recipients.length, 1);
      assert.equal(recipients[0]?.['final-recipient'], 'rfc822; full@example.test');
      assert.equal(recipients[0]?.['status'], '5.2.2');
      assert.deepEqual(await dovecot.messages('full@example.test'), []);
    },
  );

  peerTest(
    'callout: while Dovecot is away the sender is told to come again',
    ['dovecot'],
    async (roots, t) => {
      const { dovecot, waxwing } = await startBoth(roots.dovecot, t, ways.callout);
      await dovecot.close();
      const client = await greetedClient(waxwing.mxPort);
      t.after(() => client.close());
      await client.expect('MAIL FROM:<a@sender.test>', '250');
      await client.expect('RCPT TO:<anna@example.test>', '45');
      await client.expect('RCPT TO:<b@other.test>', '550');
    },
  );

  const senders = { postfix: startPostfix, exim: startExim, opensmtpd: startOpenSmtpd } as const;
  for (const name of ['postfix', 'exim', 'opensmtpd'] as const) {
    peerTest(
      `${name} delivers to it as an MX, over TLS that it verifies`,
      [name, 'dovecot'],
      async (roots, t) => {
        const { authority, dovecot, waxwing } = await startBoth(roots.dovecot, t, ways.table);
        const sender = await senders[name](roots[name], {
          domains: [],
          hosts: { 'mx.example.test': '127.0.0.1' },
          relay: { host: 'mx.example.test', port: waxwing.mxPort, tls: 'verify', trust: authority.certPem },
        });
        t.after(() => sender.close());
        const sent = await sender.inject(
          'a@sender.test',
          ['anna@example.test'],
          Buffer.from('Subject: x\n\nbody\n'),
        );
        assert.equal(sent.code, 0, sent.stderr);
        const [received] = await dovecot.messages('anna@example.test', 1);
        assert.deepEqual(received?.body, Buffer.from('body\n'));
        const [event] = await waxwing.eventsOf('received');
        assert.equal(event?.tls?.outcome, 'encrypted');
      },
    );
  }
});

interface Both {
  readonly authority: Authority;
  readonly dovecot: Dovecot;
  readonly waxwing: Waxwing;
}

/** A Waxwing that takes mail for example.test, whose mailboxes a Dovecot has. */
async function startBoth(
  root: string,
  t: TestContext,
  keys: Readonly<Record<string, string | readonly string[]>>,
  routes: readonly Readonly<Record<string, string>>[] = [],
): Promise<Both> {
  const authority = await createAuthority();
  const certificate = await authority.issue({ names: ['backend.localhost'] });
  const dovecot = await startDovecot(root, { users, quotas, certificate });
  t.after(() => dovecot.close());
  const backend = `lmtp://backend.localhost:${dovecot.port}`;
  const waxwing = await startWaxwing({
    certificate: await authority.issue({ names: ['mx.example.test'] }),
    trust: authority.certPem,
    domains: [{ name: 'example.test', backend, tls: 'authenticate', ...keys }],
    routes,
  });
  t.after(() => waxwing.close());
  return { authority, dovecot, waxwing };
}

async function finish(client: RawClient): Promise<void> {
  await client.expect('DATA', '354');
  client.write(Buffer.from(`${content.toString('latin1').replace(/^\./gm, '..')}.\r\n`, 'latin1'));
  assert.match(await client.reply(), /^250 /);
}
