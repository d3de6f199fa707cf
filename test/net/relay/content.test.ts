/** What becomes of the content on its way: conversions, sizes, and servers that stop listening. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { conversionsOut } from '../../../src/relay/octet-line.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type HostileServer, type Script, startHostileServer } from '../../support/hostile-server.ts';
import { startTestRelay, type TestRelay } from '../../support/relay.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['mx.test'] });
const MEGABYTE = 1024 * 1024;

async function setting(
  t: TestContext,
  script: Partial<Script> = {},
): Promise<{ peer: HostileServer; relay: TestRelay }> {
  const peer = await startHostileServer(certificate, script);
  t.after(() => peer.close());
  const relay = await startTestRelay(t, {
    routes: [{ domain: 'far.test', to: { host: 'mx.test', port: peer.port }, tls: 'authenticate' }],
    trust: [authority.certPem],
    keyPair: certificate,
    // Mail that passes: nothing is added but the trace.
    listeners: [{ role: 'mx' }],
  });
  return { peer, relay };
}

async function endOf(relay: TestRelay, content: string | Buffer): ReturnType<TestRelay['until']> {
  const id = await relay.send({ from: '', to: ['anna@far.test'], content });
  return relay.until('an end', (event) => event.id === id && event.event !== 'received');
}

/** Lines of hexadecimal digits after a short header. */
function bigMessage(octets: number): string {
  const lines = randomBytes(octets / 2)
    .toString('hex')
    .replace(/.{76}/g, '$&\r\n');
  return `Subject: big\r\n\r\n${lines}\r\n`;
}

function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Without the Received field that the relay put in front. */
function withoutTrace(content: Buffer): string {
  return content.toString('latin1').replace(/^Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*/, '');
}

describe('conversion', () => {
  const text = 'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n';

  it('RFC 6152: 8-bit content goes as it is to a server with 8BITMIME, and says so', async (t) => {
    const { peer, relay } = await setting(t);
    const content = Buffer.from(`${text}Content-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n`);
    assert.equal((await endOf(relay, content)).event, 'delivered');
    assert.equal(withoutTrace(peer.messages[0]?.content ?? Buffer.alloc(0)), content.toString('latin1'));
    assert.match(peer.conversations()[0]?.inside ?? '', /MAIL FROM:<> SIZE=[0-9]+ BODY=8BITMIME\r\n/);
  });

  it('RFC 6152 §3: 8-bit content is converted for a server without 8BITMIME', async (t) => {
    const { peer, relay } = await setting(t, { offers: ['PIPELINING', 'STARTTLS'] });
    const content = Buffer.from(`${text}Content-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n`);
    assert.equal((await endOf(relay, content)).event, 'delivered');
    const arrived = peer.messages[0]?.content ?? Buffer.alloc(0);
    assert.ok(!arrived.some((octet) => octet > 0x7f));
    assert.match(arrived.toString(), /^Content-Transfer-Encoding: quoted-printable\r$/m);
    assert.match(arrived.toString(), /^Gr=C3=BC=C3=9Fe\r$/m);
    assert.doesNotMatch(peer.conversations()[0]?.inside ?? '', /BODY=/);
  });

  it('RFC 5321 §4.5.3.1.6: a line of 1200 octets is encoded so that none is longer than 998', async (t) => {
    const { peer, relay } = await setting(t);
    const line = 'y'.repeat(1200);
    assert.equal((await endOf(relay, `${text}\r\n${line}\r\n`)).event, 'delivered');
    const arrived = (peer.messages[0]?.content ?? Buffer.alloc(0)).toString('latin1');
    assert.ok(arrived.split('\r\n').every(({ length }) => length <= 998));
    assert.match(arrived, /^Content-Transfer-Encoding: quoted-printable\r$/m);
    assert.equal(arrived.split('\r\n\r\n')[1]?.replaceAll('=\r\n', '').trim(), line);
  });

  it('of many at once waits for its turn, and nothing is lost', async (t) => {
    const { peer, relay } = await setting(t);
    const busy = Promise.withResolvers<void>();
    t.after(() => busy.resolve());
    void conversionsOut.run(Number.MAX_SAFE_INTEGER, () => busy.promise);
    const long = endOf(relay, `${text}\r\n${'y'.repeat(1200)}\r\n`);
    assert.equal((await endOf(relay, `${text}\r\nshort\r\n`)).event, 'delivered');
    assert.equal(peer.messages.length, 1);
    busy.resolve();
    assert.equal((await long).event, 'delivered');
    assert.equal(peer.messages.length, 2);
  });

  it('that has no turn in time is tried again later', async (t) => {
    const { peer, relay } = await setting(t);
    t.mock.method(conversionsOut, 'run', () => Promise.resolve(undefined));
    const end = await endOf(relay, `${text}\r\n${'y'.repeat(1200)}\r\n`);
    assert.equal(end.event, 'deferred');
    assert.match(
      end.event === 'deferred' ? (end.tls?.because ?? '') : '',
      /too many messages are re-encoded at once/,
    );
    assert.equal(peer.messages.length, 0);
  });

  it('lines that start with dots arrive with as many', async (t) => {
    const { peer, relay } = await setting(t);
    const content = `${text}\r\n.\r\n..\r\n.x\r\nx.\r\n...\r\n`;
    assert.equal((await endOf(relay, content)).event, 'delivered');
    assert.equal(withoutTrace(peer.messages[0]?.content ?? Buffer.alloc(0)), content);
  });
});

describe('size', () => {
  it('RFC 1870: a message above the SIZE of the server is not sent: bounced with 5.3.4', async (t) => {
    const { peer, relay } = await setting(t, { offers: ['STARTTLS', 'SIZE 10000'] });
    const { event, tls } = await endOf(relay, bigMessage(20_000));
    assert.equal(event, 'dropped');
    assert.equal(tls?.outcome, null);
    assert.match(tls.because, /has [0-9]+ octets, mx\.test takes 10000/);
    assert.doesNotMatch(peer.conversations()[0]?.inside ?? '', /MAIL/);
  });

  for (const octets of [100_000, 200_000, 5 * MEGABYTE]) {
    it(`${octets} octets arrive intact, from the database or from a file`, async (t) => {
      const { peer, relay } = await setting(t);
      const content = bigMessage(octets);
      assert.equal((await endOf(relay, content)).event, 'delivered');
      assert.equal(sha256(withoutTrace(peer.messages[0]?.content ?? Buffer.alloc(0))), sha256(content));
      assert.deepEqual(await relay.incoming(), []);
    });
  }
});

describe('a server that does not wait for the end', () => {
  const early = (say: string, next: 'go-on' | 'close'): Partial<Script> => ({
    duringContent: (octets) => (octets > MEGABYTE ? { say, next } : undefined),
  });

  it('552 in the middle of 30 MB, then it closes: its word counts, at once', async (t) => {
    const { peer, relay } = await setting(t, early('552 5.3.4 too big for me\r\n', 'close'));
    const { event, reply } = await endOf(relay, bigMessage(30 * MEGABYTE));
    assert.equal(event, 'dropped');
    assert.deepEqual([reply?.code, reply?.enhanced], [552, '5.3.4']);
    assert.equal(peer.messages.length, 0);
  });

  it('552 in the middle, and it reads no more: the rest is not waited for', async (t) => {
    const stuck: Partial<Script> = {
      duringContent: (octets) =>
        octets > MEGABYTE ? { say: '552 5.3.4 too big for me\r\n', next: 'stop-reading' } : undefined,
    };
    const { relay } = await setting(t, stuck);
    const started = performance.now();
    const { event, reply } = await endOf(relay, bigMessage(30 * MEGABYTE));
    assert.equal(event, 'dropped');
    assert.equal(reply?.code, 552);
    assert.ok(performance.now() - started < 10_000);
  });

  it('250 in the middle is the answer to something else: not delivered', async (t) => {
    // A driver that takes any 250 would call half a message delivered, and lose it.
    const { peer, relay } = await setting(t, early('250 2.0.0 taken\r\n', 'go-on'));
    const { event, tls } = await endOf(relay, bigMessage(5 * MEGABYTE));
    assert.equal(event, 'deferred');
    assert.match(tls?.because ?? '', /accepted the message before its end was sent/);
    assert.equal(peer.messages.length, 0);
  });

  it('closes in the middle without a word: deferred', async (t) => {
    const { relay } = await setting(t, early('', 'close'));
    assert.equal((await endOf(relay, bigMessage(5 * MEGABYTE))).event, 'deferred');
  });
});

describe('RFC 5321 §6.3: loops', () => {
  it('a message with more Received fields than the limit is refused', async (t) => {
    const { relay } = await setting(t);
    const trace = (hops: number): string =>
      `${`Received: from a.test by b.test; Mon, 1 Jan 2024 00:00:00 +0000\r\n`.repeat(hops)}Subject: x\r\n\r\nx\r\n`;
    assert.equal((await endOf(relay, trace(100))).event, 'delivered');
    await assert.rejects(relay.send({ to: ['anna@far.test'], content: trace(101) }), /554 5\.4\.6/);
  });
});
