/** Reads the hashes of API keys out of the files that the configuration names. */
import { type ApiKey, parseApiKeyHash } from '../../relay/http-api/api-key.ts';
import type { ApiKeyConfig } from './config.ts';
import type { Findings } from './files.ts';
import { ofKey } from './schema/api.ts';
import { readLine } from './text-file.ts';

/** @param path of the key that names the file. */
export async function readApiKey(
  { hash, ...key }: ApiKeyConfig,
  path: string,
  findings: Findings,
): Promise<ApiKey | undefined> {
  if (hash.kind === 'here') return { ...key, hash: hash.value };
  const line = await readLine(hash.path);
  const parsed = line.kind === 'ok' ? parseApiKeyHash(line.value) : line;
  if (parsed.kind === 'ok') return { ...key, hash: parsed.value };
  const because = ofKey(key.name, `${hash.path}: ${parsed.because}`);
  return findings.take(path, { kind: 'invalid', because });
}
