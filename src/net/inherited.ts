/** Sockets that a service manager opened before it started us (systemd: sd_listen_fds(3)). */
import type { Parsed } from '../names/domain.ts';

/** A descriptor that was open when the process began. */
export interface InheritedSocket {
  readonly descriptor: number;
  /** As the manager calls it: `FileDescriptorName=` of its unit, by default the unit's name. */
  readonly name: string;
}

/** They follow stdin, stdout and stderr. */
const FIRST = 3;

/**
 * Reads LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES; all three are for the one process whose number LISTEN_PID has.
 *
 * @returns none where nothing is handed over, or all of it was for another process, which left its environment to us.
 */
export function inheritedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): Parsed<readonly InheritedSocket[]> {
  const { LISTEN_PID: forWhom, LISTEN_FDS: count, LISTEN_FDNAMES: names } = env;
  if (forWhom !== String(pid) || count === undefined) return { kind: 'ok', value: [] };
  if (!/^[0-9]{1,4}$/.test(count)) {
    return { kind: 'invalid', because: 'LISTEN_FDS is not a number of descriptors' };
  }
  const total = Number(count);
  const named = names === undefined ? undefined : names === '' ? [] : names.split(':');
  if (named !== undefined && named.length !== total) {
    return { kind: 'invalid', because: `LISTEN_FDNAMES has ${named.length} names for ${total} descriptors` };
  }
  const value = Array.from({ length: total }, (_, index) => ({
    descriptor: FIRST + index,
    name: named?.[index] ?? 'unknown',
  }));
  return { kind: 'ok', value };
}
