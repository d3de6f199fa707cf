/** Two workers as one relay: what their primary answers for both. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../peers/support/ports.ts';
import { startMailSink } from '../../../support/mail-sink.ts';
import { bin } from '../../../unit/cli/control-peer.ts';

const KEY = `waxwing_${'k'.repeat(43)}`;

interface Program {
  readonly data: string;
  readonly apiPort: number;
  readonly metricsPort: number;
  readonly child: ChildProcess;
  /** The configuration with so many workers, from the next start on. */
  configure(workers: number): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** @param more tables of the configuration. */
async function program(t: TestContext, more: string): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-front-'));
  t.after(() => rm(folder, { recursive: true, maxRetries: 10 }));
  const [apiPort, metricsPort] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  let child: ChildProcess | undefined;
  const one: Program = {
    data: join(folder, 'data'),
    apiPort,
    metricsPort,
    get child() {
      return child ?? assert.fail('it does not run');
    },
    configure: (workers) =>
      writeFile(
        join(folder, 'waxwing.toml'),
        `hostname = "relay.test"
data = "data"
workers = ${workers}
[dns]
resolver = ["127.0.0.1:9"]
dnssec = "off"
[relay]
grace = "5s"
[api]
listen = ["127.0.0.1:${apiPort}"]
[[api_key]]
name = "shop"
key_hash = "sha256:${createHash('sha256').update(KEY).digest('hex')}"
scopes = ["send", "read", "queue"]
[metrics]
listen = "127.0.0.1:${metricsPort}"
${more}
`,
      ),
    async start() {
      const started = spawn(process.execPath, [bin, 'serve', '--config', join(folder, 'waxwing.toml')], {
        env: {},
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child = started;
      const log: string[] = [];
      for await (const line of createInterface(started.stderr)) {
        log.push(line);
        const { msg, worker }: { msg: string; worker?: number } = JSON.parse(line);
        if (msg === 'ready' && worker === undefined) {
          started.stderr.resume();
          return;
        }
      }
      assert.fail(log.join('\n'));
    },
    async stop() {
      if (child === undefined || child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
  t.after(() => one.stop());
  await one.configure(2);
  await one.start();
  return one;
}

interface Answer {
  readonly status: number;
  readonly incomplete: string | undefined;
  readonly body: unknown;
}

function asked(
  where: { readonly socketPath: string } | { readonly port: number },
  method: string,
  path: string,
  { body, headers = {} }: { readonly body?: string; readonly headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ ...where, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = response.headers['content-type']?.includes('json') === true;
        const incomplete = response.headers['waxwing-incomplete'];
        resolve({
          status: response.statusCode ?? 0,
          incomplete: typeof incomplete === 'string' ? incomplete : undefined,
          body: isJson ? JSON.parse(text) : text,
        });
      });
    });
    asking.on('error', reject);
    if (body !== undefined) asking.setHeader('content-length', Buffer.byteLength(body));
    asking.end(body);
  });
}

function control({ data }: Program, method: string, path: string, body?: object): Promise<Answer> {
  const given = body === undefined ? {} : { body: JSON.stringify(body) };
  return asked({ socketPath: join(data, 'control.sock') }, method, path, given);
}

async function handIn({ data }: Program, to: string, subject: string): Promise<string> {
  const body = `Subject: ${subject}\n\ntext\n`;
  const where = { socketPath: join(data, 'control.sock') };
  const answer = await asked(where, 'POST', `/messages?from=a@b.test&to=${to}`, { body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return idIn(answer);
}

function post({ apiPort }: Program, key: string): Promise<Answer> {
  return asked({ port: apiPort }, 'POST', '/v1/messages?from=a@b.test&to=c@held.test', {
    body: 'Subject: once\r\n\r\ntext\r\n',
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'message/rfc822',
      'idempotency-key': key,
    },
  });
}

function idIn({ body }: Answer): string {
  assert.ok(typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string');
  return body.id;
}

/** Open messages in the queue of a worker. */
function inQueue({ data }: Program, file: string): Set<string> {
  const database = new DatabaseSync(join(data, file), { readOnly: true });
  try {
    return new Set(
      database
        .prepare('SELECT id FROM messages WHERE final_at IS NULL')
        .all()
        .map(({ id }) => String(id)),
    );
  } finally {
    database.close();
  }
}

function idsOf({ body }: Answer): readonly string[] {
  assert.ok(Array.isArray(body));
  return body.map(({ id }: { id: string }) => id);
}

async function eventually<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  for (const until = performance.now() + 30_000; performance.now() < until; await sleep(20)) {
    const value = await look();
    if (value !== undefined) return value;
  }
  return assert.fail(`never: ${what}`);
}

describe('two workers', () => {
  // Six processes start on the way, which is slow where others compute.
  it('are one relay: list, show, changes, pause, override, figures, receipts, one connection; also while one is dead, or one is left', {
    timeout: 120_000,
  }, async (t) => {
    const sink = await startMailSink(t, 20);
    const relay = await program(
      t,
      `[[route]]\nmatch = "picky.test"\nto = "smtp://127.0.0.1:${sink.port}"\ntls = "may"\nconnections = 1`,
    );
    // Nothing is attempted meanwhile, in either queue.
    await control(relay, 'POST', '/pauses', { domain: 'far.test', until: null });
    const ids: string[] = [];
    for (const n of [1, 2, 3, 4]) ids.push(await handIn(relay, 'c@far.test', `n${n}`));
    assert.deepEqual([inQueue(relay, 'queue.db').size, inQueue(relay, 'queue-2.db').size], [2, 2]);
    const [second = ''] = inQueue(relay, 'queue-2.db');
    assert.deepEqual(idsOf(await control(relay, 'GET', '/queue')), ids.toSorted());
    assert.equal(idIn(await control(relay, 'GET', `/queue/${second}`)), second);
    assert.equal((await control(relay, 'GET', '/queue/nosuch')).status, 404);

    const held = await control(relay, 'POST', '/queue/hold', { id: second });
    assert.deepEqual(held.body, {
      changed: [{ id: second, address: 'c@far.test' }],
      underWay: 0,
      bound: 0,
      next: null,
    });
    const listed = await control(relay, 'GET', '/queue');
    assert.ok(Array.isArray(listed.body));
    for (const { recipients } of listed.body) assert.equal(recipients[0].pause.destination, 'far.test');

    const override = { domain: 'far.test', level: 'authenticate', until: null, reason: 'a test' };
    const overridden = await control(relay, 'POST', '/overrides', override);
    assert.equal(overridden.status, 200);
    assert.deepEqual(
      { ...Object(overridden.body).mail },
      { due: 3, underWay: 0, destination: 'far.test' },
      'the mail of both, but for what is held',
    );

    const ended = await control(relay, 'POST', '/pauses/end', { domain: 'far.test' });
    assert.deepEqual(ended.body, { destination: 'far.test' });

    const figures = String((await asked({ port: relay.metricsPort }, 'GET', '/metrics', {})).body).split(
      '\n',
    );
    for (const line of [
      'waxwing_queue_messages 4',
      'waxwing_workers{state="alive"} 2',
      'waxwing_events_total{event="received",outcome="none",by="none"} 4',
    ])
      assert.ok(figures.includes(line), line);

    // They have one connection together where a route has no more, and both get their turns.
    const subjects = Array.from({ length: 20 }, (_, n) => `m${n}`);
    for (const subject of subjects) await handIn(relay, 'c@picky.test', subject);
    await eventually('all of them', async () => (sink.subjects.length < 20 ? undefined : true));
    assert.deepEqual(sink.subjects.toSorted(), subjects.toSorted());
    assert.equal(sink.mostOpen, 1);
    await eventually('they are final', async () =>
      idsOf(await control(relay, 'GET', '/queue')).length === ids.length ? true : undefined,
    );

    const { pid } = relay.child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    process.kill(children[1] ?? assert.fail(), 'SIGKILL');
    const left = await eventually('a list without the dead one', async () => {
      const answer = await control(relay, 'GET', '/queue');
      return answer.incomplete === undefined ? undefined : answer;
    });
    assert.equal(left.incomplete, '2');
    assert.deepEqual(idsOf(left), [...inQueue(relay, 'queue.db')].toSorted());
    const unknown = await control(relay, 'GET', `/queue/${second}`);
    assert.equal(unknown.status, 503, 'it cannot be said that it is not there');
    const listedByApi = await asked({ port: relay.apiPort }, 'GET', '/v1/messages', {
      headers: { authorization: `Bearer ${KEY}` },
    });
    assert.equal(listedByApi.status, 503, 'a program takes a list for all there is');
    assert.equal((await post(relay, 'k0')).status, 503, 'the key may be with the one that is gone');
    const stillTaken = await handIn(relay, 'c@far.test', 'meanwhile');
    await eventually('the worker is back', async () => {
      const answer = await control(relay, 'GET', '/queue');
      return answer.incomplete === undefined ? true : undefined;
    });
    assert.deepEqual(idsOf(await control(relay, 'GET', '/queue')), [...ids, stillTaken].toSorted());

    // A request with an idempotency key is carried out once, also where there is one worker the next time.
    const before = inQueue(relay, 'queue-2.db').size;
    const keys = ['k1', 'k2', 'k3', 'k4'];
    const posted: string[] = [];
    for (const key of keys) posted.push(idIn(await post(relay, key)));
    const inSecond = inQueue(relay, 'queue-2.db').size;
    assert.ok(inSecond > before && inSecond < before + keys.length, 'both have some');
    await relay.stop();
    await relay.configure(1);
    await relay.start();
    for (const [index, key] of keys.entries()) assert.equal(idIn(await post(relay, key)), posted[index]);
    for (const key of ['k5', 'k6']) await post(relay, key);
    assert.equal(
      inQueue(relay, 'queue-2.db').size,
      inSecond,
      'nothing new comes into a queue that is emptied',
    );
    assert.equal(idsOf(await control(relay, 'GET', '/queue')).length, ids.length + 1 + keys.length + 2);
  });
});
