/** The real Waxwing before real servers that count its connections: all mail arrives, and few connections are made in vain. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { type Certificate, createAuthority } from '../support/certificates.ts';
import { startHostileServer } from '../support/hostile-server.ts';
import { startExim } from './support/exim.ts';
import { peerTest } from './support/peer.ts';
import { openPipeliningClient } from './support/pipelining-client.ts';
import { startPostfix } from './support/postfix.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

const authority = await createAuthority();
const certificate: Certificate = await authority.issue({ names: ['mx.localhost'] });
/** More than the server takes at once, and than it takes in one connection. */
const MESSAGES = 40;

/** A Waxwing that would like ten connections to the server, and has `MESSAGES` for it. */
async function crowd(t: TestContext, port: number, route: Record<string, number> = {}): Promise<Waxwing> {
  const waxwing = await startWaxwing({
    trust: authority.certPem,
    routes: [
      {
        match: 'example.test',
        to: `smtp://mx.localhost:${port}`,
        tls: 'authenticate',
        connections: 10,
        ...route,
      },
    ],
  });
  t.after(() => waxwing.close());
  const client = await openPipeliningClient(waxwing.port);
  const replies: Promise<string | null>[] = [];
  for (let index = 0; index < MESSAGES; index++) {
    const to = [`m${index}@example.test`];
    const content = Buffer.from(`Subject: ${index}\r\n\r\ntext\r\n`);
    const { reply } = await client.offer({ from: 'a@sender.test', to, content });
    replies.push(reply);
  }
  for (const reply of await Promise.all(replies)) assert.match(reply ?? '', /^250 2\.0\.0 kept/);
  client.close();
  return waxwing;
}

async function allDelivered(waxwing: Waxwing): Promise<void> {
  const delivered = await waxwing.eventsOf('delivered', MESSAGES);
  const recipients = new Set(delivered.map(({ to }) => to));
  assert.deepEqual([delivered.length, recipients.size], [MESSAGES, MESSAGES], 'each of them, and once');
  assert.ok(delivered.every(({ attempt, tls }) => attempt === 1 && tls?.outcome === 'authenticated'));
  const late = waxwing.events().filter(({ event }) => event === 'deferred');
  assert.deepEqual(late, [], 'none was put off');
}

const count = (text: string, pattern: RegExp): number => text.match(new RegExp(pattern, 'g'))?.length ?? 0;

describe('a server that counts our connections', { concurrency: 2 }, () => {
  peerTest('Postfix: two at once by smtpd_client_connection_count_limit', ['postfix'], async (roots, t) => {
    const postfix = await startPostfix(roots.postfix, {
      certificate,
      settings: { smtpd_client_connection_count_limit: '2', smtpd_client_event_limit_exceptions: '' },
    });
    t.after(() => postfix.close());
    const waxwing = await crowd(t, postfix.port);
    await allDelivered(waxwing);
    assert.equal((await postfix.messages(MESSAGES)).length, MESSAGES);
    const refused = count(postfix.log(), /warning: Connection concurrency limit exceeded/);
    const made = count(postfix.log(), / connect from /);
    t.diagnostic(`${made} connections, ${refused} of them refused`);
    assert.ok(refused >= 1 && refused <= 12, `${refused} were refused`);
  });

  peerTest(
    'Postfix: four in five seconds by smtpd_client_connection_rate_limit',
    ['postfix'],
    async (roots, t) => {
      const postfix = await startPostfix(roots.postfix, {
        certificate,
        settings: {
          smtpd_client_connection_rate_limit: '4',
          anvil_rate_time_unit: '5s',
          smtpd_client_event_limit_exceptions: '',
        },
      });
      t.after(() => postfix.close());
      const waxwing = await crowd(t, postfix.port);
      await allDelivered(waxwing);
      const refused = count(postfix.log(), /warning: Connection rate limit exceeded/);
      t.diagnostic(`${count(postfix.log(), / connect from /)} connections, ${refused} of them refused`);
      assert.ok(refused <= 12, `${refused} were refused`);
    },
  );

  peerTest('Exim: two at once, ten messages each, then 421', ['exim'], async (roots, t) => {
    const exim = await startExim(roots.exim, {
      certificate,
      settings: {
        smtp_accept_max: '50',
        smtp_accept_max_per_host: '2',
        smtp_accept_max_per_connection: '10',
        log_selector: '+smtp_connection',
      },
    });
    t.after(() => exim.close());
    const waxwing = await crowd(t, exim.port);
    await allDelivered(waxwing);
    assert.equal((await exim.messages(MESSAGES)).length, MESSAGES);
    const refused = count(
      exim.log(),
      /Connection from .* refused: too many connections from that IP address/,
    );
    t.diagnostic(`${count(exim.log(), /SMTP connection from /)} connections, ${refused} of them refused`);
    assert.ok(refused <= 12, `${refused} were refused`);
  });

  peerTest('Postfix: one at a time and 1,200 a minute by our own route', ['postfix'], async (roots, t) => {
    const postfix = await startPostfix(roots.postfix, { certificate });
    t.after(() => postfix.close());
    const began = performance.now();
    const waxwing = await crowd(t, postfix.port, { connections: 1, messages_per_minute: 1_200 });
    await allDelivered(waxwing);
    const took = performance.now() - began;
    assert.ok(took >= (MESSAGES - 2) * 50, `39 spaces of 50 ms, and it took ${took} ms`);
    // The first one is that of the test, which waits until the server answers.
    assert.equal(count(postfix.log(), / connect from /), 2);
  });

  peerTest('one behind something that swallows large ClientHellos', [], async (_, t) => {
    const peer = await startHostileServer(certificate, {
      startTls: { say: '220 go\r\n', next: 'reset-large' },
    });
    t.after(() => peer.close());
    const waxwing = await crowd(t, peer.port);
    await allDelivered(waxwing);
    assert.equal(peer.messages.length, MESSAGES);
    const broken = peer.conversations().filter(({ handshake }) => handshake === 'none').length;
    t.diagnostic(`${peer.conversations().length} connections, ${broken} of them in vain`);
    // Those that began before the first of them had found out.
    assert.ok(broken >= 1 && broken <= 10);
    const listed = await waxwing.cli(['policy', 'list', '--broken']);
    assert.match(listed.stdout, /^mx\.localhost +127\.0\.0\.1:\d+ +small ClientHello /m);
  });
});
