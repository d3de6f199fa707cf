/**
 * The same mail and the same DNS for ours and for python3-spf 2.0.14, python3-dkim 1.1.4, opendkim 2.11.0 and opendmarc
 * 1.4.2; what ours says is read from mail that Dovecot got by LMTP.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readResults } from '../../src/mail/read-results.ts';
import { startDovecot } from './support/dovecot.ts';
import { type Differences, type JudgedCase, judgedCases, type Words } from './support/judged-cases.ts';
import { type OtherWords, openOtherJudges } from './support/other-judges.ts';
import { peerTest } from './support/peer.ts';
import { startWaxwing } from './support/waxwing.ts';
import { startZoneServer } from './support/zone-server.ts';

const USER = 'ben@example.test';
const page = readFileSync(join(import.meta.dirname, '../../docs/authentication.md'), 'utf8');

/** By case; docs/authentication.md has the reasons. */
const differences: Differences = {
  expired: { opendkim: ['permerror'] },
  revoked: { opendkim: ['fail'] },
  nokey: { opendkim: ['fail'] },
  service: { opendkim: ['fail'] },
  twosigned: { opendkim: ['pass', 'fail'] },
  // It defers such mail, and has no result.
  lostkey: { opendkim: [], opendmarc: 'nothing' },
  sha1: { dkimpy: ['pass'], opendkim: ['pass'], opendmarc: 'pass' },
  tworecords: { opendmarc: 'fail' },
  lostrecord: { opendmarc: 'none' },
  authors: { opendmarc: 'none' },
};

describe('what ours says of mail, beside what others say of it', () => {
  peerTest(
    'RFC 7208, 6376, 8463, 8617, 9989: the same, but for the differences that are listed; Dovecot has it in the stored mail',
    ['mailauth', 'dovecot'],
    async (roots, t) => {
      const { zone, orders, cases: drafts } = await judgedCases(differences);
      const resolver = await startZoneServer(t, zone);
      const others = await openOtherJudges(roots.mailauth, resolver);
      t.after(() => others.close());
      const made = await others.sign([...orders.values()]);
      const signedByName = new Map([...orders.keys()].map((name, index) => [name, made[index] ?? '']));
      const cases = drafts.map((one) => ({ ...one, mail: finished(one, signedByName) }));
      const said = await others.judge(cases);
      const found = await ourWords(t, roots.dovecot, resolver, cases);
      const wrong: unknown[] = [];
      for (const [index, one] of cases.entries()) {
        const ours = found.get(one.name);
        const theirs = said[index];
        assert.ok(theirs !== undefined);
        const all = { ours, theirs };
        const expected = { ours: one.ours, theirs: { ...asOurs(one.ours), ...one.differs } };
        try {
          assert.deepEqual(all, expected);
        } catch {
          wrong.push([one.name, all, expected]);
        }
      }
      assert.deepEqual(wrong, []);
    },
  );

  for (const name of Object.keys(differences))
    it(`${name}: the page names the difference`, () => assert.ok(page.includes(`| \`${name}\` |`), name));
});

/** Signed by others, changed behind their back where the case is about that. */
function finished({ name, mail }: JudgedCase, signedByName: ReadonlyMap<string, string>): string {
  const made = signedByName.get(name) ?? mail;
  return name === 'resealed' ? made.replace('this is', 'this was') : made;
}

/** What others say where they agree with ours. */
function asOurs({ spf, dkim, arc, dmarc }: Words): OtherWords {
  return {
    pyspf: spf,
    dkimpy: dkim.map((one) => (one === 'pass' ? 'pass' : 'fail')),
    dkimpyArc: arc,
    opendkim: dkim.length === 0 ? ['none'] : dkim,
    opendmarc: dmarc,
  };
}

/** Hands all in to Waxwing, and reads what Dovecot stored. */
async function ourWords(
  t: TestContext,
  root: string,
  resolver: string,
  cases: readonly JudgedCase[],
): Promise<ReadonlyMap<string, Words>> {
  const dovecot = await startDovecot(root, { users: [USER] });
  t.after(() => dovecot.close());
  const waxwing = await startWaxwing({
    dns: { resolver: [resolver], dnssec: 'off' },
    domains: [{ name: 'example.test', backend: `lmtp://127.0.0.1:${dovecot.port}`, recipients: ['ben'] }],
    authentication: { evaluate: true },
  });
  t.after(() => waxwing.close());
  for (const one of cases) assert.match(await handInFrom(waxwing.mxPort, one), /^250 /, one.name);
  const stored = await dovecot.messages(USER, cases.length);
  return new Map(
    stored.map(({ header }) => {
      const unfolded = header.replaceAll(/\n(?=[ \t])/g, '');
      const name = /^Subject: (.*)$/m.exec(unfolded)?.[1] ?? '';
      // Above it stands only what Dovecot itself put there.
      const value = /^Authentication-Results: (waxwing\.test;.*)$/m.exec(unfolded)?.[1] ?? '';
      const results = readResults(value) ?? [];
      const of = (method: string): readonly string[] =>
        results.filter((one) => one.method === method).map(({ result }) => result);
      const [spf = '', arc = '', dmarc = ''] = ['spf', 'arc', 'dmarc'].map((method) => of(method)[0]);
      return [name, { spf, dkim: of('dkim').filter((one) => one !== 'none'), arc, dmarc }];
    }),
  );
}

/** One message from one address of this host. @returns the reply to its content. */
async function handInFrom(port: number, { client, hello, sender, mail }: JudgedCase): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: client });
  const lines = [
    `EHLO ${hello}`,
    `MAIL FROM:<${sender}>`,
    `RCPT TO:<${USER}>`,
    'DATA',
    `${mail.replaceAll(/^\./gm, '..')}.`,
    'QUIT',
  ];
  const replies: string[] = [];
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    for (
      let match = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(text);
      match !== null;
      match = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(text)
    ) {
      text = text.slice(match[0].length);
      replies.push(match[0].trimEnd());
      const next = lines.shift();
      if (next !== undefined) socket.write(`${next}\r\n`, 'latin1');
    }
  }
  return replies[5] ?? replies.at(-1) ?? 'nothing';
}
