/** Reads the keys that sign mail. */
import { type DkimKey, readDkimKey } from '../../relay/dkim-key.ts';
import type { DkimConfig } from './config.ts';
import type { Findings } from './files.ts';

/** What the files of `[[dkim]]` hold; those that cannot be used are among the findings. */
export async function readDkimKeys(
  keys: readonly DkimConfig[],
  findings: Findings,
): Promise<{ readonly keys: readonly DkimKey[]; readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const read = await Promise.all(
    keys.map(async ({ keyFile, domain, selector, subdomains }, index): Promise<readonly DkimKey[]> => {
      const path = `dkim[${index}].key`;
      const taken = findings.take(path, await readDkimKey(keyFile));
      if (taken === undefined) return [];
      const { key, algorithm } = taken;
      warnings.push(...taken.warnings.map((warning) => `${path}: ${warning}`));
      return [{ domain, selector, subdomains, key, algorithm }];
    }),
  );
  return { keys: read.flat(), warnings };
}
