/** What an operator has said about one domain, or about all of them, until a certain time and for a reason. */
import type { Domain } from '../../names/domain.ts';
import type { EpochMs, TlsLevel } from '../words.ts';
import { isInForce } from './release.ts';

/** All domains that have no override of their own. */
export const EVERYWHERE = '*';

export interface Override {
  /** This domain, and none below it; or all that have none of their own. */
  readonly domain: Domain | typeof EVERYWHERE;
  readonly level: TlsLevel;
  /** null: until it is taken back. */
  readonly until: EpochMs | null;
  /** In the operator's words, for whoever wonders later. */
  readonly reason: string;
  readonly setAt: EpochMs;
}

/** The override that holds for the domain at `now`: its own before that for all; of several the one that was set last. */
export function overrideFor(domain: Domain, rows: readonly Override[], now: EpochMs): Override | undefined {
  const inForce = rows.filter((row) => isInForce(row, now)).toSorted((a, b) => b.setAt - a.setAt);
  return inForce.find((row) => row.domain === domain) ?? inForce.find((row) => row.domain === EVERYWHERE);
}
