import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { it, type TestContext } from 'node:test';
import type { DeliveryEvent } from '../../../src/events/delivery-event.ts';
import { fileEventLog, streamEventLog } from '../../../src/relay/event-log.ts';

const event: DeliveryEvent = {
  event: 'received',
  id: 'one',
  at: '2026-11-22T00:00:00.000Z',
  from: 'a@origin.test',
  to: 'b@far.test',
  mx: null,
  reply: { code: 250, enhanced: null, text: 'with "quotes" and\nline breaks' },
  attempt: 0,
  tls: null,
  nextAttemptAt: null,
};

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-log-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function fail(error: Error): void {
  throw error;
}

it('one JSON object a line, whatever stands in it; an open appends, and close flushes', async (t) => {
  const path = join(await temporary(t), 'events.ndjson');
  for (const id of ['one', 'two']) {
    const log = fileEventLog(path, fail);
    log.write([{ ...event, id }, event]);
    await log.close();
  }
  const lines = (await readFile(path, 'utf8')).split('\n');
  assert.equal(lines.pop(), '');
  const written: DeliveryEvent[] = lines.map((line) => JSON.parse(line));
  assert.deepEqual(written, [event, event, { ...event, id: 'two' }, event]);
});

it('only its owner reads it, as it names senders and recipients', async (t) => {
  const path = join(await temporary(t), 'events.ndjson');
  const log = fileEventLog(path, fail);
  log.write([event]);
  await log.close();
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

it('a file that cannot be written is told, and does not stop the relay', async (t) => {
  const folder = await temporary(t);
  await writeFile(join(folder, 'file'), '');
  const { promise, resolve } = Promise.withResolvers<Error>();
  const log = fileEventLog(join(folder, 'file', 'events.ndjson'), resolve);
  log.write([event]);
  assert.match((await promise).message, /ENOTDIR/);
  log.write([event]);
  await log.close();
});

it('a stream of somebody else stays open', async () => {
  const stream = new PassThrough();
  const log = streamEventLog(stream);
  log.write([]);
  assert.equal(stream.read(), null, 'nothing happened, nothing is written');
  log.write([event]);
  await log.close();
  assert.equal(stream.writable, true);
  assert.equal(String(stream.read()), `${JSON.stringify(event)}\n`);
});
