/**
 * The signed zones of earlier labs, below `.peers/lab/`: signing takes seconds, reading none.
 *
 * What is kept belongs to one state of the table and of the programs that sign, and to one network. After a week it is
 * made anew, long before signatures of thirty days end.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { withLock } from '../../peers/support/lock.ts';
import { type Signer, signers, type Zone } from '../zone.ts';
import { type Built, buildZones } from './build.ts';
import { type Certificates, makeCertificates, tlsaData } from './certificates.ts';

/** All of a lab that is made beforehand. */
export interface Made extends Built {
  readonly certificates: Certificates;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const home = join(import.meta.dirname, '../../../.peers/lab');
const aWeek = 7 * 24 * 3600 * 1000;

/** The lab's zones and certificates for a network: those that are kept, or new ones. */
export async function keptZones(
  roots: Readonly<Record<Signer, string>>,
  zones: readonly Zone[],
  net: string,
): Promise<Made> {
  await mkdir(home, { recursive: true });
  const file = join(home, `${net}~${await digest(roots)}.json`);
  return (
    (await read(file)) ??
    // A network belongs to one lab at a time, but only on this host: the checkout may be shared.
    (await withLock(join(home, `${net}.lock`), async () => {
      const at = Date.now();
      const certificates = await makeCertificates();
      const built = await buildZones(roots, zones, {
        net,
        tlsa: tlsaData(certificates),
        now: Math.floor(at / 1000),
      });
      const made: Made = { ...built, certificates, at };
      await write(file, made);
      return made;
    }))
  );
}

/** Files with what a client of the lab has to trust; they stay where they are for the next lab of the network. */
export interface TrustFiles {
  readonly anchorFile: string;
  readonly authorityFile: string;
}

/** Writes them anew. */
export async function writeTrustFiles(net: string, { anchor, certificates }: Made): Promise<TrustFiles> {
  const anchorFile = join(home, `${net}.anchor`);
  const authorityFile = join(home, `${net}.pem`);
  await writeFile(anchorFile, anchor);
  await writeFile(authorityFile, certificates.authority.certPem);
  return { anchorFile, authorityFile };
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
  for (const signer of signers) hash.update(basename(roots[signer]));
  return hash.digest('hex').slice(0, 16);
}

async function read(file: string): Promise<Made | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  const made: Made = JSON.parse(text);
  return Date.now() - made.at < aWeek ? made : null;
}

/** Replaces what was kept for this network. */
async function write(file: string, made: Made): Promise<void> {
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, JSON.stringify(made));
  const [net = ''] = basename(file).split('~');
  const old = (await readdir(home)).filter((name) => name.startsWith(`${net}~`) && name.endsWith('.json'));
  for (const name of old) await rm(join(home, name), { force: true });
  await rename(unfinished, file);
}
