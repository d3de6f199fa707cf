import assert from 'node:assert/strict';
import {
  mkdtempSync,
  promises,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { growingContent, INLINE_BYTES } from '../../../src/relay/growing-content.ts';
import type { NewBody } from '../../../src/store/queue-store.ts';

function growing(t: TestContext, name = 'content') {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-growing-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const seen: number[] = [];
  const errors: string[] = [];
  const content = growingContent({
    path: join(folder, name),
    front(beginning) {
      seen.push(beginning.length);
      return [Buffer.from('front:'), beginning];
    },
    onError: (what) => errors.push(what),
  });
  return { content, folder, seen, errors };
}

/** Files below the folder that this process holds open, deleted ones among them. */
function openFilesIn(folder: string): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(join('/proc/self/fd', fd));
      return path.startsWith(folder) ? [path] : [];
    } catch {
      // The one of the listing itself.
      return [];
    }
  });
}

function textOf(body: NewBody): string {
  return body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : readFileSync(body.path, 'utf8');
}

describe('content while it comes in', () => {
  for (const sizes of [[0], [10, 20], [INLINE_BYTES], [1, INLINE_BYTES - 1]]) {
    it(`of ${sizes.join(' + ')} octets stays in memory, behind its front`, async (t) => {
      const { content, folder, seen } = growing(t);
      for (const size of sizes) void content.write(Buffer.alloc(size, 'x'));
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const body = await content.finish();
      const bytes = body.kind === 'bytes' ? Buffer.from(body.bytes) : assert.fail('it became a file');
      assert.equal(bytes.toString(), `front:${'x'.repeat(total)}`);
      assert.deepEqual(seen, [total]);
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  for (const size of [10, INLINE_BYTES + 1]) {
    it(`of ${size} octets gets in front what is known only once it is whole`, async (t) => {
      const { content, folder } = growing(t);
      await content.write(Buffer.alloc(size, 'x'));
      const whole = await content.whole();
      const kept = `front:${'x'.repeat(size)}`;
      assert.equal(textOf(whole), kept);
      const body = await content.finish(Buffer.from('late:'));
      assert.equal(textOf(body), `late:${kept}`);
      assert.deepEqual(readdirSync(folder), body.kind === 'file' ? ['content'] : []);
    });
  }

  for (const sizes of [[INLINE_BYTES + 1], [INLINE_BYTES, 1, 5], [1, 1_000_000, 1]]) {
    it(`of ${sizes.join(' + ')} octets becomes a file, behind its front`, async (t) => {
      const { content, seen } = growing(t);
      for (const size of sizes) await content.write(Buffer.alloc(size, 'x'));
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const body = await content.finish();
      const bytes = body.kind === 'file' ? readFileSync(body.path) : assert.fail('it stayed in memory');
      assert.equal(bytes.toString(), `front:${'x'.repeat(total)}`);
      assert.equal(seen.length, 1);
      assert.ok((seen[0] ?? 0) > INLINE_BYTES);
    });
  }

  it('keeps its order when nobody waits', async (t) => {
    const { content } = growing(t);
    let expected = 'front:';
    for (let index = 0; index < 200; index++) {
      const slice = `${index} `.repeat(2_000);
      expected += slice;
      void content.write(Buffer.from(slice));
    }
    const body = await content.finish();
    assert.equal(body.kind === 'file' && readFileSync(body.path, 'utf8') === expected, true);
  });

  it('that comes octet by octet takes little more memory than its octets', async (t) => {
    const { content } = growing(t);
    const octets = Buffer.from('octets.\r\n'.repeat(10_000));
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    collect();
    const before = process.memoryUsage().heapUsed;
    // Each in an array of its own, as TLS gives out records.
    for (const octet of octets) void content.write(new Uint8Array([octet]));
    collect();
    const grown = process.memoryUsage().heapUsed - before;
    const body = await content.finish();
    const bytes = body.kind === 'bytes' ? Buffer.from(body.bytes) : assert.fail('it became a file');
    assert.ok(bytes.equals(Buffer.concat([Buffer.from('front:'), octets])));
    assert.ok(grown < 20 * octets.length, `${grown} octets`);
  });

  it('cannot be finished where the medium failed, and says so once', async (t) => {
    const { content } = growing(t, 'missing/content');
    await content.write(Buffer.alloc(INLINE_BYTES + 1));
    assert.equal(content.write(Buffer.alloc(1)), undefined);
    await assert.rejects(content.finish(), { code: 'ENOENT' });
    await content.drop();
  });

  it('holds no file open where what goes in front cannot be written', async (t) => {
    const { content, folder } = growing(t);
    await content.write(Buffer.alloc(INLINE_BYTES + 1));
    const { rename } = promises;
    t.mock.method(promises, 'rename', async (from: string, to: string) => {
      await rename(from, to);
      // As a full medium does it: the new file cannot be made.
      writeFileSync(from, '');
    });
    syncBuiltinESMExports();
    await assert.rejects(content.finish(Buffer.from('late:')), { code: 'EEXIST' });
    await content.drop();
    t.mock.restoreAll();
    syncBuiltinESMExports();
    assert.deepEqual(openFilesIn(folder), []);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('leaves nothing when it is dropped', async (t) => {
    const { content, folder, errors } = growing(t);
    await content.write(Buffer.alloc(INLINE_BYTES + 1));
    assert.equal(readdirSync(folder).length, 1);
    await content.drop();
    assert.deepEqual([readdirSync(folder), errors], [[], []]);
  });
});
