import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { noRecipientWishes } from '../../../src/names/wishes.ts';
import { noBounces } from '../../../src/relay/bounce-addresses.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type HostileServer, startHostileServer } from '../../support/hostile-server.ts';
import { mailboxOf } from '../../support/incoming.ts';
import { type RawClient, rawClient } from '../../support/raw-client.ts';
import { eventually, startTestRelay, type TestRelay, transaction } from '../../support/relay.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['relay.test'] });

const bounces = {
  ...noBounces,
  addresses: [mailboxOf('owner@list.test')],
  key: { hash: (text: string) => createHmac('sha256', 'secret').update(text).digest() },
  suppress: { after: 2, withinMs: 86_400_000 },
};

interface Setting {
  readonly relay: TestRelay;
  /** The backend of list.test, and every other host; nobody there is called `gone`. */
  readonly far: HostileServer;
  readonly submission: () => Promise<RawClient>;
  readonly mx: () => Promise<RawClient>;
}

async function setting(t: TestContext): Promise<Setting> {
  const far = await startHostileServer(certificate, {
    offers: ['PIPELINING', 'DSN'],
    answer: (verb, argument) =>
      verb === 'RCPT' && argument.includes('gone') ? { say: '550 5.1.1 nobody here\r\n' } : undefined,
  });
  t.after(() => far.close());
  const relay = await startTestRelay(t, {
    keyPair: certificate,
    listeners: [{ xverp: true }, { role: 'mx', networks: [] }],
    domains: [{ name: 'list.test', backend: { port: far.port }, recipients: ['owner'] }],
    routes: [{ domain: 'far.test', to: { host: 'mx.far.test', port: far.port } }],
    settings: { bounces },
  });
  const open = async (index: number): Promise<RawClient> => {
    const client = await rawClient(relay.relay.listeners[index]?.port ?? 0);
    await client.reply();
    await client.expect('EHLO client.test', '250');
    return client;
  };
  return { relay, far, submission: () => open(0), mx: () => open(1) };
}

async function sendByXverp(client: RawClient, to: readonly string[]): Promise<void> {
  await client.expect('MAIL FROM:<owner@list.test> ENVID=QQ1 XVERP=+=', '250');
  for (const one of to) await client.expect(`RCPT TO:<${one}> ORCPT=rfc822;${one}`, '250');
  await client.expect('DATA', '354');
  client.write('Subject: news\r\n\r\nnews\r\n');
  await client.expect('.', '250');
}

const reportOf = (recipient: string): string =>
  [
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '\r\n--b\r\nContent-Type: message/delivery-status',
    '\r\nReporting-MTA: dns; far.test',
    `\r\nFinal-Recipient: rfc822; ${recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n`,
  ].join('\r\n');

describe('mail by XVERP', () => {
  it('goes to each recipient in a transaction of its own, whose sender names him', async (t) => {
    const { relay, far, submission } = await setting(t);
    await sendByXverp(await submission(), ['anna@far.test', 'ben@far.test']);
    await relay.until('ben', ({ event, to }) => event === 'delivered' && to === 'ben@far.test');
    const envelopes = far.messages.map(({ sender, recipients }) => `${sender} ${recipients.join()}`);
    assert.equal(envelopes.length, 2);
    assert.match(envelopes[0] ?? '', /^owner\+anna=far\.test\+[a-z2-7]{10}@list\.test anna@far\.test$/);
    assert.match(envelopes[1] ?? '', /^owner\+ben=far\.test\+[a-z2-7]{10}@list\.test ben@far\.test$/);
    const [{ plain } = { plain: '' }, ...others] = far.conversations();
    assert.equal(others.length, 0, 'on one connection');
    assert.equal(plain.match(/ ENVID=QQ1\b/g)?.length, 2);
    assert.match(plain, /RCPT TO:<anna@far\.test> .*ORCPT=rfc822;anna@far\.test\b/);
  });

  it('that a host refuses comes back once for each recipient, and twice suppresses him', async (t) => {
    const { relay, far, submission } = await setting(t);
    const client = await submission();
    await sendByXverp(client, ['gone@far.test', 'gone.too@far.test']);
    const backs = await eventually('both notifications', () => {
      const found = far.messages.filter(({ sender }) => sender === '');
      return found.length === 2 ? found : undefined;
    });
    assert.deepEqual(
      backs.map(({ recipients }) => recipients.join()),
      ['owner@list.test', 'owner@list.test'],
    );
    await sendByXverp(client, ['gone@far.test']);
    await eventually('the second refusal', () =>
      relay.events.filter(({ event, to }) => event === 'bounced' && to === 'gone@far.test').length === 2
        ? true
        : undefined,
    );
    await eventually('the note of it', () =>
      relay.oddities.some((one) => one.includes('no bulk mail is taken any more')) ? true : undefined,
    );
    const recipients = ['gone@far.test', 'anna@far.test'].map((address) => ({
      mailbox: mailboxOf(address),
      wishes: noRecipientWishes,
    }));
    const refusedOf = (sender: string) => relay.relay.refusedOf({ sender: mailboxOf(sender), recipients });
    const names = (await refusedOf('owner@list.test')).map(({ mailbox }) => mailbox.text);
    assert.deepEqual(names, ['gone@far.test'], 'by other ways than SMTP, too');
    assert.deepEqual(await refusedOf('anna@own.test'), []);
    await client.expect('MAIL FROM:<owner@list.test>', '250');
    const refused = await client.expect('RCPT TO:<gone@far.test>', '550');
    assert.match(
      refused,
      /^550 5\.1\.1 gone@far\.test is suppressed since \d{4}-\d\d-\d\d, as 2 messages came back/,
    );
    await client.expect('RCPT TO:<gone.too@far.test>', '250');
    await client.expect('RSET', '250');
    await client.expect('MAIL FROM:<anna@own.test>', '250');
    await client.expect('RCPT TO:<gone@far.test>', '250');
  });

  it('is refused by the words of Postfix where nothing can be made of it', async (t) => {
    const client = await (await setting(t)).submission();
    for (const [command, code] of [
      ['MAIL FROM:<> XVERP', '503 5.5.4'],
      ['MAIL FROM:<a@list.test> XVERP=ab', '501 5.5.4'],
      ['MAIL FROM:<a@list.test> XVERP=+=+', '501 5.5.4'],
      ['MAIL FROM:<a@list.test> XVERP=', '501 5.5.4'],
      ['MAIL FROM:<a@list.test> XVERP', '250'],
    ] as const)
      assert.ok((await client.expect(command, code.slice(0, 3))).startsWith(code), command);
  });
});

describe('a report from anybody', () => {
  it('suppresses nobody without our tag, and is delivered', async (t) => {
    const { relay, far, submission, mx } = await setting(t);
    const forged = [
      'owner+anna=far.test@list.test',
      'owner+anna=far.test+raaaaaaaaa@list.test',
      'owner@list.test',
    ];
    const stranger = await mx();
    for (const to of [...forged, ...forged])
      await transaction(stranger, { from: '', to: [to], content: reportOf('anna@far.test') });
    await eventually('all of them', () => (far.messages.length === 6 ? true : undefined));
    assert.deepEqual(
      relay.returned.slice(0, 3).map(({ proof, recipient, counted }) => [proof, recipient, counted]),
      [
        ['untagged', 'anna@far.test', false],
        ['forged', 'anna@far.test', false],
        ['untagged', 'anna@far.test', false],
      ],
    );
    const client = await submission();
    await client.expect('MAIL FROM:<owner@list.test>', '250');
    await client.expect('RCPT TO:<anna@far.test>', '250');
  });

  it('counts at the address that our mail came from', async (t) => {
    const { relay, far, submission, mx } = await setting(t);
    await sendByXverp(await submission(), ['anna@far.test']);
    const [sent] = await eventually('the mail', () => (far.messages.length === 1 ? far.messages : undefined));
    const to = [sent?.sender ?? ''];
    await transaction(await mx(), { from: '', to, content: reportOf('anna@far.test') });
    assert.deepEqual(
      relay.returned.map(({ proof, recipient, status, counted }) => [proof, recipient, status, counted]),
      [['ours', 'anna@far.test', '5.1.1', true]],
    );
  });
});
