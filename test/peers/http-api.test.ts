/** The HTTP API: curl hands mail in, a real server receives it, and a parser of others reads it. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Received } from './support/maildir.ts';
import { peerTest } from './support/peer.ts';
import { type Postfix, startPostfix } from './support/postfix.ts';
import { runIn } from './support/sandbox.ts';
import { newApiKey, startWaxwing, type Waxwing } from './support/waxwing.ts';

/** All octets, and what a text tool would repair. */
const octets = Buffer.from([...Array.from({ length: 256 }, (_, index) => index), 13, 10, 46, 13, 10, 13, 46]);
const FILE_NAME = 'Übersicht – 数字 "2026".bin';
const TEXT = 'Grüße,\nein Punkt allein:\n.\nund eine lange Zeile: ' + 'ä'.repeat(2_000) + '\n';
const HTML = '<p>Grüße <img src="cid:logo@shop.test"></p>';

const script = `
import base64, email, email.policy, email.utils, json, sys
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
print(json.dumps({
    'subject': message['subject'],
    'from': [[one.display_name, one.addr_spec] for one in message['from'].addresses],
    'to': [[one.display_name, one.addr_spec] for one in message['to'].addresses],
    'bcc': message['bcc'],
    'note': message['x-note'],
    'defects': [repr(defect) for part in message.walk() for defect in part.defects],
    'date': email.utils.parsedate_to_datetime(message['date']) is not None,
    'parts': [{'type': part.get_content_type(), 'name': part.get_filename(), 'id': part['content-id'],
               'content': base64.b64encode(part.get_payload(decode=True)).decode()}
              for part in message.walk() if not part.is_multipart()],
}))
`;

interface Read {
  readonly defects: readonly string[];
  readonly parts: readonly {
    readonly type: string;
    readonly name: string | null;
    readonly id: string | null;
    readonly content: string;
  }[];
}

async function readBy(tools: string, { header, body }: Received): Promise<Read> {
  const input = Buffer.concat([Buffer.from(`${header}\n`, 'latin1'), body]);
  const done = await runIn(tools, 'python3', ['-c', script], { input });
  assert.equal(done.code, 0, done.stderr);
  return JSON.parse(done.stdout);
}

interface Setting {
  readonly postfix: Postfix;
  readonly waxwing: Waxwing;
  /** Posts with curl. @returns status and body. */
  readonly post: (
    path: string,
    type: string,
    body: Buffer | string,
    ...headers: readonly string[]
  ) => Promise<{ readonly status: number; readonly id: string; readonly error: string }>;
}

describe('the HTTP API', () => {
  peerTest(
    'curl posts messages of both kinds, Postfix receives them, and Python reads what was meant',
    ['postfix', 'tools'],
    async (roots, t) => {
      const { postfix, waxwing, post } = await start(roots, (close) => t.after(close));

      await t.test('as it is: every octet, and the dot alone', async () => {
        const body = 'Hello\r\n.\r\n..\r\nGr\xfc\xdfe\r\n';
        const message = `Subject: raw\r\nFrom: a@shop.test\r\nX-Spaced:   as it was \r\n\r\n${body}`;
        const sent = await post(
          '/v1/messages?from=a%40shop.test&to=b%40example.test',
          'message/rfc822',
          Buffer.from(message, 'latin1'),
        );
        assert.equal(sent.status, 202, sent.error);
        const [received] = await postfix.messages(1);
        assert.ok(received !== undefined);
        assert.deepEqual([received.from, received.to], ['a@shop.test', 'b@example.test']);
        assert.ok(received.header.endsWith('Subject: raw\nFrom: a@shop.test\nX-Spaced:   as it was \n'));
        assert.match(received.header, new RegExp(`by waxwing\\.test with HTTP id\\s+${sent.id}`));
        assert.equal(received.body.toString('latin1'), body.replaceAll('\r\n', '\n'));
      });

      await t.test('as JSON: text, HTML and attachments, byte for byte, names in any language', async () => {
        const message = {
          from: { name: 'Jürgen, Shop', address: 'a@shop.test' },
          to: ['Ann Example <c@example.test>'],
          bcc: 'd@example.test',
          subject: 'Grüße 数字 aus dem Laden, und noch so viel mehr, dass es gefaltet wird',
          text: TEXT,
          html: HTML,
          headers: { 'X-Note': 'Größe 9' },
          attachments: [
            { filename: FILE_NAME, content: octets.toString('base64') },
            {
              filename: 'logo.png',
              contentType: 'image/png',
              content: octets.toString('base64'),
              contentId: 'logo@shop.test',
            },
          ],
        };
        const sent = await post('/v1/messages', 'application/json', JSON.stringify(message));
        assert.equal(sent.status, 202, sent.error);
        const received = (await postfix.messages(3)).filter(({ to }) => /^[cd]@/.test(to));
        assert.deepEqual(received.map(({ to }) => to).toSorted(), ['c@example.test', 'd@example.test']);
        for (const one of received) {
          const { parts, ...read } = await readBy(roots.tools, one);
          assert.deepEqual(read, {
            subject: message.subject,
            from: [['Jürgen, Shop', 'a@shop.test']],
            to: [['Ann Example', 'c@example.test']],
            bcc: null,
            note: 'Größe 9',
            defects: [],
            date: true,
          });
          const byType = new Map(parts.map((part) => [part.type, part]));
          assert.deepEqual(
            [...byType.keys()],
            ['text/plain', 'text/html', 'image/png', 'application/octet-stream'],
          );
          const contentOf = (type: string): Buffer => Buffer.from(byType.get(type)?.content ?? '', 'base64');
          assert.equal(contentOf('text/plain').toString().replaceAll('\r\n', '\n'), TEXT);
          assert.equal(contentOf('text/html').toString().trimEnd(), HTML);
          assert.deepEqual(contentOf('application/octet-stream'), octets);
          assert.deepEqual(contentOf('image/png'), octets);
          assert.equal(byType.get('application/octet-stream')?.name, FILE_NAME);
          assert.equal(byType.get('image/png')?.id, '<logo@shop.test>');
        }
      });

      await t.test(
        'twice with one key: one message, also where the relay was killed in between',
        async () => {
          const message = JSON.stringify({
            from: 'a@shop.test',
            to: 'e@example.test',
            subject: 'once',
            text: 'x',
          });
          const again = () => post('/v1/messages', 'application/json', message, 'Idempotency-Key: order-7');
          const first = await again();
          assert.equal(first.status, 202, first.error);
          await waxwing.kill9();
          await waxwing.start();
          const second = await again();
          assert.deepEqual([second.status, second.id], [202, first.id]);
          await waxwing.eventsOf('delivered', 4);
          assert.equal((await postfix.messages(4)).filter(({ to }) => to === 'e@example.test').length, 1);
        },
      );

      await t.test('with a wrong key: nothing', async () => {
        const wrong = await post(
          '/v1/messages',
          'application/json',
          '{}',
          'Authorization: Bearer waxwing_wrong',
        );
        assert.equal(wrong.status, 401);
      });
    },
  );
});

async function start(
  roots: { readonly postfix: string; readonly tools: string },
  after: (close: () => Promise<void>) => void,
): Promise<Setting> {
  const mailboxes = ['b', 'c', 'd', 'e'].map((local) => `${local}@example.test=mail/`).join(' ');
  const postfix = await startPostfix(roots.postfix, {
    settings: { virtual_mailbox_maps: `inline:{ ${mailboxes} }` },
  });
  after(() => postfix.close());
  const { key, hash } = await newApiKey();
  const waxwing = await startWaxwing({
    apiKeys: [{ name: 'shop', key_hash: hash, scopes: ['send'], senders: ['shop.test'] }],
    routes: [{ match: 'example.test', to: `smtp://127.0.0.1:${postfix.port}` }],
  });
  after(() => waxwing.close());
  return {
    postfix,
    waxwing,
    async post(path, type, body, ...headers) {
      const usual = headers.some((one) => one.startsWith('Authorization'))
        ? []
        : [`Authorization: Bearer ${key}`];
      const done = await runIn(
        roots.tools,
        'curl',
        [
          '--silent',
          '--show-error',
          '--max-time',
          '20',
          '--data-binary',
          '@/peer/body',
          ...[`Content-Type: ${type}`, ...usual, ...headers].flatMap((one) => ['--header', one]),
          '--write-out',
          '\n%{http_code}',
          `http://127.0.0.1:${waxwing.apiPort}${path}`,
        ],
        { files: { '/peer/body': body } },
      );
      assert.equal(done.code, 0, done.stderr);
      const [answer = '', status = ''] = done.stdout.split('\n');
      return { status: Number(status), ...JSON.parse(answer) };
    },
  };
}
