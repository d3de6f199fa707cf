/** What `waxwing send` says when the relay that has taken the message cannot be followed. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { readRequest } from '../../../src/cli/send.ts';
import type { QueuedDelivery, QueuedTrail } from '../../../src/relay/control-api.ts';
import { type ControlPeer, type Run, startControlPeer, waxwing } from './control-peer.ts';

const AT = '2026-11-22T03:04:05.006Z';
const waiting: QueuedDelivery = { kind: 'waiting', attempts: 1, notBefore: AT };
const delivered: QueuedDelivery = { kind: 'delivered', at: AT };
const bounced: QueuedDelivery = { kind: 'bounced', at: AT };

function trail(...deliveries: readonly QueuedDelivery[]): QueuedTrail {
  const recipients = deliveries.map((delivery, index) => ({
    address: `r${index}@far.test`,
    destination: 'far.test',
    delivery,
    why: { cause: 'not-tried-yet' as const, line: 'not tried yet' },
    lastWord: null,
    pause: null,
  }));
  return { id: 'm7', receivedAt: AT, sender: '', size: 1, recipients, events: [], transcripts: [] };
}

/** Sends one message to a relay that takes it as m7, without copies, and answers every further question by `followed`. */
async function send(
  t: TestContext,
  followed: (response: ServerResponse, peer: ControlPeer) => void,
  taken = (response: ServerResponse, _peer: ControlPeer): void => json(response, 200, { id: 'm7' }),
  copies: readonly QueuedTrail[] = [],
): Promise<Run> {
  const { data } = await startControlPeer(t, ({ method, url }: IncomingMessage, response, peer) => {
    // A client that keeps its connection would still be served after `close`.
    response.setHeader('Connection', 'close');
    const copy = copies.find(({ id }) => url === `/queue/${id}`);
    if (copy !== undefined) json(response, 200, copy);
    else if (url?.startsWith('/queue/m7-') === true) json(response, 404, { error: 'no message' });
    else (method === 'POST' ? taken : followed)(response, peer);
  });
  const words = ['send', '--from', 'a@origin.test', '--to', 'b@far.test', '--timeout', '1', '--data', data];
  return waxwing(words, 'Subject: x\n\nx\n');
}

const notAsked = (): never => assert.fail('nothing is left to follow');

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

describe('--require-tls', () => {
  it('asks the relay for REQUIRETLS', async (t) => {
    const asked: string[] = [];
    const { data } = await startControlPeer(t, ({ method, url = '' }: IncomingMessage, response) => {
      response.setHeader('Connection', 'close');
      if (method === 'POST') asked.push(url);
      json(response, 422, { error: '554 5.6.0 not here' });
    });
    const words = ['send', '--from', 'a@origin.test', '--to', 'b@far.test', '--data', data];
    const { code, stderr } = await waxwing([...words, '--require-tls'], 'Subject: x\n\nx\n');
    assert.match(stderr, /the relay did not take the message: 554 5\.6\.0 not here/);
    assert.equal(code, 1);
    await waxwing(words, 'Subject: x\n\nx\n');
    assert.deepEqual(
      asked.map((url) => new URL(url, 'http://x').searchParams.get('tls')),
      ['requiretls', null],
    );
  });
});

describe('75 with the id on stderr, as the relay has the message and must not get it again', {
  concurrency: 4,
}, () => {
  const cases: readonly (readonly [string, (response: ServerResponse) => void, RegExp])[] = [
    ['an error of the relay', (response) => json(response, 500, { error: 'no writer' }), /no writer/],
    [
      'a message that is no longer known',
      (response) => json(response, 404, { error: 'no message m7' }),
      /no message m7/,
    ],
    ['a reset', (response) => response.socket?.destroy(), /gave no answer: socket hang up/],
    [
      'half an answer',
      (response) => {
        response.writeHead(200, { 'Content-Length': 100 }).write('{', () => response.socket?.destroy());
      },
      /gave no answer: aborted/,
    ],
    ['an answer of something else', (response) => response.end('<html>'), /not a waxwing/],
    ['no answer', () => {}, /gave no answer: nothing within \S+ s/],
    [
      'the end of the time',
      (response) => json(response, 200, trail(waiting)),
      /no end within 1 s \(--timeout\)/,
    ],
  ];
  for (const [why, followed, because] of cases) {
    it(why, async (t) => {
      const { code, stderr } = await send(t, followed);
      assert.equal(code, 75, stderr);
      assert.match(stderr, /^still queued as m7: [^\n]+\n$/);
      assert.match(stderr, because);
    });
  }

  it('the end of the time, where one recipient has failed already: 1, as one failed', async (t) => {
    const { code, stderr } = await send(t, (response) => json(response, 200, trail(bounced, waiting)));
    assert.equal(code, 1);
    assert.match(stderr, /^still queued as m7: no end within 1 s/);
  });

  it('a relay that stopped', async (t) => {
    const { code, stderr } = await send(t, notAsked, (response, peer) => {
      peer.close();
      json(response, 200, { id: 'm7' });
    });
    assert.equal(code, 75, stderr);
    assert.match(stderr, /^still queued as m7: no waxwing serves [^\n]+\n$/);
  });
});

describe('the end of a message that could be followed', { concurrency: 4 }, () => {
  it('0: delivered to all', async (t) => {
    const run = await send(t, (response) => json(response, 200, trail(delivered, delivered)));
    assert.deepEqual([run.code, run.stderr], [0, '']);
  });

  for (const failed of [bounced, { kind: 'held', by: 'tls', attempts: 1, notBefore: AT } as const]) {
    it(`1: ${failed.kind} for one`, async (t) => {
      const run = await send(t, (response) => json(response, 200, trail(delivered, failed)));
      assert.deepEqual([run.code, run.stderr], [1, '']);
    });
  }
});

describe('copies of a message that go out for aliases', { concurrency: 4 }, () => {
  const held: QueuedDelivery = { kind: 'held', by: 'tls', attempts: 1, notBefore: AT };
  const copies = (...deliveries: readonly QueuedDelivery[]): readonly QueuedTrail[] =>
    deliveries.map((delivery, index) => ({ ...trail(delivery), id: `m7-${index + 1}` }));
  const sent = (t: TestContext, ...deliveries: readonly QueuedDelivery[]) =>
    send(t, (response) => json(response, 200, trail(delivered)), undefined, copies(...deliveries));

  it('0 only where they are delivered, too', async (t) => {
    const run = await sent(t, delivered, delivered);
    assert.deepEqual([run.code, run.stderr], [0, '']);
  });

  it('1 where one is held', async (t) => {
    const run = await sent(t, delivered, held);
    assert.deepEqual([run.code, run.stderr], [1, '']);
  });

  it('75 where one waits, and it is named', async (t) => {
    const { code, stderr } = await sent(t, delivered, waiting);
    assert.equal(code, 75);
    assert.match(stderr, /^still queued as m7-2: no end within 1 s/);
  });
});

it('1, and no stack trace, where the relay breaks off before it says that it has the message', async (t) => {
  const { code, stderr } = await send(t, notAsked, (response) => response.socket?.destroy());
  assert.equal(code, 1);
  assert.match(stderr, /^error: the relay of \S+ gave no answer: [^\n]+\n$/);
});

describe('the words of the command line', () => {
  const file = new URL('../../../README.md', import.meta.url).pathname;
  const base = { from: 'me@example.com', timeout: '60' };
  const orders: readonly (readonly [string, string | undefined, readonly string[], readonly string[]])[] = [
    ['as in the README: FILE behind --to', undefined, ['you@example.net', file], ['you@example.net']],
    ['two recipients and FILE', undefined, ['a@one.test', 'b@two.test', file], ['a@one.test', 'b@two.test']],
    ['FILE first', file, ['you@example.net'], ['you@example.net']],
  ];
  for (const [why, argument, words, to] of orders) {
    it(why, async () => {
      const request = await readRequest(argument, { ...base, to: words });
      assert.equal(request.kind, 'ok');
      assert.deepEqual(request.kind === 'ok' && request.value.to, to);
      assert.match(request.kind === 'ok' ? Buffer.from(request.value.content).toString() : '', /^# Waxwing/);
    });
  }

  it('addresses may be beyond ASCII (RFC 6531)', async () => {
    const words = ['jörg@example.net', 'README.md'];
    const request = await readRequest(undefined, { ...base, from: 'zoë@example.net', to: words });
    assert.equal(request.kind, 'ok');
    assert.deepEqual(request.kind === 'ok' && request.value.to, ['jörg@example.net']);
    assert.equal(request.kind === 'ok' && request.value.from, 'zoë@example.net');
  });

  it('64: the configuration is wrong, and nothing was sent', async () => {
    const words = ['send', '--from', 'a@origin.test', '--to', 'b@far.test', '--config', '/none'];
    const { code, stderr } = await waxwing(words, 'Subject: x\n\nx\n');
    assert.equal(code, 64);
    assert.match(stderr, /^error: --config: there is no file "\/none"/);
  });

  it('- is stdin', async (t) => {
    let body = '';
    const { data } = await startControlPeer(t, async (request: IncomingMessage, response) => {
      response.setHeader('Connection', 'close');
      for await (const chunk of request) body += String(chunk);
      json(response, 422, { error: '554 5.6.0 not here' });
    });
    await waxwing(
      ['send', '--from', 'a@origin.test', '--to', 'b@far.test', '--data', data, '-'],
      'Subject: x\n\nby stdin\n',
    );
    assert.match(body, /by stdin/);
  });

  it('a file that is not there is named', async () => {
    const request = await readRequest(undefined, { ...base, to: ['you@example.net', 'missing.eml'] });
    assert.match(request.kind === 'invalid' ? request.because : '', /ENOENT.*missing\.eml/);
  });

  it('a single word behind --to that is no address is a bad address, not a file', async () => {
    const request = await readRequest(undefined, { ...base, to: ['message.eml'] });
    assert.match(request.kind === 'invalid' ? request.because : '', /^--to: /);
  });
});
