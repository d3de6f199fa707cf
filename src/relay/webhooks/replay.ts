/** Puts past events of the event log into the outbox once more. */
import { bodyOf, wants } from '../../events/webhook.ts';
import type { NewBatch, Outbox } from '../../store/outbox.ts';
import type { World } from '../settings.ts';
import { FULL_BODY } from './gather.ts';
import { pastEvents } from './past-events.ts';
import type { Webhook } from './settings.ts';

export interface ReplayParts {
  readonly outbox: Pick<Outbox, 'add' | 'kept'>;
  readonly world: World;
  readonly newId: () => string;
  /** The event log. */
  readonly log: string;
}

export interface Replayed {
  readonly events: number;
  /** RFC 3339: of the first and of the last event; null where there was none. */
  readonly from: string | null;
  readonly to: string | null;
  /** `full`: more would have pushed out what waits; go on later, from `to`. */
  readonly ended: 'all' | 'full';
}

/** Moments in milliseconds since 1970; the newest that has `until` is not among them. */
export async function replay(
  webhook: Webhook,
  { outbox, world, newId, log }: ReplayParts,
  since: number,
  until: number,
): Promise<Replayed> {
  const kept = (await outbox.kept()).find((one) => one.webhook === webhook.name);
  let room = webhook.backlogOctets - (kept === undefined ? 0 : kept.waiting.octets + kept.dead.octets);
  let lines: string[] = [];
  let size = 0;
  let events = 0;
  let from: number | null = null;
  let to: number | null = null;

  async function put(): Promise<void> {
    if (lines.length === 0) return;
    const body = bodyOf(lines);
    const batch: NewBatch = {
      webhook: webhook.name,
      id: newId(),
      body,
      events: lines.length,
      at: world.now(),
      mostOctets: webhook.backlogOctets,
    };
    events += lines.length;
    room -= Buffer.byteLength(body);
    lines = [];
    size = 0;
    await outbox.add([batch]);
  }

  for await (const event of pastEvents(log, since, until)) {
    if (!wants(webhook.filter, event)) continue;
    const octets = Buffer.byteLength(event.line) + 2;
    if (size + octets > room - 2) {
      await put();
      return { events, from: momentOf(from), to: momentOf(to), ended: 'full' };
    }
    from ??= event.at;
    to = Math.max(to ?? event.at, event.at);
    lines.push(event.line);
    size += octets;
    if (lines.length >= webhook.batch || size >= FULL_BODY) await put();
  }
  await put();
  return { events, from: momentOf(from), to: momentOf(to), ended: 'all' };
}

function momentOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
