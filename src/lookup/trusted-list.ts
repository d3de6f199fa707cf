/** The policy list that is kept, for whoever decides by it. */
import { trustedOnly } from '../policies/list/facts.ts';
import type { PolicyReader } from '../store/policy-store.ts';
import type { EngineStore } from './engine.ts';

/** @param keys ids of those that may sign it, as the configuration of the moment has them; undefined: no list is used. */
export function trustedList(
  list: Pick<PolicyReader['list'], 'head' | 'listed'>,
  keys: () => ReadonlySet<string> | undefined,
): NonNullable<EngineStore['list']> {
  return {
    about(domain) {
      const trusted = keys();
      if (trusted === undefined) return undefined;
      return trustedOnly({ head: list.head(), listed: list.listed(domain) }, trusted);
    },
  };
}
