/** Prints docs/findings.md, or writes it and the profiles of docs/check.md with --write. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { catalogue } from '../../src/findings/catalogue.ts';
import { builtIn } from '../../src/findings/profiles/built-in.ts';
import { findingsPage } from './page.ts';
import { withProfiles } from './profiles-part.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const page = findingsPage(catalogue);
const docs = join(import.meta.dirname, '../../docs');
if (values.write) {
  writeFileSync(join(docs, 'findings.md'), page);
  const check = join(docs, 'check.md');
  writeFileSync(check, withProfiles(readFileSync(check, 'utf8'), builtIn));
} else process.stdout.write(page);
