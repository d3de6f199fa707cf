/** Reads the small files that an operator writes. */
import { createReadStream } from 'node:fs';
import type { Parsed } from '../names/domain.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The whole file; `because` names it. */
export async function readSmallFile(path: string): Promise<Parsed<Buffer>> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of createReadStream(path, { end: MAX_FILE_BYTES })) {
      const bytes = chunk as Buffer;
      chunks.push(bytes);
      size += bytes.length;
    }
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return { kind: 'invalid', because: `cannot be read: ${because}` };
  }
  return size > MAX_FILE_BYTES
    ? { kind: 'invalid', because: `${path} is larger than ${MAX_FILE_BYTES} bytes` }
    : { kind: 'ok', value: Buffer.concat(chunks) };
}
