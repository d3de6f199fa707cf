/**
 * Accepts messages until it is killed, and prints the id of each once its promise has resolved.
 *
 * Usage: run.ts FOLDER PREFIX
 */
import { writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openQueue } from '../../../src/store/open-queue.ts';
import { message } from '../samples.ts';

const CALLERS = 20;

const [path = '', prefix = ''] = process.argv.slice(2);
const folder = openDataFolder(path);
const store = await openQueue(folder);
let count = 0;

async function acceptForEver(): Promise<never> {
  for (;;) {
    count += 1;
    const id = `${prefix}-${count}`;
    if (count % 5 === 0) {
      const upload = join(folder.incoming, id);
      writeFileSync(upload, id, { flush: true });
      await store.accept(message(id, { body: { kind: 'file', path: upload } }));
    } else {
      await store.accept(message(id, { body: { kind: 'bytes', bytes: Buffer.from(id) } }));
    }
    // At once and in place: what is reported must not wait in a buffer that dies with the process.
    writeSync(1, `${id}\n`);
  }
}

await Promise.all(Array.from({ length: CALLERS }, acceptForEver));
