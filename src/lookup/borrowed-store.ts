/** The policies of somebody else's data folder, for commands that look and never write. */
import type { Domain } from '../names/domain.ts';
import type { StsEntry } from '../policies/mta-sts/cache.ts';
import type { PolicyReader } from '../store/policy-store.ts';
import type { EngineStore } from './engine.ts';

/** What there is of policies, and the list as it is kept, whoever has signed it. */
interface BorrowedStore extends Omit<EngineStore, 'list'> {
  readonly list: Pick<PolicyReader['list'], 'head' | 'listed'>;
}

/** What is learnt is known to this process only. @param reader undefined where nothing was ever kept. */
export function borrowedStore(
  reader: Pick<PolicyReader, 'sts' | 'overrides' | 'list' | 'memory' | 'promotions'> | undefined,
): BorrowedStore {
  const learnt = new Map<Domain, StsEntry>();
  return {
    sts: {
      get: (domain) => learnt.get(domain) ?? reader?.sts.get(domain),
      put: (entry) => {
        learnt.set(entry.domain, entry);
      },
      remove: (domain) => learnt.delete(domain),
      due: () => [],
      forget: () => 0,
    },
    overrides: { about: (domain) => reader?.overrides.about(domain) ?? [] },
    list: {
      head: () => reader?.list.head(),
      listed: (domain) => reader?.list.listed(domain),
    },
    promotions: { get: (domain) => reader?.promotions.get(domain) },
    memory: { of: (domain) => reader?.memory.of(domain) ?? [] },
  };
}
