/** What goes wrong with every message while the medium fails is told once, and then how often it went wrong in a minute. */
import type { Logger } from 'pino';
import { StoreError } from '../store/store-error.ts';

/** Rings once after so many ms. */
type Alarm = (ms: number, ring: () => void) => void;

interface Trouble {
  /** Since it was told last. */
  failures: number;
  what: string;
  error: unknown;
}

const PERIOD_MS = 60_000;
/** A message that names a file is another one each time. */
const MOST_KINDS = 20;
/** Of the medium, or of what this process may have: each concerns everything that is done, not one message. */
const WIDE = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE']);

/** @returns what is to be told of every error. */
export function troubleLog(
  log: Pick<Logger, 'error' | 'info'>,
  alarm: Alarm,
): (what: string, error: unknown) => void {
  const known = new Map<string, Trouble>();

  function lookBack(kind: string, trouble: Trouble): void {
    const { failures, what, error } = trouble;
    if (failures === 0) {
      known.delete(kind);
      log.info(`this has not failed for a minute: ${what}`);
      return;
    }
    trouble.failures = 0;
    log.error(
      { err: error, failures },
      `it has failed ${failures} more times within a minute, the last time: ${what}`,
    );
    alarm(PERIOD_MS, () => lookBack(kind, trouble));
  }

  return (what, error) => {
    const kind = kindOf(error, known);
    const trouble = kind === undefined ? undefined : known.get(kind);
    if (trouble !== undefined) {
      trouble.failures += 1;
      trouble.what = what;
      trouble.error = error;
      return;
    }
    log.error({ err: error }, what);
    if (kind === undefined) return;
    const first: Trouble = { failures: 0, what, error };
    known.set(kind, first);
    alarm(PERIOD_MS, () => lookBack(kind, first));
  };
}

/** @returns undefined for what concerns one thing only, and is told each time. */
function kindOf(error: unknown, known: ReadonlyMap<string, Trouble>): string | undefined {
  if (error instanceof StoreError) {
    const { code, message } = error;
    if (code !== 'full' && code !== 'failed') return undefined;
    // That no new mail is taken is another thing than that nothing can be written, or another store.
    const kind = `${code} ${message}`;
    return known.size < MOST_KINDS || known.has(kind) ? kind : code;
  }
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return WIDE.has(error.code) ? error.code : undefined;
}
