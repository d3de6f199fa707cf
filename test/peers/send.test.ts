/** `waxwing send` and `waxwing queue` against real servers. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { type Authority, createAuthority } from '../support/certificates.ts';
import { peerTest } from './support/peer.ts';
import { freePort } from './support/ports.ts';
import { type Postfix, startPostfix } from './support/postfix.ts';
import { until } from './support/until.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

const message = 'Subject: hello\n\ntext without a line end';
const from = ['send', '--from', 'a@sender.test'];

describe('waxwing send', () => {
  peerTest('follows a message to each end and says how it travelled', ['postfix'], async (roots, t) => {
    const { postfix, waxwing } = await startBoth(roots.postfix, t);
    await t.test('0: every recipient is accepted; the body ends with a line end', async () => {
      const sent = await waxwing.cli([...from, '--to', 'b@example.test', 'c@example.test'], message);
      assert.equal(sent.code, 0, sent.stderr);
      const lines = sent.stdout.split('\n');
      assert.equal(lines.length, 5);
      const where = `mx\\.localhost \\[127\\.0\\.0\\.1\\]:${postfix.port}`;
      assert.match(
        lines[0] ?? '',
        new RegExp(`^\\S+Z delivered b@example\\.test ${where} "250 2\\.0\\.0 .*", attempt 1$`),
      );
      assert.match(
        lines[1] ?? '',
        /^ {4}authenticated; TLSv1\.3 TLS_AES_256_GCM_SHA384 .*; required authenticate by override: the certificate is valid for mx\.localhost/,
      );
      const received = await postfix.messages(2);
      for (const { body, header } of received) {
        assert.equal(body.toString(), 'text without a line end\n');
        assert.match(header, /^Received: from waxwing\.test .* by waxwing\.test with ESMTP id/ms);
      }
    });
    await t.test('1: a recipient is refused', async () => {
      const sent = await waxwing.cli([...from, '--to', 'b@example.test', 'unknown@example.test'], message);
      assert.equal(sent.code, 1);
      assert.match(sent.stdout, /delivered b@example\.test/);
      assert.match(sent.stdout, /bounced unknown@example\.test mx\.localhost .* "550 5\.1\.1 .*User unknown/);
    });
    await t.test('1: the TLS that is required cannot be had', async () => {
      const sent = await waxwing.cli([...from, '--to', 'b@wrong.test'], message);
      assert.equal(sent.code, 1);
      assert.match(sent.stdout, /held b@wrong\.test wrong\.localhost/);
      assert.match(
        sent.stdout,
        / {4}not delivered; .*; required authenticate by override: .*the certificate names mx\.localhost/,
      );
    });
    await t.test('75: it is still queued when the time is over', async () => {
      const sent = await waxwing.cli([...from, '--to', 'later@example.test', '--timeout', '1'], message);
      assert.equal(sent.code, 75, sent.stderr);
      // The notification of what was refused above is deferred too: nobody answers for its domain.
      const all = await waxwing.eventsOf('deferred');
      const deferred = all.find(({ to }) => to === 'later@example.test');
      assert.equal(sent.stderr, `still queued as ${deferred?.id}: no end within 1 s (--timeout)\n`);
      assert.match(
        sent.stdout,
        /deferred later@example\.test .* "450 4\.7\.1 .*come back.*", attempt 1, next try /,
      );
    });
    await t.test('64: wrong usage', async () => {
      for (const args of [
        ['send', '--to', 'b@example.test'],
        ['send', '--from', 'a@sender.test'],
        [...from, '--to', 'no address'],
        [...from, '--to', 'b@example.test', '--to-host', 'mx.localhost'],
        [...from, '--to', 'b@example.test', '--timeout', 'soon'],
        [...from, '--to', 'b@example.test', '--unknown'],
        [...from, '--to', 'b@example.test', '/nonexistent/message.eml'],
      ]) {
        const sent = await waxwing.cli(args, message);
        assert.equal(sent.code, 64, args.join(' '));
        assert.match(sent.stderr, /^error: /);
      }
    });
    await t.test('--json: the final event of each recipient', async () => {
      const sent = await waxwing.cli(
        [...from, '--json', '--to', 'b@example.test', 'unknown@example.test'],
        message,
      );
      assert.equal(sent.code, 1);
      const told = JSON.parse(sent.stdout);
      const logged = waxwing.events().filter(({ id }) => id === told[0].id);
      assert.deepEqual(
        told,
        logged.filter(({ event }) => event === 'delivered' || event === 'bounced'),
      );
      assert.equal(told.length, 2);
    });
    await t.test('1: nobody serves the data folder', async () => {
      assert.equal((await waxwing.stop()).code, 0);
      const sent = await waxwing.cli([...from, '--to', 'b@example.test'], message);
      assert.equal(sent.code, 1);
      assert.match(sent.stderr, /^error: no waxwing serves .*; start it with: waxwing serve$/m);
    });
  });

  peerTest(
    '--direct needs no relay, and --to-host names whom the certificate must prove',
    ['postfix'],
    async (roots, t) => {
      const { postfix, waxwing } = await startBoth(roots.postfix, t);
      await waxwing.stop();
      const before = waxwing.events().length;
      const direct = (...more: string[]) => waxwing.cli([...from, '--direct', ...more], message);
      await t.test('0: as the route says', async () => {
        const sent = await direct('--to', 'b@example.test');
        assert.equal(sent.code, 0, `${sent.stdout}${sent.stderr}${postfix.log()}`);
        assert.match(sent.stdout, /delivered b@example\.test mx\.localhost .*\n {4}authenticated; /);
      });
      await t.test('0: to a host whose certificate proves its name', async () => {
        const sent = await direct(
          '--to',
          'b@example.test',
          '--to-host',
          `mx.localhost:${postfix.port}`,
          '--json',
        );
        assert.equal(sent.code, 0, `${sent.stdout}${sent.stderr}${postfix.log()}`);
        const [event] = JSON.parse(sent.stdout);
        assert.equal(event.event, 'delivered');
        assert.equal(event.tls.outcome, 'authenticated');
        assert.equal(event.tls.peerName, 'mx.localhost');
        assert.equal(event.nextAttemptAt, null);
      });
      for (const host of ['wrong.localhost', '127.0.0.1']) {
        await t.test(`1: to ${host}, which the certificate does not name`, async () => {
          const sent = await direct('--to', 'b@example.test', '--to-host', `${host}:${postfix.port}`);
          assert.equal(sent.code, 1, sent.stdout + sent.stderr);
          assert.match(
            sent.stdout,
            new RegExp(`not delivered; .*the certificate names mx\\.localhost, not ${host}`),
          );
        });
      }
      await t.test('blocked is what the required TLS kept back, and nothing holds it', async () => {
        const to = ['--to', 'b@example.test', '--to-host', `wrong.localhost:${postfix.port}`];
        const [event] = JSON.parse((await direct(...to, '--json')).stdout);
        assert.deepEqual([event.event, event.nextAttemptAt], ['blocked', null]);
      });
      await t.test('1: for good and for now there is nothing to wait for', async () => {
        for (const who of ['unknown', 'later'])
          assert.equal((await direct('--to', `${who}@example.test`)).code, 1, who);
      });
      assert.equal((await postfix.messages(2)).length, 2);
      assert.equal(waxwing.events().length, before);
    },
  );
});

describe('waxwing queue', () => {
  peerTest('shows what waits and why, and tries again when told to', ['postfix'], async (roots, t) => {
    const { postfix, waxwing } = await startBoth(roots.postfix, t);
    assert.equal((await waxwing.cli(['queue', 'list'])).stdout, 'the queue is empty\n');
    const to = ['later@example.test', 'b@dead.test'];
    await waxwing.cli([...from, '--timeout', '1', '--to', ...to], message);
    const [deferred] = await waxwing.eventsOf('deferred', 2);
    const id = deferred?.id ?? '';

    await t.test('list: one line for each recipient', async () => {
      const listed = await waxwing.cli(['queue', 'list']);
      const lines = listed.stdout.trimEnd().split('\n');
      assert.equal(lines.length, 3);
      assert.match(lines[0] ?? '', /^ID +AGE +FROM +TO +STATE +WHY$/);
      assert.match(
        listed.stdout,
        new RegExp(
          `^${id} +\\ds +a@sender\\.test +later@example\\.test +deferred +450 4\\.7\\.1 <later@example\\.test>: .*come back$`,
          'm',
        ),
      );
      assert.match(
        listed.stdout,
        new RegExp(`^${id} +\\ds +a@sender\\.test +b@dead\\.test +deferred +.*ECONNREFUSED`, 'm'),
      );
    });
    await t.test('show: the trail, and what was said in the attempt that failed', async () => {
      const shown = await waxwing.cli(['queue', 'show', id]);
      assert.equal(shown.code, 0, shown.stderr);
      assert.match(shown.stdout, new RegExp(`^${id} from <a@sender\\.test>, \\d+ octets, taken \\S+Z$`, 'm'));
      assert.match(shown.stdout, /^ {2}later@example\.test: deferred, 1 attempt, next try \S+Z$/m);
      assert.match(shown.stdout, / received later@example\.test$/m);
      assert.match(shown.stdout, /what was said for later@example\.test in the attempt of \S+Z:/);
      for (const line of [
        'S: 220 postfix.test ESMTP Postfix',
        'C: EHLO waxwing.test',
        'C: STARTTLS',
        '== TLS TLSv1.3 TLS_AES_256_GCM_SHA384',
        'C: RCPT TO:<later@example.test>',
        'S: 450 4.7.1 <later@example.test>: Recipient address rejected: come back',
      ])
        assert.ok(shown.stdout.includes(`\n  ${line}`), line);
    });
    await t.test('show --json: the same as data; an unknown id is an error', async () => {
      const trail = JSON.parse((await waxwing.cli(['queue', 'show', '--json', id])).stdout);
      assert.deepEqual(
        trail.recipients.map((one: { address: string }) => one.address),
        to,
      );
      assert.deepEqual(trail.events, waxwing.events());
      const unknown = await waxwing.cli(['queue', 'show', 'nothing']);
      assert.equal(unknown.code, 1);
      assert.equal(unknown.stderr, 'error: no message nothing\n');
    });
    await t.test('retry: by id, by destination, everything; what is delivered leaves the list', async () => {
      const port = new RegExp(`smtp://\\S+:${postfix.port}`);
      const listed = JSON.parse((await waxwing.cli(['queue', 'list', '--json'])).stdout);
      const { destination } = listed[0].recipients[0];
      assert.match(destination, port);
      const ways: [string[], number][] = [
        [[id], 2],
        [['--destination', destination], 1],
        [['--all'], 2],
      ];
      for (const [args, count] of ways) {
        const before = waxwing.events().length;
        const retried = await waxwing.cli(['queue', 'retry', '--json', ...args]);
        assert.equal(JSON.parse(retried.stdout).retried.length, count, args.join(' '));
        await until(() => waxwing.events().length >= before + count, waxwing.log);
      }
      assert.equal((await waxwing.cli(['queue', 'retry'])).code, 2);
      await comeBack(postfix);
      await waxwing.cli(['queue', 'retry', id]);
      const [delivered] = await waxwing.eventsOf('delivered');
      assert.equal(delivered?.to, 'later@example.test');
      assert.equal(delivered.attempt, 5);
      const open = JSON.parse((await waxwing.cli(['queue', 'list', '--json'])).stdout);
      assert.equal(open.length, 1);
      assert.equal((await postfix.messages(1)).length, 1);
    });
  });
});

interface Both {
  readonly authority: Authority;
  readonly postfix: Postfix;
  readonly waxwing: Waxwing;
}

const access = '/etc/postfix/access';

/** A Postfix that knows b, c and, for now, puts off later; a Waxwing with a route to it, and two that fail. */
async function startBoth(root: string, t: TestContext): Promise<Both> {
  const authority = await createAuthority();
  const postfix = await startPostfix(root, {
    certificate: await authority.issue({ names: ['mx.localhost'] }),
    files: { [access]: '/^later@/ 450 4.7.1 come back\n' },
    settings: {
      // Each connection has a process of its own, which reads its files anew.
      max_use: '1',
      smtpd_timeout: '1s',
      virtual_mailbox_maps: 'inline:{ b@example.test=mail/ c@example.test=mail/ later@example.test=mail/ }',
      smtpd_recipient_restrictions: `check_recipient_access regexp:${access}`,
    },
  });
  t.after(() => postfix.close());
  const tls = 'authenticate';
  const waxwing = await startWaxwing({
    trust: authority.certPem,
    routes: [
      { match: 'example.test', to: `smtp://mx.localhost:${postfix.port}`, tls },
      { match: 'wrong.test', to: `smtp://wrong.localhost:${postfix.port}`, tls },
      { match: 'dead.test', to: `smtp://127.0.0.1:${await freePort('127.0.0.1')}` },
    ],
  });
  t.after(() => waxwing.close());
  return { authority, postfix, waxwing };
}

/** From now on later is taken, once the connections that were told otherwise are gone. */
async function comeBack(postfix: Postfix): Promise<void> {
  const done = await postfix.run('sh', ['-c', `: >${access}`]);
  assert.equal(done.code, 0, done.stderr);
  const count = (what: string): number => postfix.log().split(` ${what} from `).length;
  await until(
    () => count('connect') === count('disconnect'),
    () => postfix.log(),
  );
}
