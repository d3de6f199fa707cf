/** From the result of an attempt to what the store keeps and the world is told. */
import type { DeliveryEvent, EventName, EventTls } from '../events/delivery-event.ts';
import { type Delivery, next } from '../queue/delivery.ts';
import { isExpired, nextAttemptAt, type Schedule } from '../queue/schedule.ts';
import type { Claim, ClaimedRecipient, Settlement } from '../store/queue-store.ts';
import type { RecipientResult } from './attempt.ts';
import type { World } from './settings.ts';

/** A recipient whose sender has to hear of it. */
export interface Failure {
  readonly recipient: ClaimedRecipient;
  readonly result: RecipientResult;
  /** Enhanced status code of class 5. */
  readonly status: string;
  readonly because: string;
}

export interface Settled {
  readonly settlement: Settlement;
  /** Set where the message is given up for this recipient. */
  readonly failure: Failure | undefined;
}

/** Moves one recipient by the result of its attempt. */
export function settleRecipient(
  claim: Claim,
  recipient: ClaimedRecipient,
  result: RecipientResult,
  transcript: readonly string[],
  schedule: Schedule,
  world: World,
): Settled {
  const now = world.now();
  const attempt = recipient.attempts + 1;
  const expired = isExpired(now, claim.message.receivedAt, schedule);
  const notBefore = nextAttemptAt(now, attempt, world.random(), schedule);
  const { verdict } = result;
  const tell = (event: EventName, nextAt: number | null): DeliveryEvent => ({
    event,
    id: claim.message.id,
    at: new Date(now).toISOString(),
    from: claim.message.sender,
    to: recipient.address,
    mx: result.mx,
    reply: result.reply,
    attempt,
    tls: result.tls,
    nextAttemptAt: nextAt === null ? null : new Date(nextAt).toISOString(),
  });
  const settle = (
    delivery: Delivery,
    events: DeliveryEvent[],
    blockedBecause: string | null,
  ): Settlement => ({
    fence: claim.fence,
    id: claim.message.id,
    address: recipient.address,
    delivery,
    blockedBecause,
    events,
    transcript: verdict.kind === 'delivered' || transcript.length === 0 ? null : transcript,
  });
  const from: Delivery = {
    kind: 'attempting',
    attempts: recipient.attempts,
    leaseEnds: now,
    from: 'waiting',
  };
  // A sender that is nobody cannot be told: the message is dropped, and the event log is the only one to know.
  const givenUp: EventName = claim.message.sender === '' ? 'dropped' : 'bounced';

  if (verdict.kind === 'delivered') {
    const delivery = move(from, { kind: 'accepted', at: now });
    return { settlement: settle(delivery, [tell('delivered', null)], null), failure: undefined };
  }
  const isNews = verdict.kind === 'blocked' && recipient.blockedBecause !== verdict.cause;
  const announced = isNews ? [tell('blocked', expired ? null : notBefore)] : [];
  if (verdict.kind === 'refused' || expired) {
    const delivery = move(from, expired ? { kind: 'expired', at: now } : { kind: 'refused', at: now });
    const status = verdict.kind === 'refused' ? verdict.status : '5.4.7';
    const failure = { recipient, result, status, because: verdict.because };
    return { settlement: settle(delivery, [...announced, tell(givenUp, null)], null), failure };
  }
  if (verdict.kind === 'blocked') {
    const delivery = move(from, { kind: 'blocked', at: now, notBefore });
    const events = isNews ? [...announced, tell('held', notBefore)] : [];
    return { settlement: settle(delivery, events, verdict.cause), failure: undefined };
  }
  const delivery = move(from, { kind: 'failed', at: now, notBefore });
  // The cause stays known: a host that was out of reach for a while is not news about its TLS.
  const events = [tell('deferred', notBefore)];
  return { settlement: settle(delivery, events, recipient.blockedBecause), failure: undefined };
}

/** The verdict on TLS in words, where it is what stopped the message; null where something else did. */
export function tlsReason({
  verdict,
  tls,
}: {
  verdict: RecipientResult['verdict'];
  tls: EventTls;
}): string | null {
  return verdict.kind === 'blocked' ? tls.because : null;
}

function move(from: Delivery, event: Parameters<typeof next>[1]): Delivery {
  const to = next(from, event);
  if (to === undefined) throw new Error(`${event.kind} cannot happen to ${from.kind}`);
  return to;
}
