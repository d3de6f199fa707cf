/** Over time nothing is lost and nothing is kept; bench/gateway-long.ts does the same with a thousand times as much. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createAuthority } from '../../support/certificates.ts';
import { startTestGateway } from '../../support/gateway.ts';
import { giveRestlessly, takeRestlessly } from '../../support/restless.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['gateway.test'] });

const OCTETS = 20_000_000;
/** Octets that are lost are waited for. */
const patience = { timeout: 15_000 };
const CONNECTIONS = 300;
/** What they may leave behind; one that is kept costs many times as much. */
const KEPT_OCTETS = CONNECTIONS * 2_000;
/** These load what all others share. */
const FIRST = 100;

describe('a gateway over time', () => {
  it(
    'passes 20 MB each way at once, in pieces of any size and with stalls: the digests agree',
    patience,
    async (t) => {
      const digests = Promise.withResolvers<readonly string[]>();
      const backend = await mailbox(t, (socket) => {
        void Promise.all([giveRestlessly(socket, OCTETS), takeRestlessly(socket, OCTETS)])
          .then(digests.resolve, digests.reject)
          .finally(() => socket.end());
      });
      const gateway = await startTestGateway(t, { protocol: 'imap', backend, keyPairs: [keyPair] });
      const client = await loggedIn(gateway.port);
      const [sent, taken, [sentBack, arrived]] = await Promise.all([
        giveRestlessly(client, OCTETS),
        takeRestlessly(client, OCTETS),
        digests.promise,
      ]);
      assert.equal(arrived, sent);
      assert.equal(taken, sentBack);
      client.destroy();
      const { octets } = await gateway.ended();
      // Beside them only what it took to get there.
      assert.ok(octets.fromClient >= OCTETS && octets.fromClient < OCTETS + 200, String(octets.fromClient));
      assert.ok(octets.toClient >= OCTETS && octets.toClient < OCTETS + 200, String(octets.toClient));
    },
  );

  it('keeps nothing of 300 connections that were opened, held and closed', async (t) => {
    const backend = await mailbox(t, (socket) => void socket.resume());
    const gateway = await startTestGateway(t, { protocol: 'imap', backend, keyPairs: [keyPair] });
    await openHoldAndClose(gateway.port, FIRST);
    await gateway.ended(FIRST);
    const before = await keptOctets();
    await openHoldAndClose(gateway.port, CONNECTIONS);
    await gateway.ended(FIRST + CONNECTIONS);
    const kept = (await keptOctets()) - before;
    assert.equal(gateway.events.length, FIRST + CONNECTIONS);
    assert.ok(gateway.events.every(({ endedBy }) => endedBy === 'client'));
    assert.ok(!process.getActiveResourcesInfo().includes('TCPSocketWrap'), 'a socket is still open');
    assert.ok(kept < KEPT_OCTETS, `${CONNECTIONS} connections left ${kept} octets behind`);
  });
});

/** Apart, so that nothing of it is reachable afterwards. */
async function openHoldAndClose(port: number, connections: number): Promise<void> {
  const clients: TLSSocket[] = [];
  for (let n = 0; n < connections; n += 20) {
    clients.push(...(await Promise.all(Array.from({ length: 20 }, () => loggedIn(port)))));
  }
  assert.equal(clients.filter(({ destroyed }) => !destroyed).length, connections);
  const closed = clients.map((client) => once(client, 'close'));
  for (const client of clients) client.resume().end();
  await Promise.all(closed);
}

/** Of the heap and of buffers, once the garbage is collected. */
async function keptOctets(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('garbage cannot be collected');
  for (let n = 0; n < 3; n++) {
    await sleep(50);
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Greets and lets everybody in; then the connection is the test's. */
async function mailbox(t: TestContext, onLogin: (socket: Socket) => void): Promise<number> {
  const serve = async (socket: Socket): Promise<void> => {
    socket.write('* OK [CAPABILITY IMAP4rev1] ready\r\n');
    assert.equal(await lineOf(socket), 't LOGIN user password\r\n');
    socket.write('t OK done\r\n');
    onLogin(socket);
  };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function loggedIn(port: number): Promise<TLSSocket> {
  const plain = connect({ port, host: '127.0.0.1', noDelay: true });
  assert.match(await lineOf(plain), /^\* OK /);
  plain.write('a STARTTLS\r\n');
  assert.match(await lineOf(plain), /^a OK /);
  const secure = connectTls({ socket: plain, servername: 'gateway.test', ca: authority.certPem });
  secure.on('error', () => secure.destroy());
  await once(secure, 'secureConnect');
  secure.write('t LOGIN user password\r\n');
  assert.equal(await lineOf(secure), 't OK done\r\n');
  return secure;
}

/** Not an octet more: what follows belongs to somebody else. */
async function lineOf(socket: Socket): Promise<string> {
  let line = '';
  while (!line.endsWith('\n')) {
    const octet: unknown = socket.read(1);
    if (octet instanceof Buffer) line += octet.toString('latin1');
    else await once(socket, 'readable');
  }
  return line;
}
