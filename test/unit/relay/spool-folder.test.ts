import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openSpoolFolder, type SpoolFolder } from '../../../src/relay/spool-folder.ts';

const UID = process.getuid?.() ?? 0;
const NAME = `m-${'a'.repeat(32)}`;
const MOST = 1_000;

async function open(
  t: TestContext,
): Promise<{ path: string; folder: SpoolFolder; at: (name: string) => string }> {
  const path = join(mkdtempSync(join(tmpdir(), 'waxwing-spool-')), 'spool');
  t.after(() => rmSync(path, { recursive: true }));
  const folder = await openSpoolFolder(path, UID);
  return { path, folder, at: (name) => join(folder.drop, name) };
}

describe('the folders', () => {
  it('everybody may add to the drop folder, and only the relay list it; a file belongs to its group', async (t) => {
    const { path, folder } = await open(t);
    assert.equal(lstatSync(folder.drop).mode & 0o7777, 0o3733);
    assert.equal(lstatSync(path).mode & 0o7777, 0o755);
    assert.equal(lstatSync(join(path, 'aside')).mode & 0o7777, 0o700);
  });

  it('modes that somebody changed are set right, whatever the umask is', async (t) => {
    const { path, folder } = await open(t);
    chmodSync(folder.drop, 0o777);
    await openSpoolFolder(path, UID);
    assert.equal(lstatSync(folder.drop).mode & 0o7777, 0o3733);
  });

  it('a folder of somebody else is not used: whoever owns it can take mail away', async (t) => {
    const { path } = await open(t);
    await assert.rejects(openSpoolFolder(path, UID + 1), /belongs to user id/);
  });

  it('neither is a link', async (t) => {
    const { path } = await open(t);
    const link = `${path}-link`;
    symlinkSync(path, link);
    t.after(() => rmSync(link));
    await assert.rejects(openSpoolFolder(link, UID), /is not a folder/);
  });

  it('what is said of the relay can be read by everybody, and takes the place of what was said before', async (t) => {
    const { path, folder } = await open(t);
    for (const maxRecipients of [100, 200])
      await folder.tell({ hostname: 'host.test', maxMessageBytes: 1, maxRecipients });
    assert.equal(lstatSync(join(path, 'about.json')).mode & 0o777, 0o644);
    assert.deepEqual(readdirSync(path).toSorted(), ['about.json', 'aside', 'drop']);
  });
});

describe('files in it', () => {
  it('only whole messages are listed; what was not finished in a day is removed', async (t) => {
    const { folder, at } = await open(t);
    const unfinished = `t-${'b'.repeat(32)}`;
    const old = `t-${'c'.repeat(32)}`;
    for (const name of [NAME, unfinished, old, 'other']) writeFileSync(at(name), '');
    utimesSync(at(old), 1, 1);
    const { names, others } = await folder.list(10, Date.now());
    assert.deepEqual([names, others], [[NAME], 3]);
    assert.deepEqual(readdirSync(folder.drop).toSorted(), [NAME, 'other', unfinished].toSorted());
  });

  it('folders of their names are none of them, as nobody could put them aside', async (t) => {
    const { folder, at } = await open(t);
    mkdirSync(at(NAME));
    assert.deepEqual(await folder.list(9, 0), { names: [], others: 1 });
  });

  it('no more of them than were asked for', async (t) => {
    const { folder, at } = await open(t);
    for (let index = 10; index < 30; index++) writeFileSync(at(`m-${`${index}`.repeat(16)}`), '');
    assert.equal((await folder.list(7, 0)).names.length, 7);
  });

  it('are read with the user who wrote them; one that is too big is not', async (t) => {
    const { folder, at } = await open(t);
    writeFileSync(at(NAME), 'x'.repeat(MOST), { mode: 0o640 });
    const read = await folder.read(NAME, MOST);
    assert.deepEqual(read, { kind: 'file', bytes: Buffer.from('x'.repeat(MOST)), owner: UID });
    truncateSync(at(NAME), MOST + 1);
    assert.deepEqual(await folder.read(NAME, MOST), { kind: 'big', octets: MOST + 1, owner: UID });
    assert.deepEqual(await folder.read(`m-${'0'.repeat(32)}`, MOST), { kind: 'gone' });
  });

  const foreign: readonly (readonly [string, RegExp, (path: string, elsewhere: string) => void])[] = [
    ['a link to what only the relay can read', /ELOOP/, (path) => symlinkSync('/etc/shadow', path)],
    [
      'a second name of somebody else’s file',
      /second name/,
      (path, elsewhere) => {
        writeFileSync(elsewhere, 'secret');
        linkSync(elsewhere, path);
      },
    ],
    ['a pipe, which would never end', /not a file/, (path) => spawnSync('sh', ['-c', `mkfifo ${path}`])],
    [
      'a file into which others can write somebody’s mail',
      /others than its owner/,
      (path) => {
        writeFileSync(path, 'x');
        chmodSync(path, 0o666);
      },
    ],
  ];
  for (const [what, because, make] of foreign) {
    it(`refuses ${what}, and puts it aside`, async (t) => {
      const { path, folder, at } = await open(t);
      make(at(NAME), join(path, 'elsewhere'));
      const read = await folder.read(NAME, MOST);
      assert.equal(read.kind, 'foreign');
      assert.match(read.because, because);
      await folder.putAside(NAME);
      assert.deepEqual([readdirSync(folder.drop), readdirSync(join(path, 'aside'))], [[], [NAME]]);
    });
  }
});
