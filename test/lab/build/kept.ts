/**
 * The signed zones of earlier labs, below `.peers/lab/`: signing takes seconds, reading none.
 *
 * What is kept belongs to one state of the table and of the programs that sign, and to one network. After a week it is
 * made anew, long before signatures of thirty days end.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { withLock } from '../../peers/support/lock.ts';
import type { Signer, Zone } from '../zone.ts';
import { type Built, buildZones } from './build.ts';

const home = join(import.meta.dirname, '../../../.peers/lab');
const aWeek = 7 * 24 * 3600 * 1000;

/** The lab's zones for a network: those that are kept, or new ones. */
export async function keptZones(
  roots: Readonly<Record<Signer, string>>,
  zones: readonly Zone[],
  net: string,
): Promise<Built> {
  await mkdir(home, { recursive: true });
  const folder = join(home, `${net}~${await digest(roots)}`);
  return (
    (await read(folder)) ??
    // Another lab of the same network is over by now; this is against one in another container.
    (await withLock(join(home, `${net}.lock`), async () => {
      const now = Math.floor(Date.now() / 1000);
      const built = await buildZones(roots, zones, net, now);
      await write(folder, built);
      return built;
    }))
  );
}

/** Everything that the zones are made from: the sources, and the programs by the names of their roots. */
async function digest(roots: Readonly<Record<Signer, string>>): Promise<string> {
  const hash = createHash('sha256');
  const lab = join(import.meta.dirname, '..');
  for (const part of ['build', 'zones']) {
    for (const name of (await readdir(join(lab, part))).toSorted())
      hash.update(name).update(await readFile(join(lab, part, name)));
  }
  hash.update(await readFile(join(lab, 'zone.ts')));
  for (const signer of ['bind', 'knot', 'ldns'] as const) hash.update(basename(roots[signer]));
  return hash.digest('hex').slice(0, 16);
}

async function read(folder: string): Promise<Built | null> {
  const made = await stat(folder).catch(() => null);
  if (made === null || Date.now() - made.mtimeMs > aWeek) return null;
  const files = new Map<string, string>();
  for (const name of await readdir(join(folder, 'zones')))
    files.set(
      name.replace(/zone$/, '').replace(/(?<=.)\.$/, ''),
      await readFile(join(folder, 'zones', name), 'utf8'),
    );
  return { files, anchor: await readFile(join(folder, 'anchor'), 'utf8') };
}

async function write(folder: string, built: Built): Promise<void> {
  const unfinished = await mkdtemp(join(home, 'unfinished-'));
  await mkdir(join(unfinished, 'zones'));
  for (const [name, text] of built.files)
    await writeFile(join(unfinished, 'zones', name === '.' ? '.zone' : `${name}.zone`), text);
  await writeFile(join(unfinished, 'anchor'), built.anchor);
  const [net = ''] = basename(folder).split('~');
  for (const old of await readdir(home)) {
    if (old.startsWith(`${net}~`)) await rm(join(home, old), { recursive: true, force: true });
  }
  await rename(unfinished, folder);
}
