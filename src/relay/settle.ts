/** From the result of an attempt to what the store keeps, the world is told, and the sender may have to hear. */
import type { DeliveryEvent, EventName } from '../events/delivery-event.ts';
import type { NotificationKind } from '../mail/notification.ts';
import type { MessageTerms } from '../names/message-terms.ts';
import type { NotifyCondition, RecipientWishes } from '../names/wishes.ts';
import { type Delivery, next } from '../queue/delivery.ts';
import { isExpired, isLate, nextAttemptAt, type Schedule } from '../queue/schedule.ts';
import type { Claim, ClaimedRecipient, Settlement } from '../store/queue-store.ts';
import type { RecipientResult, Verdict } from './result.ts';
import type { World } from './settings.ts';

/** What the sender is told of one recipient, as it wished (RFC 3461 §4.1, §5.2). */
export interface News {
  readonly kind: NotificationKind;
  readonly recipient: ClaimedRecipient;
  readonly result: RecipientResult;
  /** Enhanced status code of the class that the kind has. */
  readonly status: string;
  /** Empty where there is nothing to explain. */
  readonly because: string;
  readonly nextAttemptAt: number | null;
}

export interface Settled {
  readonly settlement: Settlement;
  /** A delay is news once for each message: the caller knows whether it was told. */
  readonly news: News | null;
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
  const { id, sender, receivedAt, terms } = claim.message;
  const { address, attempts, blockedBecause } = recipient;
  const now = world.now();
  const { verdict } = result;
  const from: Delivery = { kind: 'attempting', attempts, leaseEnds: now, from: 'waiting' };
  const tell = (event: EventName, nextAt: number | null): DeliveryEvent => ({
    event,
    id,
    at: new Date(now).toISOString(),
    from: sender,
    to: address,
    mx: result.mx,
    reply: result.reply,
    attempt: attempts + 1,
    tls: result.tls,
    nextAttemptAt: nextAt === null ? null : new Date(nextAt).toISOString(),
  });
  const settled = (
    delivery: Delivery,
    events: readonly DeliveryEvent[],
    news: News | null,
    blocked: string | null = null,
  ): Settled => {
    const kept = verdict.kind === 'delivered' || transcript.length === 0 ? null : transcript;
    const settlement = { fence: claim.fence, id, address, delivery, events, transcript: kept };
    return { settlement: { ...settlement, blockedBecause: blocked }, news };
  };
  const toSender = (condition: NotifyCondition, news: Omit<News, 'recipient' | 'result'>): News | null =>
    sender !== '' && (terms.tellOutcome || wants(recipient.wishes, condition))
      ? { ...news, recipient, result }
      : null;

  if (verdict.kind === 'delivered') {
    const delivery = move(from, { kind: 'accepted', at: now });
    return settled(delivery, [tell('delivered', null)], toldOfSuccess(verdict, result, terms, toSender));
  }
  const expired = isExpired(now, receivedAt, schedule);
  const notBefore = nextAttemptAt(now, attempts + 1, world.random(), schedule);
  const isNews = verdict.kind === 'blocked' && blockedBecause !== verdict.cause;
  const announced = isNews ? [tell('blocked', expired ? null : notBefore)] : [];
  const { because } = verdict;
  if (verdict.kind === 'refused' || expired) {
    const delivery = move(from, expired ? { kind: 'expired', at: now } : { kind: 'refused', at: now });
    const status = verdict.kind === 'refused' ? verdict.status : '5.4.7';
    const news = toSender('failure', { kind: 'failed', status, because, nextAttemptAt: null });
    // Where nobody is told, the event log is the only one to know.
    const givenUp: EventName = news === null ? 'dropped' : 'bounced';
    return settled(delivery, [...announced, tell(givenUp, null)], news);
  }
  const late = isLate(now, receivedAt, schedule);
  const status = result.reply?.enhanced?.startsWith('4.') === true ? result.reply.enhanced : '4.4.7';
  const news = late
    ? toSender('delay', { kind: 'delayed', status, because, nextAttemptAt: notBefore })
    : null;
  if (verdict.kind === 'blocked') {
    const delivery = move(from, { kind: 'blocked', at: now, notBefore });
    return settled(delivery, isNews ? [...announced, tell('held', notBefore)] : [], news, verdict.cause);
  }
  const delivery = move(from, { kind: 'failed', at: now, notBefore });
  // The cause stays known: a host that was out of reach for a while is not news about its TLS.
  return settled(delivery, [tell('deferred', notBefore)], news, blockedBecause);
}

/**
 * RFC 3461 §5.2.2, §5.2.3: success is told only where it was asked for, and by one host only.
 *
 * A sender who wants to know how the message travelled is told by us, too: the next host cannot know.
 */
function toldOfSuccess(
  { tells }: Extract<Verdict, { kind: 'delivered' }>,
  { reply }: RecipientResult,
  { tellOutcome }: MessageTerms,
  toSender: (condition: NotifyCondition, news: Omit<News, 'recipient' | 'result'>) => News | null,
): News | null {
  if (tells === 'host' && !tellOutcome) return null;
  const status = reply?.enhanced ?? '2.0.0';
  const kind = tells === 'host' ? 'relayed' : tells;
  return toSender('success', { kind, status, because: '', nextAttemptAt: null });
}

/** RFC 3461 §4.1: with nothing said, failure is told, and delay as the host likes. */
function wants({ notify }: RecipientWishes, condition: NotifyCondition): boolean {
  return notify === null ? condition !== 'success' : notify.includes(condition);
}

function move(from: Delivery, event: Parameters<typeof next>[1]): Delivery {
  const to = next(from, event);
  if (to === undefined) throw new Error(`${event.kind} cannot happen to ${from.kind}`);
  return to;
}
