/** Where mail goes: MX, implicit MX, routes, and the ends that no later attempt would change. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { DeliveryEvent } from '../../../src/events/delivery-event.ts';
import type { Lookup } from '../../../src/net/dns.ts';
import { freePort } from '../../peers/support/ports.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type HostileServer, startHostileServer } from '../../support/hostile-server.ts';
import { absent, type FakeDns, found } from '../../support/lookup.ts';
import { eventually, mxOf, startTestRelay, type TestRelay } from '../../support/relay.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['mx.test'] });

const inClear = { offers: ['PIPELINING'] };
/** MX hosts share the port and differ in the address. */
const hosts: Readonly<Record<string, string>> = {
  'one.test': '127.0.0.1',
  'two.test': '127.0.0.2',
  'three.test': '127.0.0.3',
  'relay.test': '127.0.0.9',
};

const noRecord = absent('no-such-record');

interface Setting {
  readonly relay: TestRelay;
  readonly servers: readonly HostileServer[];
}

/** Servers on the addresses given, all on one port. */
async function setting(t: TestContext, dns: Partial<FakeDns>, at: readonly string[]): Promise<Setting> {
  const servers: HostileServer[] = [];
  for (const address of at) {
    const server = await startHostileServer(certificate, inClear, { address, port: servers[0]?.port ?? 0 });
    t.after(() => server.close());
    servers.push(server);
  }
  const relay = await startTestRelay(t, {
    dns: { addresses: (host) => Promise.resolve(addressOf(host)), ...dns },
    ...(servers[0] === undefined ? {} : { smtpPort: servers[0].port }),
    keyPair: certificate,
  });
  return { relay, servers };
}

function addressOf(host: string): Lookup<readonly string[]> {
  const address = hosts[host];
  return address === undefined ? absent('no-such-name') : found([address]);
}

async function endOf(relay: TestRelay, to: string): Promise<DeliveryEvent> {
  const id = await relay.send({ from: '', to: [to] });
  return relay.until('an end', (event) => event.id === id && event.event !== 'received');
}

describe('RFC 5321 §5.1: locating the target host', () => {
  it('takes the host of the lowest preference number, whatever the order of the answer', async (t) => {
    const mx = mxOf('20 two.test', '10 one.test');
    const { relay, servers } = await setting(t, { mx: () => Promise.resolve(mx) }, [
      '127.0.0.1',
      '127.0.0.2',
    ]);
    const { event, mx: reached } = await endOf(relay, 'anna@far.test');
    assert.equal(event, 'delivered');
    assert.equal(reached?.host, 'one.test');
    assert.deepEqual(
      servers.map(({ messages }) => messages.length),
      [1, 0],
    );
  });

  it('goes on to the next host where one refuses the connection', async (t) => {
    const mx = mxOf('10 two.test', '20 one.test');
    const { relay, servers } = await setting(t, { mx: () => Promise.resolve(mx) }, ['127.0.0.1']);
    const { event, mx: reached } = await endOf(relay, 'anna@far.test');
    assert.equal(event, 'delivered');
    assert.equal(reached?.address, '127.0.0.1');
    assert.equal(servers[0]?.messages.length, 1);
  });

  it('goes on to the next host where one greets with 421', async (t) => {
    const mx = mxOf('10 one.test', '20 two.test');
    const { relay, servers } = await setting(t, { mx: () => Promise.resolve(mx) }, [
      '127.0.0.1',
      '127.0.0.2',
    ]);
    servers[0]?.become({ greeting: { say: '421 4.3.2 busy\r\n', next: 'close' } });
    const { event, mx: reached } = await endOf(relay, 'anna@far.test');
    assert.equal(event, 'delivered');
    assert.equal(reached?.host, 'two.test');
  });

  it('does not go on where one host refused the recipient for good', async (t) => {
    const mx = mxOf('10 one.test', '20 two.test');
    const { relay, servers } = await setting(t, { mx: () => Promise.resolve(mx) }, [
      '127.0.0.1',
      '127.0.0.2',
    ]);
    servers[0]?.become({
      ...inClear,
      answer: (verb) => (verb === 'RCPT' ? { say: '550 no\r\n' } : undefined),
    });
    assert.equal((await endOf(relay, 'anna@far.test')).event, 'dropped');
    assert.equal(servers[1]?.conversations().length, 0);
  });

  it('uses the domain itself where there are no MX records (implicit MX)', async (t) => {
    const { relay, servers } = await setting(t, { mx: () => Promise.resolve(noRecord) }, ['127.0.0.1']);
    assert.equal((await endOf(relay, 'anna@one.test')).event, 'delivered');
    assert.equal(servers[0]?.messages.length, 1);
  });

  it('hosts of our own preference or a greater number are left out, so mail cannot circle', async (t) => {
    const behind = await startHostileServer(certificate, inClear, { address: '127.0.0.2', port: 0 });
    t.after(() => behind.close());
    const relay = await startTestRelay(t, {
      listeners: [{ address: '127.0.0.9', port: behind.port }],
      dns: {
        addresses: (host) => Promise.resolve(addressOf(host)),
        mx: () => Promise.resolve(mxOf('10 one.test', '20 relay.test', '30 two.test')),
      },
      smtpPort: behind.port,
      keyPair: certificate,
    });
    const { event } = await endOf(relay, 'anna@far.test');
    assert.equal(event, 'deferred', 'one.test is not there, and two.test stands behind us');
    assert.equal(behind.conversations().length, 0);
  });

  it('a host with our name is not us where another server has its port: a relay beside a mail server', async (t) => {
    const mx = mxOf('10 relay.test');
    const { relay } = await setting(t, { mx: () => Promise.resolve(mx) }, ['127.0.0.9']);
    const { event, mx: host } = await endOf(relay, 'anna@far.test');
    assert.equal(event, 'delivered');
    assert.equal(host?.address, '127.0.0.9');
  });
});

describe('ends and waits that DNS decides', () => {
  const cases: readonly (readonly [string, Partial<FakeDns>, string, RegExp])[] = [
    [
      'RFC 7505: a null MX takes no mail',
      { mx: () => Promise.resolve(found({ kind: 'null' })) },
      '5.1.10',
      /accepts no mail/,
    ],
    [
      'a domain that does not exist',
      { mx: () => Promise.resolve(absent('no-such-name')) },
      '5.1.2',
      /does not exist/,
    ],
    [
      'a domain without MX and without address',
      {
        mx: () => Promise.resolve(noRecord),
        addresses: (host) => Promise.resolve(host === 'far.test' ? noRecord : addressOf(host)),
      },
      '5.4.4',
      /neither MX nor address/,
    ],
  ];
  for (const [why, dns, status, because] of cases) {
    it(`${why}: bounced with ${status}`, async (t) => {
      const home = await startHostileServer(certificate, inClear);
      t.after(() => home.close());
      const relay = await startTestRelay(t, {
        dns: { addresses: (host) => Promise.resolve(addressOf(host)), ...dns },
        routes: [{ domain: 'origin.test', to: { host: 'one.test', port: home.port } }],
        keyPair: certificate,
      });
      const id = await relay.send({ to: ['anna@far.test'] });
      const bounced = await relay.until('bounced', (event) => event.event === 'bounced');
      assert.match(bounced.tls?.because ?? '', because);
      assert.equal(bounced.mx, null);
      const [notice] = await eventually('a notification', () => nonEmpty(home.messages));
      assert.match(notice?.content.toString() ?? '', new RegExp(`^Status: ${status}\r$`, 'm'));
      assert.deepEqual(await relay.states(id), { 'anna@far.test': 'bounced' });
    });
  }

  it('no answer is not an answer that says no: deferred', async (t) => {
    const unknown = { kind: 'unknown', because: 'MX far.test: queryMx ETIMEOUT' } as const;
    const { relay } = await setting(t, { mx: () => Promise.resolve(unknown) }, []);
    const { event, tls } = await endOf(relay, 'anna@far.test');
    assert.equal(event, 'deferred');
    assert.match(tls?.because ?? '', /ETIMEOUT/);
  });

  it('an unknown address of the only MX host: deferred', async (t) => {
    const { relay } = await setting(
      t,
      {
        mx: () => Promise.resolve(mxOf('10 one.test')),
        addresses: () => Promise.resolve({ kind: 'unknown', because: 'A one.test: SERVFAIL' }),
      },
      [],
    );
    assert.equal((await endOf(relay, 'anna@far.test')).event, 'deferred');
  });

  it('our own address under another name is still us: bounced with 5.4.6', async (t) => {
    const port = await freePort('127.0.0.8');
    const relay = await startTestRelay(t, {
      listeners: [{ address: '127.0.0.8', port }],
      dns: {
        mx: () => Promise.resolve(mxOf('10 alias.test')),
        addresses: () => Promise.resolve(found(['127.0.0.8'])),
      },
      smtpPort: port,
      keyPair: certificate,
    });
    const { event, tls } = await endOf(relay, 'anna@far.test');
    assert.equal(event, 'dropped');
    assert.match(tls?.because ?? '', /loops: its best MX is this host/);
  });
});

describe('routes', () => {
  it('RFC 5891: a route for an international domain matches its A-label form', async (t) => {
    const server = await startHostileServer(certificate, inClear);
    t.after(() => server.close());
    const relay = await startTestRelay(t, {
      routes: [{ domain: 'bücher.test', to: { host: 'mx.test', port: server.port } }],
      keyPair: certificate,
    });
    assert.equal((await endOf(relay, 'anna@xn--bcher-kva.test')).event, 'delivered');
    assert.deepEqual(server.messages[0]?.recipients, ['anna@xn--bcher-kva.test']);
  });
});

function nonEmpty<Item>(list: readonly Item[]): readonly Item[] | undefined {
  return list.length > 0 ? list : undefined;
}
