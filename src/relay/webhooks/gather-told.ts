/** What the log says of events on their way into the outbox. */
import type { Deadlines } from '../../net/deadlines.ts';
import type { Outbox } from '../../store/outbox.ts';
import type { World } from '../settings.ts';
import { type Gathering, startGathering } from './gather.ts';

export interface TellingParts {
  readonly world: World;
  readonly deadlines: Deadlines;
  readonly newId: () => string;
  /** A line of the program's own log. */
  readonly tell: (level: 'info' | 'warn' | 'error', what: string) => void;
}

/** A trouble that lasts is told once in so many milliseconds. */
const COMPLAIN_EVERY_MS = 60_000;

/** Gathers for the webhooks, and tells the log of what goes wrong. */
export function gatheringOf(
  outbox: Outbox,
  { deadlines, world, newId, tell }: TellingParts,
  wake: (webhook: string) => void,
): Gathering {
  let complainedAt = Number.NEGATIVE_INFINITY;
  const dropped = new Map<string, number>();
  const complain = (what: () => string): void => {
    if (Math.abs(world.now() - complainedAt) < COMPLAIN_EVERY_MS) return;
    complainedAt = world.now();
    tell('error', what());
  };
  return startGathering({
    outbox,
    deadlines,
    now: world.now,
    newId,
    onKept(webhooks) {
      for (const name of webhooks) wake(name);
    },
    onDropped(list) {
      for (const { webhook, events } of list) dropped.set(webhook, (dropped.get(webhook) ?? 0) + events);
      complain(() => {
        const told = [...dropped].map(([webhook, events]) => `${events} of ${webhook}`).join(', ');
        dropped.clear();
        return `the outbox of the webhooks is full: the oldest events are dropped (${told}); the event log has them`;
      });
    },
    onTrouble(error, lost) {
      const missing = lost === 0 ? '' : `; ${lost} events are in the event log only`;
      const because = error instanceof Error ? error.message : 'it was out of order';
      complain(() => `the outbox of the webhooks: ${because}${missing}`);
    },
  });
}
