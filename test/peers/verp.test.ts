/** Copies with senders of their own, as Postfix makes them, and what real servers send back to such senders. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { startExim } from './support/exim.ts';
import { peerTest } from './support/peer.ts';
import { freePort } from './support/ports.ts';
import { startPostfix } from './support/postfix.ts';
import { talk } from './support/talk.ts';
import { until } from './support/until.ts';
import { startWaxwing } from './support/waxwing.ts';

const content = 'Subject: news\r\n\r\nnews\r\n';
/** What a client says, and what is expected of the answers. */
const commands = (from: string, to: readonly string[]) => [
  'EHLO client.test',
  `MAIL FROM:<${from}> XVERP=+=`,
  ...to.map((one) => `RCPT TO:<${one}>`),
  'DATA',
  `${content}.`,
  'QUIT',
];
const to = ['anna@example.test', 'bob.x-y=z@example.test'];

describe('XVERP', () => {
  peerTest('Postfix and Waxwing make the same senders of it', ['postfix'], async (roots, t) => {
    const postfix = await startPostfix(roots.postfix, {
      settings: { smtpd_authorized_verp_clients: '127.0.0.0/8' },
    });
    t.after(() => postfix.close());
    const waxwing = await startWaxwing({
      submission: { xverp: true },
      routes: [{ match: 'example.test', to: `smtp://127.0.0.1:${postfix.port}` }],
    });
    t.after(() => waxwing.close());
    for (const port of [postfix.port, waxwing.port]) {
      const said = await talk(port, commands('owner-list@lists.test', to));
      assert.ok(said.some((line) => /^S: 250[- ]XVERP$/.test(line)));
      assert.match(said.at(-3) ?? '', /^S: 250 2\.0\.0 /);
      const faults = [
        'MAIL FROM:<> XVERP',
        'MAIL FROM:<a@lists.test> XVERP=ab',
        'MAIL FROM:<a@lists.test> XVERP=',
      ];
      const refused = await talk(port, ['EHLO client.test', ...faults, 'QUIT']);
      const codes = refused.filter((line) => line.startsWith('S: 5')).map((line) => line.slice(3, 12));
      assert.deepEqual(codes, ['503 5.5.4', '501 5.5.4', '501 5.5.4']);
    }
    const received = await postfix.messages(4);
    const senders = [
      'owner-list+anna=example.test@lists.test',
      'owner-list+bob.x-y=z=example.test@lists.test',
    ];
    assert.deepEqual(received.map(({ from }) => from).toSorted(), [...senders, ...senders].toSorted());
  });

  peerTest(
    'a recipient whom Postfix gives up after it took the message is found, counted and suppressed',
    ['postfix', 'exim'],
    async (roots, t) => {
      const exim = await startExim(roots.exim, { domains: ['lists.test'] });
      t.after(() => exim.close());
      const port = await freePort('127.0.0.1');
      const waxwing = await startWaxwing({
        submission: { xverp: true },
        domains: [{ name: 'lists.test', backend: `smtp://127.0.0.1:${exim.port}` }],
        routes: [{ match: 'example.test', to: `smtp://127.0.0.1:${port}` }],
        bounces: { addresses: ['owner-list@lists.test'], secret_file: 'bounces.secret', suppress_after: 1 },
      });
      t.after(() => waxwing.close());
      const postfix = await startPostfix(roots.postfix, {
        port,
        relay: { host: '127.0.0.1', port: waxwing.mxPort },
        settings: { transport_maps: `inline:{ { gone@example.test=smtp:[127.0.0.1]:${exim.port} } }` },
      });
      t.after(() => postfix.close());
      const said = await talk(
        waxwing.port,
        commands('owner-list@lists.test', ['anna@example.test', 'gone@example.test']),
      );
      assert.match(said.at(-3) ?? '', /^S: 250 2\.0\.0 kept/);
      const [back] = await waxwing.returned();
      assert.equal(back?.recipient, 'gone@example.test');
      assert.match(back.to, /^owner-list\+gone=example\.test\+[a-z2-7]{10}@lists\.test$/);
      assert.deepEqual(
        [back.proof, back.action, back.status, back.diagnostic, back.reportingMta, back.counted],
        ['ours', 'failed', '5.0.0', '550 relay not permitted', 'postfix.test', true],
      );
      const [passedOn] = await exim.messages(1);
      assert.deepEqual([passedOn?.from, passedOn?.to], ['', 'owner-list@lists.test']);

      const list = async () => (await waxwing.cli(['queue', 'suppressed'])).stdout;
      await until(
        async () => (await list()).includes('gone@example.test'),
        () => 'nobody is suppressed',
      );
      const again = commands('owner-list@lists.test', ['gone@example.test']);
      const refused = await talk(waxwing.port, again.slice(0, 3));
      assert.match(refused.at(-1) ?? '', /^S: 550 5\.1\.1 gone@example\.test is suppressed since /);
      const lifted = await waxwing.cli(['queue', 'suppressed', '--lift', 'Gone@example.test']);
      assert.equal(lifted.stdout, 'mail for gone@example.test is taken again\n');
      assert.equal(await list(), 'nobody is suppressed\n');
      assert.match((await talk(waxwing.port, again.slice(0, 3))).at(-1) ?? '', /^S: 250 /);
    },
  );
});
