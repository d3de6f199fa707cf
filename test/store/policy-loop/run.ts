/**
 * Keeps policies until it is killed, and prints the domain of each once `put` has returned.
 *
 * Usage: run.ts FOLDER PREFIX
 */
import { writeSync } from 'node:fs';
import { openDataFolder } from '../../../src/store/data-folder.ts';
import { openPolicies } from '../../../src/store/open-policies.ts';
import { fetched } from '../policy-conformance.ts';

const [path = '', prefix = ''] = process.argv.slice(2);
const store = openPolicies(openDataFolder(path));
for (let count = 1; ; count += 1) {
  const entry = fetched(`${prefix}-${count}.test`, count);
  store.sts.put(entry);
  // At once and in place: what is reported must not wait in a buffer that dies with the process.
  writeSync(1, `${entry.domain}\n`);
}
