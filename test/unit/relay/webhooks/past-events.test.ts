import assert from 'node:assert/strict';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { pastEvents } from '../../../../src/relay/webhooks/past-events.ts';

const BEGIN = Date.parse('2026-11-28T00:00:00Z');

function line(number: number, more = ''): string {
  const at = new Date(BEGIN + number * 1_000).toISOString();
  return JSON.stringify({ event: 'delivered', id: `${number}${more}`, at, from: 'a@x.test', to: 'b@y.test' });
}

async function log(t: TestContext, ...files: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-past-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'events.ndjson');
  for (const [number, content] of files.entries())
    await writeFile(number === 0 ? path : `${path}.${number}`, content);
  return path;
}

async function idsOf(path: string, since: number, until: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const event of pastEvents(path, since, until)) {
    const { id }: { id: string } = JSON.parse(event.line);
    ids.push(id);
  }
  return ids;
}

const at = (number: number): number => BEGIN + number * 1_000;

it('finds the place in a large file without reading all of it, and misses nothing around it', async (t) => {
  const lines = Array.from({ length: 20_000 }, (_, number) => line(number, 'x'.repeat(number % 300)));
  const path = await log(t, `${lines.join('\n')}\n`);
  for (const [since, until] of [
    [0, 5],
    [9_999, 10_004],
    [19_995, 30_000],
    [12_345, 12_345],
  ] as const) {
    const expected = lines.slice(since, until).map((text) => (JSON.parse(text) as { id: string }).id);
    assert.deepEqual(await idsOf(path, at(since), at(until)), expected, `${since} to ${until}`);
  }
});

it('goes through the files in the order in which they were written, also where one is missing', async (t) => {
  const path = await log(t, `${line(4)}\n`, `${line(2)}\n${line(3)}\n`, '', `${line(0)}\n${line(1)}\n`);
  assert.deepEqual(await idsOf(path, 0, Number.MAX_SAFE_INTEGER), ['0', '1', '2', '3', '4']);
});

it('a line that came late is found where it stands', async (t) => {
  const lines = Array.from({ length: 2_000 }, (_, number) => line(number, 'x'.repeat(200)));
  lines.splice(1_030, 0, line(1_000, 'late'));
  const path = await log(t, `${lines.join('\n')}\n`);
  const ids = await idsOf(path, at(1_000), at(1_001));
  assert.equal(ids.length, 2);
  assert.equal(ids[1], '1000late');
});

it('passes over what is no event', async (t) => {
  const path = await log(
    t,
    ['{"event":"rec', '', '[]', 'null', '{"event":"other","at":"2026-11-28T00:00:00Z","from":"","to":""}']
      .concat(line(1), '{"event":"delivered","at":"soon","from":"","to":""}', line(2))
      .join('\n'),
  );
  assert.deepEqual(await idsOf(path, 0, Number.MAX_SAFE_INTEGER), ['1', '2']);
});

it('there may be no file at all', async (t) => {
  const path = await log(t);
  assert.deepEqual(await idsOf(path, 0, Number.MAX_SAFE_INTEGER), []);
});

it('leaves no file open where one of them cannot be looked at', async (t) => {
  const path = await log(t, `${line(1)}\n`, `${line(0)}\n`);
  const some = await open(path, 'r');
  const prototype: typeof some = Object.getPrototypeOf(some);
  await some.close();
  const looked: (typeof some)[] = [];
  t.mock.method(prototype, 'stat', function (this: typeof some) {
    looked.push(this);
    return looked.length === 2 ? Promise.reject(new Error('the disk')) : Promise.resolve({ ino: 1, size: 0 });
  });
  await assert.rejects(idsOf(path, 0, Number.MAX_SAFE_INTEGER), /the disk/);
  // Node's word for one that is closed.
  assert.deepEqual(
    looked.map(({ fd }) => fd),
    [-1, -1],
  );
});
