import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openDataFolder, openQueueFolder } from '../../../../src/store/data-folder.ts';
import { openQueue } from '../../../../src/store/open-queue.ts';
import { message } from '../../../store/samples.ts';
import { startControlPeer, waxwing } from '../control-peer.ts';

describe('queue hold, release, cancel, retry and flush', () => {
  for (const [args, asked, json, text] of [
    [['hold', 'm1'], { url: '/queue/hold', of: { id: 'm1' } }, 'held', '2 recipients held\n'],
    [
      ['release', '--all'],
      { url: '/queue/release', of: { all: true } },
      'released',
      '2 recipients released, and due now\n',
    ],
    [
      ['cancel', '--destination', 'a.test'],
      { url: '/queue/cancel', of: { destination: 'a.test' } },
      'cancelled',
      '2 recipients cancelled\n',
    ],
    [
      ['flush', 'a.test'],
      { url: '/queue/retry', of: { domain: 'a.test' } },
      'retried',
      '2 recipients due now\n',
    ],
  ] as const) {
    it(`${args.join(' ')}: asks step by step, and adds up`, async (t) => {
      const requests: unknown[] = [];
      const { data } = await startControlPeer(t, (request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          const of = JSON.parse(body);
          requests.push({ url: request.url, of });
          const isLast = 'id' in of || 'after' in of;
          const changed = [{ id: isLast ? 'm2' : 'm1', address: 'b@a.test' }];
          const both = 'id' in of ? [...changed, ...changed] : changed;
          response.end(JSON.stringify({ changed: both, underWay: 0, bound: 0, next: isLast ? null : 'm1' }));
        });
      });
      const run = await waxwing(['queue', ...args, '--data', data]);
      assert.deepEqual(run, { code: 0, stdout: text, stderr: '' });
      const isOne = 'id' in asked.of;
      assert.deepEqual(requests, isOne ? [asked] : [asked, { ...asked, of: { ...asked.of, after: 'm1' } }]);
      const again = await waxwing(['queue', ...args, '--json', '--data', data]);
      assert.equal(JSON.parse(again.stdout)[json].length, 2);
    });
  }

  it('says how many were left out because an attempt is under way', async (t) => {
    const { data } = await startControlPeer(t, (request, response) => {
      const changed = request.url === '/queue/hold' ? [] : [{ id: 'm1', address: 'b@a.test' }];
      response.end(JSON.stringify({ changed, underWay: 2, bound: 0, next: null }));
    });
    const cancelled = await waxwing(['queue', 'cancel', '--all', '--data', data]);
    assert.equal(cancelled.stdout, '1 recipient cancelled; 2 left out, as an attempt is under way\n');
    const json = await waxwing(['queue', 'cancel', '--all', '--json', '--data', data]);
    assert.deepEqual(JSON.parse(json.stdout), {
      cancelled: [{ id: 'm1', address: 'b@a.test' }],
      underWay: 2,
    });
    const held = await waxwing(['queue', 'hold', 'm1', '--data', data]);
    const why = 'an attempt is under way for 2 recipients';
    assert.deepEqual([held.code, held.stderr], [1, `error: message m1 is left as it is: ${why}\n`]);
  });

  it('release --tls says level, end and reason, and how many have REQUIRETLS', async (t) => {
    const asked: unknown[] = [];
    const { data } = await startControlPeer(t, (request, response) => {
      request.on('data', (chunk: Buffer) => asked.push(JSON.parse(chunk.toString())));
      const answer = { changed: [{ id: 'm1', address: 'b@a.test' }], underWay: 0, bound: 2, next: null };
      request.on('end', () => response.end(JSON.stringify(answer)));
    });
    const run = await waxwing([
      'queue',
      'release',
      '--destination',
      'a.test',
      '--tls',
      'may',
      '--reason',
      'told by phone',
      '--until',
      '2099-01-01T00:00:00Z',
      '--data',
      data,
    ]);
    assert.equal(run.code, 0, run.stderr);
    assert.match(
      run.stdout,
      /^1 recipient released, and due now; 2 left out, .* REQUIRETLS, which only its sender/,
    );
    const under = { level: 'may', until: '2099-01-01T00:00:00Z', reason: 'told by phone' };
    assert.deepEqual(asked, [{ destination: 'a.test', under }]);
  });

  it('takes a domain in any case and with the dot of the root, and a next hop as it is', async (t) => {
    const named: unknown[] = [];
    const { data } = await startControlPeer(t, (request, response) => {
      request.on('data', (chunk: Buffer) => named.push(JSON.parse(chunk.toString())));
      const answer = {
        changed: [],
        next: null,
        destination: 'dead.test',
        until: null,
        underWay: 0,
        bound: 0,
      };
      request.on('end', () => response.end(JSON.stringify(answer)));
    });
    for (const args of [
      ['flush', 'DEAD.Test.'],
      ['pause', 'DEAD.Test.'],
      ['hold', '--destination', 'Dead.test.'],
      ['flush', 'smtp://Next.test:25'],
    ]) {
      assert.equal((await waxwing(['queue', ...args, '--data', data])).code, 0, args.join(' '));
    }
    assert.deepEqual(named, [
      { domain: 'dead.test' },
      { domain: 'dead.test', until: null },
      { destination: 'dead.test' },
      { domain: 'smtp://Next.test:25' },
    ]);
  });

  for (const [args, said] of [
    [['flush', 'dead test'], /^error: "dead test" is neither a domain nor a next hop: .+\n\(--help/],
    [['pause', 'dead..test'], /^error: "dead\.\.test" is neither/],
    [['pause', 'dead.test', '--off', '--until', '2099-01-01T00:00:00Z'], /exclude each other/],
    [['hold', '--destination', '-'], /^error: "-" is neither/],
    [['release', 'm1', '--tls', 'may'], /^error: --tls needs --reason/],
    [['release', 'm1', '--reason', 'x'], /^error: --reason and --until need --tls/],
    [['release', '--all', '--tls', 'may', '--reason', 'x'], /^error: --tls is for some mail/],
    [['release', 'm1', '--tls', 'may', '--reason', ' '], /^error: --reason: it is empty/],
    [
      ['pause', 'dead.test', '--until', 'tomorrow'],
      /^error: --until takes a time as in RFC 3339, such as \S+, not "tomorrow"\n\(--help/,
    ],
  ] as const) {
    it(`${args.join(' ')}: wrong usage, said in one sentence, with code 2`, async () => {
      const run = await waxwing(['queue', ...args]);
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(run.stderr, said);
      assert.equal(run.stderr.split('\n').length, 3, 'the sentence, and where help is');
    });
  }

  it('refuses none and two of id, --destination, --all, with code 2', async () => {
    for (const args of [['hold'], ['cancel', 'm1', '--all'], ['flush']]) {
      assert.equal((await waxwing(['queue', ...args])).code, 2, args.join(' '));
    }
  });
});

describe('queue check, backup and restore without a relay', () => {
  it('copy a queue to another place, and say what they did', async (t) => {
    const parent = mkdtempSync(join(tmpdir(), 'waxwing-cli-'));
    t.after(() => rmSync(parent, { recursive: true }));
    const [data, backup, other] = ['data', 'backup', 'other'].map((name) => join(parent, name));
    assert.ok(data !== undefined && backup !== undefined && other !== undefined);
    const folder = openDataFolder(data);
    const store = await openQueue(folder);
    await store.accept(message('m'));
    await store.close();
    folder.close();
    const queue = '1 message, 1 of them open, 0 with their content in a file';
    const held = `${queue}; no policies or overrides; nothing of webhooks`;
    const made = await waxwing(['queue', 'backup', backup, '--data', data]);
    assert.deepEqual(made, { code: 0, stdout: `${backup} holds ${held}\n`, stderr: '' });
    const twice = await waxwing(['queue', 'backup', backup, '--data', data]);
    assert.deepEqual([twice.code, /exists already/.test(twice.stderr)], [1, true]);
    const restored = await waxwing(['queue', 'restore', backup, '--data', other]);
    assert.equal(restored.code, 0, restored.stderr);
    assert.match(restored.stdout, new RegExp(`^${other} has ${held}`));
    const over = await waxwing(['queue', 'restore', backup, '--data', other]);
    assert.deepEqual([over.code, /holds 1 messages, which/.test(over.stderr)], [1, true]);
    const checked = await waxwing(['queue', 'check', '--data', other]);
    assert.deepEqual(checked, {
      code: 0,
      stdout: 'the queue is sound: 1 message, 1 of them open\n',
      stderr: '',
    });
    const nothing = await waxwing(['queue', 'backup', join(parent, 'b2'), '--data', join(parent, 'none')]);
    assert.equal(nothing.code, 1);
    assert.deepEqual(readdirSync(parent).toSorted(), ['backup', 'data', 'other']);
  });

  // It starts the program five times, each with a database to open.
  it('restores all queues of a backup, or none where one of them would be written over', {
    timeout: 60_000,
  }, async (t) => {
    const parent = mkdtempSync(join(tmpdir(), 'waxwing-cli-'));
    t.after(() => rmSync(parent, { recursive: true }));
    const keep = async (name: string, queue: number, id: string): Promise<void> => {
      const folder = openDataFolder(join(parent, name));
      const own = queue === 1 ? folder : openQueueFolder(folder.path, queue);
      const store = await openQueue(own);
      await store.accept(message(id));
      await store.close();
      if (own !== folder) own.close();
      folder.close();
    };
    await keep('data', 1, 'a');
    await keep('data', 2, 'b');
    const backup = join(parent, 'backup');
    assert.equal((await waxwing(['queue', 'backup', backup, '--data', join(parent, 'data')])).code, 0);
    for (const queue of [1, 2, 3]) {
      const full = join(parent, `full-${queue}`);
      await keep(`full-${queue}`, queue, 'other');
      const refused = await waxwing(['queue', 'restore', backup, '--data', full]);
      assert.deepEqual([refused.code, /holds 1 messages, which/.test(refused.stderr)], [1, true]);
      const checked = await waxwing(['queue', 'check', '--data', full]);
      assert.match(checked.stdout, /sound: 1 message, 1 of them open/, `queue ${queue} is full`);
    }
    const restored = await waxwing(['queue', 'restore', backup, '--data', join(parent, 'empty')]);
    assert.match(restored.stdout, /has 2 messages, 2 of them open/);
  });
});
