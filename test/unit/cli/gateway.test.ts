/** `waxwing gateway` as a process. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { createAuthority } from '../../support/certificates.ts';
import { bin, waxwing } from './control-peer.ts';

const authority = await createAuthority();
const folder = mkdtempSync(join(tmpdir(), 'waxwing-gateway-'));
after(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => join(folder, name);

async function certificate(name: string, ...names: readonly string[]): Promise<void> {
  const { certPem, keyPem } = await authority.issue({ names });
  writeFileSync(file(`${name}.crt`), certPem);
  writeFileSync(file(`${name}.key`), keyPem);
}
await certificate('one', 'one.test');
await certificate('two', 'two.test');
writeFileSync(file('ca.pem'), authority.certPem);

interface Line {
  readonly msg?: string;
  readonly event?: string;
  readonly port?: number;
  readonly because?: string;
  readonly gateway?: string;
  readonly tls?: unknown;
}

interface Running {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly ports: readonly number[];
  readonly log: readonly Line[];
  readonly events: readonly Line[];
  /** The exit code. */
  readonly ended: Promise<number | null>;
}

async function running(t: TestContext, ...words: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [bin, 'gateway', ...words], {
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [log, events]: [Line[], Line[]] = [[], []];
  const ended = once(child, 'close').then(([code]): number | null => code);
  createInterface(child.stderr).on('line', (line) => log.push(JSON.parse(line)));
  createInterface(child.stdout).on('line', (line) => events.push(JSON.parse(line)));
  await until(() => log.some(({ msg }) => msg === 'ready'));
  const ports = log.flatMap(({ msg, port }) => (msg === 'listening' && port !== undefined ? [port] : []));
  return { process: child, ports, log, events, ended };
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    assert.ok(turn < 6000, 'it never comes to that');
    await sleep(5);
  }
}

async function inside(t: TestContext, port: number | undefined, servername: string): Promise<TLSSocket> {
  const socket = connectTls({
    port: port ?? 0,
    host: '127.0.0.1',
    servername,
    ca: authority.certPem,
  });
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** A plain IMAP server that greets and answers everything alike. */
async function imapServer(t: TestContext): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.write('* OK ready\r\n');
    socket.on('data', (bytes) => {
      socket.write(`* CAPABILITY IMAP4rev1\r\n${String(bytes).split(' ')[0]} OK done\r\n`);
    });
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

const one = ['--cert', file('one.crt'), '--key', file('one.key')];
const two = ['--cert', file('two.crt'), '--key', file('two.key')];

describe('waxwing gateway', { concurrency: 2 }, () => {
  it('attends to clients, shows certificates by SNI, writes an event, and ends with SIGTERM', async (t) => {
    const backend = await imapServer(t);
    const listen = ['--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0'];
    const words = ['--protocol', 'imap', ...listen, '--backend', `127.0.0.1:${backend}`];
    const gateway = await running(t, ...words, ...one, ...two);
    assert.deepEqual(
      gateway.log.flatMap(({ msg, gateway: name, tls }) => (msg === 'listening' ? [[name, tls]] : [])),
      [
        ['imap', 'starttls'],
        ['imap', 'implicit'],
      ],
    );
    const client = await inside(t, gateway.ports[1], 'two.test');
    const [greeting] = await once(client, 'data');
    assert.match(String(greeting), /^\* OK /);
    client.end('a LOGOUT\r\n');
    await until(() => gateway.events.length === 1);
    assert.equal(gateway.events[0]?.event, 'connection');
    gateway.process.kill('SIGTERM');
    assert.equal(await gateway.ended, 0);
    assert.deepEqual(
      gateway.log.slice(-2).map(({ msg }) => msg),
      ['stopping', 'stopped'],
    );
  });

  it('takes a renewed certificate at SIGHUP, and keeps the old one where the new is bad', async (t) => {
    await certificate('renewed', 'old.test');
    const files = ['--cert', file('renewed.crt'), '--key', file('renewed.key')];
    const listen = ['--tls-listen', '127.0.0.1:0', '--backend', '127.0.0.1:1'];
    const gateway = await running(t, '--protocol', 'imap', ...listen, ...files);
    (await inside(t, gateway.ports[0], 'old.test')).destroy();
    await certificate('renewed', 'new.test');
    gateway.process.kill('SIGHUP');
    await until(() => gateway.log.some(({ msg }) => /was renewed and is in use/.test(msg ?? '')));
    (await inside(t, gateway.ports[0], 'new.test')).destroy();
    writeFileSync(file('renewed.crt'), 'nothing');
    gateway.process.kill('SIGHUP');
    await until(() => gateway.log.some(({ msg }) => /cannot be used, the old one stays/.test(msg ?? '')));
    (await inside(t, gateway.ports[0], 'new.test')).destroy();
  });

  it('writes events into a file, and counts for Prometheus', async (t) => {
    const words = ['--events', file('events.ndjson'), '--metrics', '127.0.0.1:0'];
    const listen = ['--tls-listen', '127.0.0.1:0', '--backend', '127.0.0.1:1'];
    const gateway = await running(t, '--protocol', 'imap', ...listen, ...one, ...words);
    const metrics = gateway.log.find(({ msg }) => msg === 'metrics at /metrics')?.port;
    const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
    assert.match(text, /^waxwing_gateway_connections_open\{gateway="imap"\} 0$/m);
    gateway.process.kill('SIGTERM');
    assert.equal(await gateway.ended, 0);
    assert.deepEqual(gateway.events, []);
  });

  it('gives a plain client verified TLS, or tells it why not', async (t) => {
    const backend = await imapServer(t);
    const words = ['--backend', `localhost:${backend}`, '--server-name', 'one.test', '--ca', file('ca.pem')];
    const reverse = ['--protocol', 'imap', '--reverse', '--listen', '127.0.0.1:0'];
    const gateway = await running(t, ...reverse, ...words);
    const client = connect({ port: gateway.ports[0] ?? 0, host: '127.0.0.1' });
    t.after(() => client.destroy());
    const [said] = await once(client, 'data');
    assert.match(String(said), /^\* BYE \[UNAVAILABLE\] .*does not offer STARTTLS/);
    await until(() => gateway.events.length === 1);
    assert.match(gateway.events[0]?.because ?? '', /^localhost/);
  });

  it('starts with a certificate that is out of date, and says so', async (t) => {
    const expired = { names: ['one.test'], notBefore: new Date(0), notAfter: new Date(1000) };
    const { certPem, keyPem } = await authority.issue(expired);
    writeFileSync(file('expired.crt'), certPem);
    writeFileSync(file('expired.key'), keyPem);
    const listen = ['--tls-listen', '127.0.0.1:0', '--backend', '127.0.0.1:1'];
    const files = ['--cert', file('expired.crt'), '--key', file('expired.key')];
    const gateway = await running(t, '--protocol', 'imap', ...listen, ...one, ...files);
    assert.deepEqual(
      gateway.log.filter(({ msg }) => msg?.includes('.crt')).map(({ msg }) => msg),
      [`--cert: ${file('expired.crt')} expired at 1970-01-01T00:00:01.000Z`],
    );
  });

  const refused: readonly [how: string, words: readonly string[], says: readonly RegExp[]][] = [
    [
      'FTP',
      ['--protocol', 'ftp', '--listen', '127.0.0.1:0', '--backend', '127.0.0.1:21', ...one],
      [/--protocol cannot be "ftp"/],
    ],
    [
      'all at once',
      ['--protocol', 'imap', '--backend', 'x', '--grace', '1', '--metrics', 'here', '--hostname', 'a b'],
      [
        /--hostname "a b"/,
        /--grace "1"/,
        /--metrics "here"/,
        /--backend "x" names no port/,
        /--cert is missing/,
      ],
    ],
    [
      'a second place',
      [
        '--protocol',
        'imap',
        '--listen',
        '127.0.0.1:0',
        '--listen',
        '127.0.0.2:0',
        '--backend',
        '127.0.0.1:1',
        ...one,
      ],
      [/'--listen <addr:port>' argument '127\.0\.0\.2:0' is invalid\. It can be given only once\./],
    ],
    [
      'more certificates than keys',
      [
        '--protocol',
        'imap',
        '--listen',
        '127.0.0.1:0',
        '--backend',
        '127.0.0.1:1',
        ...one,
        '--cert',
        file('two.crt'),
      ],
      [/--key has to be given once for each --cert: there are 1 for 2/],
    ],
    [
      'a key that is not there',
      [
        '--protocol',
        'imap',
        '--listen',
        '127.0.0.1:0',
        '--backend',
        '127.0.0.1:1',
        '--cert',
        file('one.crt'),
        '--key',
        file('none'),
      ],
      [/--key cannot be read/],
    ],
    [
      'roots of clients that are none',
      [
        '--protocol',
        'imap',
        '--listen',
        '127.0.0.1:0',
        '--backend',
        '127.0.0.1:1',
        ...one,
        '--client-ca',
        file('one.key'),
      ],
      [/--client-ca .* holds no PEM certificate/],
    ],
    [
      'certificates in reverse',
      [
        '--protocol',
        'imap',
        '--reverse',
        '--listen',
        '127.0.0.1:0',
        '--backend',
        'a.test:1',
        '--server-name',
        'a.test',
        ...one,
      ],
      [/--cert and --key cannot be given with --reverse/],
    ],
    ['a flag that is none', ['--protocol', 'imap', '--backend', 'x:1', '--tls'], [/unknown option '--tls'/]],
  ];
  for (const [how, words, says] of refused) {
    it(`exits with 2 for ${how}`, async () => {
      const { code, stderr } = await waxwing(['gateway', ...words]);
      assert.equal(code, 2, stderr);
      for (const pattern of says) assert.match(stderr, pattern);
    });
  }

  it('exits with 1 where it cannot listen', async (t) => {
    const taken = await imapServer(t);
    const words = [
      '--protocol',
      'imap',
      '--listen',
      `127.0.0.1:${taken}`,
      '--backend',
      '127.0.0.1:1',
      ...one,
    ];
    const { code, stderr } = await waxwing(['gateway', ...words]);
    assert.equal(code, 1);
    assert.match(stderr, /error: waxwing cannot start the gateway: .*EADDRINUSE/);
  });
});
