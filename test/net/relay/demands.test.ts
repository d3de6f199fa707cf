/** What a message asks of its way, over the wire: REQUIRETLS at several hosts, and word of how it travelled. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Certificate } from '../../support/certificates.ts';
import { type HostileServer, startHostileServer } from '../../support/hostile-server.ts';
import { absent, found } from '../../support/lookup.ts';
import { domain, mxOf, startTestRelay, type TestRelay } from '../../support/relay.ts';
import {
  authority,
  certificate,
  ended,
  handIn,
  hello,
  notice,
  setting,
  startPeer,
} from './outgoing-setting.ts';

const wanted = 'Waxwing-TLS: requiretls\r\nSubject: test\r\n\r\nthe body\r\n';
const bare = ['PIPELINING', 'STARTTLS'];
const willing = [...bare, 'REQUIRETLS'];
const far = await authority.issue({ names: ['one.far.test', 'two.far.test'] });
const domainOnly = await authority.issue({ names: ['far.test'] });

interface Hosts {
  readonly one: HostileServer;
  readonly two: HostileServer;
  readonly origin: HostileServer;
  readonly relay: TestRelay;
}

interface Offered {
  readonly one: readonly string[];
  readonly two: readonly string[];
  /** What the second host shows; by default a certificate for both. */
  readonly shown?: Certificate;
  /** Of the first host. */
  readonly addresses?: readonly string[];
}

/** far.test has two MX hosts, at 127.0.0.1 and 127.0.0.2, whose names the operator has written down. */
async function twoHosts(
  t: TestContext,
  { one, two, shown = far, addresses = ['127.0.0.1'] }: Offered,
): Promise<Hosts> {
  const first = await startHostileServer(far, { offers: one });
  t.after(() => first.close());
  const second = await startHostileServer(shown, { offers: two }, { address: '127.0.0.2', port: first.port });
  t.after(() => second.close());
  const origin = await startPeer(t);
  const relay = await startTestRelay(t, {
    keyPair: certificate,
    trust: [authority.certPem],
    smtpPort: first.port,
    routes: [
      { domain: 'origin.test', to: { host: 'mx.test', port: origin.port } },
      { domain: 'far.test', names: ['.far.test'] },
    ],
    dns: {
      mx: (name) =>
        Promise.resolve(
          name === domain('far.test') ? mxOf('10 one.far.test', '20 two.far.test') : absent('no-such-name'),
        ),
      addresses: (host) => Promise.resolve(found(host.startsWith('two') ? ['127.0.0.2'] : addresses)),
    },
  });
  return { one: first, two: second, origin, relay };
}

function inside(server: HostileServer): string {
  return server
    .conversations()
    .map((one) => one.inside)
    .join();
}

async function send(
  { relay }: Pick<Hosts, 'relay'>,
  to = '<bob@far.test>',
  content = wanted,
): Promise<string> {
  const id = await handIn(relay, [to], { mail: ' RET=FULL', content });
  await ended(relay, 1);
  return Object.values(await relay.states(id)).join();
}

describe('RFC 8689 §4.2.1: a message with REQUIRETLS', () => {
  it('goes to the MX host that offers it, and the one before hears no word of it', async (t) => {
    const hosts = await twoHosts(t, { one: bare, two: willing });
    assert.equal(await send(hosts), 'delivered');
    assert.doesNotMatch(inside(hosts.one), /MAIL|the body/);
    assert.match(inside(hosts.two), /MAIL FROM:<anna@origin\.test> REQUIRETLS\r\n/);
    const [event] = hosts.relay.about('bob@far.test');
    assert.deepEqual([event?.tls?.outcome, event?.tls?.by], ['authenticated', 'message']);
  });

  it('is returned with 5.7.30 where none of them does, header only, and the notification is not lost for want of it', async (t) => {
    const hosts = await twoHosts(t, { one: bare, two: bare });
    assert.equal(await send(hosts), 'bounced');
    const text = await notice(hosts.origin);
    assert.match(text, /^Status: 5\.7\.30\r$/m);
    assert.doesNotMatch(text, /the body/);
  });

  it('is returned also where another address of the host that lacks it is out of reach', async (t) => {
    const hosts = await twoHosts(t, { one: bare, two: bare, addresses: ['127.0.0.1', '127.0.0.3'] });
    assert.equal(await send(hosts), 'bounced');
  });

  it('waits where a host that may offer it is out of reach', async (t) => {
    const hosts = await twoHosts(t, { one: bare, two: willing });
    await hosts.two.close();
    assert.equal(await send(hosts), 'waiting');
    assert.doesNotMatch(inside(hosts.one), /MAIL/);
  });

  it('is returned with 5.7.10 where the one that offers it proves nothing', async (t) => {
    const hosts = await twoHosts(t, { one: bare, two: willing, shown: certificate });
    assert.equal(await send(hosts), 'bounced');
    assert.doesNotMatch(inside(hosts.two), /MAIL/);
    assert.match(await notice(hosts.origin), /^Status: 5\.7\.10\r$/m);
  });
});

describe('RFC 8689 §4.2.1: "The hostname from the MX record lookup [...] MUST match"', () => {
  it('a certificate for the domain of the mail is not one for its host', async (t) => {
    const hosts = await twoHosts(t, { one: bare, two: willing, shown: domainOnly });
    assert.equal(await send(hosts), 'bounced');
    assert.doesNotMatch(inside(hosts.two), /MAIL/);
    assert.match(await notice(hosts.origin), /^Status: 5\.7\.10\r$/m);
  });
});

describe('REQUIRETLS where a route takes it easy', () => {
  const route = { requireTls: 'opportunistic', tls: 'encrypt' } as const;
  it('RFC 8689 §2: is said only "in the context of an SMTP session meeting the security requirements"', async (t) => {
    const stranger = await setting(t, { offers: willing }, { trust: [], route });
    assert.equal(await send(stranger, '<bob@far.test>'), 'delivered');
    assert.match(inside(stranger.peer), /MAIL FROM:<anna@origin\.test>\r\n/);
  });

  it('RFC 8689 §5: "RET=FULL MUST be disregarded", also by a host that hears nothing of REQUIRETLS', async (t) => {
    const stranger = await setting(t, { offers: [...willing, 'DSN'] }, { trust: [], route });
    assert.equal(await send(stranger, '<bob@far.test>'), 'delivered');
    assert.match(inside(stranger.peer), /MAIL FROM:<anna@origin\.test> RET=HDRS\r\n/);
  });

  it('is said where the host offers it and has proved its name', async (t) => {
    const known = await setting(t, { offers: willing }, { route });
    assert.equal(await send(known), 'delivered');
    assert.match(inside(known.peer), /MAIL FROM:<anna@origin\.test> REQUIRETLS\r\n/);
  });

  it('is not needed, and not said where it is not offered', async (t) => {
    const known = await setting(t, { offers: bare }, { route });
    assert.equal(await send(known), 'delivered');
    assert.match(inside(known.peer), /MAIL FROM:<anna@origin\.test>\r\n/);
  });
});

describe('who wants to know how the message travelled', () => {
  it('is told although the next host would tell of success itself, and whatever NOTIFY says', async (t) => {
    const { relay, origin } = await setting(t, {
      answer: (verb, _, isInside) =>
        verb === 'EHLO' ? hello('PIPELINING', 'DSN', ...(isInside ? [] : ['STARTTLS'])) : undefined,
    });
    const content = 'Waxwing-Tell: outcome\r\nSubject: test\r\n\r\nthe body\r\n';
    await handIn(relay, ['<bob@far.test> NOTIFY=NEVER'], { content });
    const text = await notice(origin);
    assert.match(text, /^Action: relayed\r$/m);
    assert.match(
      text,
      /^X-Waxwing-TLS: authenticated; required=authenticate; by=default; version=TLSv1\.3\r$/m,
    );
    assert.match(text, /It travelled over TLS \(TLSv1\.3\) to a host that proved who it is/);
  });
});
