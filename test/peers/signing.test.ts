/**
 * What python3-dkim 1.1.4 and opendkim 2.11.0 find of signatures and ARC seals of ours, in mail as the next host got it.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext } from 'node:test';
import { createAuthority } from '../support/certificates.ts';
import { type OtherJudges, openOtherJudges } from './support/other-judges.ts';
import { peerTest } from './support/peer.ts';
import { handIn } from './support/pipelining-client.ts';
import { startSink, type Taken } from './support/sink.ts';
import { until } from './support/until.ts';
import { startWaxwing } from './support/waxwing.ts';
import { startZoneServer } from './support/zone-server.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' });
const publicOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const txt = (text: string): readonly string[] => [
  (text.match(/.{1,200}/g) ?? []).map((part) => `"${part}"`).join(' '),
];

const zone = {
  // RFC 7505: mail for it comes back at once.
  'nobody.test MX': ['0 .'],
  'r._domainkey.own.test TXT': txt(`v=DKIM1; k=rsa; p=${publicOf(rsa.publicKey).toString('base64')}`),
  'e._domainkey.own.test TXT': txt(
    `v=DKIM1; k=ed25519; p=${publicOf(ed25519.publicKey).subarray(-32).toString('base64')}`,
  ),
  'r._domainkey.author.test TXT': txt(`v=DKIM1; k=rsa; p=${publicOf(rsa.publicKey).toString('base64')}`),
};

const date = 'Date: Sat, 28 Nov 2026 12:00:00 +0000\r\n';

/** Content by subject; each is sent as it stands. */
const submitted: Readonly<Record<string, string>> = {
  plain: 'To: b@away.test\r\n\r\nHello.\r\n',
  'empty body': 'To: b@away.test\r\n\r\n',
  'no body': 'To: b@away.test\r\n',
  'blank lines at the end': 'To: b@away.test\r\n\r\n\r\n  \t\r\nHello. \t \r\n\r\n\r\n',
  'lines with dots': '\r\n.\r\n..\r\n.a\r\n',
  'folded and odd fields':
    'To:\tb@away.test,\r\n \t c@away.test\r\nCC: d@away.test\r\nrefErences:  <a@b>\r\n\t<c@d>  \r\nReferences: <e@f>\r\nX-Mine: a  b\r\n\r\na  b\tc\r\n',
  'eight bits':
    'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nJ\xf6rg\r\n',
  'a line that no server takes': `\r\n${'x'.repeat(3_000)}\r\n`,
  'as a file': `\r\n${'a line  of text \r\n'.repeat(20_000)}\r\n\r\n`,
};

describe('what is submitted', () => {
  peerTest(
    'RFC 6376, 8463: both signatures of every message, and of a notification of ours, are good for both, as the next host got it',
    ['mailauth'],
    async (roots, t) => {
      const { resolver, judges, keys, sink } = await prepare(roots.mailauth, t);
      const waxwing = await startWaxwing({
        hostname: 'own.test',
        dns: { resolver: [resolver], dnssec: 'off' },
        routes: [{ match: 'away.test', to: `smtp://127.0.0.1:${sink.port}` }],
        dkim: keys,
      });
      t.after(() => waxwing.close());
      for (const [subject, rest] of Object.entries(submitted)) {
        const content = Buffer.from(`From: Anna <anna@own.test>\r\nSubject: ${subject}\r\n${rest}`, 'latin1');
        await handIn(waxwing.port, { from: 'anna@own.test', to: ['b@away.test'], content });
      }
      const lost = Buffer.from(`From: x@else.test\r\n${date}Subject: lost\r\n\r\nHello.\r\n`);
      await handIn(waxwing.port, { from: 'c@away.test', to: ['d@nobody.test'], content: lost });
      const mails = await sink.mails(Object.keys(submitted).length + 1);
      const notification = mails.find((mail) => /^From: .*mailer-daemon@own\.test/m.test(mail));
      assert.ok(notification?.includes('nobody.test'), 'it is signed, too');
      const words = await judges.judge(
        mails.map((mail) => ({ client: '127.0.0.1', hello: 'x', sender: '', mail })),
      );
      for (const [index, { dkimpy, opendkim }] of words.entries()) {
        const mail = mails[index] ?? '';
        assert.deepEqual(dkimpy, ['pass', 'pass'], mail);
        // opendkim 2.11.0 of Debian is built without Ed25519.
        assert.equal(opendkim[0], 'pass', mail);
      }
      const changed = mails.map((mail) => mail.replace(/^Subject: (.)/im, 'Subject: x$1'));
      for (const { dkimpy } of await judges.judge(
        changed.map((mail) => ({ client: '127.0.0.1', hello: 'x', sender: '', mail })),
      ))
        assert.deepEqual(dkimpy, ['fail', 'fail'], 'these judges let everything pass');
    },
  );
});

describe('what is sent on', () => {
  peerTest(
    'RFC 8617: python3-dkim finds the chain good, of one seal and of two; the author’s signature stays good',
    ['mailauth'],
    async (roots, t) => {
      const { resolver, judges, keys, sink, folder } = await prepare(roots.mailauth, t);
      writeFileSync(join(folder, 'srs'), 'a secret of enough octets\n');
      const waxwing = await startWaxwing({
        dns: { resolver: [resolver], dnssec: 'off' },
        routes: [{ match: '*', to: `smtp://127.0.0.1:${sink.port}` }],
        domains: [
          {
            name: 'own.test',
            backend: `smtp://127.0.0.1:${sink.port}`,
            recipients: ['nobody'],
            aliases: ['one: b@away.test', 'two: c@away.test'],
          },
        ],
        dkim: keys,
        forwarding: { srs_domain: 'own.test', srs_secret_file: join(folder, 'srs') },
        authentication: { evaluate: true },
      });
      t.after(() => waxwing.close());
      const letter = `From: Anna <anna@author.test>\r\nTo: one@own.test\r\n${date}Subject: hello\r\nMessage-ID: <a@author.test>\r\n\r\nHello  there.\r\n`;
      const order = {
        mail: letter,
        kind: 'dkim',
        domain: 'author.test',
        selector: 'r',
        key: rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }),
        algorithm: 'rsa-sha256',
        canonical: ['relaxed', 'simple'],
      } as const;
      const [signed = ''] = await judges.sign([order]);
      const from = 'anna@author.test';
      await handIn(waxwing.mxPort, { from, to: ['one@own.test'], content: Buffer.from(signed, 'latin1') });
      const [once = ''] = await sink.mails(1);
      await handIn(waxwing.mxPort, { from, to: ['two@own.test'], content: Buffer.from(once, 'latin1') });
      const [, twice = ''] = await sink.mails(2);
      const broken = twice.replace('Hello  there', 'Hello  here');
      const words = await judges.judge(
        [once, twice, broken].map((mail) => ({ client: '127.0.0.1', hello: 'x', sender: '', mail })),
      );
      assert.deepEqual(
        words.map(({ dkimpyArc }) => dkimpyArc),
        ['pass', 'pass', 'fail'],
        twice,
      );
      assert.deepEqual(
        words.map(({ dkimpy }) => dkimpy),
        [['pass'], ['pass'], ['fail']],
      );
      assert.match(once, /^ARC-Seal: i=1; a=rsa-sha256; t=\d+; cv=none;\r\n d=own\.test; s=r;/);
      assert.match(
        once,
        /\r\nARC-Authentication-Results: i=1; waxwing\.test;[^]*?dkim=pass[^]*?\r\nDelivered-To: one@own\.test\r\n/,
      );
      assert.match(twice, /^ARC-Seal: i=2; a=rsa-sha256; t=\d+; cv=pass;/);
    },
  );
});

interface Prepared {
  readonly resolver: string;
  readonly judges: OtherJudges;
  /** Both keys of own.test. */
  readonly keys: readonly { readonly domain: string; readonly selector: string; readonly key: string }[];
  readonly folder: string;
  readonly sink: { readonly port: number; mails(count: number): Promise<readonly string[]> };
}

async function prepare(root: string, t: TestContext): Promise<Prepared> {
  const resolver = await startZoneServer(t, zone);
  const judges = await openOtherJudges(root, resolver);
  t.after(() => judges.close());
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-signing-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const keyOf = (selector: string, key: KeyObject) => {
    const file = join(folder, `${selector}.pem`);
    writeFileSync(file, pemOf(key), { mode: 0o600 });
    return { domain: 'own.test', selector, key: file };
  };
  const keys = [keyOf('r', rsa.privateKey), keyOf('e', ed25519.privateKey)];
  const authority = await createAuthority();
  const sink = await startSink(await authority.issue({ names: ['sink.test'] }));
  t.after(() => sink.close());
  const mails = (count: number): Promise<readonly string[]> =>
    until(
      () => sink.taken.length >= count && sink.taken.map(textOf),
      () => `not ${count} mails: ${sink.taken.map(({ subject }) => subject).join(', ')}`,
    );
  return { resolver, judges, keys, folder, sink: { port: sink.port, mails } };
}

/** As it was before it was sent by DATA. */
function textOf({ content }: Taken): string {
  return `${content.toString('latin1')}\r\n`.replaceAll('\r\n.', '\r\n');
}
