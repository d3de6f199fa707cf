/** How a call on the store fails. */

/**
 * `full`: no room on the medium, worth a 452. `failed`: any other error of the medium. `refused`: the call breaks
 * the contract (bad id, id taken, impossible settlement). `stopped`: the store is closed or its writer is gone.
 * `damaged`: the database cannot be trusted; it was not opened.
 */
export type StoreErrorCode = 'full' | 'failed' | 'refused' | 'stopped' | 'damaged';

/** A call that was not carried out; nothing of it is kept. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** SQLITE_FULL; node:sqlite hands the number through as `errcode`. */
const SQLITE_FULL = 13;

/**
 * Gives any error thrown while a store works the one shape that callers see.
 *
 * @param what the store, as people call it: `queue`.
 */
export function asStoreError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  if (!(error instanceof Error)) return new StoreError('failed', `the ${what} failed: ${String(error)}`);
  const full =
    ('errcode' in error && error.errcode === SQLITE_FULL) ||
    ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'));
  return new StoreError(full ? 'full' : 'failed', `the ${what} failed: ${error.message}`, { cause: error });
}

/** @returns what does work on a store, with whatever it throws in that shape. @param what as above. */
export function shapingErrors(what: string): <Result>(work: () => Result) => Result {
  return (work) => {
    try {
      return work();
    } catch (error) {
      throw asStoreError(error, what);
    }
  };
}
