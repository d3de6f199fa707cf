/** Aliases over the wire: what a whole relay makes of mail for them, and of what comes back. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import type { Forwarding } from '../../../src/relay/forward.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type HostileServer, startHostileServer } from '../../support/hostile-server.ts';
import { absent } from '../../support/lookup.ts';
import { greetedClient } from '../../support/raw-client.ts';
import { domain, eventually, startTestRelay, type TestRelay, transaction } from '../../support/relay.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['mx.test'] });

const forwarding: Forwarding = {
  srs: {
    domain: domain('own.test'),
    hash: (text) => createHmac('sha256', 'secret').update(text).digest('base64'),
  },
};

interface Setting {
  readonly relay: TestRelay;
  /** The backend of own.test, and every other host. */
  readonly far: HostileServer;
}

/** @param refused nobody at this address. */
async function setting(t: TestContext, refused = 'nobody'): Promise<Setting> {
  const far = await startHostileServer(certificate, {
    offers: ['PIPELINING'],
    answer: (verb, argument) =>
      verb === 'RCPT' && argument.includes(refused) ? { say: '550 5.1.1 nobody here\r\n' } : undefined,
  });
  t.after(() => far.close());
  const relay = await startTestRelay(t, {
    keyPair: certificate,
    listeners: [{ role: 'mx', networks: [] }],
    domains: [
      {
        name: 'own.test',
        backend: { port: far.port },
        recipients: ['anna', 'ben'],
        aliases: ['sales: anna, c@away.test', 'gone: c@away.test', '*: ben'],
      },
    ],
    smtpPort: far.port,
    dns: { mx: () => Promise.resolve(absent('no-such-record')) },
    settings: { forwarding },
  });
  return { relay, far };
}

function envelopes({ messages }: HostileServer): readonly (readonly [string, string])[] {
  return messages.map(({ sender, recipients }) => [sender, recipients.join()] as const);
}

const content = 'From: x@sender.test\r\nSubject: test\r\n\r\nHello.\r\n';

describe('mail for an alias', () => {
  it('goes to the mailbox here as it is, and elsewhere in a copy of its own', async (t) => {
    const { relay, far } = await setting(t);
    const id = await relay.send({ from: 'x@sender.test', to: ['sales@own.test'], content });
    const delivered = await relay.until(
      'the copy',
      ({ event, id: of }) => event === 'delivered' && of === `${id}-1`,
    );
    assert.equal(delivered.to, 'c@away.test');
    await eventually('both', () => (far.messages.length === 2 ? true : undefined));
    const here = far.messages.find(({ recipients }) => recipients.join().includes('anna@own.test'));
    const away = far.messages.find((message) => message !== here);
    assert.match(here?.sender ?? '', /x@sender\.test/);
    assert.match(away?.sender ?? '', /SRS0=[^=]{6}=..=sender\.test=x@own\.test/);
    assert.match(away?.recipients.join() ?? '', /c@away\.test/);
    assert.equal(
      away?.content.toString(),
      `Delivered-To: sales@own.test\r\n${here?.content.toString()}`,
      'nothing else differs',
    );
  });

  it('RFC 3461 §5.2.7.3: of whom it leads to the sender hears only that there are several', async (t) => {
    const { relay, far } = await setting(t);
    const client = await greetedClient(relay.port);
    await client.expect('MAIL FROM:<x@sender.test>', '250');
    await client.expect('RCPT TO:<sales@own.test> NOTIFY=SUCCESS,FAILURE', '250');
    await client.expect('DATA', '354');
    client.write(content);
    await client.expect('.', '250');
    client.close();
    await eventually('all three', () => (far.messages.length === 3 ? true : undefined));
    await relay.until('the last', ({ event, to }) => event === 'delivered' && to === 'x@sender.test');
    const told = far.messages.filter(({ recipients }) => recipients.join().includes('x@sender.test'));
    assert.equal(told.length, 1);
    const report = told[0]?.content.toString() ?? '';
    assert.match(report, /^Final-Recipient: rfc822; sales@own\.test\r\nAction: expanded\r$/m);
    assert.doesNotMatch(report, /anna@|away\.test/);
  });

  it('goes to the catch-all where there is neither a mailbox nor an alias', async (t) => {
    const { relay, far } = await setting(t);
    await relay.send({ from: 'x@sender.test', to: ['whoever@own.test'], content });
    await eventually('the delivery', () => (far.messages.length > 0 ? true : undefined));
    assert.match(envelopes(far).join(), /ben@own\.test/);
  });
});

describe('what comes back', () => {
  it('is told to the sender of the forwarded message, not to the alias', async (t) => {
    const { relay, far } = await setting(t, 'c@away.test');
    await relay.send({ from: 'x@sender.test', to: ['gone@own.test'], content });
    const notice = await eventually('the notification', () => far.messages[0]);
    assert.match(notice.recipients.join(), /x@sender\.test/);
    assert.match(notice.content.toString(), /^To: <x@sender\.test>/m);
    assert.match(notice.content.toString(), /^Original-Recipient: rfc822; gone@own\.test/m);
  });

  it('by another host is taken where the address is one of ours, from nobody, and goes to its sender', async (t) => {
    const { relay, far } = await setting(t);
    await relay.send({ from: 'x@sender.test', to: ['gone@own.test'], content });
    const copy = await eventually('the copy', () => far.messages[0]);
    const address = /SRS0=[^>\s]*/.exec(copy.sender)?.[0] ?? assert.fail(copy.sender);
    const client = await greetedClient(relay.port);
    await client.expect('MAIL FROM:<mallory@sender.test>', '250');
    await client.expect(`RCPT TO:<${address}>`, '550 5.7.1');
    await client.expect('RSET', '250');
    await client.expect('MAIL FROM:<>', '250');
    await client.expect(`RCPT TO:<${address.replace('=x@', '=y@')}>`, '550 5.1.1');
    await client.expect('RSET', '250');
    await transaction(client, { from: '', to: [address.toLowerCase()], content });
    client.close();
    const returned = await eventually('the notification', () => far.messages[1]);
    assert.match(returned.recipients.join(), /x@sender\.test/);
    assert.match(returned.sender, /^(?:<>)?$/);
  });
});

it('a message that was delivered to the alias before is refused: it loops', async (t) => {
  const { relay } = await setting(t);
  const client = await greetedClient(relay.port);
  await client.expect('MAIL FROM:<x@sender.test>', '250');
  await client.expect('RCPT TO:<gone@own.test>', '250');
  await client.expect('DATA', '354');
  client.write(`Delivered-To: gone@own.test\r\n${content}`);
  await client.expect('.', '554 5.4.6');
  client.close();
});
