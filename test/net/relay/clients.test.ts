/** Clients as the relay tells them apart: by certificate, by the word of a front, by quota, by how they have come before. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { type Domain, parseDomain } from '../../../src/names/domain.ts';
import { openCertificates } from '../../../src/net/certificates.ts';
import { defaultIncoming } from '../../../src/net/tls.ts';
import { type Account, anyRights } from '../../../src/relay/accounts.ts';
import { noQuota } from '../../../src/relay/quotas.ts';
import { anySender } from '../../../src/relay/senders.ts';
import type { RelaySettings } from '../../../src/relay/settings.ts';
import { type Certificate, createAuthority } from '../../support/certificates.ts';
import { greetedClient, type RawClient } from '../../support/raw-client.ts';
import {
  account,
  DAY,
  startTestRelay,
  type TestRelay,
  type TestRelayOptions,
  transaction,
} from '../../support/relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });
const printer = await authority.issue({ names: ['printer.office.test'] });
const partner = await authority.issue({ names: ['mx1.partner.test'] });
const expired = await authority.issue({
  names: ['mx1.partner.test'],
  notAfter: new Date(0),
  notBefore: new Date(0),
});
const stranger = await (await createAuthority('Somebody Else')).issue({ names: ['printer.office.test'] });

function sha256({ certPem }: Certificate): string {
  return createHash('sha256').update(new X509Certificate(certPem).raw).digest('hex');
}

function domain(text: string): Domain {
  const parsed = parseDomain(text);
  return parsed.kind === 'ok' ? parsed.value : assert.fail(parsed.because);
}

const under = (suffix: string) =>
  ({ kind: 'name', host: { kind: 'under', suffix: domain(suffix) } }) as const;
const byName: Account = {
  user: 'printer',
  secret: null,
  certificates: [under('office.test')],
  rights: anyRights,
};
const byDigest: Account = {
  user: 'scanner',
  secret: null,
  certificates: [{ kind: 'sha256', hex: sha256(stranger) }],
  rights: anyRights,
};
const loopback = { family: 'ipv4', address: '127.0.0.1', prefix: 32 } as const;

type Options = Omit<Partial<TestRelayOptions>, 'settings'> & { readonly settings?: Partial<RelaySettings> };

function relayFor(t: TestContext, { settings, ...options }: Options): Promise<TestRelay> {
  // Nothing listens there: what is taken in stays.
  const routes = [{ domain: 'far.test', to: { host: 'mx.test', port: 9 } }];
  const certificates = openCertificates([keyPair], { ...defaultIncoming, clientRoots: [authority.certPem] });
  return startTestRelay(t, { keyPair, routes, ...options, settings: { certificates, ...settings } });
}

const asking = { networks: [], clientCertificates: 'ask' } as const;
const mx = {
  listeners: [{ role: 'mx', networks: [], clientCertificates: 'ask' }],
  domains: [{ name: 'ours.test', backend: { port: 9 }, recipients: 'any' }],
} as const satisfies Options;

/** Inside TLS, behind EHLO; with a certificate where one is given. */
async function secured(port: number, own?: Certificate): Promise<RawClient> {
  const client = await greetedClient(port);
  await client.expect('STARTTLS', '220');
  await client.secure(own === undefined ? {} : { cert: own.certPem, key: own.keyPem });
  await client.expect('EHLO client.test', '250');
  return client;
}

describe('a certificate as a login (EXTERNAL)', () => {
  const cases: readonly [why: string, own: Certificate | undefined, answer: RegExp][] = [
    ['opens the relay by a name that our roots vouch for', printer, /^235 2\.7\.0/],
    ['opens it by its digest, whoever vouches for it', stranger, /^235 2\.7\.0/],
    ["does not open it where it is somebody else's", partner, /^535 5\.7\.8/],
    ['is not offered to whoever shows none', undefined, /^504 5\.5\.4/],
  ];
  for (const [why, own, answer] of cases) {
    it(why, async (t) => {
      const relay = await relayFor(t, { accounts: [byName, byDigest], listeners: [asking] });
      const client = await secured(relay.port, own);
      client.write('AUTH EXTERNAL =\r\n');
      assert.match(await client.reply(), answer);
      client.close();
    });
  }

  it('is on record like another login', async (t) => {
    const relay = await relayFor(t, { accounts: [byName], listeners: [asking] });
    const client = await secured(relay.port, printer);
    await client.expect(`AUTH EXTERNAL ${Buffer.from('printer').toString('base64')}`, '235');
    await transaction(client, { to: ['eve@far.test'] });
    client.close();
    const { tls } = await relay.until('received', ({ event }) => event === 'received');
    assert.match(tls?.because ?? '', /logged in as printer$/);
  });

  it('is not asked for where the listener does not', async (t) => {
    const relay = await relayFor(t, { accounts: [byName], listeners: [{ networks: [] }] });
    const client = await secured(relay.port, printer);
    await client.expect('AUTH EXTERNAL =', '502');
    client.close();
  });

  it('follows a reload, on the same listener', async (t) => {
    // The relay has the same object for life.
    const certificates = openCertificates([keyPair], {
      ...defaultIncoming,
      clientRoots: [authority.certPem],
    });
    const relay = await relayFor(t, {
      accounts: [byName],
      listeners: [{ networks: [] }],
      settings: { certificates },
    });
    await relay.reload({ keyPair, accounts: [byName], listeners: [asking], settings: { certificates } });
    const client = await secured(relay.port, printer);
    await client.expect('AUTH EXTERNAL =', '235');
    client.close();
  });
});

describe('mail of a domain that has to come with a certificate', () => {
  const settings = {
    inbound: [
      {
        from: { kind: 'domain', domain: domain('partner.test') },
        tls: 'authenticate',
        proofs: [under('partner.test')],
      },
    ],
  } as const satisfies Partial<RelaySettings>;
  const cases: readonly [why: string, own: Certificate | undefined, answer: RegExp][] = [
    ['comes with it', partner, /^250/],
    ['does not come without', undefined, /^450 4\.7\.0 .*you showed no certificate/],
    ["does not come with somebody else's", printer, /^450 4\.7\.0 .*not the one of theirs/],
    ['does not come with one that has expired', expired, /^450 4\.7\.0 .*CERT_HAS_EXPIRED/],
  ];
  for (const [why, own, answer] of cases) {
    it(why, async (t) => {
      const relay = await relayFor(t, { ...mx, settings });
      const client = await secured(relay.port, own);
      client.write('MAIL FROM:<a@partner.test>\r\n');
      assert.match(await client.reply(), answer);
      // Others are as welcome as ever.
      await client.expect('RSET', '250');
      await client.expect('MAIL FROM:<a@other.test>', '250');
      client.close();
    });
  }

  it('does not come through a front, whose certificate is not the client’s', async (t) => {
    const listeners = mx.listeners.map((one) => ({ ...one, fronts: [loopback] }));
    const relay = await relayFor(t, { ...mx, listeners, settings });
    const client = await secured(relay.port, partner);
    await client.expect('XCLIENT ADDR=198.51.100.9', '220');
    assert.doesNotMatch(await client.expect('EHLO client.test', '250'), /REQUIRETLS/);
    client.write('MAIL FROM:<a@partner.test>\r\n');
    assert.match(await client.reply(), /^450 4\.7\.0 .*behind our front/);
    client.close();
  });

  it('does not come in clear', async (t) => {
    const relay = await relayFor(t, { ...mx, settings });
    const client = await greetedClient(relay.port);
    client.write('MAIL FROM:<a@partner.test>\r\n');
    assert.match(await client.reply(), /^450 4\.7\.0 .*use STARTTLS/);
    assert.match(relay.oddities.join('\n'), /mail was sent away: mail of a@partner\.test/);
    client.close();
  });
});

describe('a front (XCLIENT)', () => {
  const front = { networks: [{ ...loopback, address: '192.0.2.7' }], fronts: [loopback] };

  it('speaks for a trusted client, whose address is on record', async (t) => {
    const relay = await relayFor(t, { listeners: [front] });
    const client = await greetedClient(relay.port);
    await client.expect('MAIL FROM:<a@ours.test>', '550');
    await client.expect('XCLIENT ADDR=192.0.2.7 HELO=client.test', '220');
    await transaction(client, { to: ['eve@far.test'] });
    client.close();
    const { id } = await relay.until('received', ({ event }) => event === 'received');
    const body = await relay.store.body(id);
    assert.match(
      Buffer.from(body?.kind === 'bytes' ? body.bytes : []).toString(),
      /^Received: from client\.test \(\[192\.0\.2\.7\]\)/,
    );
  });

  it('takes nothing of the trust in its own address along', async (t) => {
    const relay = await relayFor(t, { listeners: [{ networks: [loopback], fronts: [loopback] }] });
    const client = await greetedClient(relay.port);
    await client.expect('XCLIENT ADDR=198.51.100.9', '220');
    await client.expect('EHLO client.test', '250');
    await client.expect('MAIL FROM:<a@ours.test>', '550');
    client.close();
  });

  it('that hands on what its client says does not let him say who he is', async (t) => {
    const relay = await relayFor(t, { listeners: [front] });
    const client = await greetedClient(relay.port);
    await client.expect('XCLIENT ADDR=198.51.100.9', '220');
    assert.doesNotMatch(await client.expect('EHLO client.test', '250'), /XCLIENT/);
    await client.expect('XCLIENT ADDR=192.0.2.7', '503');
    await client.expect('MAIL FROM:<a@ours.test>', '550');
    client.close();
  });

  it('in one group with what follows: nothing of it runs as the front', async (t) => {
    const relay = await relayFor(t, { listeners: [{ networks: [loopback], fronts: [loopback] }] });
    const client = await greetedClient(relay.port);
    client.write('XCLIENT ADDR=198.51.100.9 HELO=client.test\r\nMAIL FROM:<a@ours.test>\r\n');
    assert.match(await client.reply(), /^220/);
    assert.match(await client.reply(), /^550 5\.7\.1 .*198\.51\.100\.9/);
    client.close();
  });

  it('logs a client in where the operator says so', async (t) => {
    const anna = await account('anna', 'sesame', 'scram');
    const relay = await relayFor(t, {
      accounts: [anna],
      listeners: [{ ...front, frontLogins: true }, front],
    });
    const [yes, no] = relay.relay.listeners;
    const client = await greetedClient(yes?.port ?? 0);
    await client.expect('XCLIENT ADDR=198.51.100.9 LOGIN=eve', '535');
    await client.expect('XCLIENT ADDR=198.51.100.9 LOGIN=anna HELO=client.test', '220');
    await client.expect('MAIL FROM:<a@ours.test>', '250');
    client.close();
    const other = await greetedClient(no?.port ?? 0);
    await other.expect('XCLIENT ADDR=198.51.100.9 LOGIN=anna HELO=client.test', '220');
    await other.expect('MAIL FROM:<a@ours.test>', '530');
    other.close();
  });

  it('is nobody whom the operator has not named', async (t) => {
    const relay = await relayFor(t, { listeners: [{ networks: front.networks }] });
    const client = await greetedClient(relay.port);
    await client.expect('XCLIENT ADDR=192.0.2.7', '500');
    await client.expect('MAIL FROM:<a@ours.test>', '550');
    client.close();
  });
});

describe('an account', () => {
  const limited = (rights: Partial<Account['rights']>): Account => ({
    ...byName,
    rights: { ...anyRights, ...rights },
  });

  async function loggedIn(relay: TestRelay): Promise<RawClient> {
    const client = await secured(relay.port, printer);
    await client.expect('AUTH EXTERNAL =', '235');
    return client;
  }

  it('keeps to its quota, and is told when it goes on', async (t) => {
    const quota = { ...noQuota, messagesPerDay: 1, recipientsPerHour: 2 };
    const relay = await relayFor(t, { accounts: [limited({ quota })], listeners: [asking] });
    const client = await loggedIn(relay);
    await client.expect('MAIL FROM:<a@ours.test>', '250');
    for (const to of ['a', 'b']) await client.expect(`RCPT TO:<${to}@far.test>`, '250');
    assert.match(await client.expect('RCPT TO:<c@far.test>', '450'), /2 recipients an hour .* goes on at 2/);
    await client.expect('RSET', '250');
    assert.match(await client.expect('MAIL FROM:<a@ours.test>', '450'), /1 messages a day/);
    client.close();
    assert.deepEqual(
      relay.relay
        .quotas()
        .map(({ subject, period, messages, recipients }) => [subject, period, messages, recipients]),
      [
        ['account printer', 'day', 1, 0],
        ['account printer', 'hour', 0, 2],
      ],
    );
    relay.later(DAY);
    const tomorrow = await loggedIn(relay);
    await tomorrow.expect('MAIL FROM:<a@ours.test>', '250');
    tomorrow.close();
  });

  it('writes as itself only, in the envelope and in the header', async (t) => {
    const sender = {
      ...anySender,
      senders: [{ kind: 'domain', domain: domain('office.test') } as const],
      header: true,
    };
    const relay = await relayFor(t, { accounts: [limited({ sender })], listeners: [asking] });
    const client = await loggedIn(relay);
    await client.expect('MAIL FROM:<a@other.test>', '550');
    await client.expect('MAIL FROM:<>', '250');
    await client.expect('RCPT TO:<a@far.test>', '250');
    await client.expect('DATA', '354');
    assert.match(
      await client.expect('From: Boss <boss@other.test>\r\n\r\nPay.\r\n.', '550'),
      /From names boss@other\.test/,
    );
    await client.expect('MAIL FROM:<p@office.test>', '250');
    await client.expect('RCPT TO:<a@far.test>', '250');
    await client.expect('DATA', '354');
    await client.expect('From: Printer <p@office.test>\r\n\r\nPaper.\r\n.', '250');
    client.close();
  });
});

it('clients of a network share its quota, whether they are trusted or not', async (t) => {
  const quota = { ...noQuota, messagesPerHour: 1 };
  const networkQuotas = [{ networks: [loopback], name: '127.0.0.1', quota }];
  const relay = await relayFor(t, { settings: { networkQuotas }, listeners: [{ networks: [loopback] }] });
  const client = await greetedClient(relay.port);
  await transaction(client, { to: ['eve@far.test'] });
  assert.match(await client.expect('MAIL FROM:<a@ours.test>', '450'), /1 messages an hour/);
  client.close();
});

describe('a server whose mail has always come over TLS', () => {
  async function grown(t: TestContext, mode: RelaySettings['inboundMemory']): Promise<TestRelay> {
    const relay = await relayFor(t, { ...mx, settings: { inboundMemory: mode } });
    for (const days of [0, 4, 4]) {
      relay.later(days * DAY);
      const client = await secured(relay.port);
      await transaction(client, { from: 'a@partner.test', to: ['anna@ours.test'] });
      client.close();
    }
    return relay;
  }

  it('is told to come again in clear; an operator can have that forgotten', async (t) => {
    const relay = await grown(t, 'enforce');
    const client = await greetedClient(relay.port);
    assert.match(await client.expect('MAIL FROM:<a@partner.test>', '450'), /always come over TLS/);
    await client.expect('MAIL FROM:<a@other.test>', '250');
    await client.expect('RSET', '250');
    assert.equal(relay.relay.inbound.of(domain('partner.test'))[0]?.sessions, 3);
    assert.equal(relay.relay.inbound.purge(domain('partner.test')), 1);
    await client.expect('MAIL FROM:<a@partner.test>', '250');
    client.close();
  });

  it('is let in while that is only observed, and the log tells', async (t) => {
    const relay = await grown(t, 'observe');
    const client = await greetedClient(relay.port);
    await transaction(client, { from: 'a@partner.test', to: ['anna@ours.test'] });
    client.close();
    assert.match(
      relay.oddities.join('\n'),
      /mail of partner\.test came in clear; .* always come over TLS, since/,
    );
  });
});
