/** Mail to a listener of role mx is judged while its sender waits, and what others say in our name is not kept. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { AuthenticationSettings } from '../../../src/relay/authentication/treatment.ts';
import type { ListenerSettings } from '../../../src/relay/settings.ts';
import { createAuthority } from '../../support/certificates.ts';
import { startHostileServer } from '../../support/hostile-server.ts';
import { greetedClient } from '../../support/raw-client.ts';
import { eventually, startTestRelay, transaction } from '../../support/relay.ts';
import { answerFrom } from '../../support/scripted-zone.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['mx.test'] });

const answer = answerFrom({
  'here.test TXT': ['"v=spf1 ip4:127.0.0.1 -all"'],
  '_dmarc.here.test TXT': ['"v=DMARC1; p=reject"'],
  '_dmarc.bank.test TXT': ['"v=DMARC1; p=reject"'],
});

const settings: AuthenticationSettings = {
  authservId: 'relay.test',
  actions: { dmarc: 'reject', spfHardFail: 'mark' },
  ofDomains: new Map(),
  trustedSealers: [],
  withinMs: 1_000,
  lookUp: (question) => Promise.resolve(answer(question)),
};

async function start(t: TestContext, listener: Partial<ListenerSettings> = {}) {
  const peer = await startHostileServer(certificate, {});
  t.after(() => peer.close());
  const relay = await startTestRelay(t, {
    domains: [{ name: 'ours.test', backend: { port: peer.port }, recipients: 'any' }],
    trust: [authority.certPem],
    keyPair: certificate,
    listeners: [{ role: 'mx', networks: [], ...listener }],
    settings: { authentication: settings },
  });
  const client = await greetedClient(relay.port);
  t.after(() => client.close());
  const stored = async (count: number): Promise<string> => {
    await eventually(`${count} deliveries`, () => (peer.messages.length >= count ? true : undefined));
    return Buffer.from(peer.messages.at(-1)?.content ?? '').toString('latin1');
  };
  return { relay, client, stored };
}

const forged = 'Authentication-Results: relay.test; dmarc=pass header.from=bank.test\r\n';
const others = 'Authentication-Results: mx.other.test; spf=none\r\n';
const to = ['anna@ours.test'];

describe('mail of a client that nobody trusts', () => {
  for (const [what, text] of [
    ['in memory', 'hello\r\n'],
    ['in a file', '0123456789\r\n'.repeat(30_000)],
  ] as const)
    it(`has our results on top and no others in our name, ${what}`, async (t) => {
      const { client, stored } = await start(t);
      const header = 'From: a@here.test\r\nSubject: x\r\n';
      await transaction(client, {
        from: 'a@here.test',
        to,
        content: `${forged}${header}${others}\r\n${text}`,
      });
      const content = await stored(1);
      assert.match(
        content,
        /^Authentication-Results: relay\.test;\r\n\tspf=pass smtp\.mailfrom=here\.test;\r\n\tdkim=none;\r\n\tarc=none smtp\.remote-ip=127\.0\.0\.1;\r\n\tdmarc=pass header\.from=here\.test policy\.dmarc=reject\r\nReceived: /,
      );
      assert.ok(content.endsWith(`\r\n${header}${others}\r\n${text}`));
      assert.ok(!content.includes('bank.test'));
    });

  it('is refused where it takes the name of a domain that has it refused, and the connection goes on', async (t) => {
    const { relay, client, stored } = await start(t);
    await client.expect('MAIL FROM:<a@here.test>', '250');
    await client.expect('RCPT TO:<anna@ours.test>', '250');
    await client.expect('DATA', '354');
    client.write('From: ceo@bank.test\r\n\r\nhello\r\n');
    assert.equal(
      await client.expect('.', '550'),
      '550 5.7.26 bank.test asks to refuse mail of its name that fails DMARC (SPF pass, DKIM none)\r\n',
    );
    await transaction(client, { from: 'a@here.test', to, content: 'From: a@here.test\r\n\r\nhello\r\n' });
    assert.match(await stored(1), /dmarc=pass/);
    assert.ok(relay.oddities.some((one) => one.startsWith('mail refused: 550 5.7.26 ')));
  });
});

it('mail of a trusted client is taken as it is', async (t) => {
  const { client, stored } = await start(t, {
    networks: [{ family: 'ipv4', address: '127.0.0.0', prefix: 8 }],
  });
  await transaction(client, { to, content: `${forged}From: ceo@bank.test\r\n\r\nhello\r\n` });
  assert.match(await stored(1), /^Received: [^]*\r\nAuthentication-Results: relay\.test; dmarc=pass /);
});
