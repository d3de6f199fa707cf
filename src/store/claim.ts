/** Handing out work, and taking back what nobody finished. */
import type { EpochMs } from '../queue/delivery.ts';
import type { OpenClaim } from './claims.ts';
import { fromColumns } from './delivery-columns.ts';
import { claimedMessage } from './messages.ts';
import type { Claim, ClaimRequest, Unused } from './queue-store.ts';
import { claimedRecipient, type RecipientRow } from './recipients.ts';
import { StoreError } from './store-error.ts';
import type { Tables } from './tables.ts';

/**
 * Writes nothing: a recipient that is being attempted is stored as the one that waits.
 *
 * So a crash gives everything back by itself, and an attempt costs one write, when it is settled.
 */
export function claim(tables: Tables, request: ClaimRequest): readonly Claim[] {
  const { now, most, perDestination, recipientsPerClaim } = request;
  // Nothing could ever be claimed, and the search below would go on for ever.
  if (!(recipientsPerClaim >= 1)) {
    throw new StoreError('refused', `a claim of ${recipientsPerClaim} recipients is none`);
  }
  giveBackEnded(tables, now);
  const claims: Claim[] = [];
  while (claims.length < most) {
    const due = tables.agenda.oldestDue(now, perDestination);
    if (due === undefined) break;
    const free = unclaimed(tables, due.destination, due.message, recipientsPerClaim + 1);
    const taken = free.filter(({ at }) => at <= now).slice(0, recipientsPerClaim);
    tables.agenda.set(due.destination, due.message, free[taken.length]?.at);
    const made = claimTogether(tables, due.destination, taken, request);
    if (made !== undefined) claims.push(made);
  }
  return claims;
}

/** Its recipients wait as before, some of them under another destination. */
export function giveBack(tables: Tables, unused: readonly Unused[]): void {
  for (const { fence, moved, postponed } of unused) {
    const open = tables.claims.byFence(fence);
    if (open === undefined) continue;
    end(tables, open);
    if (postponed !== undefined)
      for (const recipient of open.recipients.values()) postpone(tables, recipient, postponed);
    for (const { address, destination } of moved) {
      const recipient = open.recipients.get(address);
      if (recipient !== undefined) tables.recipients.reroute(recipient, destination);
    }
    for (const destination of new Set([open.destination, ...moved.map((one) => one.destination)]))
      reschedule(tables, destination, open.message.number);
  }
}

/** In the state that it has, with as many attempts. */
function postpone(
  { recipients }: Tables,
  recipient: RecipientRow,
  { until, because }: NonNullable<Unused['postponed']>,
): void {
  const delivery = fromColumns(recipient);
  if (delivery.kind !== 'waiting' && delivery.kind !== 'held') return;
  const { blocked_because: blockedBecause } = recipient;
  recipients.move(recipient, { ...delivery, notBefore: until }, { blockedBecause, lastWord: because });
}

/** When the next claim could find work. */
export function nextDue({ agenda, claims }: Tables, perDestination: number): EpochMs | undefined {
  const times = [agenda.nextDue(perDestination), claims.firstLeaseEnd()].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Puts down anew when the message is due at the destination, after its recipients or claims have changed. */
export function reschedule(tables: Tables, destination: string, message: number): void {
  const [first] = unclaimed(tables, destination, message, 1);
  tables.agenda.set(destination, message, first?.at);
}

/** The recipients that wait and are not being attempted, the oldest first. */
function unclaimed(
  { recipients, claims }: Tables,
  destination: string,
  message: number,
  most: number,
): readonly RecipientRow[] {
  const out = claims.ofMessage(message).filter((one) => one.destination === destination);
  if (out.length === 0) return recipients.claimable(message, destination, most);
  // Those that are out may all stand in front of the others.
  const claimed = out.reduce((sum, one) => sum + one.recipients.size, 0);
  return recipients
    .claimable(message, destination, most + claimed)
    .filter(({ address }) => !out.some((one) => one.recipients.has(address)))
    .slice(0, most);
}

function claimTogether(
  { messages, claims, agenda, holds }: Tables,
  destination: string,
  taken: readonly RecipientRow[],
  { now, leaseEnds }: ClaimRequest,
): Claim | undefined {
  const message = taken[0] && messages.byNumber(taken[0].message);
  if (message === undefined) return undefined;
  const fence = claims.open({ message, destination, claimedAt: now, leaseEnds }, taken);
  agenda.claimed(destination, 1);
  // Nobody was told of a hold before the first attempt.
  const heldNoticeAt = taken.some(({ attempts }) => attempts > 0) ? holds.noticedAt(message.number) : null;
  const release = holds.releaseOf(message.number, destination);
  return {
    fence,
    destination,
    message: { ...claimedMessage(message), heldNoticeAt, release },
    recipients: taken.map(claimedRecipient),
  };
}

/** Ends claims whose holder has had its time: their recipients wait as before. */
function giveBackEnded(tables: Tables, now: EpochMs): void {
  for (;;) {
    const over = tables.claims.ended(now);
    if (over === undefined) return;
    end(tables, over);
    reschedule(tables, over.destination, over.message.number);
  }
}

function end({ claims, agenda }: Tables, { fence, destination }: OpenClaim): void {
  claims.close(fence);
  agenda.claimed(destination, -1);
}
