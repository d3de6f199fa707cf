/** Reads the text of a small file that the configuration names. */
import { isUtf8 } from 'node:buffer';
import type { Parsed } from '../../names/domain.ts';
import { readSmallFile } from '../../relay/read-file.ts';

/** A file that holds one value: an editor ends its line, and nothing may follow. */
export async function readLine(file: string): Promise<Parsed<string>> {
  const text = await readText(file);
  if (text.kind === 'invalid') return text;
  const line = text.value.replace(/\r?\n$/, '');
  return line.includes('\n')
    ? { kind: 'invalid', because: 'holds more than one line' }
    : { ...text, value: line };
}

/** The whole file, which has to be UTF-8. */
export async function readText(file: string): Promise<Parsed<string>> {
  const bytes = await readSmallFile(file);
  if (bytes.kind === 'invalid') return bytes;
  return isUtf8(bytes.value)
    ? { kind: 'ok', value: bytes.value.toString('utf8') }
    : { kind: 'invalid', because: 'is not UTF-8' };
}
