/** What an operator has said about one domain, until a certain time and for a reason. */
import type { Domain } from '../../names/domain.ts';
import type { EpochMs, TlsLevel } from '../words.ts';

export interface Override {
  /** This domain, and none below it. */
  readonly domain: Domain;
  readonly level: TlsLevel;
  /** null: until it is taken back. */
  readonly until: EpochMs | null;
  /** In the operator's words, for whoever wonders later. */
  readonly reason: string;
  readonly setAt: EpochMs;
}

/** The override that holds for the domain at `now`: of several the one that was set last. */
export function overrideFor(domain: Domain, rows: readonly Override[], now: EpochMs): Override | undefined {
  return rows
    .filter((row) => row.domain === domain && (row.until === null || now < row.until))
    .toSorted((a, b) => b.setAt - a.setAt)[0];
}
