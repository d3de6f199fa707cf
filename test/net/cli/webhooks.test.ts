/** Webhooks from the configuration to a receiver, in the program as it runs. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, generateKeyPairSync, verify } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { askRelay } from '../../../src/cli/control-client.ts';
import type { ShownWebhook } from '../../../src/relay/control-webhooks.ts';
import { eventually } from '../../support/relay.ts';
import { bin } from '../../unit/cli/control-peer.ts';

const secret = Buffer.alloc(32, 5);
const { publicKey, privateKey } = generateKeyPairSync('ed25519');

interface Receiver {
  readonly port: number;
  readonly got: { readonly body: string; readonly headers: IncomingHttpHeaders }[];
  status: number;
}

async function receiver(t: TestContext): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (all.status < 300) all.got.push({ body, headers: request.headers });
    response.writeHead(all.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const all: Receiver = { port: (server.address() as AddressInfo).port, got: [], status: 204 };
  return all;
}

interface Place {
  readonly folder: string;
  readonly config: string;
}

async function place(t: TestContext, port: number, more = ''): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-webhooks-'));
  t.after(() => rm(folder, { recursive: true }));
  const config = join(folder, 'waxwing.toml');
  await writeFile(join(folder, 'secret'), `whsec_${secret.toString('base64')}\n`, { mode: 0o600 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(join(folder, 'key.pem'), pem, { mode: 0o600 });
  await writeFile(
    config,
    `hostname = "relay.test"
data = "data"
listener = []
[dns]
resolver = ["127.0.0.1:9"]
dnssec = "off"
[[webhook]]
name = "shop"
url = "http://127.0.0.1:${port}/mail"
key_file = "secret"
ed25519_key_file = "key.pem"
${more}`,
  );
  return { folder, config };
}

interface Program {
  readonly log: readonly { readonly level: number; readonly msg: string }[];
  readonly child: ChildProcess;
  readonly stop: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
}

async function start(t: TestContext, { config }: Place): Promise<Program> {
  const child = spawn(process.execPath, [bin, 'serve', '--config', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const stop = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  t.after(() => stop('SIGKILL'));
  const log: Program['log'][number][] = [];
  createInterface(child.stderr).on('line', (line) => {
    const read: Program['log'][number] = JSON.parse(line);
    log.push(read);
  });
  await eventually('ready', () => log.find(({ msg }) => msg === 'ready'));
  return { log, child, stop };
}

async function cli({ config }: Place, ...words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [bin, ...words, '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await text(child.stdout);
  return said;
}

async function handIn({ folder }: Place, to: string): Promise<void> {
  const answer = await askRelay(join(folder, 'data'), {
    method: 'POST',
    path: `/messages?from=a@origin.test&to=${to}`,
    body: 'Subject: hello\r\n\r\nbody\r\n',
  });
  assert.ok(answer.kind === 'answered' && answer.status === 200, JSON.stringify(answer));
}

async function listed({ folder }: Place): Promise<ShownWebhook | undefined> {
  const answer = await askRelay(join(folder, 'data'), { method: 'GET', path: '/webhooks' });
  assert.ok(answer.kind === 'answered' && answer.status === 200);
  return (answer.body as readonly ShownWebhook[])[0];
}

describe('a webhook of the program', () => {
  it('comes with a reload, posts events as the log has them, signed in both ways, and obeys commands', async (t) => {
    const host = await receiver(t);
    const where = await place(t, host.port, 'events = ["received"]');
    const written = await readFile(where.config, 'utf8');
    await writeFile(where.config, written.slice(0, written.indexOf('[[webhook]]')));
    const program = await start(t, where);
    assert.ok(!existsSync(join(where.folder, 'data', 'webhooks.db')), 'who has none pays nothing');
    await writeFile(where.config, written);
    program.child.kill('SIGHUP');
    await eventually('it is there', () => listed(where));

    await handIn(where, 'b@far.test');
    const { body, headers } = await eventually('a request', () => host.got[0]);
    const log = await readFile(join(where.folder, 'data', 'events.ndjson'), 'utf8');
    const received = log.split('\n').filter((line) => line.includes('"received"'));
    assert.equal(body, `[${received.join(',\n')}]`);
    assert.equal(headers['content-type'], 'application/json');
    const { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signature } = headers;
    const content = `${String(id)}.${String(seconds)}.${body}`;
    const [first = '', second = ''] = String(signature).split(' ');
    assert.equal(first, `v1,${createHmac('sha256', secret).update(content).digest('base64')}`);
    assert.ok(second.startsWith('v1a,'));
    const proof = Buffer.from(second.slice('v1a,'.length), 'base64');
    assert.ok(verify(null, Buffer.from(content), publicKey, proof));
    assert.ok(Math.abs(Number(seconds) * 1000 - Date.now()) < 60_000);

    host.status = 410;
    await handIn(where, 'c@far.test');
    await eventually('it is switched off', async () =>
      (await listed(where))?.state === 'ended' ? true : undefined,
    );
    await eventually('the log says so', () =>
      program.log.find(({ level, msg }) => level === 50 && msg.includes('is switched off')),
    );
    assert.match(await cli(where, 'events', 'dead', '--webhook', 'shop'), /^msg_[0-9a-f]{32} +1 +/m);
    host.status = 204;
    assert.equal(
      await cli(where, 'events', 'retry-dead', '--webhook', 'shop'),
      '1 event is sent once more; what waits is tried now\n',
    );
    await eventually('it came', () => host.got[1]);
    assert.match(
      await cli(where, 'events', 'replay', '--webhook', 'shop', '--since', '1h'),
      /^2 events are sent once more, from /,
    );
    const again = await eventually('both came again', () => host.got[2]);
    assert.ok(again.body.includes('b@far.test') && again.body.includes('c@far.test'));
    assert.ok(host.got.slice(0, 2).every((one) => one.headers['webhook-id'] !== again.headers['webhook-id']));
  });

  it('keeps what it could not post over a kill, and posts it once the receiver is there', async (t) => {
    const host = await receiver(t);
    host.status = 500;
    const where = await place(t, host.port, 'events = ["received"]');
    const first = await start(t, where);
    await handIn(where, 'b@far.test');
    await eventually('it waits', async () => ((await listed(where))?.state === 'waiting' ? true : undefined));
    // Gathered, and in the event log, but not in the outbox yet.
    await handIn(where, 'c@far.test');
    await first.stop('SIGKILL');
    host.status = 204;
    await start(t, where);
    assert.match(await cli(where, 'events', 'list'), /^shop +/m);
    await eventually('both are there', () => {
      const all = host.got.map(({ body }) => body).join('');
      return all.includes('b@far.test') && all.includes('c@far.test') ? true : undefined;
    });
  });
});
