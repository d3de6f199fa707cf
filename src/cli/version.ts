/** The version of this program. */
import { readFileSync } from 'node:fs';

/** The same path from src/cli and from dist/cli. */
export function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version: text }: { version: string } = JSON.parse(readFileSync(file, 'utf8'));
  return text;
}
