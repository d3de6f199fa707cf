/** The log in Postfix's format, read by pflogsumm: what it counts is what happened. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { peerTest } from './support/peer.ts';
import { handIn } from './support/pipelining-client.ts';
import { startPostfix } from './support/postfix.ts';
import { runIn } from './support/sandbox.ts';
import { startWaxwing } from './support/waxwing.ts';

const content = Buffer.from('Subject: x\r\nMessage-ID: <m1@sender.test>\r\n\r\ntext\r\n');
/** How a Postfix answers a recipient, by its name. */
const answers =
  'check_recipient_access inline:{{bad@example.test=550 5.1.1 no such user}, {later@example.test=450 4.2.0 later}}, permit';

describe("the log in Postfix's format", () => {
  peerTest(
    'is read by pflogsumm, which counts what was received, delivered, deferred and bounced, as in a real one',
    ['postfix', 'pflogsumm'],
    async (roots, t) => {
      const authority = await createAuthority();
      const end = await startPostfix(roots.postfix, {
        certificate: await authority.issue({ names: ['localhost'] }),
        settings: { smtpd_recipient_restrictions: answers },
      });
      t.after(() => end.close());
      const waxwing = await startWaxwing({
        hostname: 'relay.example.test',
        trust: authority.certPem,
        routes: [{ match: '*', to: `smtp://localhost:${end.port}`, tls: 'authenticate' }],
        events: { postfix_log: 'mail.log' },
      });
      t.after(() => waxwing.close());
      const to = ['a', 'b', 'bad', 'later'].map((local) => `${local}@example.test`);
      await handIn(waxwing.port, { from: 'a@sender.test', to, content });
      await handIn(waxwing.port, { from: 'b@sender.test', to: ['c@example.test'], content });
      await waxwing.eventsOf('delivered', 3);
      await waxwing.eventsOf('deferred');
      // The notification for a@sender.test, which the far side does not take.
      await waxwing.eventsOf('dropped');
      await waxwing.stop();
      const ours = readFileSync(join(waxwing.data, '../mail.log'), 'utf8');

      const totals = await totalsOf(roots.pflogsumm, ours);
      assert.deepEqual(totals, { received: 2, delivered: 3, deferred: 1, bounced: 2 });
      // Line by line what it is, and in the order of a real one.
      for (const line of ours.trimEnd().split('\n'))
        assert.match(
          line,
          /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d relay postfix\/(?:smtpd|cleanup|qmgr|smtp)\[\d+\]: /,
        );
      assert.match(
        ours,
        /Verified TLS connection established to localhost\[127\.0\.0\.1\]:\d+: TLSv1\.3 with cipher /,
      );
      assert.match(ours, /: message-id=<m1@sender\.test>\n/);
      assert.match(
        ours,
        /: to=<bad@example\.test>, .*, dsn=5\.1\.1, status=bounced \(host localhost\[127\.0\.0\.1\] said: 550 5\.1\.1 /,
      );

      const theirs = await totalsOf(roots.pflogsumm, end.log());
      assert.deepEqual([theirs.received, theirs.delivered], [2, 3]);
    },
  );
});

/** What stands at the top of its report. */
async function totalsOf(root: string, log: string) {
  const report = await runIn(root, 'pflogsumm', ['-'], { input: log });
  assert.equal(report.code, 0, report.stderr);
  const total = (what: string): number =>
    Number(new RegExp(`^ +([0-9]+) +${what}`, 'm').exec(report.stdout)?.[1] ?? assert.fail(report.stdout));
  return {
    received: total('received'),
    delivered: total('delivered'),
    deferred: total('deferred'),
    bounced: total('bounced'),
  };
}
