import assert from 'node:assert/strict';
import {
  appendFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** The ids in a file, and that each of its lines is an event. */
async function idsIn(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  assert.equal(lines.pop(), '', 'the last line is whole');
  return lines.map((line) => {
    const { id }: DeliveryEvent = JSON.parse(line);
    return id;
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await holds()); turn++) {
    assert.ok(turn < 6000, 'it never comes to that');
    await sleep(5);
  }
}

it('what is written is in the file at once, in order, without close', async (t) => {
  const path = join(await temporary(t), 'events.ndjson');
  const log = fileEventLog(path, fail);
  const ids = Array.from({ length: 1000 }, (_, index) => String(index));
  for (const id of ids) {
    log.write([{ ...event, id }]);
    if (Number(id) % 100 === 0) await sleep(1);
  }
  // What is read in the middle of a write ends within a line.
  await until(async () => (await idsIn(path).catch(() => [])).length === ids.length);
  assert.deepEqual(await idsIn(path), ids);
  await log.close();
});

it('is flushed to the disk while it is written to, but not with every line', async (t) => {
  const path = join(await temporary(t), 'events.ndjson');
  const probe = await open(path, 'a');
  const prototype: { datasync: () => Promise<void> } = Object.getPrototypeOf(probe);
  await probe.close();
  const flushed = t.mock.method(prototype, 'datasync');
  const log = fileEventLog(path, fail, 20);
  log.write([event]);
  await until(async () => flushed.mock.callCount() === 1);
  await sleep(60);
  assert.equal(flushed.mock.callCount(), 1, 'nothing was written since');
  for (let line = 0; line < 100; line++) log.write([event]);
  await log.close();
  assert.ok(flushed.mock.callCount() >= 2, 'close flushes too');
  assert.ok(flushed.mock.callCount() < 20);
});

it('lines that another process has made are appended as they are, and read only for another format', async (t) => {
  const folder = await temporary(t);
  const [plain, other] = [join(folder, 'plain'), join(folder, 'other')];
  const first = fileEventLog(plain, assert.fail);
  first.writeLines('{"a": 1}\n', () => assert.fail('nobody needs to know'));
  first.write([event]);
  const second = fileEventLog(other, assert.fail, undefined, null, (events) =>
    events.map(({ event: name }) => `${name}!\n`).join(''),
  );
  second.writeLines('{"a": 1}\n', () => [event]);
  await Promise.all([first.close(), second.close()]);
  assert.equal(await readFile(plain, 'utf8'), `{"a": 1}\n${JSON.stringify(event)}\n`);
  assert.equal(await readFile(other, 'utf8'), 'received!\n');
  const stream = new PassThrough();
  const third = streamEventLog(stream);
  third.writeLines('{"a": 1}\n', () => assert.fail('nobody needs to know'));
  assert.equal(String(stream.read()), '{"a": 1}\n');
});

it('half a line that a crash has left is ended before anything is appended', async (t) => {
  const path = join(await temporary(t), 'events.ndjson');
  await writeFile(path, `${JSON.stringify(event)}\n{"event":"rec`);
  const log = fileEventLog(path, fail);
  log.write([event]);
  await log.close();
  const lines = (await readFile(path, 'utf8')).split('\n');
  assert.deepEqual([lines.length, lines[1]], [4, '{"event":"rec']);
  assert.deepEqual(JSON.parse(lines[2] ?? ''), event);
});

it('after reopen another file has the lines, and none is lost', async (t) => {
  const folder = await temporary(t);
  const path = join(folder, 'events.ndjson');
  const log = fileEventLog(path, fail);
  log.write([{ ...event, id: 'before' }]);
  await until(async () => (await stat(path).catch(() => ({ size: 0 }))).size > 0);
  await rename(path, `${path}.1`);
  log.write([{ ...event, id: 'between' }]);
  await until(async () => (await idsIn(`${path}.1`)).length === 2);
  log.reopen();
  log.write([{ ...event, id: 'after' }]);
  await log.close();
  assert.deepEqual(await idsIn(`${path}.1`), ['before', 'between']);
  assert.deepEqual(await idsIn(path), ['after']);
});

it('lines wait for a file that cannot be written, and are there once it can', async (t) => {
  const folder = await temporary(t);
  const path = join(folder, 'not-yet', 'events.ndjson');
  const errors: Error[] = [];
  const log = fileEventLog(path, (error) => errors.push(error), 20);
  for (const id of ['one', 'two', 'three']) {
    log.write([{ ...event, id }]);
    await sleep(2);
  }
  await until(async () => errors.length > 0);
  assert.ok(errors.length < 3, 'not an error for each line');
  await mkdir(join(folder, 'not-yet'));
  await until(async () => (await stat(path).catch(() => ({ size: 0 }))).size > 0);
  await log.close();
  assert.deepEqual(await idsIn(path), ['one', 'two', 'three']);
});

/** All ids that are in the log and the files that it was moved into, the oldest first. */
async function idsOfAll(path: string, keep: number): Promise<string[]> {
  const ids: string[] = [];
  for (let number = keep; number >= 0; number--) {
    const file = number === 0 ? path : `${path}.${number}`;
    if ((await stat(file).catch(() => undefined)) !== undefined) ids.push(...(await idsIn(file)));
  }
  return ids;
}

describe('rotation', () => {
  it('moves the file away with its size, loses and cuts no line, and keeps so many', async (t) => {
    const path = join(await temporary(t), 'events.ndjson');
    const log = fileEventLog(path, fail, 20, { size: 2_000, keep: 50 });
    const ids = Array.from({ length: 200 }, (_, index) => String(index));
    for (const id of ids) {
      log.write([{ ...event, id }]);
      if (Number(id) % 3 === 0) await sleep(1);
    }
    await log.close();
    assert.deepEqual(await idsOfAll(path, 50), ids);
    const { size } = await stat(`${path}.1`);
    // Lines that came while the disk was busy are one write.
    assert.ok(size >= 2_000 && size < 20_000, String(size));
    await assert.rejects(stat(`${path}.51`));
    const again = fileEventLog(path, fail, 20, { size: 1, keep: 2 });
    for (const id of ['a', 'b', 'c', 'd']) {
      again.write([{ ...event, id }]);
      await until(async () => (await idsIn(`${path}.1`).catch(() => [''])).includes(id));
    }
    await again.close();
    assert.deepEqual(await idsIn(`${path}.2`), ['c']);
    assert.deepEqual(await idsIn(`${path}.1`), ['d']);
  });

  it('goes by the size that the file had before', async (t) => {
    const path = join(await temporary(t), 'events.ndjson');
    await writeFile(path, `${JSON.stringify(event)}\n`.repeat(20));
    const log = fileEventLog(path, fail, 20, { size: 2_000, keep: 1 });
    log.write([event]);
    await log.close();
    assert.equal((await idsIn(`${path}.1`)).length, 21);
  });

  it('that fails is told, and lines go on where they went', async (t) => {
    const path = join(await temporary(t), 'events.ndjson');
    await mkdir(join(`${path}.1`, 'in-the-way'), { recursive: true });
    const errors: Error[] = [];
    const log = fileEventLog(path, (error) => errors.push(error), 20, { size: 1_000, keep: 1 });
    const ids = Array.from({ length: 12 }, (_, index) => String(index));
    for (const id of ids) {
      log.write([{ ...event, id }]);
      await until(async () => (await idsIn(path).catch(() => [''])).includes(id));
    }
    await log.close();
    assert.deepEqual(await idsIn(path), ids);
    assert.ok(errors.length >= 1 && errors.length < 5, `${errors.length} errors`);
  });
});

it('what others append between ours stays whole', async (t) => {
  const path = join(await temporary(t), 'events.ndjson');
  const log = fileEventLog(path, fail);
  log.write([event]);
  await until(async () => (await stat(path).catch(() => ({ size: 0 }))).size > 0);
  await writeFile(path, '');
  await appendFile(path, `${JSON.stringify({ ...event, id: 'other' })}\n`);
  log.write([event]);
  await log.close();
  assert.deepEqual(await idsIn(path), ['other', 'one'], 'copytruncate leaves no hole');
});

it('a disk that goes on failing is tried again and again, and told of once', async (t) => {
  const folder = await temporary(t);
  const errors: Error[] = [];
  const log = fileEventLog(join(folder, 'missing', 'events.ndjson'), (error) => errors.push(error), 2);
  for (let time = 0; time < 20; time++) {
    log.write([event]);
    await sleep(5);
  }
  assert.equal(errors.length, 1);
  await mkdir(join(folder, 'missing'));
  await log.close();
  const lines = await readFile(join(folder, 'missing', 'events.ndjson'), 'utf8');
  assert.equal(lines.split('\n').length, 21);
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

it('a file that cannot be opened is told at the start, before there is any event', async (t) => {
  const path = join(await temporary(t), 'no-such-folder', 'events.ndjson');
  const errors: string[] = [];
  const log = fileEventLog(path, ({ message }) => errors.push(message));
  t.after(() => log.close());
  while (errors.length === 0) await sleep(1);
  assert.match(errors[0] ?? '', /ENOENT: no such file or directory, open .*no-such-folder/);
});

it('a file that cannot be flushed is closed all the same', async (t) => {
  const folder = await temporary(t);
  const probe = await open(join(folder, 'probe'), 'a');
  const prototype: { datasync: () => Promise<void> } = Object.getPrototypeOf(probe);
  await probe.close();
  t.mock.method(prototype, 'datasync', () => Promise.reject(new Error('no space left')));
  const told: string[] = [];
  const log = fileEventLog(join(folder, 'events.ndjson'), (error) => told.push(error.message), 60_000);
  log.write([event]);
  await log.close();
  const held = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  assert.deepEqual([told, held.filter((path) => path.startsWith(folder))], [['no space left'], []]);
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
