/** Reads the hashes of API keys out of the files that the configuration names. */
import { quote } from '../../names/domain.ts';
import { type ApiKey, parseApiKeyHash } from '../../relay/http-api/api-key.ts';
import type { ApiKeyConfig } from './config.ts';
import type { Findings } from './files.ts';
import { ofKey } from './schema/api.ts';
import { readLine } from './text-file.ts';

/** @returns without those whose hash is wrong or another key's, which is on `findings` then. */
export async function readApiKeys(
  keys: readonly ApiKeyConfig[],
  findings: Pick<Findings, 'take'>,
): Promise<readonly ApiKey[]> {
  const pathOf = (index: number): string =>
    `api_key[${index}].${keys[index]?.hash.kind === 'here' ? 'key_hash' : 'key_hash_file'}`;
  const read = await Promise.all(keys.map((key, index) => readApiKey(key, pathOf(index), findings)));
  const seen = new Map<string, string>();
  return read.flatMap((key, index) => {
    if (key === undefined) return [];
    const hash = Buffer.from(key.hash).toString('hex');
    const other = seen.get(hash);
    if (other === undefined) {
      seen.set(hash, key.name);
      return [key];
    }
    const because = ofKey(key.name, `it is that of ${quote(other)}, too`);
    findings.take(pathOf(index), { kind: 'invalid', because });
    return [];
  });
}

async function readApiKey(
  { hash, ...key }: ApiKeyConfig,
  path: string,
  findings: Pick<Findings, 'take'>,
): Promise<ApiKey | undefined> {
  if (hash.kind === 'here') return { ...key, hash: hash.value };
  const line = await readLine(hash.path);
  const parsed = line.kind === 'ok' ? parseApiKeyHash(line.value) : line;
  if (parsed.kind === 'ok') return { ...key, hash: parsed.value };
  const because = ofKey(key.name, `${hash.path}: ${parsed.because}`);
  return findings.take(path, { kind: 'invalid', because });
}
