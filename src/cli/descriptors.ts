/**
 * Tells when the file descriptors of this process run short.
 *
 * Without one, a connection is accepted and closed at once, below everything that could tell of it: libuv keeps one aside
 * for that, so that clients are not left waiting.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

type Tell = (level: 'warn' | 'info', what: string) => void;

const LOOK_EVERY_MS = 5_000;
/** Of the limit: from here on they are scarce, and from there on enough again. */
const SCARCE = 0.9;
const ENOUGH = 0.8;

/** What {@link watchDescriptors} goes by. */
export type Usage =
  | { readonly kind: 'used'; readonly used: number; readonly limit: number }
  /** Not even one is left to look with. */
  | { readonly kind: 'none-left' }
  /** This system does not say. */
  | { readonly kind: 'unknown' };

/** Looks every few seconds, for as long as the process lives. @param usage asked each time. */
export function watchDescriptors(
  tell: Tell,
  usage: () => Promise<Usage> = () => usageOf(),
  everyMs = LOOK_EVERY_MS,
): void {
  let scarce = false;
  const timer = setInterval(() => {
    void usage().then((found) => {
      if (found.kind === 'unknown') return clearInterval(timer);
      const share = found.kind === 'none-left' ? 1 : found.used / found.limit;
      if (!scarce && share >= SCARCE) {
        scarce = true;
        tell('warn', scarceText(found));
      } else if (scarce && share < ENOUGH) {
        scarce = false;
        tell('info', 'there are enough file descriptors again');
      }
    });
  }, everyMs);
  timer.unref();
}

function scarceText(found: Exclude<Usage, { kind: 'unknown' }>): string {
  const how =
    found.kind === 'none-left'
      ? 'no file descriptor is left'
      : `${found.used} of ${found.limit} file descriptors are in use`;
  return `${how}: once all are, new connections are closed without an answer, and mail is deferred. Raise LimitNOFILE of the unit (ulimit -n), or lower limits.sessions`;
}

/** @param process where Linux tells of one: `/proc/self`. */
export async function usageOf(process = '/proc/self'): Promise<Usage> {
  try {
    const limits = await readFile(join(process, 'limits'), 'latin1');
    const limit = Number(/^Max open files +(\d+) /m.exec(limits)?.[1]);
    if (!(limit > 0)) return { kind: 'unknown' };
    const open = await readdir(join(process, 'fd'));
    return { kind: 'used', used: open.length, limit };
  } catch (error) {
    const isSpent =
      error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
    return { kind: isSpent ? 'none-left' : 'unknown' };
  }
}
