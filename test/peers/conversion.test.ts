/** Mail that a server cannot take as it is arrives in another transfer encoding, with the same content. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { startExim } from './support/exim.ts';
import { peerTest } from './support/peer.ts';
import { handIn } from './support/pipelining-client.ts';
import { startPostfix } from './support/postfix.ts';
import { readMail } from './support/read-mail.ts';
import { startWaxwing } from './support/waxwing.ts';

const text = 'Grüße, 世界.  \r\n.dot\r\n\r\n=3D\tend\t\r\n';
const longLine = `${'long ä '.repeat(700)}\r\n`;
const octets = Buffer.from(
  [...Array(5000).keys()]
    .map((index) => (index * 7919) % 251)
    .filter((octet) => ![0, 10, 13].includes(octet)),
);

interface Case {
  readonly head: string;
  /** The content of each part in its order. */
  readonly parts: readonly Buffer[];
  /** Which follows the head's empty line. */
  readonly body: Buffer;
}

const cases: Record<string, Case> = {
  'eight-bit text': single('text/plain; charset=utf-8', Buffer.from(text)),
  'a line of 5,000 octets': single('text/plain; charset=us-ascii', Buffer.from(`${'x'.repeat(5000)}\r\n`)),
  'eight-bit text in lines of more than 998 octets': single(
    'text/html; charset=utf-8',
    Buffer.from(longLine.repeat(3)),
  ),
  'octets that are no text': single('application/octet-stream', Buffer.concat([octets, Buffer.from('\r\n')])),
  'a multipart in a multipart': nested(),
};

// Each lacks 8BITMIME, so that nothing above 127 may be sent to it (RFC 6152 §3).
const peers = {
  postfix: (root: string) => startPostfix(root, { settings: { smtpd_discard_ehlo_keywords: '8bitmime' } }),
  exim: (root: string) => startExim(root, { settings: { accept_8bitmime: 'false' } }),
} as const;

describe('mail for a server without 8BITMIME', () => {
  for (const name of ['postfix', 'exim'] as const) {
    peerTest(
      `arrives at ${name} in seven bits and short lines, with the same content`,
      [name, 'tools'],
      async (roots, t) => {
        const peer = await peers[name](roots[name]);
        t.after(() => peer.close());
        const waxwing = await startWaxwing({ routes: [{ match: '*', to: `smtp://127.0.0.1:${peer.port}` }] });
        t.after(() => waxwing.close());
        for (const [index, { head, body }] of Object.values(cases).entries()) {
          const content = Buffer.concat([
            Buffer.from(`Subject: case\r\nMIME-Version: 1.0\r\n${head}\r\n\r\n`),
            body,
          ]);
          const to = [`case-${index}@example.test`];
          assert.match(await handIn(waxwing.port, { from: 'a@sender.test', to, content }), /^250 /);
        }
        const received = await peer.messages(Object.keys(cases).length);
        assert.equal(received.length, Object.keys(cases).length);
        for (const [index, [what, { parts }]] of Object.entries(cases).entries()) {
          const message = received.find(({ to }) => to === `case-${index}@example.test`);
          assert.ok(message !== undefined, what);
          assert.ok(
            message.body.every((octet) => octet < 128),
            what,
          );
          const longest = Math.max(
            ...message.body
              .toString('latin1')
              .split('\n')
              .map((line) => line.length),
          );
          assert.ok(longest <= 998, `${what}: a line of ${longest} octets`);
          const read = await readMail(roots.tools, message);
          assert.deepEqual(read.defects, [], what);
          assert.deepEqual(
            read.parts.map((part) => crlf(part.content)),
            parts,
            what,
          );
        }
      },
    );
  }

  peerTest(
    'what 8BITMIME allows goes as it is, but a line of 5,000 octets never does',
    ['postfix', 'tools'],
    async (roots, t) => {
      const postfix = await startPostfix(roots.postfix);
      t.after(() => postfix.close());
      const waxwing = await startWaxwing({
        routes: [{ match: '*', to: `smtp://127.0.0.1:${postfix.port}` }],
      });
      t.after(() => waxwing.close());
      const hand = (who: string, body: string) => {
        const content = Buffer.from(
          `Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${body}`,
        );
        return handIn(waxwing.port, { from: 'a@sender.test', to: [`${who}@example.test`], content });
      };
      await hand('short', text);
      await hand('long', `${'ä'.repeat(2500)}\r\n`);
      const received = await postfix.messages(2);
      const short = received.find(({ to }) => to === 'short@example.test');
      assert.equal(short?.body.toString(), text.replaceAll('\r\n', '\n'));
      const long = received.find(({ to }) => to === 'long@example.test');
      assert.ok(long !== undefined);
      const [part] = (await readMail(roots.tools, long)).parts;
      assert.notEqual(part?.encoding, '8bit');
      assert.equal(part?.text, `${'ä'.repeat(2500)}\n`);
    },
  );
});

function single(type: string, content: Buffer): Case {
  return {
    head: `Content-Type: ${type}\r\nContent-Transfer-Encoding: 8bit`,
    parts: [content],
    body: content,
  };
}

function nested(): Case {
  const parts = [Buffer.from(text), Buffer.from(longLine), Buffer.from('plain\r\n')];
  const inner = ['text/plain; charset=utf-8', 'text/html; charset=utf-8'].map((type, index) =>
    Buffer.concat([
      Buffer.from(`--in\r\nContent-Type: ${type}\r\n\r\n`),
      parts[index] ?? Buffer.alloc(0),
      Buffer.from('\r\n'),
    ]),
  );
  const body = Buffer.concat([
    Buffer.from('preamble\r\n--out\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n'),
    ...inner,
    Buffer.from('--in--\r\n--out\r\nContent-Type: text/plain\r\n\r\nplain\r\n\r\n--out--\r\nepilogue\r\n'),
  ]);
  return { head: 'Content-Type: multipart/mixed; boundary="out"', parts, body };
}

/** The peers store line ends as LF; what was encoded as base64 comes out with its own. */
function crlf(content: Buffer): Buffer {
  return Buffer.from(content.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
}
