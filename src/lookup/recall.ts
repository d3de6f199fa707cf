/** What is kept of a domain, as dialogues ask for it. */
import type { PolicyHands } from './drive.ts';
import type { EngineStore } from './engine.ts';

export function recallFrom({
  sts,
  overrides,
  list,
  memory,
  promotions,
}: Omit<EngineStore, 'sts'> & { readonly sts: Pick<EngineStore['sts'], 'get'> }): PolicyHands['recall'] {
  return (domain) => ({
    sts: sts.get(domain),
    overrides: overrides.about(domain),
    // Read only where they are asked for: the policy of the same domain is recalled as well.
    get list() {
      return list?.about(domain);
    },
    get memory() {
      return memory?.of(domain) ?? [];
    },
    get promotion() {
      return promotions?.get(domain);
    },
  });
}
