/** The example with Nodemailer against hosts that do not do as they should; against real ones: test/peers/advised/nodemailer.ts. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Delivery, Settings } from '../../../examples/nodemailer.ts';
import { root, showName } from '../../../src/dns/name.ts';
import { types } from '../../../src/dns/record.ts';
import { openLookups } from '../../../src/policy.ts';
import { createAuthority } from '../../support/certificates.ts';
import { rdataOf } from '../../support/dns/rdata-text.ts';
import { record, type Script, says, soa, startScriptedServer } from '../../support/dns/server.ts';
import { takeOwnPackage } from '../../support/own-package.ts';
import { type Act, type ScriptServer, startScriptServer } from '../../support/script-server.ts';

takeOwnPackage();
const { deliver } = await import('../../../examples/nodemailer.ts');

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['mx2.example.test'] });

const records: ReadonlyMap<string, readonly (readonly string[])[]> = new Map([
  [
    `example.test ${types.MX}`,
    [
      ['20', 'mx2.example.test.'],
      ['10', 'mx1.example.test.'],
    ],
  ],
  // Nobody listens there.
  [`mx1.example.test ${types.A}`, [['127.0.0.9']]],
  [`mx2.example.test ${types.A}`, [['127.0.0.1']]],
]);

const dns: Script = (query) => {
  const { name, type } = query.question;
  const found = records.get(`${showName(name)} ${type}`);
  if (found === undefined) return says(query, { authority: [soa('test')] });
  return says(query, { answers: found.map((words) => record(name, type, rdataOf(type, words, root))) });
};

const say = (...lines: readonly string[]): Act => ({ say: lines.map((line) => `${line}\r\n`).join('') });
const hear = (command: RegExp): Act => ({ hear: command });
const hello = [say('220 mx2 ready'), hear(/^EHLO sender\.test\r\n$/)];
const stripped = [...hello, say('250-mx2', '250 SIZE 1000000')];
const offered = [...hello, say('250-mx2', '250 STARTTLS'), hear(/^STARTTLS\r\n$/)];
const inside: readonly Act[] = [
  say('220 go'),
  'handshake',
  hear(/^EHLO sender\.test\r\n$/),
  say('250-mx2', '250 SIZE 1000000'),
];
const taking = [
  hear(/^MAIL FROM:<a@sender\.test>.*\r\n$/),
  say('250 ok'),
  hear(/^RCPT TO:<b@example\.test>\r\n$/),
  say('250 ok'),
  hear(/^DATA\r\n$/),
  say('354 go'),
  hear(/\r\n\.\r\n$/),
  say('250 taken'),
];

async function sendTo(
  t: TestContext,
  script: readonly Act[],
  rules: Settings['rules'] = {},
): Promise<{ delivery: Delivery; heard: ScriptServer['heard'] }> {
  const resolver = await startScriptedServer(t, dns);
  const { port, heard } = await startScriptServer(t, certificate, script);
  const lookups = await openLookups({ resolver: `127.0.0.1:${resolver.port}`, timeoutMs: 1_000 });
  t.after(lookups.close);
  const mail = { from: 'a@sender.test', to: 'b@example.test', message: 'Subject: x\r\n\r\nx\r\n' };
  const delivery = await deliver(mail, {
    lookups,
    helloName: 'sender.test',
    rules,
    ca: authority.certPem,
    port,
  });
  return { delivery, heard };
}

const because = (delivery: Delivery): string => ('because' in delivery ? delivery.because : '');

describe('the example with Nodemailer', () => {
  it('goes on to the next host, and says EHLO once inside TLS', async (t) => {
    const { delivery, heard } = await sendTo(t, [...offered, ...inside, ...taking]);
    assert.deepEqual(delivery, { kind: 'sent', host: 'mx2.example.test', tls: 'encrypted' });
    assert.match(heard.inside, /^EHLO sender\.test\r\nMAIL FROM:<a@sender\.test>/);
    assert.equal(heard.clear, 'EHLO sender.test\r\nSTARTTLS\r\n');
  });

  it('in clear where nobody asks for TLS and there is none to be had', async (t) => {
    const { delivery } = await sendTo(t, [...stripped, ...taking]);
    assert.deepEqual(delivery, { kind: 'sent', host: 'mx2.example.test', tls: 'none' });
  });

  it('never in clear where TLS is asked for', async (t) => {
    const { delivery, heard } = await sendTo(t, [...stripped, ...taking], { level: 'encrypt' });
    assert.equal(delivery.kind, 'deferred');
    assert.match(
      because(delivery),
      /127\.0\.0\.9.* ECONNREFUSED.*; mx2\.example\.test .* does not offer STARTTLS/,
    );
    assert.doesNotMatch(heard.clear, /MAIL|Subject/);
  });

  it('nor with a host that did not prove its name where that is asked for', async (t) => {
    const { delivery, heard } = await sendTo(t, [...offered, ...inside, ...taking], {
      level: 'authenticate',
    });
    assert.equal(delivery.kind, 'deferred');
    assert.match(
      because(delivery),
      /mx-not-secure: the certificate is valid for mx2\.example\.test, a name out of unsigned DNS/,
    );
    assert.equal(heard.inside, '');
  });

  it('plaintext behind the go-ahead, and a greeting inside TLS, are no reason to go on in clear', async (t) => {
    const injected = await sendTo(t, [...offered, say('220 go', '250 mx2'), 'handshake']);
    assert.equal(injected.delivery.kind, 'deferred');
    assert.match(injected.heard.clear, /^EHLO sender\.test\r\nSTARTTLS\r\n/);
    assert.doesNotMatch(injected.heard.clear, /MAIL/);
    const opossum = await sendTo(t, [...offered, say('220 go'), 'handshake', say('220 mx2 ready')]);
    assert.equal(opossum.delivery.kind, 'deferred');
    assert.doesNotMatch(opossum.heard.clear + opossum.heard.inside, /MAIL/);
  });

  it('what a host says no to for good is returned; a no for now waits', async (t) => {
    const answered = (line: string): readonly Act[] => [
      ...offered,
      ...inside,
      ...taking.slice(0, 3),
      say(line),
    ];
    const [never, later] = [
      await sendTo(t, answered('550 no such user')),
      await sendTo(t, answered('451 not now')),
    ];
    assert.equal(never.delivery.kind, 'bounced');
    assert.match(because(never.delivery), /550 no such user/);
    assert.equal(later.delivery.kind, 'deferred');
    assert.match(because(later.delivery), /451 not now/);
  });
});
