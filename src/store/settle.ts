/** Writing down how an attempt ended. */
import { type Delivery, type DeliveryEvent, type EpochMs, next } from '../queue/delivery.ts';
import { accept } from './accept.ts';
import type { PreparedSettle, PreparedSettlement } from './calls.ts';
import type { OpenClaim } from './claims.ts';
import { type DeliveryColumns, type KeptDelivery, toColumns } from './delivery-columns.ts';
import type { MessageRow } from './messages.ts';
import type { RecipientRow } from './recipients.ts';
import { StoreError } from './store-error.ts';
import type { Tables } from './tables.ts';
import { joinEvents } from './trail.ts';

/** @returns how many settlements counted. */
export function settle(
  tables: Tables,
  { settlements, messages, warned, heldNotices = [] }: PreparedSettle,
): number {
  let counted = 0;
  const touched = new Map<MessageRow, Touched>();
  for (const settlement of settlements) {
    const claim = tables.claims.byFence(settlement.fence);
    const recipient = claim?.recipients.get(settlement.address);
    if (claim === undefined || recipient === undefined || claim.message.id !== settlement.id) continue;
    const ended = settleOne(tables, settlement, claim, recipient);
    const before = touched.get(claim.message);
    const events = before === undefined ? settlement.events : joinEvents(before.events, settlement.events);
    touched.set(claim.message, { endedAt: ended ?? before?.endedAt, events });
    counted += 1;
  }
  for (const [message, { endedAt, events }] of touched) {
    if (endedAt === undefined) tables.trail.append(message.number, events);
    else tables.messages.end(message, endedAt, events);
  }
  // Somebody else has this work by now, and says its own last word: a bounce of ours would be the second one.
  if (settlements.length > 0 && counted === 0) return 0;
  for (const { id, at } of warned) tables.messages.warned(id, at);
  for (const { id, at } of heldNotices) tables.holds.noticed(id, at);
  for (const message of messages) accept(tables, message);
  return counted;
}

/** What happened to one message. */
interface Touched {
  /** When its last recipient ended; undefined where it goes on. */
  readonly endedAt: EpochMs | undefined;
  /** As JSON. */
  readonly events: string;
}

/** @returns when the whole message ended with it; undefined where it did not. */
function settleOne(
  tables: Tables,
  settlement: PreparedSettlement,
  claim: OpenClaim,
  recipient: RecipientRow,
): EpochMs | undefined {
  const { address, delivery, transcript, blockedBecause, toldCause } = settlement;
  const { id, number } = claim.message;
  const before = attemptOf(recipient, claim.leaseEnds);
  if (delivery.kind === 'attempting' || !canFollow(before, delivery)) {
    const [from, to] = [JSON.stringify(before), JSON.stringify(delivery)];
    throw new StoreError('refused', `${address} of ${id} cannot go from ${from} to ${to}`);
  }
  const lastWord = settlement.lastWord ?? recipient.last_word;
  tables.recipients.move(recipient, delivery, { blockedBecause, lastWord, toldCause });
  if (transcript !== null) {
    tables.trail.keepTranscript(number, address, claim.claimedAt, transcript);
  }
  if (tables.claims.settled(claim.fence, address)) tables.agenda.claimed(claim.destination, -1);
  if (delivery.kind === 'waiting' || delivery.kind === 'held') {
    tables.agenda.expect(claim.destination, number, delivery.notBefore);
    return undefined;
  }
  return tables.open.ended(number) ? delivery.at : undefined;
}

/** What is stored as waiting, as the attempt that is being made. */
export function attemptOf({ state, attempts }: DeliveryColumns, leaseEnds: EpochMs): Delivery {
  return { kind: 'attempting', attempts, leaseEnds, from: state === 'held-tls' ? 'tls' : 'waiting' };
}

/** Whether some event leads from `before` to `after`. */
function canFollow(before: Delivery, after: KeptDelivery): boolean {
  return eventsTowards(after).some((event) => {
    const reached = next(before, event);
    return reached !== undefined && reached.kind !== 'attempting' && isSame(reached, after);
  });
}

function isSame(one: KeptDelivery, other: KeptDelivery): boolean {
  const a = toColumns(one);
  const b = toColumns(other);
  return a.state === b.state && a.attempts === b.attempts && a.at === b.at;
}

/** The events that can end an attempt in `after`. `lost` is a claim given back unused, as at a shutdown. */
function eventsTowards(after: KeptDelivery): readonly DeliveryEvent[] {
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
    case 'cancelled':
      return [];
  }
}
