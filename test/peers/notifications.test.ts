/** What the sender is told, as a real server delivers it and a parser of others reads it. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { startExim } from './support/exim.ts';
import { peerTest } from './support/peer.ts';
import { handIn } from './support/pipelining-client.ts';
import { startPostfix } from './support/postfix.ts';
import { readMail } from './support/read-mail.ts';
import { startWaxwing } from './support/waxwing.ts';

describe('a notification', () => {
  peerTest(
    'RFC 3464: of two recipients one is unknown to Postfix: one delivery, one notification to the sender',
    ['postfix', 'exim', 'tools'],
    async (roots, t) => {
      const authority = await createAuthority();
      const certificate = await authority.issue({ names: ['mx.localhost'] });
      const postfix = await startPostfix(roots.postfix, {
        certificate,
        settings: { virtual_mailbox_maps: 'inline:{ known@example.test=mail/ }' },
      });
      t.after(() => postfix.close());
      const exim = await startExim(roots.exim, { certificate, domains: ['sender.test'] });
      t.after(() => exim.close());
      const waxwing = await startWaxwing({
        trust: authority.certPem,
        routes: [
          { match: 'example.test', to: `smtp://mx.localhost:${postfix.port}`, tls: 'authenticate' },
          { match: 'sender.test', to: `smtp://mx.localhost:${exim.port}`, tls: 'authenticate' },
        ],
      });
      t.after(() => waxwing.close());
      const to = ['known@example.test', 'unknown@example.test'];
      const content = Buffer.from('Subject: Grüße\r\nMessage-ID: <1@sender.test>\r\n\r\nsecret text\r\n');
      assert.match(await handIn(waxwing.port, { from: 'a@sender.test', to, content }), /^250 /);

      const [received, ...others] = await postfix.messages(1);
      assert.equal(received?.to, 'known@example.test');
      assert.deepEqual(others, []);
      const [bounced] = await waxwing.eventsOf('bounced');
      assert.equal(bounced?.to, 'unknown@example.test');
      assert.equal(bounced.reply?.code, 550);
      assert.equal(bounced.reply.enhanced, '5.1.1');
      assert.equal(bounced.tls?.outcome, null);
      const delivered = await waxwing.eventsOf('delivered', 2);
      assert.deepEqual(delivered.map((event) => event.to).toSorted(), [
        'a@sender.test',
        'known@example.test',
      ]);

      const [notice, ...more] = await exim.messages(1);
      assert.deepEqual(more, []);
      assert.equal(notice?.from, '');
      assert.equal(notice.to, 'a@sender.test');
      assert.match(notice.header, /\(TLS1\.3\)/);
      const read = await readMail(roots.tools, notice);
      assert.deepEqual(read.defects, []);
      assert.equal(read.type, 'multipart/report');
      assert.equal(read.parameters['report-type'], 'delivery-status');
      assert.equal(read.headers['auto-submitted'], 'auto-replied');
      assert.equal(read.headers['to'], 'a@sender.test');
      const [text, status, original] = read.parts;
      assert.deepEqual(
        read.parts.map(({ type }) => type),
        ['text/plain', 'message/delivery-status', 'text/rfc822-headers'],
      );
      assert.match(text?.text ?? '', /unknown@example\.test/);
      assert.match(original?.text ?? '', /^Message-ID: <1@sender\.test>$/m);
      assert.doesNotMatch(notice.body.toString(), /secret text/);
      const [message, ...recipients] = status?.fields ?? [];
      assert.equal(message?.['reporting-mta'], 'dns; waxwing.test');
      assert.equal(recipients.length, 1);
      assert.equal(recipients[0]?.['final-recipient'], 'rfc822; unknown@example.test');
      assert.equal(recipients[0]?.['action'], 'failed');
      assert.equal(recipients[0]?.['status'], '5.1.1');
      assert.match(recipients[0]?.['diagnostic-code'] ?? '', /^smtp; 550 5\.1\.1 .*User unknown/);
      assert.equal(recipients[0]?.['remote-mta'], 'dns; mx.localhost');
    },
  );

  peerTest(
    'RFC 5321 §6.1: the null sender is told nothing; the event says that the message is dropped',
    ['postfix'],
    async (roots, t) => {
      const postfix = await startPostfix(roots.postfix, { domains: ['other.test'] });
      t.after(() => postfix.close());
      const waxwing = await startWaxwing({
        routes: [{ match: '*', to: `smtp://127.0.0.1:${postfix.port}` }],
      });
      t.after(() => waxwing.close());
      await handIn(waxwing.port, {
        from: '',
        to: ['b@example.test'],
        content: Buffer.from('Subject: x\r\n\r\n'),
      });
      const [dropped] = await waxwing.eventsOf('dropped');
      assert.match(dropped?.reply?.text ?? '', /Relay access denied/);
      assert.deepEqual(
        waxwing.events().map(({ event }) => event),
        ['received', 'dropped'],
      );
    },
  );
});
