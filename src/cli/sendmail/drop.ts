/** Leaves a message in the spool: whole and safe, or not at all. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ABOUT_FILE,
  DROP_FOLDER,
  readAbout,
  type SpoolAbout,
  spoolName,
  unfinishedName,
} from '../../relay/spool-file.ts';
import { BAD_CONFIG, CANNOT_CREATE, type Failure, failed, NOT_ALLOWED, TRY_AGAIN } from './exit-codes.ts';

const TOKEN_BYTES = 16;
/** For us, and by its group for the relay. */
const FILE_MODE = 0o640;
const MAX_ABOUT_BYTES = 4096;

/** What holds at the relay that takes mail out of this spool, whether or not it runs now. */
export async function readSpoolAbout(
  spool: string,
): Promise<{ readonly kind: 'ok'; readonly value: SpoolAbout } | Failure> {
  try {
    const handle = await open(join(spool, ABOUT_FILE), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAX_ABOUT_BYTES), 0, MAX_ABOUT_BYTES, 0);
      const about = readAbout(buffer.subarray(0, bytesRead));
      if (about.kind === 'ok') return about;
      return failed(BAD_CONFIG, `${join(spool, ABOUT_FILE)} is not what a relay writes: ${about.because}`);
    } finally {
      await handle.close();
    }
  } catch (error) {
    return ofWorld(error, `the spool ${spool} cannot be used`);
  }
}

/** @returns the name under which the relay finds it. */
export async function dropMessage(
  spool: string,
  bytes: Uint8Array,
): Promise<{ readonly kind: 'ok'; readonly name: string } | Failure> {
  const token = randomBytes(TOKEN_BYTES).toString('hex');
  const drop = join(spool, DROP_FOLDER);
  const unfinished = join(drop, unfinishedName(token));
  try {
    const handle = await open(unfinished, 'wx', FILE_MODE);
    try {
      // The umask of a user may keep it from its group, which is the relay's.
      await handle.chmod(FILE_MODE);
      await handle.writeFile(bytes);
      await handle.sync();
      await rename(unfinished, join(drop, spoolName(token)));
      await keepName(handle, drop);
    } catch (error) {
      await unlink(unfinished).catch(() => undefined);
      throw error;
    } finally {
      await handle.close();
    }
    return { kind: 'ok', name: spoolName(token) };
  } catch (error) {
    return ofWorld(error, `the message cannot be left in ${drop}`);
  }
}

/**
 * Makes the new name safe. Nobody but the relay may open the folder, so the file is flushed once more: the file systems
 * with a journal write with it what happened to its name.
 */
async function keepName(handle: FileHandle, drop: string): Promise<void> {
  await handle.sync();
  try {
    const folder = await open(drop, constants.O_RDONLY | constants.O_DIRECTORY);
    await folder.sync().finally(() => folder.close());
  } catch {
    // An ordinary user may not.
  }
}

function ofWorld(error: unknown, what: string): Failure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const because = `${what}: ${error instanceof Error ? error.message : String(error)}`;
  if (code === 'EACCES' || code === 'EPERM') return failed(NOT_ALLOWED, because);
  if (code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG')
    return failed(CANNOT_CREATE, because);
  if (code === 'ENOENT') return failed(TRY_AGAIN, `${because}; has waxwing serve ever run with it?`);
  return failed(TRY_AGAIN, because);
}
