/** The upgrade to TLS from the client's side (drive.ts). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Talk } from '../../../src/wire/bytes.ts';
import type { Channel } from '../../../src/wire/channel.ts';
import { PeerError } from '../../../src/wire/dialogue.ts';
import { createAuthority } from '../../support/certificates.ts';
import { type HostileServer, startHostileServer } from '../../support/hostile-server.ts';
import { asServer, connected, goAhead, startTls } from './peer.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['peer.test'] });

describe('plaintext between the go-ahead and the handshake', () => {
  for (const injected of ['250 injected\r\n', '2', '250-frag']) {
    it(`${JSON.stringify(injected)} in the same segment is fatal (CVE-2021-38371)`, async (t) => {
      const { connection, peer } = await connected(t);
      const result = connection.run(startTls(connection.channel));
      await goAhead(peer, injected);
      await assert.rejects(result, (error) => error instanceof PeerError && error.code === 'injected');
      assert.equal(connection.usable, false);
    });
  }

  it('in a later segment it is seen as well: the same bytes give the same outcome', async (t) => {
    const { connection, peer } = await connected(t);
    const result = connection.run(startTls(connection.channel));
    await goAhead(peer);
    await sleep(30);
    peer.write('250 injected\r\n');
    await assert.rejects(result, { name: 'PeerError', code: 'injected' });
    assert.equal(connection.usable, false);
  });

  it('the check that a client uses nothing of it convicts a client that keeps its leftover', async (t) => {
    const server = await injectingServer(t);
    const client = connectPlain({ port: server.port, host: '127.0.0.1' });
    t.after(() => client.destroy());
    assert.match(await firstAnswerInside(client), /injected/, 'the twin takes it for the answer to EHLO');
    assert.match(server.conversations()[0]?.inside ?? '', /EHLO/);
  });
});

describe('the handshake', () => {
  it('that is never answered is cut at its deadline', async (t) => {
    const { connection, peer } = await connected(t);
    const result = connection.run(startTls(connection.channel));
    await goAhead(peer);
    const secured = await result;
    assert.match(secured.kind === 'failed' ? secured.because : '', /was not done after 0\.3 s$/);
  });

  it('that is cut by the peer says so', async (t) => {
    const { connection, peer } = await connected(t);
    const result = connection.run(startTls(connection.channel));
    await goAhead(peer);
    await sleep(30);
    peer.destroy();
    const secured = await result;
    assert.match(secured.kind === 'failed' ? secured.because : '', /closed the connection|reset|ECONNRESET/);
  });

  it('sends the name of the peer, and nothing where it was named by address', async (t) => {
    for (const serverName of ['peer.test', undefined]) {
      const { connection, peer } = await connected(t, serverName === undefined ? {} : { serverName });
      const result = connection.run(startTls(connection.channel));
      await goAhead(peer);
      const secure = asServer(peer, certificate);
      await result;
      assert.equal(Reflect.get(secure, 'servername') || undefined, serverName);
    }
  });
});

describe('TLS from the first octet on (RFC 8314)', () => {
  function* greetedInTls(channel: Channel): Talk<[string, string]> {
    const secured = yield* channel.beginTls();
    if (secured.kind === 'failed') return ['failed', secured.because];
    channel.beginAnswer();
    return [secured.facts.version, yield* channel.readLine(2048, 'greeting')];
  }

  it('the greeting comes inside it, with the end of the handshake or later', async (t) => {
    for (const wait of [0, 30]) {
      const { connection, peer } = await connected(t);
      const result = connection.run(greetedInTls(connection.channel));
      const secure = asServer(peer, certificate);
      if (wait > 0) {
        await once(secure, 'secure');
        await sleep(wait);
      }
      secure.write('220 mx\r\n');
      assert.deepEqual(await result, ['TLSv1.3', '220 mx']);
      assert.equal(connection.usable, true);
    }
  });

  it('a second greeting that nobody asked for is fatal', async (t) => {
    const { connection, peer } = await connected(t);
    const result = connection.run(greetedInTls(connection.channel));
    asServer(peer, certificate).write('220 mx\r\n220 mx\r\n');
    await result;
    await assert.rejects(connection.run(connection.channel.say('EHLO x\r\n')), { code: 'unsolicited' });
  });

  it('a server that greets in clear has no TLS there, whenever its greeting comes', async (t) => {
    for (const wait of [0, 30]) {
      const { connection, peer } = await connected(t);
      const result = connection.run(greetedInTls(connection.channel));
      await sleep(wait);
      peer.write('220 mx ESMTP\r\n');
      const [kind, because] = await result;
      assert.equal(kind, 'failed');
      assert.match(because, /^peer\.test \(127\.0\.0\.1\) speaks plaintext where TLS should begin/);
    }
  });

  it('a server that waits for a command is cut at the deadline of the handshake', async (t) => {
    const { connection } = await connected(t);
    const [kind, because] = await connection.run(greetedInTls(connection.channel));
    assert.equal(kind, 'failed');
    assert.match(because, /was not done after 0\.3 s$/);
  });
});

async function injectingServer(t: TestContext): Promise<HostileServer> {
  const server = await startHostileServer(certificate, {
    startTls: { say: '220 go\r\n250 injected\r\n', next: 'handshake' },
  });
  t.after(() => server.close());
  return server;
}

/** The vulnerable twin: one buffer for both sides of the upgrade. */
async function firstAnswerInside(client: Socket): Promise<string> {
  let unread = '';
  const lineFrom = async (socket: Socket): Promise<string> => {
    while (!unread.includes('\r\n')) unread += String((await once(socket, 'data'))[0]);
    const line = unread.slice(0, unread.indexOf('\r\n'));
    unread = unread.slice(line.length + 2);
    return line;
  };
  await lineFrom(client);
  client.write('STARTTLS\r\n');
  await lineFrom(client);
  const secure = connectTls({ socket: client, rejectUnauthorized: false });
  await once(secure, 'secureConnect');
  secure.write('EHLO twin.test\r\n');
  const answer = await lineFrom(secure);
  await once(secure, 'data');
  return answer;
}
