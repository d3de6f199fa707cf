/** How sendmail says what became of a message: the numbers of sysexits.h. */

export const OK = 0;
/** EX_USAGE: the words make no sense. */
export const USAGE = 64;
/** EX_DATAERR: the message makes no sense, or names nobody. */
export const BAD_MESSAGE = 65;
/** EX_NOINPUT: the message cannot be read. */
export const NO_INPUT = 66;
/** EX_NOUSER: it is not known who calls. */
export const NO_USER = 67;
/** EX_UNAVAILABLE: no relay says what its queue holds. */
export const UNAVAILABLE = 69;
/** EX_SOFTWARE: our own mistake. */
export const OUR_FAULT = 70;
/** EX_CANTCREAT: the place in the spool is none. */
export const CANNOT_CREATE = 73;
/** EX_TEMPFAIL: try again later. */
export const TRY_AGAIN = 75;
/** EX_NOPERM: the caller may not. */
export const NOT_ALLOWED = 77;
/** EX_CONFIG: the configuration is wrong. */
export const BAD_CONFIG = 78;

/** Why nothing was taken, and the number that says so. */
export interface Failure {
  readonly kind: 'failed';
  readonly code: number;
  readonly because: string;
}

export function failed(code: number, because: string): Failure {
  return { kind: 'failed', code, because };
}
