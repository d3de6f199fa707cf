/** From the result of an attempt to what the store keeps, the world is told, and the sender may have to hear. */
import type { DeliveryEvent, EventName } from '../events/delivery-event.ts';
import type { NotificationKind } from '../mail/notification.ts';
import type { NotifyCondition, RecipientWishes } from '../names/wishes.ts';
import type { OnBlocked } from '../policies/overrides/rule.ts';
import { type Delivery, type EpochMs, next } from '../queue/delivery.ts';
import { isExpired, isLate, nextAttemptAt, type Schedule } from '../queue/schedule.ts';
import type { Claim, ClaimedRecipient, Settlement } from '../store/queue-store.ts';
import { heldText, returnedText, statusOfBlock } from './blocked-words.ts';
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
  /** Whether it tells that mail is held for want of TLS, which has its own time. */
  readonly isHold?: boolean;
}

export interface Settled {
  readonly settlement: Settlement;
  /** A delay is news once for each message: the caller knows whether it was told. */
  readonly news: News | null;
}

/** What becomes of mail that is blocked, and when its sender hears of it. */
export interface Holding {
  readonly onBlocked: OnBlocked;
  /** As in the settings. */
  readonly noticeAfterMs: number;
}

/** One recipient, and all that its next state follows from. */
export interface Settling {
  readonly claim: Claim;
  readonly recipient: ClaimedRecipient;
  readonly result: RecipientResult;
  readonly transcript: readonly string[];
  readonly schedule: Schedule;
  readonly holding: Holding;
  readonly world: World;
}

/** Moves one recipient by the result of its attempt. */
export function settleRecipient(settling: Settling): Settled {
  const { claim, recipient, result, schedule, world } = settling;
  const { verdict } = result;
  const now = world.now();
  if (verdict.kind === 'delivered') {
    const delivery = move(settling, now, { kind: 'accepted', at: now });
    const news = toldOfSuccess(verdict, settling);
    return settled(settling, delivery, [tell(settling, 'delivered', now, null)], news, null);
  }
  if (verdict.kind === 'blocked') return settleBlocked(settling, verdict, now);
  if (verdict.kind === 'refused' || isExpired(now, claim.message.receivedAt, schedule)) {
    const status = verdict.kind === 'refused' ? verdict.status : '5.4.7';
    return givenUp(settling, now, status, verdict.because, []);
  }
  const notBefore = nextAttemptAt(now, recipient.attempts + 1, world.random(), schedule);
  const delivery = move(settling, now, { kind: 'failed', at: now, notBefore });
  const news = toldOfDelay(settling, now, notBefore);
  // The cause stays known: a host that was out of reach for a while is not news about its TLS.
  const { blockedBecause } = recipient;
  return settled(settling, delivery, [tell(settling, 'deferred', now, notBefore)], news, blockedBecause);
}

/** The required TLS could not be had: held until it can, returned, or dropped. */
function settleBlocked(settling: Settling, { cause, because }: Blocked, now: EpochMs): Settled {
  const { claim, recipient, result, schedule, holding, world } = settling;
  const { receivedAt, heldNoticeAt } = claim.message;
  const isNews = recipient.blockedBecause !== cause;
  const blocked = (nextAt: EpochMs | null): readonly DeliveryEvent[] =>
    isNews ? [tell(settling, 'blocked', now, nextAt)] : [];
  if (holding.onBlocked === 'drop') {
    const delivery = move(settling, now, { kind: 'refused', at: now });
    return settled(settling, delivery, [...blocked(null), tell(settling, 'dropped', now, null)], null, cause);
  }
  if (holding.onBlocked === 'bounce' || isExpired(now, receivedAt, schedule)) {
    const requireTls = claim.message.terms.tls === 'requiretls';
    const status = statusOfBlock(cause, { requireTls, wasAsked: result.mx !== null });
    const text = `${sentence(because)} ${returnedText(cause, result.tls)}`;
    return givenUp(settling, now, status, text, blocked(null));
  }
  // Its destination is looked at meanwhile, so that it need not be tried by itself more often than mail of long ago.
  const retryAt = nextAttemptAt(now, schedule.retryAfterMs.length, world.random(), schedule);
  const noticeAt = receivedAt + holding.noticeAfterMs;
  // The sender hears of it in time, however long the wait for the next attempt is.
  const notBefore = heldNoticeAt === null && noticeAt > now ? Math.min(retryAt, noticeAt) : retryAt;
  const delivery = move(settling, now, { kind: 'blocked', at: now, notBefore });
  const isDue = heldNoticeAt === null && noticeAt <= now;
  const news = isDue
    ? toldOfHold(settling, cause, notBefore)
    : toldOfLateHold(settling, cause, now, notBefore);
  const events = isNews ? [...blocked(notBefore), tell(settling, 'held', now, notBefore)] : [];
  return settled(settling, delivery, events, news, cause);
}

type Blocked = Extract<Verdict, { kind: 'blocked' }>;

/** For good; where nobody is told, the event log is the only one to know. */
function givenUp(
  settling: Settling,
  now: EpochMs,
  status: string,
  because: string,
  before: readonly DeliveryEvent[],
): Settled {
  const isExpiry = settling.result.verdict.kind === 'failed';
  const delivery = move(
    settling,
    now,
    isExpiry ? { kind: 'expired', at: now } : { kind: 'refused', at: now },
  );
  const news = toSender(settling, 'failure', { kind: 'failed', status, because, nextAttemptAt: null });
  const last = tell(settling, news === null ? 'dropped' : 'bounced', now, null);
  return settled(settling, delivery, [...before, last], news, null);
}

function settled(
  { claim, recipient: { address }, result, transcript }: Settling,
  delivery: Delivery,
  events: readonly DeliveryEvent[],
  news: News | null,
  blockedBecause: string | null,
): Settled {
  const kept = result.verdict.kind === 'delivered' || transcript.length === 0 ? null : transcript;
  const { fence, message } = claim;
  const { id } = message;
  return { settlement: { fence, id, address, delivery, events, transcript: kept, blockedBecause }, news };
}

function tell(
  { claim: { message }, recipient, result }: Settling,
  event: EventName,
  now: EpochMs,
  nextAt: EpochMs | null,
): DeliveryEvent {
  const { id, sender, terms } = message;
  return {
    event,
    id,
    at: new Date(now).toISOString(),
    from: sender,
    to: recipient.address,
    mx: result.mx,
    reply: result.reply,
    attempt: recipient.attempts + 1,
    tls: result.tls,
    nextAttemptAt: nextAt === null ? null : new Date(nextAt).toISOString(),
    ...(terms.trace === null ? {} : { trace: terms.trace }),
  };
}

function toSender(
  { claim, recipient, result }: Settling,
  condition: NotifyCondition,
  news: Omit<News, 'recipient' | 'result'>,
): News | null {
  const { sender, terms } = claim.message;
  const isWanted = sender !== '' && (terms.tellOutcome || wants(recipient.wishes, condition));
  return isWanted ? { ...news, recipient, result } : null;
}

function toldOfDelay(settling: Settling, now: EpochMs, notBefore: EpochMs): News | null {
  const { claim, result, schedule } = settling;
  if (!isLate(now, claim.message.receivedAt, schedule) || result.verdict.kind === 'delivered') return null;
  const { because } = result.verdict;
  return toSender(settling, 'delay', {
    kind: 'delayed',
    status: delayStatus(result),
    because,
    nextAttemptAt: notBefore,
  });
}

/** Who knows already that it is held, and why, learns nothing from the word that it is late. */
function toldOfLateHold(settling: Settling, cause: string, now: EpochMs, notBefore: EpochMs): News | null {
  return settling.recipient.toldCause === cause ? null : toldOfDelay(settling, now, notBefore);
}

/** Once for each message, before it is late. */
function toldOfHold(settling: Settling, cause: string, notBefore: EpochMs): News | null {
  const { claim, result, schedule } = settling;
  const until = new Date(claim.message.receivedAt + schedule.giveUpAfterMs).toISOString();
  const because = heldText(cause, result.tls, until);
  const news = {
    kind: 'delayed',
    status: delayStatus(result),
    because,
    nextAttemptAt: notBefore,
    isHold: true,
  } as const;
  return toSender(settling, 'delay', news);
}

function delayStatus({ reply }: RecipientResult): string {
  return reply?.enhanced?.startsWith('4.') === true ? reply.enhanced : '4.4.7';
}

/** With its full stop. */
function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

/**
 * RFC 3461 §5.2.2, §5.2.3: success is told only where it was asked for, and by one host only.
 *
 * A sender who wants to know how the message travelled is told by us, too: the next host cannot know.
 */
function toldOfSuccess({ tells }: Extract<Verdict, { kind: 'delivered' }>, settling: Settling): News | null {
  const { tellOutcome } = settling.claim.message.terms;
  if (tells === 'host' && !tellOutcome) return null;
  const status = settling.result.reply?.enhanced ?? '2.0.0';
  const kind = tells === 'host' ? 'relayed' : tells;
  return toSender(settling, 'success', { kind, status, because: '', nextAttemptAt: null });
}

/** RFC 3461 §4.1: with nothing said, failure is told, and delay as the host likes. */
function wants({ notify }: RecipientWishes, condition: NotifyCondition): boolean {
  return notify === null ? condition !== 'success' : notify.includes(condition);
}

function move(
  { recipient: { attempts } }: Settling,
  now: EpochMs,
  event: Parameters<typeof next>[1],
): Delivery {
  const from: Delivery = { kind: 'attempting', attempts, leaseEnds: now, from: 'waiting' };
  const to = next(from, event);
  if (to === undefined) throw new Error(`${event.kind} cannot happen to ${from.kind}`);
  return to;
}
