/** The driver of gateway sessions, in a protocol of a few words. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendAnswer } from '../../../src/net/backend-side.ts';
import type { GatewayRun } from '../../../src/wire/gateway-session.ts';
import { backendOf, toyClient, toyGateway, toyTlsClient } from '../gateway/toy.ts';

describe('the upgrade', () => {
  it('is made where the session asks for it, and what follows is said inside', async (t) => {
    const gateway = await toyGateway(t);
    const clear = await toyClient(t, gateway.port);
    await clear.hear('hello\n');
    clear.say('TLS\n');
    await clear.hear('go\n');
    const client = await clear.secure();
    await client.hear('inside\n');
    client.say('QUIT\n');
    assert.equal(await client.rest(), 'bye\n');
    assert.deepEqual(await gateway.ended(), {
      by: 'protocol',
      because: 'said goodbye',
      fromClient: 9,
      toClient: 20,
    });
    assert.equal(gateway.secured.length, 1);
  });

  it('comes first where TLS is implicit', async (t) => {
    const gateway = await toyGateway(t, { tls: 'implicit' });
    const client = await toyTlsClient(t, gateway.port);
    await client.hear('hello inside\n');
  });

  for (const [how, rest] of [
    ['a command', 'QUIT\n'],
    ['half a command', 'QU'],
  ] as const) {
    it(`${how} behind the request is no command inside TLS (CVE-2011-0411): it kills the handshake`, async (t) => {
      const gateway = await toyGateway(t);
      const client = await toyClient(t, gateway.port);
      await client.hear('hello\n');
      client.say(`TLS\n${rest}`);
      await client.hear('go\n');
      await assert.rejects(client.secure());
      const end = await gateway.ended();
      assert.equal(end.by, 'tls');
      assert.deepEqual(gateway.secured, []);
      assert.match(gateway.notes.join(), /plaintext/);
    });
  }

  it('a client that speaks TLS before it has read the go-ahead is not stalled', async (t) => {
    const gateway = await toyGateway(t);
    const client = await toyClient(t, gateway.port);
    await client.hear('hello\n');
    // The ClientHello is in the same segment as the request; the answer is "go", and then TLS.
    client.socket.write(Buffer.concat([Buffer.from('TLS\n'), clientHello]));
    await client.hear('go\n');
    const answer = await client.rest();
    // An alert, as no suite suits; what the engine did not see as a ClientHello would be of the wrong version.
    assert.equal(answer.charCodeAt(0), 0x15);
    assert.match((await gateway.ended()).because, /no shared cipher/);
    assert.deepEqual(gateway.notes, ['handshake failed']);
  });

  it('a client that never begins is cut off', async (t) => {
    const gateway = await toyGateway(t, { patience: { handshake: 80 } });
    const client = await toyClient(t, gateway.port);
    client.say('TLS\n');
    await client.rest();
    const end = await gateway.ended();
    assert.equal(end.by, 'timeout');
    assert.match(end.because, /handshake/);
  });

  it('a client that may not stay hears nothing, and nobody behind hears of it', async (t) => {
    let asked = 0;
    const gateway = await toyGateway(t, {
      tls: 'implicit',
      admit: () => 'it is not wanted',
      ways: {
        connect: () => {
          asked += 1;
          return Promise.resolve({ kind: 'unreachable', because: '' });
        },
      },
    });
    const client = await toyTlsClient(t, gateway.port);
    client.say('BACKEND\n');
    assert.equal(await client.rest(), '');
    assert.deepEqual(await gateway.ended(), {
      by: 'tls',
      because: 'it is not wanted',
      fromClient: 0,
      toClient: 0,
    });
    assert.equal(asked, 0);
  });
});

/** A ClientHello of TLS 1.2 with one suite (RSA, which the certificate is not of) and no extensions. */
const clientHello = Buffer.concat([
  Buffer.from('160301002d01000029', 'hex'),
  Buffer.from('0303', 'hex'),
  Buffer.alloc(32, 0x11),
  Buffer.from('000002c02f0100', 'hex'),
]);

describe('the backend', () => {
  it('is heard and told by the session', async (t) => {
    const backend = await backendOf(t, (socket) => {
      socket.write('one\ntw');
      socket.once('data', (bytes) => socket.write(`o\n${String(bytes)}`));
    });
    const gateway = await toyGateway(t, { backend });
    const client = await toyClient(t, gateway.port);
    await client.hear('hello\n');
    client.say('BACKEND\nTELL three\n');
    await client.hear('connected\nb:one\nb:two\nb:three\n');
  });

  it('that is not there is told to the session', async (t) => {
    const gateway = await toyGateway(t, { backend: 1 });
    const client = await toyClient(t, gateway.port);
    await client.hear('hello\n');
    client.say('BACKEND\n');
    assert.match(await client.rest(), /^no: 127\.0\.0\.1:1: .*ECONNREFUSED/);
    assert.equal((await gateway.ended()).by, 'unreachable');
  });

  it('that does not come in time is given up', async (t) => {
    let aborted = false;
    const gateway = await toyGateway(t, {
      patience: { connect: 80 },
      ways: {
        connect: (_name, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              aborted = true;
              resolve({ kind: 'unreachable', because: 'too late' });
            });
          }),
      },
    });
    const client = await toyClient(t, gateway.port);
    await client.hear('hello\n');
    client.say('BACKEND\n');
    assert.match(await client.rest(), /^no: the backend was not there after/);
    assert.ok(aborted);
  });

  it('that comes when the client has gone is closed', async (t) => {
    const ended = Promise.withResolvers<void>();
    const backend = await backendOf(t, (socket) => {
      socket.on('end', () => ended.resolve());
      socket.resume();
    });
    const late = Promise.withResolvers<void>();
    const gateway = await toyGateway(t, {
      backend,
      ways: {
        connect: async (): Promise<BackendAnswer> => {
          await late.promise;
          const socket = connect({ port: backend, host: '127.0.0.1' });
          await once(socket, 'connect');
          return { kind: 'connected', socket, unread: new Uint8Array(), upstream: undefined };
        },
      },
    });
    const client = await toyClient(t, gateway.port);
    await client.hear('hello\n');
    client.say('BACKEND\n');
    await sleep(20);
    client.socket.resetAndDestroy();
    await gateway.ended();
    late.resolve();
    await ended.promise;
  });

  it('is left for a fresh one, and what it said is forgotten', async (t) => {
    const seen: Socket[] = [];
    const backend = await backendOf(t, (socket) => {
      seen.push(socket);
      socket.write(`half ${seen.length}`);
      socket.resume();
    });
    const gateway = await toyGateway(t, { backend });
    const client = await toyClient(t, gateway.port);
    await client.hear('hello\n');
    client.say('BACKEND\n');
    await client.hear('connected\n');
    await sleep(20);
    client.say('BACKEND\n');
    await client.hear('connected\n');
    seen[1]?.write(' whole\n');
    await client.hear('b:half 2 whole\n');
    assert.ok(seen[0]?.readableEnded);
  });

  it('whose connection breaks breaks that of the client', async (t) => {
    const backend = await backendOf(t, (socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    const gateway = await toyGateway(t, { backend });
    const client = await toyClient(t, gateway.port);
    client.say('BACKEND\nTELL x\n');
    await client.rest();
    const end = await gateway.ended();
    assert.equal(end.by, 'backend');
    assert.match(end.because, /ECONNRESET/);
  });
});

/** Commands go to the backend one by one, each once the one before is answered. */
function turnByTurn(): GatewayRun {
  let waiting = false;
  return {
    next(input) {
      if (input.kind === 'opened')
        return { used: 0, effects: [{ kind: 'inClear' }, { kind: 'connect', name: null }], changed: true };
      if (input.kind !== 'client' && input.kind !== 'backend') return { used: 0, effects: [], changed: true };
      const end = input.unread.indexOf('\n') + 1;
      if (end === 0 || (input.kind === 'client' && waiting)) return { used: 0, effects: [], changed: false };
      waiting = input.kind === 'client';
      const bytes = input.unread.subarray(0, end);
      return { used: end, effects: [{ kind: waiting ? 'toBackend' : 'toClient', bytes }], changed: true };
    },
  };
}

describe('ends before the splice', () => {
  it('the end of a client is passed on behind what it said, and the answer still comes', async (t) => {
    const backend = await backendOf(t, (socket) => {
      let all = '';
      socket.on('data', (bytes) => {
        all += String(bytes);
      });
      socket.on('end', () => socket.end(`heard ${all}`));
    });
    const gateway = await toyGateway(t, { backend });
    const client = await toyClient(t, gateway.port);
    client.say('BACKEND\nTELL last\n');
    client.socket.end();
    assert.equal(await client.rest(), 'hello\nconnected\nb:heard last\n');
    assert.equal((await gateway.ended()).by, 'client');
  });

  it('the end of a client waits behind commands that wait for answers', async (t) => {
    const backend = await backendOf(t, (socket) => {
      socket.on('data', (bytes) => setTimeout(() => socket.write(String(bytes)), 20));
      socket.on('end', () => setTimeout(() => socket.end('over\n'), 50));
    });
    const gateway = await toyGateway(t, { backend, run: turnByTurn });
    const client = await toyClient(t, gateway.port);
    client.say('one\ntwo\nthree\n');
    client.socket.end();
    assert.equal(await client.rest(), 'one\ntwo\nthree\nover\n');
    assert.equal((await gateway.ended()).by, 'client');
  });

  it('and where what is left is no whole command it does not wait for long', async (t) => {
    const backend = await backendOf(t, (socket) => socket.resume());
    const gateway = await toyGateway(t, { backend, run: turnByTurn, patience: { clear: 100, idle: 60_000 } });
    const client = await toyClient(t, gateway.port);
    client.say('half a comm');
    client.socket.end();
    await client.rest();
    const end = await gateway.ended();
    assert.equal(end.by, 'timeout');
  });

  it('the end of the backend is passed on, and the client may still speak', async (t) => {
    const heard = Promise.withResolvers<string>();
    const backend = await backendOf(t, (socket) => {
      socket.end('bye\n');
      socket.on('data', (bytes) => heard.resolve(String(bytes)));
    });
    const gateway = await toyGateway(t, { backend });
    const client = await toyClient(t, gateway.port);
    client.say('BACKEND\n');
    await client.hear('hello\nconnected\nb:bye\n');
    await once(client.socket, 'end');
    client.say('TELL so long\n');
    assert.equal(await heard.promise, 'so long\n');
    client.socket.end();
    assert.equal((await gateway.ended()).by, 'backend');
  });

  it('a client without a backend that ends is gone, and hears what it asked for before', async (t) => {
    const gateway = await toyGateway(t);
    const client = await toyClient(t, gateway.port);
    client.say('QUIT\n');
    client.socket.end();
    assert.equal(await client.rest(), 'hello\nbye\n');
    await gateway.ended();
  });
});

describe('bounds', () => {
  it('65,536 octets of which the session can use nothing end the connection', async (t) => {
    const gateway = await toyGateway(t);
    const client = await toyClient(t, gateway.port);
    client.say('x'.repeat(65_536));
    await client.rest();
    const end = await gateway.ended();
    assert.equal(end.by, 'protocol');
    assert.match(end.because, /the client sent 65536 octets that are no whole message/);
  });

  it('commands that wait for answers of the backend are not read for so long, and all of them are seen to', async (t) => {
    let heard = 0;
    const backend = await backendOf(t, (socket) => {
      socket.on('data', (bytes) => {
        heard += bytes.length;
        setTimeout(() => socket.write('ok\n'), heard === bytes.length ? 200 : 0);
      });
      socket.on('end', () => setTimeout(() => socket.end(), 50));
    });
    const gateway = await toyGateway(t, { backend, run: turnByTurn });
    const client = await toyClient(t, gateway.port);
    const command = `${'x'.repeat(999)}\n`;
    client.say(command.repeat(1_000));
    client.socket.end();
    assert.equal((await client.rest()).length, 3_000);
    assert.equal(heard, 1_000_000);
    assert.equal((await gateway.ended()).by, 'client');
  });

  it('and 65,535 do not', async (t) => {
    const gateway = await toyGateway(t);
    const client = await toyClient(t, gateway.port);
    await client.hear('hello\n');
    client.say('x'.repeat(65_535));
    await sleep(50);
    assert.equal(gateway.ends.length, 0);
    client.say('\n');
    await client.hear('what?\n');
  });

  it('a backend is held to the same', async (t) => {
    const backend = await backendOf(t, (socket) => {
      socket.write('y'.repeat(200_000));
      socket.resume();
    });
    const gateway = await toyGateway(t, { backend });
    const client = await toyClient(t, gateway.port);
    client.say('BACKEND\n');
    await client.rest();
    assert.match((await gateway.ended()).because, /the backend sent/);
  });

  it('a client that does not read is not listened to: what is kept for it is bounded', async (t) => {
    let asked = 0;
    const counting = (): GatewayRun => ({
      next(input) {
        if (input.kind !== 'client') return { used: 0, effects: [], changed: false };
        asked += 1;
        return {
          used: 1,
          effects: [{ kind: 'toClient', bytes: Buffer.alloc(100_000) }],
          changed: true,
        };
      },
    });
    const gateway = await toyGateway(t, { run: counting });
    const socket = connect({ port: gateway.port, host: '127.0.0.1' });
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.pause();
    socket.write('x'.repeat(60_000));
    await sleep(300);
    // The kernel's buffers take some megabytes; six gigabytes they do not.
    assert.ok(asked < 200, `${asked} answers are kept`);
    socket.resume();
    await sleep(100);
    assert.ok(asked > 1);
  });
});

describe('time', () => {
  it('a client in clear has so long for all that it does there, though it goes on talking', async (t) => {
    const gateway = await toyGateway(t, { patience: { clear: 150 } });
    const client = await toyClient(t, gateway.port);
    const timer = setInterval(() => client.say('x\n'), 10);
    const all = await client.rest();
    clearInterval(timer);
    assert.match(all, /too slow\n$/);
    const end = await gateway.ended();
    assert.equal(end.by, 'timeout');
  });

  it('whoever begins to use the connection in clear has all the time that others have, from there on', async (t) => {
    const backend = await backendOf(t, (socket) => socket.resume());
    const gateway = await toyGateway(t, { backend, patience: { clear: 150 } });
    const client = await toyClient(t, gateway.port);
    client.say('BACKEND\n');
    await client.hear('hello\nconnected\n');
    client.say('OPEN\n');
    await sleep(300);
    assert.equal(gateway.ends.length, 0);
  });

  it('silence ends a connection that has its backend', async (t) => {
    const backend = await backendOf(t, (socket) => socket.resume());
    const gateway = await toyGateway(t, { backend, patience: { idle: 600 } });
    const client = await toyClient(t, gateway.port);
    client.say('OPEN\nBACKEND\n');
    await client.hear('hello\nconnected\n');
    const began = performance.now();
    for (let time = 0; time < 8; time++) {
      client.say('TELL x\n');
      await sleep(100);
    }
    assert.equal(gateway.ends.length, 0);
    assert.equal(await client.rest(), 'too slow\n');
    assert.ok(performance.now() - began > 1_000);
    assert.deepEqual(gateway.notes, ['in clear']);
  });

  it('a connection may be as old as it is allowed, whatever it does', async (t) => {
    const backend = await backendOf(t, (socket) => socket.pipe(socket));
    const gateway = await toyGateway(t, { backend, patience: { session: 200 } });
    const client = await toyClient(t, gateway.port);
    client.say('BACKEND\nSPLICE\n');
    const timer = setInterval(() => client.say('x'), 10);
    await client.rest();
    clearInterval(timer);
    const end = await gateway.ended();
    assert.equal(end.by, 'timeout');
    assert.match(end.because, /as old as it may get/);
  });
});

describe('stopping', () => {
  it('says goodbye at once to whoever has no backend', async (t) => {
    const gateway = await toyGateway(t);
    const client = await toyClient(t, gateway.port);
    await client.hear('hello\n');
    const closed = gateway.close(5_000);
    assert.equal(await client.rest(), 'stopping\n');
    client.socket.end();
    await closed;
    assert.equal((await gateway.ended()).by, 'stop');
  });

  it('lets whoever has a backend go on until the grace is over', async (t) => {
    const backend = await backendOf(t, (socket) => socket.pipe(socket));
    const gateway = await toyGateway(t, { backend });
    const client = await toyClient(t, gateway.port);
    client.say('BACKEND\n');
    await client.hear('hello\nconnected\n');
    const spliced = await toyClient(t, gateway.port);
    spliced.say('BACKEND\nSPLICE\n');
    await spliced.hear('hello\nconnected\nnow\n');
    const closed = gateway.close(1_000);
    client.say('TELL still\n');
    spliced.say('here');
    await client.hear('b:still\n');
    await spliced.hear('here');
    assert.equal(await client.rest(), 'stopping\n');
    await spliced.rest();
    client.socket.end();
    await closed;
    await gateway.ended(2);
    assert.deepEqual(
      gateway.ends.map(({ by }) => by),
      ['stop', 'stop'],
    );
  });
});

it('what the session notes is told', async (t) => {
  const gateway = await toyGateway(t);
  const client = await toyClient(t, gateway.port);
  client.say('LOGIN anna\nHELP\nOPEN\nQUIT\n');
  assert.equal(await client.rest(), 'hello\nno\nwhat?\nbye\n');
  assert.deepEqual(gateway.notes, ['exposed anna', 'said HELP', 'in clear']);
});
