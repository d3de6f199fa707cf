/**
 * Looks accounts up in a database, within bounds: how many queries at once, how many wait, how long each may take.
 *
 * A database that gives no answer says nothing about an account: `unknown` is a reason to try again later, never that
 * somebody does not exist or that a password is wrong.
 */
import type { AccountRow, AccountRows } from '../store/account-rows.ts';
import { StoreError } from '../store/store-error.ts';
import { accountOf, type RowRules, type StoredAccount } from './stored-account.ts';
import { waitingLine } from './waiting-line.ts';

export interface DirectorySettings extends RowRules {
  readonly open: () => AccountRows;
  /** Whether passwords are stored as SCRAM verifiers, so that SCRAM-SHA-256 is offered. */
  readonly scram: boolean;
  /** Queries at once. */
  readonly connections: number;
  /** For one look-up, with the time that it waits for others. */
  readonly withinMs: number;
  /** How long what was found stands in for a database that does not answer; 0: not at all. */
  readonly rememberMs: number;
}

export type Found =
  | ({ readonly kind: 'found' } & StoredAccount)
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' };

export interface Directory {
  readonly scram: boolean;
  find(user: string): Promise<Found>;
  /** Lets go of what is open; whoever asks after that, as a session of before, is answered all the same. */
  close(): void;
}

export interface DirectoryParts {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
}

const MOST_WAITING = 64;
const MOST_REMEMBERED = 10_000;
/** Between two lines of the log about the same database. */
const TELL_EVERY_MS = 60_000;
/** SMTP's lines hold less. */
const LONGEST_USER = 1_000;

export function openDirectory(settings: DirectorySettings, { now, onOddity }: DirectoryParts): Directory {
  const rows = settings.open();
  const line = waitingLine(settings.connections, MOST_WAITING);
  const memory = remembering(settings.rememberMs, now);
  /** Whether the database gave no answer when it was asked last. */
  let isSilent = false;
  let toldAt = Number.NEGATIVE_INFINITY;
  let untold = 0;

  function tell(because: string): void {
    // A clock that was put back must not silence the log.
    if (Math.abs(now() - toldAt) < TELL_EVERY_MS) {
      untold += 1;
      return;
    }
    onOddity(`an account cannot be looked up: ${because}`, untold === 0 ? {} : { before: untold });
    toldAt = now();
    untold = 0;
  }

  async function ask(user: string, signal: AbortSignal): Promise<Found> {
    // Who has waited too long for others is not asked about any more.
    signal.throwIfAborted();
    const [row, second] = await asked(user, signal);
    if (row === undefined) return { kind: 'absent' };
    if (second !== undefined) return unknown('the query gives more than one row for a user');
    const account = accountOf(user, row, settings);
    return account.kind === 'ok'
      ? { kind: 'found', ...account.value }
      : unknown(`the row of ${JSON.stringify(user)} cannot be used: ${account.because}`);
  }

  async function asked(user: string, signal: AbortSignal): Promise<readonly AccountRow[]> {
    const begun = performance.now();
    // Who has waited for others has no time left that would say anything of the database.
    const onTimeout = (): void => {
      if (performance.now() - begun > settings.withinMs / 2) isSilent = true;
    };
    signal.addEventListener('abort', onTimeout, { once: true });
    try {
      const found = await rows.find(user, signal);
      isSilent = false;
      return found;
    } catch (error) {
      if (!signal.aborted) isSilent = true;
      throw error;
    } finally {
      signal.removeEventListener('abort', onTimeout);
    }
  }

  function unknown(because: string): Found {
    tell(because);
    return { kind: 'unknown' };
  }

  async function answer(user: string): Promise<Found> {
    const signal = AbortSignal.timeout(settings.withinMs);
    const running = line.run(() => ask(user, signal));
    if (running === undefined) return unknown('too many are asked about at once');
    try {
      return await Promise.race([running, ended(signal)]);
    } catch (error) {
      if (signal.aborted) return unknown('the database has not answered in time');
      if (error instanceof StoreError) return unknown(error.message);
      throw error;
    }
  }

  return {
    scram: settings.scram,
    async find(user) {
      if (user.includes('\0') || user.length > LONGEST_USER) return { kind: 'absent' };
      const found = await answer(user);
      if (found.kind !== 'unknown') {
        memory.note(user, found);
        return found;
      }
      // That others take its time says nothing of the database: else who is closed has himself let in by a rush of logins.
      return (isSilent ? memory.recall(user) : undefined) ?? found;
    },
    close: () => rows.close(),
  };
}

interface Memory {
  note(user: string, found: Found): void;
  recall(user: string): Found | undefined;
}

/** What was found last; that somebody is gone is remembered by remembering nothing. */
function remembering(ms: number, now: () => number): Memory {
  /** The oldest first. */
  const known = new Map<string, { readonly found: Found; readonly at: number }>();
  return {
    note(user, found) {
      known.delete(user);
      if (ms === 0 || found.kind !== 'found') return;
      known.set(user, { found, at: now() });
      for (const oldest of known.keys()) {
        if (known.size <= MOST_REMEMBERED) break;
        known.delete(oldest);
      }
    },
    recall(user) {
      const one = known.get(user);
      return one !== undefined && Math.abs(now() - one.at) < ms ? one.found : undefined;
    },
  };
}

/** Rejects when the signal says so; a driver that does not hear it is not waited for. */
function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new StoreError('failed', 'it took too long')), {
      once: true,
    });
  });
}
