/** Messages and calls as the tests of the store need them. */
import type { DeliveryEvent, EventName } from '../../src/events/delivery-event.ts';
import { noRecipientWishes, noSenderWishes } from '../../src/names/wishes.ts';
import type { Delivery } from '../../src/queue/delivery.ts';
import type {
  Claim,
  ClaimRequest,
  NewMessage,
  Nudge,
  Nudged,
  QueueStore,
  Settlement,
} from '../../src/store/queue-store.ts';

export function message(id: string, parts: Partial<NewMessage> = {}): NewMessage {
  return {
    id,
    receivedAt: 1000,
    sender: 'sender@example.test',
    wishes: noSenderWishes,
    recipients: to('a@one.test'),
    body: { kind: 'bytes', bytes: Buffer.from(`Subject: ${id}\r\n\r\nHello\r\n`) },
    properties: { size: 30, eightBit: false, longestLine: 12, hops: 1, needsUtf8: false },
    events: [],
    ...parts,
  };
}

/** Recipients, each scheduled under its own domain. */
export function to(...addresses: readonly string[]): NewMessage['recipients'] {
  return addresses.map((address) => ({
    address,
    destination: address.slice(address.indexOf('@') + 1),
    wishes: noRecipientWishes,
  }));
}

export function claimAt(now: number, parts: Partial<ClaimRequest> = {}): ClaimRequest {
  return { now, leaseEnds: now + 100, most: 100, perDestination: 100, recipientsPerClaim: 100, ...parts };
}

/** Every recipient of the claim ends in `delivery`. */
export function settlementsOf(
  claim: Claim,
  delivery: Delivery,
  parts: Partial<Settlement> = {},
): Settlement[] {
  return claim.recipients.map(({ address }) => ({
    fence: claim.fence,
    id: claim.message.id,
    address,
    delivery,
    blockedBecause: null,
    events: [],
    transcript: null,
    ...parts,
  }));
}

/** @returns how many settlements counted. */
export function settleAll(store: QueueStore, claims: readonly Claim[], delivery: Delivery): Promise<number> {
  const settlements = claims.flatMap((claim) => settlementsOf(claim, delivery));
  return store.settle({ settlements, messages: [], warned: [] });
}

/** All steps of a nudge. */
export async function nudgeAll(store: QueueStore, request: Nudge): Promise<Nudged[]> {
  const changed: Nudged[] = [];
  for (let next: string | null | undefined; next !== null; ) {
    const step = await store.nudge(next === undefined ? request : { ...request, after: next });
    changed.push(...step.changed);
    next = step.next;
  }
  return changed;
}

export function event(name: EventName, parts: Partial<DeliveryEvent> = {}): DeliveryEvent {
  return {
    event: name,
    id: 'sample',
    at: '2026-11-22T00:00:00.000Z',
    from: 'sender@example.test',
    to: 'a@one.test',
    mx: null,
    reply: null,
    attempt: 1,
    tls: null,
    nextAttemptAt: null,
    ...parts,
  };
}

/** What was claimed, short enough to compare by eye: `id: address address`. */
export function summary(claims: readonly Claim[]): string[] {
  return claims.map((claim) => {
    const addresses = claim.recipients.map(({ address }) => address);
    return `${claim.message.id}: ${addresses.join(' ')}`;
  });
}
