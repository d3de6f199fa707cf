/** The table `claims`: what is out for delivery, and until when. */
import type { DatabaseSync } from 'node:sqlite';
import type { EpochMs } from '../queue/delivery.ts';
import { command, queryAll, queryOne } from './statement.ts';

export interface OpenClaim {
  readonly fence: number;
  readonly destination: string;
}

export interface Claims {
  /** @returns the fence, larger than every one before it, those of earlier processes included. */
  open(destination: string, now: EpochMs, leaseEnds: EpochMs): number;
  /** When an open claim was made. */
  claimedAt(fence: number): EpochMs;
  /** Closes the claim, unless a recipient is still being attempted under it. */
  closeIfDone(fence: number): void;
  /** Those whose lease has ended at `now`. */
  ended(now: EpochMs): readonly OpenClaim[];
  all(): readonly OpenClaim[];
}

export function claimsTable(database: DatabaseSync): Claims {
  const insert = command<[string, EpochMs, EpochMs]>(
    database,
    'INSERT INTO claims (destination, claimed_at, lease_ends) VALUES (?, ?, ?)',
  );
  const claimedAt = queryOne<[number], { claimed_at: EpochMs }>(
    database,
    'SELECT claimed_at FROM claims WHERE fence = ?',
  );
  const close = command<[number]>(
    database,
    'DELETE FROM claims WHERE fence = ?1 AND NOT EXISTS (SELECT 1 FROM recipients WHERE claim = ?1)',
  );
  const ended = queryAll<[EpochMs], OpenClaim>(
    database,
    'SELECT fence, destination FROM claims WHERE lease_ends <= ? ORDER BY fence',
  );
  const all = queryAll<[], OpenClaim>(database, 'SELECT fence, destination FROM claims ORDER BY fence');
  return {
    open: (destination, now, leaseEnds) => insert(destination, now, leaseEnds).lastRow,
    claimedAt(fence) {
      const claim = claimedAt(fence);
      if (claim === undefined) throw new Error(`claim ${fence} is not open`);
      return claim.claimed_at;
    },
    closeIfDone: (fence) => void close(fence),
    ended,
    all,
  };
}
