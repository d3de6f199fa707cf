/** Writing down how an attempt ended. */
import { type Delivery, type DeliveryEvent, next } from '../queue/delivery.ts';
import { accept } from './accept.ts';
import { fromColumns, toColumns } from './delivery-columns.ts';
import type { Settlement, SettleRequest } from './queue-store.ts';
import { StoreError } from './store-error.ts';
import type { Tables } from './tables.ts';
import { lastWord } from './trail.ts';

/** @returns how many settlements counted. */
export function settle(tables: Tables, { settlements, messages, warned }: SettleRequest): number {
  let counted = 0;
  // Fence and destination: both are derived anew once, after all of their recipients have moved.
  const touched = new Map<number, string>();
  for (const settlement of settlements) {
    const destination = settleOne(tables, settlement);
    if (destination === undefined) continue;
    counted += 1;
    touched.set(settlement.fence, destination);
  }
  for (const fence of touched.keys()) tables.claims.closeIfDone(fence);
  for (const destination of new Set(touched.values())) tables.destinations.refresh(destination);
  // Somebody else has this work by now, and says its own last word: a bounce of ours would be the second one.
  if (settlements.length > 0 && counted === 0) return 0;
  for (const { id, at } of warned) tables.messages.warned(id, at);
  for (const message of messages) accept(tables, message);
  return counted;
}

/** @returns the destination that it concerns, or undefined where the settlement comes too late. */
function settleOne(tables: Tables, settlement: Settlement): string | undefined {
  const { fence, id, address, delivery, events, transcript } = settlement;
  const recipient = tables.recipients.claimed(fence, id, address);
  if (recipient === undefined) return undefined;
  if (!canFollow(fromColumns(recipient), delivery)) {
    throw new StoreError(
      'refused',
      `${address} of ${id} cannot go from ${JSON.stringify(fromColumns(recipient))} to ${JSON.stringify(delivery)}`,
    );
  }
  const said = {
    ...recipient,
    blocked_because: settlement.blockedBecause,
    last_word: lastWord(events) ?? recipient.last_word,
  };
  tables.recipients.move(said, delivery, null);
  tables.trail.append(recipient.message, events);
  if (transcript !== null) {
    const claimedAt = tables.claims.claimedAt(fence);
    tables.trail.keepTranscript(recipient.message, address, claimedAt, transcript);
  }
  return recipient.destination;
}

/** Whether some event leads from `before` to `after`. */
function canFollow(before: Delivery, after: Delivery): boolean {
  return eventsTowards(after).some((event) => {
    const reached = next(before, event);
    return reached !== undefined && isSame(reached, after);
  });
}

function isSame(one: Delivery, other: Delivery): boolean {
  const a = toColumns(one);
  const b = toColumns(other);
  return a.state === b.state && a.attempts === b.attempts && a.at === b.at;
}

/** The events that can end an attempt in `after`. `lost` is a claim given back unused, as at a shutdown. */
function eventsTowards(after: Delivery): readonly DeliveryEvent[] {
  switch (after.kind) {
    case 'delivered':
      return [{ kind: 'accepted', at: after.at }];
    case 'bounced':
      return [{ kind: 'refused', at: after.at }];
    case 'waiting':
      return [
        { kind: 'failed', at: after.notBefore, notBefore: after.notBefore },
        { kind: 'lost', at: after.notBefore },
      ];
    case 'held':
      return [
        { kind: 'blocked', at: after.notBefore, notBefore: after.notBefore },
        { kind: 'lost', at: after.notBefore },
      ];
    case 'attempting':
    case 'cancelled':
      return [];
  }
}
