/** Handing out work, and taking back what nobody finished. */
import { type DeliveryEvent, type EpochMs, next } from '../queue/delivery.ts';
import type { OpenClaim } from './claims.ts';
import { fromColumns } from './delivery-columns.ts';
import { claimedMessage } from './messages.ts';
import type { Claim, ClaimRequest } from './queue-store.ts';
import type { RecipientRow } from './recipients.ts';
import { StoreError } from './store-error.ts';
import type { Tables } from './tables.ts';

export function claim(tables: Tables, request: ClaimRequest): readonly Claim[] {
  const { now, most, perDestination, recipientsPerClaim } = request;
  // Nothing could ever be claimed, and the search below would go on for ever.
  if (!(recipientsPerClaim >= 1)) {
    throw new StoreError('refused', `a claim of ${recipientsPerClaim} recipients is none`);
  }
  giveBack(tables, tables.claims.ended(now), now);
  const claims: Claim[] = [];
  while (claims.length < most) {
    const destination = tables.destinations.oldestDue(now, perDestination);
    if (destination === undefined) break;
    const due = tables.recipients.dueTogether(destination, now, recipientsPerClaim);
    const made = claimTogether(tables, destination, due, request);
    if (made !== undefined) claims.push(made);
    tables.destinations.refresh(destination);
  }
  return claims;
}

function claimTogether(
  tables: Tables,
  destination: string,
  due: readonly RecipientRow[],
  { now, leaseEnds }: ClaimRequest,
): Claim | undefined {
  const message = due[0] && tables.messages.byNumber(due[0].message);
  if (message === undefined) return undefined;
  const fence = tables.claims.open(destination, now, leaseEnds);
  for (const recipient of due) moveBy(tables, recipient, { kind: 'claimed', at: now, leaseEnds }, fence);
  return {
    fence,
    destination,
    message: claimedMessage(message),
    recipients: due.map(({ address, attempts, blocked_because }) => ({
      address,
      attempts,
      blockedBecause: blocked_because,
    })),
  };
}

/** Ends claims whose holder is gone: their recipients are due again at `now`. */
export function giveBack(tables: Tables, claims: readonly OpenClaim[], now: EpochMs): void {
  for (const { fence, destination } of claims) {
    for (const recipient of tables.recipients.claimedUnder(fence)) {
      moveBy(tables, recipient, { kind: 'lost', at: now }, null);
    }
    tables.claims.closeIfDone(fence);
    tables.destinations.refresh(destination);
  }
}

function moveBy(tables: Tables, recipient: RecipientRow, event: DeliveryEvent, fence: number | null): void {
  const moved = next(fromColumns(recipient), event);
  // The queries above select only rows that these events can happen to.
  if (moved === undefined)
    throw new Error(`${recipient.address} cannot be ${event.kind} while ${recipient.state}`);
  tables.recipients.move(recipient, moved, fence);
}
