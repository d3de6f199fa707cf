/** SMTPUTF8, CHUNKING and DSN between two real Waxwings, and with the real servers that have them. */
import assert from 'node:assert/strict';
import { describe, type TestContext } from 'node:test';
import { greetedClient, type RawClient } from '../support/raw-client.ts';
import { startDovecot } from './support/dovecot.ts';
import { startExim } from './support/exim.ts';
import type { Received } from './support/maildir.ts';
import { startOpenSmtpd } from './support/opensmtpd.ts';
import { peerTest } from './support/peer.ts';
import { startPostfix } from './support/postfix.ts';
import { readMail } from './support/read-mail.ts';
import { until } from './support/until.ts';
import { startWaxwing, type Waxwing } from './support/waxwing.ts';

const sender = 'jürgen@sender.test';
const recipient = '用户@example.test';
const header = 'From: <jürgen@sender.test>\r\nTo: <用户@example.test>\r\nSubject: Grüße\r\n';
const text = 'First\r\n.dot\r\nGrüße\r\n';
const allOctets = Buffer.from([...Array(256).keys()].filter((octet) => ![0, 10, 13].includes(octet)));

const servers = { postfix: startPostfix, exim: startExim } as const;

describe('SMTPUTF8', () => {
  for (const name of ['postfix', 'exim'] as const) {
    peerTest(
      `RFC 6531: through two Waxwings to ${name}, each of which says so in its trace`,
      [name],
      async (roots, t) => {
        const peer = await servers[name](roots[name]);
        t.after(() => peer.close());
        const [first] = await startTwo(t, peer.port);
        await handIn(first, { from: sender, to: [recipient], mail: ' BODY=8BITMIME SMTPUTF8', header });
        const [received] = await peer.messages(1);
        assert.deepEqual(utf8(received?.from), sender);
        assert.deepEqual(utf8(received?.to), recipient);
        assert.match(utf8(received?.header), /^Subject: Grüße$/m);
        assert.equal(received?.body.toString(), text.replaceAll('\r\n', '\n'));
        // RFC 6531 §4.3.
        assert.match(utf8(received?.header), /by two\.waxwing\.test with\s+UTF8SMTPS\s+id/);
        assert.match(utf8(received?.header), /by one\.waxwing\.test with\s+UTF8SMTP\s+id/);
      },
    );
  }

  peerTest(
    'RFC 6531 §3.5: where OpenSMTPD lacks it the message is returned with 5.6.7, in UTF-8',
    ['opensmtpd', 'postfix', 'tools'],
    async (roots, t) => {
      const without = await startOpenSmtpd(roots.opensmtpd);
      t.after(() => without.close());
      const postfix = await startPostfix(roots.postfix, { domains: ['sender.test'] });
      t.after(() => postfix.close());
      const waxwing = await start(t, {
        routes: [
          { match: 'example.test', to: `smtp://127.0.0.1:${without.port}` },
          { match: '*', to: `smtp://127.0.0.1:${postfix.port}` },
        ],
      });
      const to = [recipient];
      await handIn(waxwing, { from: sender, to, mail: ' BODY=8BITMIME SMTPUTF8', header });
      const [bounced] = await waxwing.eventsOf('bounced');
      assert.equal(bounced?.to, recipient);
      assert.match(bounced.tls?.because ?? '', /lacks SMTPUTF8/);
      const [notice] = await postfix.messages(1);
      assert.equal(utf8(notice?.to), sender);
      const { status, original } = await readNotice(roots.tools, notice);
      assert.equal(status[1]?.['final-recipient'], `utf-8; ${recipient}`);
      assert.equal(status[1]['status'], '5.6.7');
      assert.match(original ?? '', /Grüße/);
      assert.deepEqual(await without.messages(), []);
    },
  );

  for (const name of ['postfix', 'exim'] as const) {
    peerTest(`${name} hands in what needs it`, [name, 'postfix'], async (roots, t) => {
      const end = await startPostfix(roots.postfix);
      t.after(() => end.close());
      const waxwing = await start(t, { routes: [{ match: '*', to: `smtp://127.0.0.1:${end.port}` }] });
      const relay = { host: '127.0.0.1', port: waxwing.port };
      const client = await servers[name](roots[name], { domains: [], relay });
      t.after(() => client.close());
      await client.inject(sender, [recipient], Buffer.from(`${header}\r\n${text}`.replaceAll('\r\n', '\n')));
      const [received] = await end.messages(1);
      assert.equal(utf8(received?.from), sender);
      assert.equal(utf8(received?.to), recipient);
      assert.match(utf8(received?.header), /by waxwing\.test with\s+UTF8SMTP/);
    });
  }
});

describe('CHUNKING', () => {
  for (const name of ['postfix', 'exim'] as const) {
    peerTest(
      `RFC 3030: what came in many chunks goes through two Waxwings to ${name}, every octet`,
      [name],
      async (roots, t) => {
        const peer = await servers[name](roots[name]);
        t.after(() => peer.close());
        const [first, second] = await startTwo(t, peer.port);
        const body = Buffer.concat([allOctets, Buffer.from(`\r\n.\r\n${text}`.repeat(2_000))]);
        const content = Buffer.concat([Buffer.from('Subject: x\r\n\r\n'), body]);
        const client = await greetedClient(first.port);
        t.after(() => client.close());
        await client.expect('MAIL FROM:<a@sender.test> BODY=8BITMIME', '250');
        await client.expect('RCPT TO:<b@example.test>', '250');
        for (const chunk of [content.subarray(0, 1), content.subarray(1, 1000), content.subarray(1000)]) {
          client.write(`BDAT ${chunk.length}\r\n`);
          client.write(chunk);
          assert.match(await client.reply(), /^250 /);
        }
        await client.expect('BDAT 0 LAST', '250');
        const [received] = await peer.messages(1);
        assert.ok(
          received?.body.equals(Buffer.from(body.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')),
        );
        // Postfix counts the commands of a connection when it ends.
        for (const waxwing of [first, second]) await waxwing.stop();
        await until(
          () => (name === 'postfix' ? / bdat=1 / : / K S=/).test(peer.log()),
          () => peer.log(),
        );
      },
    );
  }

  peerTest('Exim hands in by it', ['exim', 'postfix'], async (roots, t) => {
    const end = await startPostfix(roots.postfix);
    t.after(() => end.close());
    const waxwing = await start(t, { routes: [{ match: '*', to: `smtp://127.0.0.1:${end.port}` }] });
    const exim = await startExim(roots.exim, {
      domains: [],
      relay: { host: '127.0.0.1', port: waxwing.port },
    });
    t.after(() => exim.close());
    await exim.inject('a@sender.test', ['b@example.test'], Buffer.from('Subject: x\n\n.dot\nbody\n'));
    const [received] = await end.messages(1);
    assert.equal(received?.body.toString(), '.dot\nbody\n');
    assert.match(exim.log(), /=> b@example\.test .* K /);
  });
});

const wishes = {
  mail: ' RET=HDRS ENVID=QQ+2B314159',
  rcpt: ' NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;Bob+2B1@example.test',
};

describe('DSN', () => {
  peerTest(
    'RFC 3461: ENVID and ORCPT reach Postfix through two Waxwings, and come back in its notice of success',
    ['postfix', 'exim', 'tools'],
    async (roots, t) => {
      const exim = await startExim(roots.exim, { domains: ['sender.test'] });
      t.after(() => exim.close());
      const postfix = await startPostfix(roots.postfix, {
        relay: { host: '127.0.0.1', port: exim.port },
      });
      t.after(() => postfix.close());
      const [first, second] = await startTwo(t, postfix.port);
      await handIn(first, { from: 'a@sender.test', to: ['b@example.test'], ...wishes });
      await postfix.messages(1);
      const [notice, ...others] = await exim.messages(1);
      assert.deepEqual(others, [], 'both Waxwings passed the duty on');
      const { status } = await readNotice(roots.tools, notice);
      const [message, ofB] = status;
      assert.equal(message?.['reporting-mta'], 'dns; postfix.test');
      assert.equal(message['original-envelope-id'], 'QQ+2B314159'.replace('+2B', '+'));
      assert.match(ofB?.['original-recipient'] ?? '', /^rfc822; ?Bob\+1@example\.test$/);
      assert.equal(ofB?.['action'], 'delivered');
      for (const waxwing of [first, second]) await waxwing.eventsOf('delivered');
    },
  );

  peerTest(
    'RFC 3461 §5.2.2: a hop without DSN: Waxwing says "relayed", with the header only',
    ['exim', 'postfix', 'tools'],
    async (roots, t) => {
      const exim = await startExim(roots.exim);
      t.after(() => exim.close());
      const postfix = await startPostfix(roots.postfix, { domains: ['sender.test'] });
      t.after(() => postfix.close());
      const waxwing = await start(t, {
        routes: [
          { match: 'example.test', to: `smtp://127.0.0.1:${exim.port}` },
          { match: '*', to: `smtp://127.0.0.1:${postfix.port}` },
        ],
      });
      await handIn(waxwing, { from: 'a@sender.test', to: ['b@example.test'], ...wishes });
      await exim.messages(1);
      const [notice] = await postfix.messages(1);
      assert.equal(notice?.from, '');
      const { status, original } = await readNotice(roots.tools, notice);
      assert.equal(status[0]?.['original-envelope-id'], 'QQ+314159');
      assert.equal(status[1]?.['action'], 'relayed');
      assert.match(status[1]?.['status'] ?? '', /^2\./);
      assert.match(status[1]?.['original-recipient'] ?? '', /Bob\+1@example\.test$/);
      assert.match(original ?? '', /^Subject: x$/m);
      assert.doesNotMatch(notice.body.toString(), /First/);
    },
  );

  peerTest(
    'RFC 3461 §4.1: of two recipients that Dovecot does not know, the one with NOTIFY=NEVER is not told of',
    ['dovecot', 'postfix', 'tools'],
    async (roots, t) => {
      const dovecot = await startDovecot(roots.dovecot, { users: ['b@example.test'] });
      t.after(() => dovecot.close());
      const postfix = await startPostfix(roots.postfix, { domains: ['sender.test'] });
      t.after(() => postfix.close());
      const waxwing = await start(t, {
        routes: [
          { match: 'example.test', to: `lmtp://127.0.0.1:${dovecot.port}` },
          { match: '*', to: `smtp://127.0.0.1:${postfix.port}` },
        ],
      });
      const client = await greetedClient(waxwing.port);
      t.after(() => client.close());
      await client.expect('MAIL FROM:<a@sender.test>', '250');
      await client.expect('RCPT TO:<quiet@example.test> NOTIFY=NEVER', '250');
      await client.expect('RCPT TO:<loud@example.test> NOTIFY=FAILURE', '250');
      await client.expect('RCPT TO:<b@example.test> NOTIFY=SUCCESS', '250');
      await sendContent(client, 'Subject: x\r\n');
      const notices = await postfix.messages(2);
      const read = await Promise.all(notices.map((notice) => readNotice(roots.tools, notice)));
      const told = read
        .flatMap(({ status }) => status.slice(1))
        .map((one) => `${one['final-recipient']} ${one['action']}`);
      assert.deepEqual(told.toSorted(), [
        'rfc822; b@example.test delivered',
        'rfc822; loud@example.test failed',
      ]);
    },
  );

  peerTest(
    'Postfix asks for a notice, and gets it from Waxwing',
    ['postfix', 'exim', 'tools'],
    async (roots, t) => {
      const exim = await startExim(roots.exim);
      t.after(() => exim.close());
      const home = await startPostfix(roots.postfix, { domains: ['sender.test'] });
      t.after(() => home.close());
      const waxwing = await start(t, {
        routes: [
          { match: 'example.test', to: `smtp://127.0.0.1:${exim.port}` },
          { match: '*', to: `smtp://127.0.0.1:${home.port}` },
        ],
      });
      const client = await startPostfix(roots.postfix, {
        domains: [],
        relay: { host: '127.0.0.1', port: waxwing.port },
      });
      t.after(() => client.close());
      const words = [
        '-i',
        '-N',
        'success,failure',
        '-V',
        'QQ1',
        '-f',
        'a@sender.test',
        '--',
        'b@example.test',
      ];
      const sent = await client.run('sendmail', words, { input: 'Subject: x\n\nbody\n' });
      assert.equal(sent.code, 0, sent.stderr);
      await exim.messages(1);
      const [notice] = await home.messages(1);
      const { status } = await readNotice(roots.tools, notice);
      assert.equal(status[0]?.['original-envelope-id'], 'QQ1');
      assert.equal(status[0]['reporting-mta'], 'dns; waxwing.test');
      assert.equal(status[1]?.['action'], 'relayed');
    },
  );
});

async function start(t: TestContext, options: Parameters<typeof startWaxwing>[0]): Promise<Waxwing> {
  const waxwing = await startWaxwing(options);
  t.after(() => waxwing.close());
  return waxwing;
}

/** The first hands everything to the second, and that to `port`. */
async function startTwo(t: TestContext, port: number): Promise<[Waxwing, Waxwing]> {
  const route = (to: number) => [{ match: '*', to: `smtp://127.0.0.1:${to}` }];
  const second = await start(t, { hostname: 'two.waxwing.test', routes: route(port) });
  const first = await start(t, { hostname: 'one.waxwing.test', routes: route(second.port) });
  return [first, second];
}

interface HandedIn {
  readonly from: string;
  readonly to: readonly string[];
  /** Words of MAIL and RCPT beside the address. */
  readonly mail?: string;
  readonly rcpt?: string;
  readonly header?: string;
}

async function handIn(waxwing: Waxwing, what: HandedIn): Promise<void> {
  const { from, to, mail = '', rcpt = '', header: head = 'Subject: x\r\n' } = what;
  const client = await greetedClient(waxwing.port);
  try {
    await client.expect(latin1(`MAIL FROM:<${from}>${mail}`), '250');
    for (const one of to) await client.expect(latin1(`RCPT TO:<${one}>${rcpt}`), '250');
    await sendContent(client, head);
  } finally {
    client.close();
  }
}

async function sendContent(client: RawClient, head: string): Promise<void> {
  await client.expect('DATA', '354');
  client.write(Buffer.from(`${head}\r\n${text.replace(/^\./gm, '..')}.\r\n`));
  assert.match(await client.reply(), /^250 /);
}

/** The octets of a text in UTF-8, as the client takes them. */
function latin1(words: string): string {
  return Buffer.from(words).toString('latin1');
}

/** What a maildir's header says, which is read as octets. */
function utf8(octets: string | undefined): string {
  return Buffer.from(octets ?? '', 'latin1').toString();
}

type Fields = Readonly<Record<string, string>>;

/** The groups of fields of a delivery status, that of the message first, and what it shows of the original. */
async function readNotice(
  root: string,
  notice: Received | undefined,
): Promise<{ status: readonly Fields[]; original: string | undefined }> {
  assert.ok(notice !== undefined);
  const { type, parameters, defects, parts } = await readMail(root, notice);
  assert.deepEqual(defects, []);
  assert.equal(type, 'multipart/report');
  // RFC 6522 §3: the subtype of the second part.
  assert.equal(`message/${parameters['report-type']}`, parts[1]?.type);
  return { status: parts[1]?.fields ?? [], original: parts[2]?.text ?? undefined };
}
