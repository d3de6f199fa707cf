/** STARTTLS from the server's side: what a client, or somebody between, may try around the upgrade. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { createAuthority } from '../../support/certificates.ts';
import { greetedClient, rawClient } from '../../support/raw-client.ts';
import { eventually, startTestRelay, transaction } from '../../support/relay.ts';
import { startTwin } from './twins.ts';

const authority = await createAuthority();
const LF = 0x0a;
const keyPair = await authority.issue({ names: ['relay.test'] });

interface Injection {
  readonly how: string;
  /** Segments; the go-ahead is waited for before the second. */
  readonly segments: readonly [string, ...string[]];
}

const injections: readonly Injection[] = [
  { how: 'a whole command in the same segment', segments: ['STARTTLS\r\nNOOP injected\r\n'] },
  { how: 'a whole transaction', segments: ['STARTTLS\r\nMAIL FROM:<>\r\nRCPT TO:<a@far.test>\r\nDATA\r\n'] },
  { how: 'a fragment in the same segment', segments: ['STARTTLS\r\nNOOP inj'] },
  { how: 'a single octet', segments: ['STARTTLS\r\nN'] },
  { how: 'a whole command in a segment of its own', segments: ['STARTTLS\r\n', 'NOOP injected\r\n'] },
  { how: 'a fragment in a segment of its own', segments: ['STARTTLS\r\n', 'NOOP inj'] },
];

/**
 * Injects, shakes hands and looks for an answer that nobody asked for.
 *
 * @returns `refused` where the handshake dies, `run` where the injected command was run inside TLS.
 */
async function inject(port: number, segments: readonly string[]): Promise<'refused' | 'run' | 'dropped'> {
  const client = await greetedClient(port);
  try {
    for (const segment of segments) {
      client.write(segment);
      if (segment === segments[0]) await client.reply();
      await sleep(20);
    }
    try {
      await client.secure();
    } catch {
      return 'refused';
    }
    const first = await client.expect('NOOP ours', '250');
    return first.includes('injected') ? 'run' : 'dropped';
  } finally {
    client.close();
  }
}

describe('RFC 3207 §4.2, CVE-2011-0411: plaintext behind STARTTLS', () => {
  for (const { how, segments } of injections) {
    it(`${how}: the handshake dies, and nothing runs inside TLS`, async (t) => {
      const relay = await startTestRelay(t, { keyPair });
      assert.equal(await inject(relay.port, segments), 'refused');
      assert.deepEqual(relay.events, []);
      await eventually('a word in the log', () =>
        relay.oddities.find((one) => /TLS handshake failed/.test(one)),
      );
      assert.equal(
        relay.oddities.some((one) => /plaintext followed STARTTLS/.test(one)),
        segments.length === 1,
      );
    });
  }

  it('the same check convicts a server that keeps the leftover', async (t) => {
    const twin = await startTwin(t, keyPair, 'keeps-the-leftover');
    assert.equal(await inject(twin.port, ['STARTTLS\r\nNOOP injected\r\n']), 'run');
  });

  it('RFC 9051 §6.2.1: an eager ClientHello in the same segment begins the handshake', async (t) => {
    // A server that throws the rest away waits for a ClientHello that has come already.
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    const { socket } = client;
    socket.removeAllListeners('data');
    let toSay = 'STARTTLS\r\n';
    let answer = Buffer.alloc(0);
    const wire = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        socket.write(Buffer.concat([Buffer.from(toSay), chunk]), done);
        toSay = '';
      },
    });
    socket.on('data', (bytes: Buffer) => {
      // The go-ahead is for us, all behind it is for the TLS engine.
      const goAhead = answer.includes(LF) ? 0 : bytes.indexOf(LF) + 1;
      answer = Buffer.concat([answer, bytes.subarray(0, goAhead)]);
      if (goAhead < bytes.length) wire.push(bytes.subarray(goAhead));
    });
    const secure = connectTls({ socket: wire, rejectUnauthorized: false });
    secure.on('error', () => secure.destroy());
    await once(secure, 'secureConnect', { signal: AbortSignal.timeout(3_000) });
    assert.match(answer.toString(), /^220 /);
    secure.write('EHLO client.test\r\n');
    const [reply]: Buffer[] = await once(secure, 'data');
    assert.match(String(reply), /^250-relay\.test/);
    client.close();
  });
});

describe('the session after the upgrade', () => {
  it('RFC 3207 §4.2: what was said before it is forgotten', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    await client.expect('MAIL FROM:<before@origin.test>', '250');
    await client.expect('RCPT TO:<anna@far.test>', '250');
    await client.expect('STARTTLS', '220');
    await client.secure();
    await client.expect('DATA', '503');
    await client.expect('MAIL FROM:<after@origin.test>', '503');
    const offers = await client.expect('EHLO client.test', '250');
    assert.doesNotMatch(offers, /STARTTLS/, 'RFC 3207 §4.2: not offered again');
    await client.expect('RCPT TO:<anna@far.test>', '503');
    await client.expect('STARTTLS', '503');
    await transaction(client, { from: 'after@origin.test', to: ['anna@far.test'] });
    client.close();
    const [received] = relay.events;
    assert.equal(received?.from, 'after@origin.test');
    assert.equal(received.tls?.outcome, 'encrypted');
    assert.match(received.tls.version ?? '', /^TLSv1\.[23]$/);
  });

  it('RFC 3207 §4: where TLS is required everything but NOOP, EHLO, STARTTLS and QUIT gets 530', async (t) => {
    const relay = await startTestRelay(t, { keyPair, listeners: [{ requireTls: true }] });
    const client = await greetedClient(relay.port);
    for (const line of [
      'MAIL FROM:<a@origin.test>',
      'RSET',
      'VRFY a',
      'DATA',
      'AUTH PLAIN AGEAYg==',
      'HELO x',
    ])
      await client.expect(line, '530');
    await client.expect('NOOP', '250');
    await client.expect('STARTTLS', '220');
    await client.secure();
    await client.expect('EHLO client.test', '250');
    await transaction(client, { to: ['anna@far.test'] });
    client.close();
    assert.equal(relay.events[0]?.tls?.required, 'encrypt');
  });

  it('renegotiation is refused (CVE-2009-3555)', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    await client.expect('STARTTLS', '220');
    const secure = await client.secure({ maxVersion: 'TLSv1.2' });
    assert.equal(secure.getProtocol(), 'TLSv1.2');
    const error = await new Promise<Error | null>((resolve) => {
      secure.once('error', resolve);
      secure.renegotiate({ rejectUnauthorized: false }, resolve);
    });
    assert.match(String(error), /no.renegotiation|NO_RENEGOTIATION/i);
    client.close();
  });

  it('RFC 8996: TLS 1.1 is refused', async (t) => {
    const relay = await startTestRelay(t, { keyPair });
    const client = await greetedClient(relay.port);
    await client.expect('STARTTLS', '220');
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await assert.rejects(client.secure(old), /protocol version/i);
    client.close();
  });
});

describe('implicit TLS', () => {
  it('RFC 8314 §3: TLS first, then the greeting, and no STARTTLS', async (t) => {
    const relay = await startTestRelay(t, { keyPair, listeners: [{ tls: 'implicit' }] });
    const client = await rawClient(relay.port);
    await client.secure({ servername: 'relay.test', ca: authority.certPem, rejectUnauthorized: true });
    assert.match(await client.reply(), /^220 relay\.test /);
    assert.doesNotMatch(await client.expect('EHLO client.test', '250'), /STARTTLS/);
    await client.expect('STARTTLS', '503');
    await transaction(client, { to: ['anna@far.test'] });
    client.close();
    assert.equal(relay.events[0]?.tls?.outcome, 'encrypted');
  });

  it('plaintext on that port gets no answer in clear but the end', async (t) => {
    const relay = await startTestRelay(t, { keyPair, listeners: [{ tls: 'implicit' }] });
    const client = await rawClient(relay.port);
    client.write('EHLO client.test\r\nMAIL FROM:<>\r\n');
    assert.doesNotMatch(await client.rest(), /220|250/);
    assert.deepEqual(relay.events, []);
  });
});

describe('a handshake that never ends', () => {
  it('is cut at an absolute deadline, also where an octet comes every now and then', async (t) => {
    const relay = await startTestRelay(t, { keyPair, serverPatience: { handshake: 300 } });
    assert.ok((await msUntilCut(relay.port, 50)) < 1_500);
  });
});

/** Says STARTTLS, then sends a ClientHello octet by octet; gives up after a while. */
async function msUntilCut(port: number, everyMs: number): Promise<number> {
  const client = await greetedClient(port);
  await client.expect('STARTTLS', '220');
  const started = performance.now();
  // The start of a record of 512 octets: it is not complete before all of them have come.
  const hello = Buffer.concat([Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]), Buffer.alloc(512)]);
  let sent = 0;
  const drip = setInterval(() => client.write(hello.subarray(sent, ++sent)), everyMs);
  const cut = await Promise.race([client.rest().then(() => true), sleep(1_500, false)]);
  clearInterval(drip);
  client.close();
  return cut ? performance.now() - started : Number.POSITIVE_INFINITY;
}
