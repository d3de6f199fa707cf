/** Listeners behind a proxy: who may introduce clients, who must, and what follows the introduction. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Deadlines } from '../../../src/net/deadlines.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type RawClient, rawClient } from '../../support/raw-client.ts';
import { eventually } from '../../support/relay.ts';
import { type Greeter, startGreeter } from './greeter.ts';
import { testDeadlines } from './peer.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });
const TEXT = 'PROXY TCP4 192.0.2.1 198.51.100.2 51000 25\r\n';
const BINARY = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c6336402c7380019', 'hex');
const GREETING = '220 192.0.2.1 51000 198.51.100.2 25\r\n';

async function behind(
  t: TestContext,
  options: Partial<Parameters<typeof startGreeter>[1]> = {},
): Promise<{ greeter: Greeter; client: RawClient }> {
  const greeter = await startGreeter(t, {
    keyPair,
    proxies: (address) => address === '127.0.0.1',
    ...options,
  });
  const client = await rawClient(greeter.port);
  t.after(() => client.close());
  return { greeter, client };
}

describe('a proxy', () => {
  for (const [version, header] of [
    ['1', Buffer.from(TEXT)],
    ['2', BINARY],
  ] as const) {
    it(`version ${version}: the client is who the proxy says it is`, async (t) => {
      const { client } = await behind(t);
      client.write(header);
      assert.equal(await client.reply(), GREETING);
      await client.expect('NOOP', '250');
    });

    it(`version ${version}: what stands in the same segment is the client's`, async (t) => {
      const { client } = await behind(t);
      client.write(Buffer.concat([header, Buffer.from('ONE\r\nTWO\r\nQUIT\r\n')]));
      assert.equal(await client.rest(), `${GREETING}250 ONE\r\n250 TWO\r\n221 bye\r\n`);
    });

    it(`version ${version}: octet by octet, with what follows`, async (t) => {
      const { client } = await behind(t);
      for (const octet of Buffer.concat([header, Buffer.from('ONE\r\nQUIT\r\n')])) {
        client.write(Buffer.of(octet));
        await sleep(1);
      }
      assert.equal(await client.rest(), `${GREETING}250 ONE\r\n221 bye\r\n`);
    });

    it(`version ${version}: before TLS, in one segment with the ClientHello`, async (t) => {
      const { client } = await behind(t, { tls: 'implicit' });
      const { socket } = client;
      socket.removeAllListeners('data');
      let before = header;
      const wire = new Duplex({
        read: () => undefined,
        write: (chunk: Buffer, _encoding, done) => {
          socket.write(Buffer.concat([before, chunk]), done);
          before = Buffer.alloc(0);
        },
      });
      socket.on('data', (bytes: Buffer) => wire.push(bytes));
      const secure = connectTls({ socket: wire, rejectUnauthorized: false });
      secure.on('error', () => secure.destroy());
      const [said]: Buffer[] = await once(secure, 'data', { signal: AbortSignal.timeout(3_000) });
      assert.equal(String(said), GREETING);
    });

    it(`version ${version}: before TLS, in a segment of its own`, async (t) => {
      const { client } = await behind(t, { tls: 'implicit' });
      client.write(header);
      await sleep(20);
      await client.secure();
      assert.equal(await client.reply(), GREETING);
    });
  }

  it('before STARTTLS', async (t) => {
    const { client } = await behind(t);
    client.write(TEXT);
    await client.reply();
    await client.expect('STARTTLS', '220');
    await client.secure();
    await client.expect('NOOP', '250');
  });

  it('that speaks for itself is a client under its own address', async (t) => {
    const { client } = await behind(t);
    client.write('PROXY UNKNOWN\r\n');
    assert.match(await client.reply(), /^220 127\.0\.0\.1 /);
  });

  it('says nothing before the introduction', async (t) => {
    const { client } = await behind(t);
    assert.equal(await Promise.race([client.reply(), sleep(100, 'silence')]), 'silence');
    client.write(TEXT);
    await sleep(20);
    client.close();
  });
});

describe('an introduction that is wrong', () => {
  const wrong: readonly [what: string, sent: string, oddity: RegExp][] = [
    ['a client without a proxy', 'EHLO client.test\r\n', /begins with something else/],
    ['a broken line', 'PROXY TCP4 192.0.2.1\r\n', /two TCP4 addresses/],
    ['a line without an end', `PROXY UNKNOWN ${'x'.repeat(200)}`, /longer than 107/],
  ];
  for (const [what, sent, oddity] of wrong) {
    it(`${what}: closed without a word, and told in the log`, async (t) => {
      const { greeter, client } = await behind(t);
      client.write(sent);
      assert.equal(await client.rest(), '');
      assert.match(greeter.oddities.join(), oddity);
      assert.match(greeter.oddities.join(), /^127\.0\.0\.1: /);
      assert.equal(greeter.open(), 0);
    });
  }

  it('the end instead of it', async (t) => {
    const { greeter, client } = await behind(t);
    client.write(TEXT.slice(0, 10));
    client.end();
    assert.equal(await client.rest(), '');
    assert.match(greeter.oddities.join(), /it ended before a PROXY header/);
  });

  it('nothing for five seconds, however slowly octets come', async (t) => {
    const set: number[] = [];
    const deadlines = testDeadlines(t);
    const watched: Deadlines = {
      ...deadlines,
      add: (onMissed) => {
        const deadline = deadlines.add(onMissed);
        return {
          clear: () => deadline.clear(),
          drop: () => deadline.drop(),
          set: (ms) => {
            set.push(ms);
            deadline.set(ms / 20);
          },
        };
      },
    };
    const { greeter, client } = await behind(t, { deadlines: watched });
    for (const octet of TEXT.slice(0, 8)) {
      client.write(octet);
      await sleep(50);
    }
    assert.equal(await client.rest(), '');
    assert.match(greeter.oddities.join(), /no PROXY header within 5 s/);
    assert.deepEqual(set, [5_000]);
  });

  it('a header from whoever is no proxy is a command like any other', async (t) => {
    const { client } = await behind(t, { proxies: () => false });
    await client.reply();
    assert.match(await client.expect('PROXY TCP4 192.0.2.1 198.51.100.2 51000 25', '250'), /^250 PROXY/);
  });

  it('at the end of the listener a connection that was not introduced is closed', async (t) => {
    const { greeter, client } = await behind(t);
    await eventually('it is there', () => sleep(30, true));
    await greeter.listener.close(5_000);
    assert.equal(await client.rest(), '');
  });
});
