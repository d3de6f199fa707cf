/** The real Waxwing delivers to real servers over TLS that it verifies, and changes no octet. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { startDovecot } from './support/dovecot.ts';
import { startExim } from './support/exim.ts';
import { startOpenSmtpd } from './support/opensmtpd.ts';
import { peerTest } from './support/peer.ts';
import { handIn } from './support/pipelining-client.ts';
import { startPostfix } from './support/postfix.ts';
import { startWaxwing } from './support/waxwing.ts';

const header = 'From: <a@sender.test>\r\nSubject: body\r\n';
const allOctets = Buffer.from([...Array(256).keys()].filter((octet) => ![0, 10, 13].includes(octet)));

/** By the recipient's local part: what follows the header section, which ends each with an empty line. */
const bodies: Record<string, Buffer> = {
  'eight-bit': Buffer.from('Grüße, 世界\r\n'),
  'any-octet': Buffer.concat([allOctets, Buffer.from('\r\n')]),
  'leading-dots': Buffer.from('.\r\n..\r\n.text\r\n ...\r\n.'.concat('.'.repeat(70), '\r\n')),
  'only-dots': Buffer.from('.\r\n.\r\n.\r\n'),
  'longest-lines': Buffer.from(`${'x'.repeat(998)}\r\n.${'y'.repeat(997)}\r\n${'z'.repeat(998)}\r\n`),
  empty: Buffer.alloc(0),
  'trailing-space': Buffer.from('space   \r\ntab\t\r\n   \r\n\t\r\nend \r\n'),
  'empty-lines': Buffer.from('\r\n\r\ntext\r\n\r\n\r\n'),
  'thirty-megabytes': bigBody(30_000_000),
};

/** Lines of many lengths, some of which begin with dots; the same at each run. */
function bigBody(size: number): Buffer {
  const lines = Array.from(
    { length: 999 },
    (_, length) => `${'.'.repeat(length % 3)}${'ä0'.repeat(length / 3)}`,
  );
  const block = Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1');
  return Buffer.concat(Array(Math.ceil(size / block.length)).fill(block));
}

const peers = {
  postfix: { start: startPostfix, said: /^\t\(using TLSv1\.3 with cipher TLS_AES_256_GCM_SHA384/m },
  exim: { start: startExim, said: /^\tby exim\.test with esmtps {2}\(TLS1\.3\) tls TLS_\w+$/m },
  opensmtpd: { start: startOpenSmtpd, said: /^\tby opensmtpd\.test .* with ESMTPS id \w+ \(TLSv1\.3:/m },
} as const;

describe('Waxwing hands mail out', () => {
  for (const name of ['postfix', 'exim', 'opensmtpd'] as const) {
    const { start, said } = peers[name];
    peerTest(`to ${name} over verified STARTTLS, every body byte for byte`, [name], async (roots, t) => {
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['mx.localhost'] });
      const peer = await start(roots[name], { certificate });
      t.after(() => peer.close());
      const to = `smtp://mx.localhost:${peer.port}`;
      const waxwing = await startWaxwing({
        trust: authority.certPem,
        routes: [{ match: 'example.test', to, tls: 'authenticate' }],
      });
      t.after(() => waxwing.close());
      for (const [who, body] of Object.entries(bodies)) {
        const content = Buffer.concat([Buffer.from(`${header}\r\n`), body]);
        const envelope = { from: 'a@sender.test', to: [`${who}@example.test`] };
        assert.match(await handIn(waxwing.port, { ...envelope, content }), /^250 2\.0\.0 kept/, who);
      }
      const count = Object.keys(bodies).length;
      for (const { to: who, mx, reply, tls, attempt } of await waxwing.eventsOf('delivered', count)) {
        assert.equal(tls?.outcome, 'authenticated', who);
        assert.equal(tls.peerName, 'mx.localhost');
        assert.equal(tls.required, 'authenticate');
        assert.equal(tls.by, 'override');
        assert.equal(tls.version, 'TLSv1.3');
        assert.deepEqual(mx, { host: 'mx.localhost', address: '127.0.0.1', port: peer.port });
        assert.equal(reply?.code, 250);
        assert.equal(attempt, 1);
      }
      const received = await peer.messages(count);
      assert.equal(received.length, count);
      for (const { to: who, body, header: stored } of received) {
        const sent = bodies[who.replace('@example.test', '')]?.toString('latin1').replaceAll('\r\n', '\n');
        // Not deepEqual: of 30 MB it would print the difference.
        assert.ok(sent !== undefined && body.equals(Buffer.from(sent, 'latin1')), `the body of ${who}`);
        assert.match(stored, said);
        assert.match(
          stored,
          /^Received: from client\.test \(\[127\.0\.0\.1\]\) by waxwing\.test with ESMTP id/m,
        );
      }
    });
  }

  peerTest(
    'to dovecot by LMTP over verified STARTTLS, every body byte for byte',
    ['dovecot'],
    async (roots, t) => {
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['mailboxes.localhost'] });
      const users = Object.keys(bodies).map((who) => `${who}@example.test`);
      const dovecot = await startDovecot(roots.dovecot, { certificate, users });
      t.after(() => dovecot.close());
      const waxwing = await startWaxwing({
        trust: authority.certPem,
        routes: [{ match: '*', to: `lmtp://mailboxes.localhost:${dovecot.port}`, tls: 'authenticate' }],
      });
      t.after(() => waxwing.close());
      for (const [who, body] of Object.entries(bodies)) {
        const content = Buffer.concat([Buffer.from(`${header}\r\n`), body]);
        const to = [`${who}@example.test`];
        assert.match(await handIn(waxwing.port, { from: 'a@sender.test', to, content }), /^250 /, who);
      }
      for (const [who, body] of Object.entries(bodies)) {
        const [received] = await dovecot.messages(`${who}@example.test`, 1);
        const sent = Buffer.from(body.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
        assert.ok(received?.body.equals(sent), `the body of ${who}`);
      }
      for (const { tls } of await waxwing.eventsOf('delivered', users.length))
        assert.equal(tls?.outcome, 'authenticated');
    },
  );

  peerTest(
    'RFC 5321 §4.4: a message that is a header section only gets its trace line on top',
    ['postfix'],
    async (roots, t) => {
      const postfix = await startPostfix(roots.postfix);
      t.after(() => postfix.close());
      const waxwing = await startWaxwing({
        routes: [{ match: '*', to: `smtp://127.0.0.1:${postfix.port}` }],
      });
      t.after(() => waxwing.close());
      const envelope = { from: '', to: ['b@example.test'] };
      await handIn(waxwing.port, { ...envelope, content: Buffer.from(header) });
      const [received] = await postfix.messages(1);
      assert.match(
        received?.header ?? '',
        /by waxwing\.test with ESMTP id.*\nFrom: <a@sender\.test>\nSubject: body\n/s,
      );
      assert.equal(received?.body.length, 0);
      assert.equal(received?.from, '');
    },
  );

  peerTest('one connection takes one message after the other', ['postfix'], async (roots, t) => {
    const authority = await createAuthority();
    const certificate = await authority.issue({ names: ['mx.localhost'] });
    const postfix = await startPostfix(roots.postfix, { certificate });
    t.after(() => postfix.close());
    const waxwing = await startWaxwing({
      trust: authority.certPem,
      routes: [{ match: '*', to: `smtp://mx.localhost:${postfix.port}`, tls: 'authenticate' }],
    });
    t.after(() => waxwing.close());
    for (let count = 1; count <= 5; count++) {
      await handIn(waxwing.port, { from: '', to: ['b@example.test'], content: Buffer.from(`${header}\r\n`) });
      await waxwing.eventsOf('delivered', count);
    }
    const established = postfix.log().match(/TLS connection established from/g) ?? [];
    assert.equal(established.length, 1);
  });
});
