/** A gateway as a whole, shown by PostgreSQL and ManageSieve before backends that only echo. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createAuthority } from '../../support/certificates.ts';
import { startTestGateway } from '../../support/gateway.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['gateway.test'] });

const startup = Buffer.concat([Buffer.from([0, 0, 0, 16, 0, 3, 0, 0]), Buffer.from('user\0a\0\0')]);
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

describe('front', () => {
  it('passes octets and ends both ways', async (t) => {
    const backend = await listening(t, (socket) => socket.pipe(socket));
    const gateway = await startTestGateway(t, { protocol: 'postgres', backend, keyPairs: [keyPair] });
    const client = await upgraded(gateway.port);
    client.write(startup);
    client.end('hello');
    const all = await readAll(client);
    assert.deepEqual(all, Buffer.concat([startup, Buffer.from('hello')]));
    const event = await gateway.ended();
    assert.equal(event.tls.outcome, 'encrypted');
    console.log(event);
  });
});

async function upgraded(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.write(sslRequest);
  const [answer] = await once(socket, 'data');
  assert.equal(String(answer), 'S');
  const secure = connectTls({ socket, servername: 'gateway.test', ca: authority.certPem, ALPNProtocols: ['postgresql'] });
  await once(secure, 'secureConnect');
  return secure;
}

async function listening(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks);
}
