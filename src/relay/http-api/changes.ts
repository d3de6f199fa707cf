/** What an operator, or a program of his, says about one message in the queue. */
import type { DeliveryEvent } from '../../events/delivery-event.ts';
import type { Nudge, QueueStore } from '../../store/queue-store.ts';
import type { RelayAtControl } from '../control.ts';
import type { World } from '../settings.ts';
import type { Refused } from './answers.ts';
import { noMessage } from './reading.ts';

export interface ChangeParts {
  readonly store: Pick<QueueStore, 'show' | 'nudge'>;
  readonly relay: Pick<RelayAtControl, 'retry' | 'carryOut'>;
  readonly world: World;
  /** Called with what was changed, once it is safe. */
  readonly onEvents: (events: readonly DeliveryEvent[]) => void;
}

export const words = ['retry', 'hold', 'release', 'cancel'] as const satisfies readonly Nudge['what'][];

export interface Changed {
  readonly kind: 'ok';
  /** The recipients that changed. */
  readonly changed: readonly string[];
  /** How many were left as they are, because an attempt is under way for them. */
  readonly underWay: number;
}

export async function changeMessage(
  { store, relay, world, onEvents }: ChangeParts,
  id: string,
  what: (typeof words)[number],
): Promise<Changed | Refused> {
  if ((await store.show(id)) === undefined) return noMessage(id);
  const changed: string[] = [];
  let underWay = 0;
  for (let after: string | null | undefined; after !== null; ) {
    const request: Nudge = {
      what,
      now: world.now(),
      of: { id },
      ...(after === undefined ? {} : { after }),
    };
    const step = await relay.carryOut(() => store.nudge(request));
    onEvents(step.changed.flatMap(({ event }) => event ?? []));
    changed.push(...step.changed.map(({ address }) => address));
    underWay += step.underWay;
    after = step.next;
  }
  if (what === 'retry' || what === 'release') await relay.retry();
  return { kind: 'ok', changed, underWay };
}
