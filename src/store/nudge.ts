/** Carrying out an operator's word. */
import { type DeliveryEvent, next } from '../queue/delivery.ts';
import { fromColumns } from './delivery-columns.ts';
import type { Nudge, Nudged } from './queue-store.ts';
import type { Tables } from './tables.ts';

export function nudge(tables: Tables, request: Nudge): readonly Nudged[] {
  const event = eventOf(request);
  const nudged: Nudged[] = [];
  const destinations = new Set<string>();
  for (const recipient of tables.recipients.pending(request.of)) {
    const delivery = next(fromColumns(recipient), event);
    if (delivery === undefined) continue;
    tables.recipients.move(recipient, delivery, null);
    destinations.add(recipient.destination);
    const { id, sender, address } = recipient;
    nudged.push({ id, sender, address, delivery });
  }
  for (const destination of destinations) tables.destinations.refresh(destination);
  return nudged;
}

function eventOf({ what, now }: Nudge): DeliveryEvent {
  return what === 'hold' ? { kind: 'hold' } : { kind: what, at: now };
}
