/** After a word about the policies of a domain: its mail is tried again. */
import type { Domain } from '../names/domain.ts';
import { EVERYWHERE, type Override } from '../policies/overrides/override.ts';
import type { QueueStore } from '../store/queue-store.ts';
import type { RelayAtControl } from './control.ts';
import type { Woken } from './policies-api.ts';
import type { World } from './settings.ts';

export interface WakeParts {
  readonly store: Pick<QueueStore, 'nudge'>;
  readonly relay: Pick<RelayAtControl, 'retry' | 'carryOut'>;
  readonly world: World;
  /** Where mail goes to which the policy of a domain applies: its own destination first, then next hops of its name. */
  readonly destinationsOf: (domain: Domain) => readonly [string, ...string[]];
}

/** Makes mail due to which the policies of the domain apply: what was decided about it may be another thing now. */
export async function wake(
  domain: Override['domain'],
  { store, relay, world, destinationsOf }: WakeParts,
): Promise<Woken> {
  const destinations = domain === EVERYWHERE ? [EVERYWHERE] : destinationsOf(domain);
  const own = destinations[0] ?? domain;
  let due = 0;
  let underWay = 0;
  for (const destination of destinations) {
    // Mail for the domain that was queued under an older route is found by its address.
    const of =
      destination === EVERYWHERE ? 'all' : destination === own ? { destination, domain } : { destination };
    for (let after: string | null | undefined; after !== null; ) {
      const request = {
        what: 'retry',
        now: world.now(),
        of,
        ...(after === undefined ? {} : { after }),
      } as const;
      const step = await relay.carryOut(() => store.nudge(request));
      due += step.changed.length;
      underWay += step.underWay;
      after = step.next;
    }
  }
  await relay.retry(domain === EVERYWHERE ? 'all' : destinations);
  return { due, underWay, destination: own };
}
