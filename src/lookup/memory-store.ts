/** MTA-STS policies that one process keeps for itself, with a bound to how many and to their memory. */
import type { Domain } from '../names/domain.ts';
import type { StsEntry } from '../policies/mta-sts/cache.ts';
import type { EngineStore } from './engine.ts';

export interface MemoryBounds {
  readonly policies: number;
  /** Of UTF-16, about: most of a policy is the text that was fetched. */
  readonly octets: number;
}

/** What a row takes beside the lines of its policy and what is read from them. */
const ROW_OCTETS = 1_000;

/** What was not used for longest makes room. */
export function memoryStore({ policies, octets: most }: MemoryBounds): EngineStore {
  // In the order of the last use.
  const rows = new Map<Domain, StsEntry>();
  let octets = 0;
  const remove = (domain: Domain): boolean => {
    const entry = rows.get(domain);
    if (entry !== undefined) octets -= octetsOf(entry);
    return rows.delete(domain);
  };
  const put = (entry: StsEntry): void => {
    remove(entry.domain);
    // It would make all others go, and then not fit.
    if (octetsOf(entry) > most) return;
    rows.set(entry.domain, entry);
    octets += octetsOf(entry);
    for (const domain of rows.keys()) {
      if (rows.size <= policies && octets <= most) break;
      remove(domain);
    }
  };
  return {
    sts: {
      get(domain) {
        const entry = rows.get(domain);
        if (entry !== undefined) {
          rows.delete(domain);
          rows.set(domain, entry);
        }
        return entry;
      },
      put,
      remove,
      due: (now, limit) =>
        [...rows.values()]
          .filter((entry) => isDue(entry, now))
          .toSorted(byRefresh)
          .slice(0, limit),
      forget(before) {
        const past = [...rows.values()].filter(
          ({ usedAt, known }) => usedAt < before && (known === null || known.expiresAt < before),
        );
        for (const { domain } of past) remove(domain);
        return past.length;
      },
    },
    overrides: { about: () => [] },
  };
}

/** Also where the clock was set back behind the last attempt. */
function isDue({ refreshAt, attemptedAt }: StsEntry, now: number): boolean {
  return refreshAt !== null && (refreshAt <= now || attemptedAt > now);
}

function byRefresh(a: StsEntry, b: StsEntry): number {
  return (a.refreshAt ?? 0) - (b.refreshAt ?? 0);
}

/** The lines, and the names that are read from them. */
function octetsOf({ known }: StsEntry): number {
  const lines = known?.policy.lines ?? [];
  return ROW_OCTETS + lines.reduce((sum, line) => sum + 4 * line.length + 100, 0);
}
