/** Recipients that the backend is asked for while the client waits. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createAuthority } from '../../support/certificates.ts';
import { type HostileServer, type Script, startHostileServer } from '../../support/hostile-server.ts';
import { greetedClient, type RawClient } from '../../support/raw-client.ts';
import { startTestRelay, type TestRelay, type TestRelayOptions, transaction } from '../../support/relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

const HOUR = 3_600_000;

/** Only anna exists. */
const onlyAnna: Partial<Script> = {
  answer: (verb, argument) =>
    verb === 'RCPT' && !/<anna@/i.test(argument) ? { say: '550 5.1.1 who is that?\r\n' } : undefined,
};

interface Setting {
  readonly backend: HostileServer;
  readonly relay: TestRelay;
  readonly client: RawClient;
  /** @returns the code and the enhanced code that the recipient is answered with. */
  readonly rcpt: (address: string) => Promise<string>;
}

async function setting(
  t: TestContext,
  script: Partial<Script>,
  options: Partial<TestRelayOptions> & { readonly protocol?: 'smtp' | 'smtps' | 'lmtp' } = {},
): Promise<Setting> {
  const backend = await startHostileServer(keyPair, script);
  t.after(() => backend.close());
  const { protocol = 'smtp', ...rest } = options;
  const relay = await startTestRelay(t, {
    keyPair,
    domains: [{ name: 'ours.test', backend: { port: backend.port, protocol }, recipients: 'callout' }],
    listeners: [{ role: 'mx', networks: [] }],
    ...rest,
  });
  const client = await greetedClient(relay.port);
  t.after(() => client.close());
  await client.expect('MAIL FROM:<eve@origin.test>', '250');
  const rcpt = async (address: string): Promise<string> => {
    client.write(`RCPT TO:<${address}>\r\n`);
    return (await client.reply()).slice(0, 9);
  };
  return { backend, relay, client, rcpt };
}

const asked = (backend: HostileServer): string =>
  backend
    .conversations()
    .map(({ plain, inside }) => plain + inside)
    .join('');

describe('a backend is asked', () => {
  it('with the null sender, and its answer is the answer', async (t) => {
    const { backend, rcpt } = await setting(t, onlyAnna);
    assert.equal(await rcpt('anna@ours.test'), '250 2.1.5');
    assert.equal(await rcpt('eve@ours.test'), '550 5.1.1');
    const said = asked(backend);
    assert.match(
      said,
      /MAIL FROM:<>\r\nRCPT TO:<anna@ours\.test>\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<eve@ours\.test>/,
    );
    assert.equal(backend.conversations().length, 1);
    assert.deepEqual(backend.messages, []);
  });

  it('once: the second time it is known', async (t) => {
    const { backend, rcpt } = await setting(t, onlyAnna);
    for (let time = 0; time < 3; time++) assert.equal(await rcpt('anna@ours.test'), '250 2.1.5');
    assert.equal(asked(backend).match(/RCPT/g)?.length, 1);
  });

  it('over LMTP, by LHLO', async (t) => {
    const lhlo: Partial<Script> = {
      ...onlyAnna,
      answer: (verb, argument, inside) =>
        verb === 'LHLO' ? { say: '250 lmtp.test\r\n' } : onlyAnna.answer?.(verb, argument, inside),
    };
    const { backend, rcpt } = await setting(t, lhlo, { protocol: 'lmtp' });
    assert.equal(await rcpt('anna@ours.test'), '250 2.1.5');
    assert.equal(await rcpt('eve@ours.test'), '550 5.1.1');
    assert.match(asked(backend), /^LHLO relay\.test\r\n/);
  });

  it('over TLS where it is required, and not at all without it', async (t) => {
    const trusting = { level: 'encrypt', trust: [authority.certPem] } as const;
    const good = await setting(t, onlyAnna, trusting);
    assert.equal(await good.rcpt('anna@ours.test'), '250 2.1.5');
    assert.doesNotMatch(good.backend.conversations()[0]?.plain ?? '', /RCPT/);
    const bare = await setting(t, { ...onlyAnna, offers: [] }, trusting);
    assert.equal(await bare.rcpt('anna@ours.test'), '451 4.4.3');
    assert.doesNotMatch(asked(bare.backend), /RCPT/);
  });

  it('in clear on a fresh connection where TLS fails and nothing requires it, as mail would go', async (t) => {
    const broken: Partial<Script> = { ...onlyAnna, startTls: { say: '454 4.7.0 no\r\n', next: 'stay' } };
    const { rcpt } = await setting(t, broken);
    assert.equal(await rcpt('anna@ours.test'), '250 2.1.5');
  });

  it('and a no that is not about the mailbox is passed on as it is, put on record, and not remembered', async (t) => {
    let full = true;
    const { rcpt, relay } = await setting(t, {
      answer: (verb) => (verb === 'RCPT' && full ? { say: '552 5.2.2 full\r\n' } : undefined),
    });
    assert.equal(await rcpt('anna@ours.test'), '552 5.2.2');
    assert.match(relay.oddities.join(), /the backend refuses anna@ours\.test: 552 5\.2\.2 full/);
    full = false;
    assert.equal(await rcpt('anna@ours.test'), '250 2.1.5');
  });

  for (const [reply, answer] of [
    ['550 nobody', '550 5.1.1'],
    ['553 5.1.3 what', '550 5.1.1'],
    ['554 5.7.1 relay denied', '554 5.7.1'],
    ['554 no', '554 5.0.0'],
  ] as const) {
    it(`and ${reply} becomes ${answer}`, async (t) => {
      const no: Partial<Script> = {
        answer: (verb) => (verb === 'RCPT' ? { say: `${reply}\r\n` } : undefined),
      };
      assert.equal(await (await setting(t, no)).rcpt('anna@ours.test'), answer);
    });
  }

  it('not for postmaster', async (t) => {
    const { backend, rcpt } = await setting(t, { greeting: { say: '', next: 'close' } });
    assert.equal(await rcpt('postmaster@ours.test'), '250 2.1.5');
    assert.deepEqual(backend.conversations(), []);
  });
});

describe('a backend that gives no answer', () => {
  const scripts: readonly [what: string, script: Partial<Script>][] = [
    ['is full', { greeting: { say: '421 4.3.2 too busy\r\n', next: 'close' } }],
    ['hangs up', { greeting: { say: '', next: 'close' } }],
    ['says nothing', { greeting: { say: '' } }],
    [
      'puts the recipient off',
      { answer: (verb) => (verb === 'RCPT' ? { say: '450 4.2.0 later\r\n' } : undefined) },
    ],
    [
      'refuses the sender',
      { answer: (verb) => (verb === 'MAIL' ? { say: '550 5.7.1 not you\r\n' } : undefined) },
    ],
    ['says nonsense', { answer: (verb) => (verb === 'RCPT' ? { say: '354 go ahead\r\n' } : undefined) }],
  ];
  for (const [what, script] of scripts) {
    it(`${what}: the client is put off`, async (t) => {
      const { rcpt, relay } = await setting(t, script);
      assert.equal(await rcpt('anna@ours.test'), '451 4.4.3');
      assert.match(relay.oddities.join(), /whether anna@ours\.test exists could not be found out/);
    });
  }

  it('does not take back a yes that it gave within a day', async (t) => {
    const { backend, rcpt, relay } = await setting(t, onlyAnna);
    assert.equal(await rcpt('anna@ours.test'), '250 2.1.5');
    await backend.close();
    relay.later(2 * HOUR);
    assert.equal(await rcpt('anna@ours.test'), '250 2.1.5');
    assert.equal(await rcpt('bert@ours.test'), '451 4.4.3');
  });

  it('holds up nobody who may relay: his mail waits in the queue', async (t) => {
    const { relay } = await setting(
      t,
      { greeting: { say: '421 no\r\n', next: 'close' } },
      { listeners: [{}] },
    );
    const client = await greetedClient(relay.port);
    await transaction(client, { to: ['anna@ours.test'] });
    client.close();
  });

  it('is ourselves: nobody asks in a circle', async (t) => {
    const relay = await startTestRelay(t, { keyPair, listeners: [{ role: 'mx', networks: [] }] });
    await relay.reload({
      keyPair,
      domains: [{ name: 'ours.test', backend: { port: relay.port }, recipients: 'callout' }],
      listeners: [{ role: 'mx', networks: [] }],
    });
    const client = await greetedClient(relay.port);
    await client.expect('MAIL FROM:<eve@origin.test>', '250');
    await client.expect('RCPT TO:<anna@ours.test>', '451 4.4.3');
    client.close();
    assert.match(relay.oddities.join(), /mail loops/);
  });
});
