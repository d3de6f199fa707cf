/** Mail for many destinations at the same moment: what one host gets of it, and how fast it begins. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createAuthority } from '../../support/certificates.ts';
import {
  eventually,
  mxOf,
  startTestRelay,
  type TestRelay,
  type TestRelayOptions,
} from '../../support/relay.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

interface Sink {
  readonly port: number;
  /** Connections at the same moment, at most. */
  readonly most: () => number;
  /** When each came, ms since the first. */
  readonly times: () => readonly number[];
  readonly messages: () => number;
}

/** Takes all mail in clear, `slowMs` after its end, and counts connections. */
async function startSink(t: TestContext, slowMs: number): Promise<Sink> {
  const times: number[] = [];
  const open = new Set<Socket>();
  let most = 0;
  let messages = 0;
  const server = createServer((socket) => {
    open.add(socket);
    most = Math.max(most, open.size);
    times.push(performance.now());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    socket.write('220 sink.test\r\n');
    let unread = '';
    let inContent = false;
    const answer = (line: string): void => {
      if (inContent) {
        if (line !== '.') return;
        inContent = false;
        messages += 1;
        setTimeout(() => socket.write('250 taken\r\n'), slowMs);
      } else if (line === 'DATA') {
        inContent = true;
        socket.write('354 go on\r\n');
      } else if (line === 'QUIT') {
        // That the client has closed is read only after the next one has been let in.
        open.delete(socket);
        socket.end('221 bye\r\n');
      } else socket.write('250 ok\r\n');
    };
    socket.on('data', (chunk: Buffer) => {
      const lines = (unread + chunk.toString('latin1')).split('\r\n');
      unread = lines.pop() ?? '';
      for (const line of lines) answer(line);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') return assert.fail('it has no port');
  return {
    port: address.port,
    most: () => most,
    times: () => times.map((one) => one - (times[0] ?? 0)),
    messages: () => messages,
  };
}

/** A relay for which all domains have the sink as their only MX host. */
function relayTo(t: TestContext, sink: Sink, queue: TestRelayOptions['queue']): Promise<TestRelay> {
  return startTestRelay(t, {
    keyPair,
    level: 'off',
    smtpPort: sink.port,
    queue: { connections: 1_000, connectionsPerDestination: 5, ...queue },
    dns: { mx: () => Promise.resolve(mxOf('10 mx.provider.test')) },
  });
}

/** One message with a recipient in each of so many domains. */
async function sendToAll(relay: TestRelay, domains: number): Promise<void> {
  const all = Array.from({ length: domains }, (_, index) => `b@d${index}.test`);
  for (let from = 0; from < domains; from += 100) await relay.send({ to: all.slice(from, from + 100) });
}

const allDelivered = (relay: TestRelay, count: number): Promise<true> =>
  eventually(`${count} deliveries`, () =>
    relay.events.filter(({ event }) => event === 'delivered').length === count ? true : undefined,
  );

describe('many destinations at one host', () => {
  it('50 domains with the same MX host never have more connections to it than one host gets, and all mail arrives', async (t) => {
    const sink = await startSink(t, 20);
    const relay = await relayTo(t, sink, { connectionsPerHost: 7 });
    await sendToAll(relay, 50);
    const { events } = relay;
    await eventually('most of it', () => {
      // What was put back is due a little later.
      relay.later(30_000);
      return sink.messages() === 50 ? true : undefined;
    });
    await allDelivered(relay, 50);
    assert.equal(sink.most(), 7);
    assert.deepEqual(
      [...new Set(events.map(({ event }) => event))].toSorted(),
      ['delivered', 'received'],
      'to wait for a place is no attempt',
    );
  });

  it('mail that never gets a place there is told of and given up like any other, and is put off no more', async (t) => {
    const sink = await startSink(t, 60_000);
    const relay = await relayTo(t, sink, { connectionsPerHost: 1 });
    await relay.send({ to: ['b@slow.test'] });
    await eventually('somebody has the place', () => (sink.most() === 1 ? true : undefined));
    // Five of them wait in line, and the others are told to come back later.
    await sendToAll(relay, 7);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(relay.events.filter(({ event }) => event !== 'received').length, 0);
    relay.later(5 * 60 * 60_000);
    const one = (name: string) => relay.events.filter(({ event }) => event === name);
    await eventually('their sender hears that they are late', () =>
      one('deferred').length >= 2 ? true : undefined,
    );
    relay.later(6 * 24 * 60 * 60_000);
    await eventually('the end of two', () => (one('bounced').length >= 2 ? true : undefined));
    assert.match(one('bounced')[0]?.tls?.because ?? '', /waits for its turn/);
  });

  it('without that number there are as many as one destination may have, or 40', async (t) => {
    const sink = await startSink(t, 150);
    const relay = await relayTo(t, sink, { connectionsPerHost: null });
    await sendToAll(relay, 50);
    await allDelivered(relay, 45);
    assert.equal(sink.most(), 40);
  });
});

describe('mail for 400 destinations that is due at the same moment', () => {
  it('has its connections opened by and by: 50 at first, and faster with each that is answered', async (t) => {
    const sink = await startSink(t, 0);
    const relay = await relayTo(t, sink, { connectionsPerHost: 1_000, connectionsPerSecond: 400 });
    await sendToAll(relay, 400);
    await allDelivered(relay, 400);
    const times = sink.times();
    const within = (ms: number): number => times.filter((one) => one < ms).length;
    assert.ok(within(100) <= 70, `${within(100)} in the first tenth of a second`);
    assert.ok(within(1_000) < 300, `${within(1_000)} in the first second`);
    assert.ok((times[399] ?? 0) < 15_000, `the last after ${times[399]} ms`);
  });
});
