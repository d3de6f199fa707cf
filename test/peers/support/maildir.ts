/** What a peer received, read from a maildir byte for byte. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** One message delivered to one recipient. */
export interface Received {
  /** The envelope sender; empty for a bounce. */
  readonly from: string;
  /** The envelope recipient. */
  readonly to: string;
  /** The header section with the peer's own additions on top, lines ending with LF. */
  readonly header: string;
  /** All after the empty line, as stored: lines end with LF where they came with CRLF. */
  readonly body: Buffer;
}

/** Reads what has arrived in a maildir, waiting until there is as much as the caller expects. */
export async function readMaildir(folder: string, atLeast: number, log: () => string): Promise<Received[]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const names = await readdir(join(folder, 'new')).catch(() => []);
    if (names.length >= atLeast) {
      // The names begin with the time of delivery.
      const found = await Promise.all(
        names
          .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
          .map((name) => readFile(join(folder, 'new', name))),
      );
      return found.map(parse);
    }
    if (Date.now() > deadline) throw new Error(`${names.length} of ${atLeast} messages arrived\n${log()}`);
    await sleep(20);
  }
}

function parse(stored: Buffer): Received {
  const end = stored.indexOf('\n\n');
  const header = stored.toString('latin1', 0, end === -1 ? stored.length : end + 1);
  const body = end === -1 ? Buffer.alloc(0) : stored.subarray(end + 2);
  const value = (pattern: RegExp) => pattern.exec(header)?.[1] ?? '';
  return {
    from: value(/^Return-path: <([^>\n]*)>/im),
    to: value(/^(?:X-Original-To|Envelope-to): (.*)/im) || value(/^Delivered-To: (.*)/im),
    header,
    body,
  };
}
