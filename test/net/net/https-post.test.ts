/** Requests of webhooks to receivers of every kind. */
import assert from 'node:assert/strict';
import { createServer as createPlain } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createRaw } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { parseDomain } from '../../../src/names/domain.ts';
import { openPoster, type Poster, type PosterParts } from '../../../src/net/https-post.ts';
import { outgoingContext } from '../../../src/net/tls.ts';
import { createAuthority } from '../../support/certificates.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['hooks.example.test'] });
const context = outgoingContext([authority.certPem]);
const posting = { headers: { 'webhook-id': 'msg_1' }, body: '[{"é":1}]' };

interface Receiver {
  readonly port: number;
  /** Bodies that came, and what stood in the head. */
  readonly got: { readonly body: string; readonly headers: Record<string, unknown>; readonly url?: string }[];
  /** How many connections came. */
  readonly connections: () => number;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

async function receiver(
  t: TestContext,
  answer: (count: number) => Answer,
  tls?: ServerOptions,
): Promise<Receiver> {
  const got: Receiver['got'] = [];
  let connections = 0;
  const onRequest: Parameters<typeof createPlain>[1] = async (request, response) => {
    const body = await text(request);
    got.push({ body, headers: request.headers, ...(request.url === undefined ? {} : { url: request.url }) });
    const { status, headers, body: said = '' } = answer(got.length);
    response.writeHead(status, headers).end(said);
  };
  const server = tls === undefined ? createPlain(onRequest) : createServer(tls, onRequest);
  server.on(tls === undefined ? 'connection' : 'secureConnection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, got, connections: () => connections };
}

function poster(
  t: TestContext,
  port: number,
  scheme: 'http' | 'https',
  given: Partial<PosterParts> = {},
): Poster {
  const name = parseDomain('hooks.example.test');
  assert.ok(name.kind === 'ok');
  const opened = openPoster({
    target: { scheme, host: { kind: 'name', name: name.value }, port, path: '/mail?from=us' },
    addresses: () => Promise.resolve({ kind: 'found', addresses: ['127.0.0.1'] }),
    context,
    timeoutMs: 5_000,
    ...given,
  });
  t.after(() => opened.close());
  return opened;
}

/** Speaks no HTTP unless told so. */
async function raw(t: TestContext, say: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createRaw((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => say(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const tls: ServerOptions = { cert: certificate.certPem, key: certificate.keyPem };

describe('a receiver that takes what it is told', () => {
  it('gets the octets as they are, over TLS that was verified, all requests on one connection', async (t) => {
    const host = await receiver(t, () => ({ status: 204 }), tls);
    const opened = poster(t, host.port, 'https');
    for (let turn = 0; turn < 3; turn++) {
      assert.deepEqual(await opened.post(posting), { kind: 'answered', status: 204, retryAfter: undefined });
    }
    assert.deepEqual(
      host.got.map(({ body, url }) => [body, url]),
      Array.from({ length: 3 }, () => [posting.body, '/mail?from=us']),
    );
    assert.equal(host.got[0]?.headers['webhook-id'], 'msg_1');
    assert.equal(host.got[0]?.headers['host'], `hooks.example.test:${host.port}`);
    assert.equal(host.connections(), 1);
  });

  it('may have closed the connection meanwhile: nothing is lost by that', async (t) => {
    // It promises to keep the connection, and breaks it in the moment in which the next request comes.
    let requests = 0;
    const port = await raw(t, (socket) => {
      const onRequest = (): void => {
        requests += 1;
        if (requests === 2) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      };
      onRequest();
      socket.on('data', onRequest);
    });
    const opened = poster(t, port, 'http');
    await opened.post(posting);
    assert.equal((await opened.post(posting)).kind, 'answered');
    assert.equal(requests, 3);
  });

  it('is listened to for its status and Retry-After only', async (t) => {
    const host = await receiver(t, () => ({
      status: 503,
      headers: { 'Retry-After': '120' },
      body: Buffer.alloc(1_000_000),
    }));
    const outcome = await poster(t, host.port, 'http').post(posting);
    assert.deepEqual(outcome, { kind: 'answered', status: 503, retryAfter: '120' });
  });

  it('is not followed elsewhere', async (t) => {
    const elsewhere = await receiver(t, () => ({ status: 200 }));
    const host = await receiver(t, () => ({
      status: 307,
      headers: { Location: `http://127.0.0.1:${elsewhere.port}/` },
    }));
    const outcome = await poster(t, host.port, 'http').post(posting);
    assert.ok(outcome.kind === 'answered' && outcome.status === 307);
    assert.equal(elsewhere.got.length, 0);
  });
});

it('a receiver with an authority that nobody knows gets nothing, whatever the environment says', async (t) => {
  t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  const other = await (await createAuthority()).issue({ names: ['hooks.example.test'] });
  const host = await receiver(t, () => ({ status: 200 }), { cert: other.certPem, key: other.keyPem });
  assert.equal((await poster(t, host.port, 'https').post(posting)).kind, 'failed');
  assert.equal(host.got.length, 0);
});

describe('a receiver that is not who it should be gets nothing', () => {
  const cases: [what: string, tls: () => Promise<ServerOptions>, because: RegExp][] = [
    [
      'another name',
      async () => {
        const other = await authority.issue({ names: ['other.example.test'] });
        return { cert: other.certPem, key: other.keyPem };
      },
      /its certificate is for other\.example\.test, not for hooks\.example\.test/,
    ],
    [
      'part of a label as a wildcard, which Node takes',
      async () => {
        const other = await authority.issue({ names: ['h*.example.test'] });
        return { cert: other.certPem, key: other.keyPem };
      },
      /not for hooks\.example\.test/,
    ],
    [
      'an authority that nobody knows',
      async () => {
        const other = await (await createAuthority()).issue({ names: ['hooks.example.test'] });
        return { cert: other.certPem, key: other.keyPem };
      },
      /certificate/,
    ],
  ];
  for (const [what, options, because] of cases) {
    it(what, async (t) => {
      const host = await receiver(t, () => ({ status: 200 }), await options());
      const outcome = await poster(t, host.port, 'https').post(posting);
      assert.ok(outcome.kind === 'failed', JSON.stringify(outcome));
      assert.match(outcome.because, because);
      assert.equal(host.got.length, 0);
    });
  }
});

describe('a receiver that is no receiver', () => {
  const garbage: [what: string, say: (socket: Socket) => void][] = [
    ['garbage', (socket) => socket.write('\u0000\u0001garbage\r\n\r\n')],
    ['nothing, and closes', (socket) => socket.end()],
    ['nothing at all', () => undefined],
    ['a head without an end', (socket) => socket.write(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(10_000)}`)],
    [
      'a byte now and then',
      (socket) => {
        const timer = setInterval(() => socket.write('H'), 20);
        socket.on('close', () => clearInterval(timer));
      },
    ],
    ['half of a status', (socket) => socket.end('HTTP/1.1 20')],
  ];
  for (const [what, say] of garbage) {
    it(`says ${what}: it fails, in time`, async (t) => {
      const begun = performance.now();
      const outcome = await poster(t, await raw(t, say), 'http', { timeoutMs: 300 }).post(posting);
      assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
      assert.ok(performance.now() - begun < 2_000);
    });
  }

  it('says 200 and then drips for ever: that is its answer, once the time is over', async (t) => {
    const port = await raw(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const timer = setInterval(() => socket.write('1\r\nx\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    const outcome = await poster(t, port, 'http', { timeoutMs: 300 }).post(posting);
    assert.deepEqual(outcome, { kind: 'answered', status: 200, retryAfter: undefined });
  });

  it('says 200 with a body that has no end: no more than 64 KiB of it are read', async (t) => {
    let written = 0;
    const port = await raw(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536))) written += 65_536;
      };
      socket.on('drain', more);
      more();
    });
    const outcome = await poster(t, port, 'http').post(posting);
    assert.equal(outcome.kind, 'answered');
    assert.ok(written < 50_000_000, `${written}`);
  });

  it('cannot be found or reached', async (t) => {
    const lost = poster(t, 9, 'http', {
      addresses: () => Promise.resolve({ kind: 'failed', because: 'hooks.example.test has no address' }),
    });
    const outcome = await lost.post(posting);
    assert.ok(outcome.kind === 'failed');
    assert.match(outcome.because, /has no address/);
    const port = await raw(t, () => undefined);
    const never = poster(t, port, 'http', { addresses: () => new Promise(() => undefined), timeoutMs: 200 });
    assert.equal((await never.post(posting)).kind, 'failed');
  });
});
