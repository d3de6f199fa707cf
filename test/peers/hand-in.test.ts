/** Real clients and relays hand mail to the real Waxwing, over TLS that they verify. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { type Authority, createAuthority } from '../support/certificates.ts';
import { startTap } from '../support/tap.ts';
import { curl, msmtp, nodemailer, smtplib, swaks } from './support/clients.ts';
import { type EximRelay, startExim } from './support/exim.ts';
import type { Received } from './support/maildir.ts';
import { peerTest } from './support/peer.ts';
import { type Postfix, type PostfixRelay, startPostfix } from './support/postfix.ts';
import { until } from './support/until.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

const text = `First line\r\n.dot\r\n..\r\n\r\nGrüße  \r\n\t${'x'.repeat(900)}\r\nlast\r\n`;
const message = Buffer.from(`From: <a@sender.test>\r\nTo: <b@example.test>\r\nSubject: hello\r\n\r\n${text}`);
const asStored = Buffer.from(text.replaceAll('\r\n', '\n'));
const envelope = { from: 'a@sender.test', to: ['b@example.test'], message };
const serverName = 'relay.example.test';

const clients = { swaks, msmtp, curl, smtplib, nodemailer } as const;

describe('handing mail to Waxwing', () => {
  for (const [name, client] of Object.entries(clients)) {
    for (const tls of ['starttls', 'implicit'] as const) {
      peerTest(
        `${name} hands in over ${tls} TLS, and the next host gets the body byte for byte`,
        ['postfix', 'tools'],
        async (roots, t) => {
          const { authority, waxwing, postfix } = await startChain(roots.postfix, t);
          const trust = authority.certPem;
          const port = tls === 'starttls' ? waxwing.port : waxwing.tlsPort;
          const tap = await startTap({ target: { host: '127.0.0.1', port } });
          t.after(() => tap.close());
          const sent = await client(roots.tools, { ...envelope, port: tap.port, tls, trust, serverName });
          assert.equal(sent.code, 0, sent.stdout + sent.stderr);
          await assertReceived(waxwing, tls === 'starttls' ? 'none' : 'encrypt');
          assertDelivered(await postfix.messages(1));
          const clear = tap.plainBytes().map((one) => one.client.toString('latin1'));
          assert.doesNotMatch(clear.join('\n'), /MAIL FROM|a@sender\.test/i);
        },
      );
    }
  }

  const postfixWays: Record<string, { relay: Partial<PostfixRelay>; settings?: Record<string, string> }> = {
    'at level secure': { relay: { tls: 'secure', names: ['nexthop'] } },
    'at level verify': { relay: { tls: 'verify' } },
    'at level encrypt': { relay: { tls: 'encrypt' } },
    'at level secure over implicit TLS': {
      relay: { tls: 'secure', names: ['nexthop'] },
      settings: { smtp_tls_wrappermode: 'yes' },
    },
  };
  for (const [how, { relay, settings = {} }] of Object.entries(postfixWays)) {
    peerTest(`Postfix relays to Waxwing ${how}`, ['postfix'], async (roots, t) => {
      const { authority, waxwing, postfix } = await startChain(roots.postfix, t);
      const port = 'smtp_tls_wrappermode' in settings ? waxwing.tlsPort : waxwing.port;
      const client = await startPostfix(roots.postfix, {
        domains: [],
        hosts: { [serverName]: '127.0.0.1' },
        relay: { ...relay, host: serverName, port, trust: authority.certPem },
        settings,
      });
      t.after(() => client.close());
      const sent = await client.inject(envelope.from, envelope.to, lfOnly(message));
      assert.equal(sent.code, 0, sent.stderr);
      await assertReceived(waxwing, 'smtp_tls_wrappermode' in settings ? 'encrypt' : 'none');
      assertDelivered(await postfix.messages(1));
      const trusted = relay.tls === 'encrypt' ? 'Trusted' : 'Verified';
      assert.match(client.log(), new RegExp(`${trusted} TLS connection established to ${serverName}`));
      assert.match(client.log(), /status=sent \(250 2\.0\.0 kept as \w+\)/);
    });
  }

  peerTest('Postfix keeps its mail where Waxwing is not who it says', ['postfix'], async (roots, t) => {
    const { authority, waxwing } = await startChain(roots.postfix, t);
    const other = 'other.example.test';
    const client = await startPostfix(roots.postfix, {
      domains: [],
      hosts: { [other]: '127.0.0.1' },
      relay: {
        host: other,
        port: waxwing.port,
        tls: 'secure',
        names: ['nexthop'],
        trust: authority.certPem,
      },
    });
    t.after(() => client.close());
    await client.inject(envelope.from, envelope.to, lfOnly(message));
    await until(
      () => /status=deferred/.test(client.log()),
      () => client.log(),
    );
    assert.match(client.log(), /Server certificate not verified/);
    assert.deepEqual(waxwing.events(), []);
  });

  for (const tls of ['verify', 'encrypt'] as const satisfies EximRelay['tls'][]) {
    peerTest(`Exim relays to Waxwing, told to ${tls}`, ['postfix', 'exim'], async (roots, t) => {
      const { authority, waxwing, postfix } = await startChain(roots.postfix, t);
      const exim = await startExim(roots.exim, {
        domains: [],
        hosts: { [serverName]: '127.0.0.1' },
        relay: { host: serverName, port: waxwing.port, tls, trust: authority.certPem },
      });
      t.after(() => exim.close());
      const sent = await exim.inject(envelope.from, envelope.to, lfOnly(message));
      assert.equal(sent.code, 0, sent.stderr);
      await assertReceived(waxwing, 'none');
      assertDelivered(await postfix.messages(1));
      const verified = tls === 'verify' ? 'yes' : 'no';
      assert.match(exim.log(), new RegExp(`=> b@example\\.test .* X=TLS1\\.3\\S* CV=${verified}`));
    });
  }
});

interface Chain {
  readonly authority: Authority;
  readonly waxwing: Waxwing;
  readonly postfix: Postfix;
}

/** A Waxwing whose every message goes on to a Postfix. */
async function startChain(root: string, t: TestContext): Promise<Chain> {
  const authority = await createAuthority();
  const postfix = await startPostfix(root);
  t.after(() => postfix.close());
  const waxwing = await startWaxwing({
    certificate: await authority.issue({ names: [serverName] }),
    routes: [{ match: '*', to: `smtp://127.0.0.1:${postfix.port}` }],
  });
  t.after(() => waxwing.close());
  return { authority, waxwing, postfix };
}

/** That the event says how it came, and that nothing else came. */
async function assertReceived(waxwing: Waxwing, required: 'none' | 'encrypt'): Promise<void> {
  const [event, ...others] = await waxwing.eventsOf('received');
  assert.deepEqual(others, []);
  assert.equal(event?.from, 'a@sender.test');
  assert.equal(event.to, 'b@example.test');
  assert.equal(event.tls?.outcome, 'encrypted');
  assert.equal(event.tls.required, required);
  assert.equal(event.tls.version, 'TLSv1.3');
  assert.match(event.tls.cipher ?? '', /^TLS_(AES|CHACHA20)_/);
}

function assertDelivered(received: readonly Received[]): void {
  const [one, ...others] = received;
  assert.deepEqual(others, []);
  assert.equal(one?.from, 'a@sender.test');
  assert.equal(one.to, 'b@example.test');
  assert.deepEqual(one.body, asStored);
  assert.match(one.header, /^Received: from \S+ \([^)]*\) by waxwing\.test with ESMTPS id\n/m);
  assert.match(one.header, /^Subject: hello$/m);
}

/** As `sendmail` takes it. */
function lfOnly(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}
