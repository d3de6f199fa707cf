/** Answers of real servers, recorded octet by octet: test/vectors/dns. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const folder = join(import.meta.dirname, '../../vectors/dns');

/** The names of all recordings. */
export const recordings: readonly string[] = globSync('*.hex', { cwd: folder })
  .map((file) => basename(file, '.hex'))
  .toSorted();

/** The octets of a recording, in memory of their own as a datagram has them. */
export function recorded(name: string): Uint8Array {
  const text = readFileSync(join(folder, `${name}.hex`), 'latin1');
  return new Uint8Array(Buffer.from(text.replaceAll(/^#.*$|\s/gm, ''), 'hex'));
}

/** The records of a zone transfer as dig prints them beside it: owner, TTL, class, type and data. */
export function printed(name: string): string[][] {
  return readFileSync(join(folder, `${name}.txt`), 'latin1')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => /^(\S+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(.*)$/.exec(line)?.slice(1) ?? []);
}
