/** Prints docs/findings.md, or writes it with --write. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { catalogue } from '../../src/findings/catalogue.ts';
import { findingsPage } from './page.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const page = findingsPage(catalogue);
if (values.write) writeFileSync(join(import.meta.dirname, '../../docs/findings.md'), page);
else process.stdout.write(page);
