/** Why a file cannot be read, in words that do not take the manual of the system. */
import { messageOf } from '../usage.ts';

const usual: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'this user may not read it'],
]);

/** @param error of the file system; whatever is not usual is told as the system has it. */
export function whyUnreadable(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return usual.get(code) ?? messageOf(error);
}
