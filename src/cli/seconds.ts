/** Seconds on the command line. */
import { InvalidArgumentError } from 'commander';

const MOST_SECONDS = 3_600;

/**
 * Reads seconds, such as `5` or `0.5`.
 *
 * @param least in seconds. @returns milliseconds. @throws InvalidArgumentError
 */
export function toMilliseconds(text: string, least: number): number {
  const seconds = /^[0-9]{1,4}(?:\.[0-9]{1,3})?$/.test(text) ? Number(text) : -1;
  if (seconds < least || seconds > MOST_SECONDS)
    throw new InvalidArgumentError(`Seconds from ${least} to ${MOST_SECONDS} are expected.`);
  return Math.round(1_000 * seconds);
}

/** The same for what has to have some time. */
export function toTimeout(text: string): number {
  return toMilliseconds(text, 0.1);
}
