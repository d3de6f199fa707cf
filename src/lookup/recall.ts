/** What is kept of a domain, as dialogues ask for it. */
import type { PolicyHands } from './drive.ts';
import type { EngineStore } from './engine.ts';

export function recallFrom({
  sts,
  overrides,
  list,
}: Pick<EngineStore, 'overrides' | 'list'> & {
  readonly sts: Pick<EngineStore['sts'], 'get'>;
}): PolicyHands['recall'] {
  return (domain) => {
    const listed = list?.about(domain);
    return {
      sts: sts.get(domain),
      overrides: overrides.about(domain),
      ...(listed === undefined ? {} : { list: listed }),
    };
  };
}
