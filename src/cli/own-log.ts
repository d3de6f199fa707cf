/** The program's own log: JSON lines on stderr. */
import { errorMonitor } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, pino } from 'pino';

interface OwnLog {
  readonly log: Logger;
  /**
   * Writes what was logged, in order; to be waited for before the process ends. What is logged later is dropped.
   *
   * pino has each line written by a thread, and what it writes by itself at the end of the process may come before a line
   * that such a thread still has, or instead of it.
   */
  readonly end: () => Promise<void>;
}

const STDERR = 2;
/** Whoever reads may have stopped. */
const END_WITHIN_MS = 5_000;

/** @param base what each line has. */
export function openOwnLog(base: Readonly<Record<string, unknown>> | null = null): OwnLog {
  const destination = pino.destination(STDERR);
  const over = Promise.withResolvers<void>();
  destination.once('close', over.resolve);
  // Nobody reads any more: nothing is written from then on, and nothing is closed.
  destination.once(errorMonitor, over.resolve);
  const log = pino(
    { base, timestamp: pino.stdTimeFunctions.isoTime, formatters: { log: named } },
    destination,
  );
  return {
    log,
    async end() {
      // What is said after the end would be an error.
      log.level = 'silent';
      destination.end();
      await Promise.race([over.promise, sleep(END_WITHIN_MS, undefined, { ref: false })]);
    },
  };
}

/** A line has one `level`, of how bad it is: a TLS level gets a name of its own, or whoever reads the line takes it for that. */
function named(fields: Record<string, unknown>): Record<string, unknown> {
  if (!Object.hasOwn(fields, 'level')) return fields;
  const { level, ...others } = fields;
  return { ...others, tlsLevel: level };
}
