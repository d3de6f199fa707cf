/** RFC 8484: questions by HTTPS. */
import assert from 'node:assert/strict';
import { constants, type Http2ServerResponse } from 'node:http2';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { types } from '../../../../src/dns/record.ts';
import type { Delivered } from '../../../../src/net/dns/carrier.ts';
import { HttpsCarrier } from '../../../../src/net/dns/https.ts';
import { buildQuery } from '../../../../src/net/dns/query.ts';
import { dialSecure } from '../../../../src/net/dns/stream-dial.ts';
import type { Upstream } from '../../../../src/net/dns/upstream.ts';
import { outgoingContext } from '../../../../src/net/tls.ts';
import { createAuthority } from '../../../support/certificates.ts';
import {
  type HttpsServer,
  type Respond,
  startHttpsServer,
  startTlsServer,
} from '../../../support/dns/secure-server.ts';
import { a, answerTo, question, type Received, says } from '../../../support/dns/server.ts';
import { manualDeadlines } from '../../../support/manual-deadlines.ts';
import { domain, eventually } from '../../../support/relay.ts';
import { type Asking, asking, shown, wishes } from './asking.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['dns.example'] });
const FAR = question('far.test', types.A);
const HEADERS = { 'content-type': 'application/dns-message' };

const bytesFor = (query: Received): Uint8Array =>
  answerTo(query, { answers: [a(query.question.name, '192.0.2.1', 300)] });
const right: Respond = (response, query) => {
  response.writeHead(200, HEADERS);
  response.end(bytesFor(query));
};

function at(port: number): Upstream {
  const host = { kind: 'name', name: domain('dns.example') } as const;
  return {
    address: '127.0.0.1',
    port,
    transport: { kind: 'https', host, authority: `dns.example:${port}`, path: '/dns-query' },
  };
}

async function setting(t: TestContext, respond: Respond): Promise<Asking & { readonly server: HttpsServer }> {
  const server = await startHttpsServer(t, certificate, respond);
  return { server, ...asking(t, at(server.port), [authority.certPem]) };
}

describe('a question', () => {
  it('is posted as it is, with id 0: "DoH clients … SHOULD use a DNS ID of 0 in every DNS request"', async (t) => {
    const { server, ask } = await setting(t, right);
    assert.equal(shown(await ask(FAR)), 'HTTPS 192.0.2.1');
    const [request] = server.requests;
    assert.equal(request?.[':method'], 'POST');
    assert.equal(request[':path'], '/dns-query');
    assert.equal(request[':authority'], `dns.example:${server.port}`);
    assert.equal(request['content-type'], 'application/dns-message');
    assert.equal(request.accept, 'application/dns-message');
    assert.equal(server.received[0]?.id, 0);
    assert.equal(server.received[0]?.edns?.cookie, undefined);
  });

  it('shares one session with many others', async (t) => {
    const { server, ask } = await setting(t, right);
    const outcomes = await Promise.all(Array.from({ length: 300 }, () => ask(FAR)));
    assert.deepEqual(new Set(outcomes.map(shown)), new Set(['HTTPS 192.0.2.1']));
    assert.equal(server.connections, 1);
  });

  it('is sent once more in another session, where the server says GOAWAY or hangs up', async (t) => {
    for (const how of ['goaway', 'destroy'] as const) {
      const { server, ask } = await setting(t, (response, query) => {
        if (server.received.length === 1) server.leave('destroy');
        else right(response, query);
      });
      assert.equal(shown(await ask(FAR)), 'HTTPS 192.0.2.1');
      assert.equal(server.connections, 2);
      server.leave(how);
      await sleep(20);
      assert.equal(shown(await ask(FAR)), 'HTTPS 192.0.2.1', how);
      assert.equal(server.connections, 3);
    }
  });

  it('and does not go round in circles', async (t) => {
    const { server, ask } = await setting(t, () => server.leave('destroy'));
    assert.match(shown(await ask(FAR)), /it closed the connection \(HTTPS\)/);
    assert.equal(server.connections, 2);
  });

  it('nobody wants any more is taken back', async (t) => {
    const closed = Promise.withResolvers<void>();
    const { ask } = await setting(t, (response) => void response.stream.on('close', closed.resolve));
    const startedAt = performance.now();
    assert.match(shown(await ask(FAR, 100)), /no answer by HTTPS/);
    await closed.promise;
    assert.ok(performance.now() - startedAt < 1_000, 'before the session is given up');
  });
});

describe('an answer', () => {
  it(`RFC 8484 §5.1: "MUST account for the Age response header field's value"`, async (t) => {
    const { ask } = await setting(t, (response, query) => {
      response.writeHead(200, { ...HEADERS, age: '250' });
      response.end(bytesFor(query));
    });
    const exchanged = await ask(FAR);
    assert.equal(exchanged.kind === 'message' && exchanged.message.answers[0]?.ttl, 50);
  });

  const none: readonly (readonly [why: string, respond: Respond, because: RegExp])[] = [
    ['with another status', (response) => response.writeHead(404, HEADERS).end('x'), /HTTP status 404/],
    [
      'with a redirect, which is not followed',
      (response) => response.writeHead(302, { location: 'https://127.0.0.1:1/' }).end(),
      /HTTP status 302/,
    ],
    [
      'of another type',
      (response, query) => response.writeHead(200, { 'content-type': 'text/html' }).end(bytesFor(query)),
      /answered with text\/html, not with application\/dns-message/,
    ],
    ['of no type', (response, query) => response.writeHead(200).end(bytesFor(query)), /no media type/],
    [
      'longer than a message can be',
      (response) => response.writeHead(200, HEADERS).end(Buffer.alloc(65_536)),
      /longer than 65535 octets/,
    ],
    ['without a message', (response) => response.writeHead(200, HEADERS).end(), /malformed/],
    ['that is no message', (response) => response.writeHead(200, HEADERS).end('hello'), /malformed/],
    [
      'to another question',
      (response, query) =>
        response.writeHead(200, HEADERS).end(answerTo(query, { question: question('b.test', 1) })),
      /another question/,
    ],
    [
      'that is reset',
      (response) => response.stream.close(constants.NGHTTP2_INTERNAL_ERROR),
      /closed the connection/,
    ],
    [
      'that ends in the middle',
      (response, query) => cutOff(response, bytesFor(query)),
      /closed the connection/,
    ],
  ];
  for (const [why, respond, because] of none) {
    it(`${why} is none`, async (t) => {
      const { ask } = await setting(t, respond);
      assert.match(shown(await ask(FAR)), because);
    });
  }

  it('without an end is given up after four seconds, and asked for once more', async (t) => {
    const server = await startHttpsServer(t, certificate, (response, query) => {
      if (server.received.length > 1) right(response, query);
      else response.writeHead(200, HEADERS).write('x');
    });
    const { deadlines, delivered } = carrying(t, server);
    await eventually('the question', () => server.received[0]);
    await sleep(50);
    deadlines.later(4_000);
    assert.equal((await delivered).kind, 'reply');
    assert.equal(server.connections, 2);
  });
});

it('a session that takes no more questions and brings nothing more is closed, not left open for ever', async (t) => {
  const closed = Promise.withResolvers<void>();
  const server = await startHttpsServer(t, certificate, (response, query) => {
    if (server.received.length > 1) right(response, query);
    else {
      response.stream.session?.once('close', closed.resolve);
      server.leave('goaway');
    }
  });
  const { deadlines, delivered } = carrying(t, server);
  await eventually('the question', () => server.received[0]);
  await sleep(50);
  deadlines.later(4_000);
  assert.equal((await delivered).kind, 'reply');
  await closed.promise;
});

describe('RFC 8310 §5, RFC 8484 §10: nothing is asked', () => {
  it('behind a certificate of another name', async (t) => {
    const server = await startHttpsServer(t, await authority.issue({ names: ['other.example'] }), right);
    const { ask } = asking(t, at(server.port), [authority.certPem]);
    assert.match(shown(await ask(FAR)), /certificate is not for dns\.example/);
    assert.equal(server.received.length, 0);
  });

  it('of a server that does not speak HTTP/2', async (t) => {
    const server = await startTlsServer(t, certificate, (query) => says(query), []);
    const { ask } = asking(t, at(server.port), [authority.certPem]);
    assert.match(shown(await ask(FAR)), /does not speak HTTP\/2/);
    assert.equal(server.received.length, 0);
  });
});

it('closing ends all of it, also while connecting and while hundreds wait', async (t) => {
  const { client, ask, server } = await setting(t, () => undefined);
  for (let times = 0; times < 300; times += 1) void ask(FAR, 100);
  await sleep(30);
  await client.close();
  await client.close();
  assert.ok(server.connections <= 1);
});

/** One question under way, in a time that the test makes pass. */
function carrying(
  t: TestContext,
  { port }: HttpsServer,
): { deadlines: ReturnType<typeof manualDeadlines>; delivered: Promise<Delivered> } {
  const deadlines = manualDeadlines();
  const context = outgoingContext([authority.certPem]);
  const terms = {
    host: { kind: 'name', name: domain('dns.example') },
    context: () => context,
    protocol: 'h2',
  } as const;
  const carrier = new HttpsCarrier({
    authority: 'dns.example',
    path: '/',
    deadlines,
    dial: () => dialSecure({ address: '127.0.0.1', port }, terms, deadlines),
  });
  t.after(() => carrier.close());
  const query = buildQuery(FAR, wishes, { edns: true, cookie: undefined, spelling: undefined });
  const delivered = new Promise<Delivered>((resolve) => void carrier.send(query, resolve));
  return { deadlines, delivered };
}

function cutOff(response: Http2ServerResponse, bytes: Uint8Array): void {
  response.writeHead(200, { ...HEADERS, 'content-length': String(bytes.length) });
  response.write(bytes.subarray(0, 10));
  setTimeout(() => response.stream.close(constants.NGHTTP2_CANCEL), 10);
}
