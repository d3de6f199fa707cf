import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { QueuedMessage } from '../../../../src/relay/control-api.ts';
import { startControlPeer, waxwing } from '../control-peer.ts';

function message(index: number): QueuedMessage {
  const recipient = {
    address: 'b@far.test',
    destination: 'far.test',
    delivery: { kind: 'waiting', attempts: 0, notBefore: '2026-11-22T03:04:05.006Z' },
    why: { cause: 'not-tried-yet', line: 'not tried yet' },
    lastWord: null,
    pause: null,
  } as const;
  const id = `m${String(index).padStart(4, '0')}`;
  return { id, receivedAt: '2026-11-22T03:04:05.006Z', sender: '', size: 1, recipients: [recipient] };
}

/** A relay with so many messages, which lists 200 at once, as the real one does. */
async function relayWith(t: TestContext, count: number): Promise<{ data: string; asked: string[] }> {
  const messages = Array.from({ length: count }, (_, index) => message(index));
  const asked: string[] = [];
  const { data } = await startControlPeer(t, ({ url = '' }, response) => {
    if (url === '/notices') {
      response.end(JSON.stringify(['the switch is on']));
      return;
    }
    asked.push(url);
    const after = new URL(url, 'http://relay').searchParams.get('after') ?? '';
    response.end(JSON.stringify(messages.filter(({ id }) => id > after).slice(0, 200)));
  });
  return { data, asked };
}

describe('queue list', { concurrency: 4 }, () => {
  for (const [count, answers] of [
    [0, 1],
    [199, 1],
    [400, 3],
    [450, 3],
  ] as const) {
    it(`lists all of ${count} messages, in JSON as one array`, async (t) => {
      const { data, asked } = await relayWith(t, count);
      const run = await waxwing(['queue', 'list', '--json', '--data', data]);
      assert.deepEqual([run.code, run.stderr], [0, '']);
      const listed: readonly QueuedMessage[] = JSON.parse(run.stdout);
      assert.deepEqual(
        listed,
        Array.from({ length: count }, (_, index) => message(index)),
      );
      assert.equal(asked.length, answers);
    });
  }

  it('as text has a line for each, and goes on behind --after', async (t) => {
    const { data, asked } = await relayWith(t, 450);
    const all = await waxwing(['queue', 'list', '--all', '--data', data]);
    assert.match(all.stdout, /^NOTE: the switch is on\nID /);
    assert.equal(all.stdout.split('\n').length, 2 + 450 + 1);
    assert.ok(asked.every((url) => url.includes('which=all')));
    const rest = await waxwing(['queue', 'list', '--after', 'm0099', '--data', data]);
    assert.match(rest.stdout, /\nID [^\n]*\nm0100 /);
    assert.equal(rest.stdout.split('\n').length, 2 + 350 + 1);
  });

  it('says once on stderr which workers are missing in it', async (t) => {
    const { data } = await startControlPeer(t, ({ url = '' }, response) => {
      response.setHeader('waxwing-incomplete', url.includes('after=') ? '2,4' : '2');
      const first = url.includes('after=') ? 200 : 0;
      response.end(
        JSON.stringify(Array.from({ length: first === 0 ? 200 : 3 }, (_, index) => message(first + index))),
      );
    });
    const run = await waxwing(['queue', 'list', '--json', '--data', data]);
    assert.equal(run.code, 0);
    assert.equal(
      run.stderr,
      'warning: worker 2 gives no answer: what is in its queue is missing\n' +
        'warning: worker 4 gives no answer: what is in its queue is missing\n',
    );
    assert.equal(JSON.parse(run.stdout).length, 203);
  });

  it('says so where a later answer fails, and JSON has no end then', async (t) => {
    const { data } = await startControlPeer(t, ({ url = '' }, response) => {
      if (url === '/notices') response.end('[]');
      else if (url.includes('after=')) response.writeHead(500).end('{"error":"the disk"}');
      else response.end(JSON.stringify(Array.from({ length: 200 }, (_, index) => message(index))));
    });
    const text = await waxwing(['queue', 'list', '--data', data]);
    assert.deepEqual([text.code, text.stderr], [1, 'error: the disk\n']);
    assert.equal(text.stdout.split('\n').length, 1 + 200 + 1);
    const json = await waxwing(['queue', 'list', '--json', '--data', data]);
    assert.deepEqual([json.code, json.stderr], [1, 'error: the disk\n']);
    assert.throws(() => JSON.parse(json.stdout), SyntaxError);
    assert.equal(JSON.parse(`${json.stdout}]`).length, 200);
  });

  it('prints nothing but the error where the first answer fails', async (t) => {
    const { data } = await startControlPeer(t, ({ url = '' }, response) => {
      if (url === '/notices') response.end('[]');
      else response.writeHead(500).end('{"error":"the disk"}');
    });
    const run = await waxwing(['queue', 'list', '--json', '--data', data]);
    assert.deepEqual(run, { code: 1, stdout: '', stderr: 'error: the disk\n' });
  });
});
