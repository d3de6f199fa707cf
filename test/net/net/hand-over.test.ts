/** Who listens for others: each connection goes to one of them, unread, and none is lost with the one that it went to. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type DoorKeeper, keepDoors, type Taker } from '../../../src/net/hand-over.ts';
import { type DoorName, handedOver } from '../../../src/net/handed-over.ts';
import { openPlaces } from '../../../src/net/places.ts';
import { freePort } from '../../peers/support/ports.ts';

const address = '127.0.0.1';

interface Given {
  readonly socket: Socket;
  readonly done: (error: Error | null) => void;
}

interface Worker extends Taker {
  readonly given: Given[];
}

function worker(number: number, takes = true): Worker {
  const given: Given[] = [];
  return {
    number,
    given,
    give(_, socket, done) {
      given.push({ socket, done });
      if (takes) done(null);
    },
  };
}

interface Kept {
  readonly keeper: DoorKeeper;
  readonly name: DoorName;
  readonly port: number;
  /** One client more; resolves once it was accepted. */
  readonly come: () => Promise<Socket>;
}

async function kept(
  t: TestContext,
  workers: readonly Worker[],
  choose: (address: string, takers: readonly [number, ...number[]]) => number | undefined = () => undefined,
): Promise<Kept> {
  const keeper = keepDoors({ places: await openPlaces([], 'paused'), choose, onError: () => undefined });
  const name = { address, port: await freePort(address), turn: 0 };
  for (const one of workers)
    assert.deepEqual(await keeper.open(one, name), { kind: 'open', address, port: name.port });
  const clients: Socket[] = [];
  t.after(() => {
    keeper.shut();
    for (const { given } of workers) for (const { socket } of given) socket.destroy();
    for (const client of clients) client.destroy();
  });
  return {
    keeper,
    name,
    port: name.port,
    async come() {
      const client = connect(name.port, address);
      clients.push(client);
      client.on('error', () => undefined);
      await once(client, 'connect');
      await new Promise((resolve) => setTimeout(resolve, 20));
      return client;
    },
  };
}

describe('connections that are handed over', () => {
  it('go to those who take them in turn, and none to who has closed its door', async (t) => {
    const [one, two] = [worker(1), worker(2)];
    const { keeper, name, come } = await kept(t, [one, two]);
    for (let n = 0; n < 4; n++) await come();
    assert.deepEqual([one.given.length, two.given.length], [2, 2]);
    keeper.close(one, name);
    for (let n = 0; n < 2; n++) await come();
    assert.deepEqual([one.given.length, two.given.length], [2, 4]);
  });

  it('go to whoever has none on their way, rather than to one that hangs', async (t) => {
    const [hanging, two] = [worker(1, false), worker(2)];
    const { come } = await kept(t, [hanging, two]);
    for (let n = 0; n < 5; n++) await come();
    assert.deepEqual([hanging.given.length, two.given.length], [1, 4]);
  });

  it('go to the one that is chosen by the address of the client', async (t) => {
    const [one, two] = [worker(1), worker(2)];
    const asked: string[] = [];
    const { come } = await kept(t, [one, two], (from, takers) => {
      asked.push(`${from} ${takers.toSorted().join()}`);
      return 2;
    });
    for (let n = 0; n < 3; n++) await come();
    assert.deepEqual([one.given.length, two.given.length], [0, 3]);
    assert.deepEqual(asked, Array(3).fill('127.0.0.1 1,2'));
  });

  it('that had not left when their taker died go to another one', async (t) => {
    const [one, two] = [worker(1, false), worker(2)];
    const { keeper, come } = await kept(t, [one, two]);
    await come();
    assert.equal(one.given.length, 1);
    keeper.gone(one);
    assert.equal(two.given[0]?.socket, one.given[0]?.socket);
    // What its channel says afterwards changes nothing.
    one.given[0]?.done(new Error('closed'));
    assert.equal(two.given.length, 1);
  });

  it('that could not be sent go to another one', async (t) => {
    const [one, two] = [worker(1, false), worker(2)];
    const { keeper, name, come } = await kept(t, [one, two]);
    await come();
    keeper.close(one, name);
    one.given[0]?.done(new Error('the channel is closed'));
    assert.equal(two.given.length, 1);
  });

  it('go to another one where the one that is chosen says at once that it is gone, as between the end of its channel and its own', async (t) => {
    const dead: Worker = {
      number: 1,
      given: [],
      give: (_name, _socket, done) => done(new Error('worker 1 is gone')),
    };
    const two = worker(2);
    const { come } = await kept(t, [dead, two], () => 1);
    await come();
    assert.equal(two.given.length, 1);
  });

  it('are closed where nobody there can be given it', async (t) => {
    let tried = 0;
    const dead = (number: number): Worker => ({
      number,
      given: [],
      give(_name, _socket, done) {
        tried += 1;
        done(new Error('it is gone'));
      },
    });
    const { come } = await kept(t, [dead(1), dead(2)], () => 1);
    const client = await come();
    assert.equal(tried, 2, 'each of them is asked once');
    if (!client.closed) await once(client.resume(), 'close');
  });

  it('wait while there is nobody, and nobody is refused', async (t) => {
    const one = worker(1);
    const { keeper, name, come } = await kept(t, [one]);
    keeper.gone(one);
    await come();
    await come();
    assert.equal(one.given.length, 0);
    const next = worker(1);
    await keeper.open(next, name);
    assert.equal(next.given.length, 2);
    for (const { socket } of next.given) socket.destroy();
  });

  it('come no more at a door that nobody has open any more', async (t) => {
    const one = worker(1);
    const { keeper, name, come, port } = await kept(t, [one]);
    keeper.close(one, name);
    await come();
    keeper.tidy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await assert.rejects(once(connect(port, address), 'connect'), /ECONNREFUSED/);
  });

  it('are unread, and what was sent early is there for the taker', async (t) => {
    const one = worker(1);
    const { come } = await kept(t, [one]);
    const client = await come();
    client.write('early');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [given] = one.given;
    assert.ok(given !== undefined);
    assert.equal(given.socket.bytesRead, 0);
    const [data] = await once(given.socket.resume(), 'data');
    assert.equal(String(data), 'early');
  });

  it('say why a door cannot be opened, as the system says it', async (t) => {
    const { keeper, port } = await kept(t, [worker(1)]);
    const answer = await keeper.open(worker(2), { address, port, turn: 1 });
    assert.equal(answer.kind === 'failed' && answer.code, 'EADDRINUSE');
  });
});

describe('doors at which another process listens', () => {
  it('are named so that port 0 is another one each time, and any other port is open once', async () => {
    const asked: DoorName[] = [];
    const doors = handedOver({
      async open(name) {
        asked.push(name);
        return {
          kind: 'open',
          address: name.address,
          port: name.port === 0 ? 40_000 + name.turn : name.port,
        };
      },
      close: () => undefined,
    });
    const ports: number[] = [];
    for (const port of [0, 0, 25]) ports.push((await doors.open(address, port, () => undefined)).port);
    assert.deepEqual(ports, [40_000, 40_001, 25]);
    await assert.rejects(
      doors.open(address, 25, () => undefined),
      { code: 'EADDRINUSE' },
    );
    assert.deepEqual(
      asked.map(({ turn }) => turn),
      [0, 1, 0],
    );
  });

  it('that could not be opened say so by the code, and can be tried again', async () => {
    const answers = [
      { kind: 'failed', code: 'EADDRINUSE', because: 'listen EADDRINUSE' },
      { kind: 'open', address, port: 25 },
    ] as const;
    let turn = 0;
    const doors = handedOver({
      open: () => Promise.resolve(answers[turn++] ?? answers[1]),
      close: () => undefined,
    });
    await assert.rejects(
      doors.open(address, 25, () => undefined),
      {
        code: 'EADDRINUSE',
        message: 'listen EADDRINUSE',
      },
    );
    assert.equal((await doors.open(address, 25, () => undefined)).port, 25);
  });
});
