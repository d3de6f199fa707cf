/** Listeners: addresses that cannot be had, connections that are too many, and the end. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { freePort } from '../../peers/support/ports.ts';
import { createAuthority } from '../../support/certificates.ts';
import { rawClient } from '../../support/raw-client.ts';
import { eventually } from '../../support/relay.ts';
import { startGreeter } from './greeter.ts';
import { listening, portOf } from './peer.ts';

const authority = await createAuthority();
const keyPair = await authority.issue({ names: ['relay.test'] });

describe('the address', () => {
  it('in use is an error', async (t) => {
    const port = portOf(await listening(t));
    await assert.rejects(startGreeter(t, { keyPair, port }), /EADDRINUSE/);
  });

  it('is given back at the end', async (t) => {
    const port = await freePort('127.0.0.1');
    const { listener } = await startGreeter(t, { keyPair, port });
    await listener.close(0);
    const again = createServer().listen(port, '127.0.0.1');
    await once(again, 'listening');
    again.close();
  });

  it('port 0 is the choice of the system, and is told', async (t) => {
    const ports = await Promise.all([startGreeter(t, { keyPair }), startGreeter(t, { keyPair })]);
    assert.equal(new Set(ports.map(({ port }) => port)).size, 2);
    assert.ok(ports.every(({ port }) => port > 0));
  });

  it('of a client that comes by IPv4 to a listener on :: is one of IPv4', async (t) => {
    const { port } = await startGreeter(t, { keyPair, address: '::' });
    const client = await rawClient(port);
    assert.match(await client.reply(), /^220 127\.0\.0\.1 [0-9]+ 127\.0\.0\.1 [0-9]+\r\n/);
    client.close();
  });
});

describe('connections that are too many', () => {
  it('are told so in clear, and the place is free when a session ends', async (t) => {
    const { port, open } = await startGreeter(t, { keyPair, sessions: 1 });
    const first = await rawClient(port);
    await first.reply();
    const second = await rawClient(port);
    assert.equal(await second.rest(), '421 4.3.2 too many\r\n');
    first.close();
    await eventually('a place', () => (open() === 0 ? true : undefined));
    const third = await rawClient(port);
    assert.match(await third.reply(), /^220 /);
    third.close();
  });

  it('are closed without a word where TLS comes first: clear text would be no answer', async (t) => {
    const { port } = await startGreeter(t, { keyPair, sessions: 0, tls: 'implicit' });
    assert.equal(await (await rawClient(port)).rest(), '');
  });

  it('a handshake that is under way counts as a session, and has a deadline of its own', async (t) => {
    const options = { keyPair, sessions: 1, tls: 'implicit', patience: { handshake: 300 } } as const;
    const { port, open } = await startGreeter(t, options);
    const silent = await rawClient(port);
    await eventually('a session', () => (open() === 1 ? true : undefined));
    assert.equal(await (await rawClient(port)).rest(), '');
    await silent.rest();
    await eventually('a place', () => (open() === 0 ? true : undefined));
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`a client that is gone within its ${maxVersion} handshake leaves no session behind`, async (t) => {
      const { port, open } = await startGreeter(t, { keyPair, tls: 'implicit' });
      let gone = 0;
      for (let client = 0; client < 5; client++) {
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion });
        socket.once('secureConnect', () => socket.destroy());
        socket.once('close', () => (gone += 1));
      }
      await eventually('the clients to be gone', () => (gone === 5 ? true : undefined));
      await eventually('no session', () => (open() === 0 ? true : undefined));
    });
  }

  // Both ends of each connection are files of this process.
  const files = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  const skip = Number(files) < 12_000 && `this process may open only ${files} files`;

  it('5,000 at once: each is served or refused, and the next one is served', { skip }, async (t) => {
    const { port, open } = await startGreeter(t, { keyPair, sessions: 1_000 });
    const words = await Promise.all(Array.from({ length: 5_000 }, () => firstWord(port)));
    const count = (word: string): number => words.filter(({ said }) => said.startsWith(word)).length;
    assert.equal(count('220 '), 1_000);
    assert.equal(count('421 '), 4_000);
    for (const { socket } of words) socket.destroy();
    await eventually('the end of all', () => (open() === 0 ? true : undefined));
    const next = await firstWord(port);
    assert.match(next.said, /^220 /);
    next.socket.destroy();
  });
});

/** The first that a server says, as far as it says anything. */
function firstWord(port: number): Promise<{ readonly socket: Socket; readonly said: string }> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('data', (bytes: Buffer) => resolve({ socket, said: bytes.toString('latin1') }));
    socket.once('error', (error) => resolve({ socket, said: String(error) }));
    socket.once('close', () => resolve({ socket, said: '' }));
  });
}

/** Runs a listener in a process that may open few files, and asks it how many connections it has. */
const SCARCE = `
  import { openCertificates } from '${new URL('../../../src/net/certificates.ts', import.meta.url).href}';
  import { listen } from '${new URL('../../../src/net/listen.ts', import.meta.url).href}';
  import { startDeadlines } from '${new URL('../../../src/net/deadlines.ts', import.meta.url).href}';
  import { serverPatience } from '${new URL('../../../src/net/server-session.ts', import.meta.url).href}';
  const greet = (state, { kind }) => ({ state, effects: kind === 'opened' ? [{ kind: 'send', text: '220 hello\\r\\n' }] : [] });
  const session = { reducer: greet, initial: null, maxLineBytes: 100, bareLineEnding: 'refuse', patience: serverPatience };
  const { port } = await listen({
    address: '127.0.0.1', port: 0, tls: 'starttls', deadlines: startDeadlines(100), proxies: () => false,
    certificates: openCertificates([JSON.parse(process.env.PAIR)]),
    welcome: () => ({ kind: 'session', session, onClosed: () => {} }),
    onOddity: () => {}, onError: (what, error) => console.log(what, error.code),
  });
  console.log(port);
`;

it('a process without a file left closes what it cannot take, lives on, and takes the next when one is free', async (t) => {
  const command = 'ulimit -n 100; exec "$0" --input-type=module-typescript --eval "$SCRIPT"';
  const env = { ...process.env, PAIR: JSON.stringify(keyPair), SCRIPT: SCARCE };
  const child = spawn('sh', ['-c', command, process.execPath], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => void child.kill());
  const [line]: string[] = await once(createInterface(child.stdout), 'line');
  const port = Number(line);
  const words = await Promise.all(Array.from({ length: 200 }, () => firstWord(port)));
  const served = words.filter(({ said }) => said.startsWith('220 '));
  assert.ok(served.length > 50 && served.length < 100, `${served.length} served`);
  assert.match((await firstWord(port)).said, /^(?:Error: .*ECONNRESET.*)?$/);
  for (const { socket } of served) socket.destroy();
  await eventually('a free file', async () => {
    const { socket, said } = await firstWord(port);
    socket.destroy();
    return said.startsWith('220 ') ? true : undefined;
  });
  assert.equal(child.exitCode, null);
});

describe('the end', () => {
  it('nobody is accepted any more, who is idle is told at once, who sends a message finishes it', async (t) => {
    const { listener, port } = await startGreeter(t, { keyPair });
    const idle = await rawClient(port);
    await idle.reply();
    const secured = await rawClient(port);
    await secured.reply();
    await secured.expect('STARTTLS', '220');
    await secured.secure();
    const sending = await rawClient(port);
    await sending.reply();
    await sending.expect('TAKE', '354');
    sending.write('one line\r\n');
    await sleep(20);
    const closed = listener.close(5_000);
    assert.match((await firstWord(port)).said, /ECONNREFUSED/);
    assert.equal(await idle.rest(), '421 4.3.2 closing\r\n');
    assert.equal(await secured.rest(), '421 4.3.2 closing\r\n');
    sending.write('another line\r\n');
    assert.equal(await sending.expect('.', '250'), '250 24 octets\r\n');
    assert.equal(await sending.rest(), '421 4.3.2 closing\r\n');
    idle.end();
    secured.end();
    sending.end();
    await closed;
  });

  it('after the grace whatever is left is closed', async (t) => {
    const { listener, port, open } = await startGreeter(t, { keyPair });
    const sending = await rawClient(port);
    await sending.reply();
    await sending.expect('TAKE', '354');
    const began = performance.now();
    await listener.close(200);
    const took = performance.now() - began;
    assert.ok(took >= 190 && took < 1_500, `${took} ms`);
    assert.equal(await sending.rest(), '421 4.3.2 closing\r\n');
    await eventually('its end', () => (open() === 0 ? true : undefined));
  });

  it('a handshake that is under way is finished, and its client told then', async (t) => {
    const { listener, port } = await startGreeter(t, { keyPair, tls: 'implicit' });
    const client = await rawClient(port);
    const secured = client.secure();
    await sleep(0);
    const closed = listener.close(2_000);
    await secured;
    assert.match(await client.rest(), /421 4\.3\.2 closing\r\n$/);
    client.end();
    await closed;
  });
});
