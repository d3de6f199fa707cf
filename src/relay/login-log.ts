/** Tells the operator of logins that fail, within bounds: whoever guesses must not fill the disk. */
import { clientOf } from '../net/clients.ts';
import type { ServerMechanism } from '../protocols/smtp/server/state.ts';
import type { LoginFault } from './accounts.ts';

export interface FailedLogin extends LoginFault {
  /** As the client wrote it; null where it named nobody. */
  readonly user: string | null;
  readonly mechanism: ServerMechanism;
}

/** What is counted of logins. */
export type LoginNote =
  | ({ readonly kind: 'failed' } & Pick<FailedLogin, 'mechanism' | 'reason'>)
  | { readonly kind: 'lockout' };

/** Where it happened. */
export interface LoginPlace {
  readonly client: string;
  readonly listener: string;
}

export interface LoginLog {
  /** @param lockedUntil milliseconds since 1970; undefined: the client may go on. */
  failed(login: FailedLogin, lockedUntil: number | undefined, place: LoginPlace): void;
}

export interface LoginLogParts {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
  /** Each of them, also those without a line. */
  readonly onNote: (note: LoginNote) => void;
}

const PERIOD_MS = 60_000;
/** In a period for one client; the rest are counted. */
const MOST_LINES = 5;
/** In a period; the clients beyond share the lines of one. */
const MOST_CLIENTS = 100;
/** No client is called so. */
const OTHERS = 'other clients';

/** Lines of one client, from a time on. */
interface Window {
  readonly since: number;
  lines: number;
  /** Failures without a line. */
  untold: number;
}

export function openLoginLog({ now, onOddity, onNote }: LoginLogParts): LoginLog {
  /** The oldest first. */
  const windows = new Map<string, Window>();

  function endWindows(): void {
    for (const [client, { since, untold }] of windows) {
      // A clock that was put back must not silence the log.
      if (Math.abs(now() - since) < PERIOD_MS) return;
      windows.delete(client);
      if (untold > 0) onOddity('logins failed that have no line of their own', { client, logins: untold });
    }
  }

  function windowOf(address: string): Window {
    const client = clientOf(address);
    const key = windows.has(client) || windows.size < MOST_CLIENTS ? client : OTHERS;
    const known = windows.get(key);
    if (known !== undefined) return known;
    const fresh: Window = { since: now(), lines: 0, untold: 0 };
    windows.set(key, fresh);
    return fresh;
  }

  return {
    failed({ user, mechanism, reason, because }, lockedUntil, place) {
      onNote({ kind: 'failed', mechanism, reason });
      endWindows();
      const window = windowOf(place.client);
      if (window.lines < MOST_LINES) {
        window.lines += 1;
        onOddity(`a login failed: ${because}`, { ...place, user, mechanism });
      } else window.untold += 1;
      if (lockedUntil === undefined) return;
      onNote({ kind: 'lockout' });
      const until = new Date(lockedUntil).toISOString();
      onOddity('too many logins failed: nobody may log in from this address for a while', {
        ...place,
        until,
      });
    },
  };
}
