/**
 * The life of one recipient's delivery, as plain data and one function.
 *
 * It is stored as a row, so it survives a restart, and it moves only by {@link next}.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** Waiting with attempts > 0 is what the world calls deferred. */
export type Delivery =
  | { readonly kind: 'waiting'; readonly attempts: number; readonly notBefore: EpochMs }
  | {
      readonly kind: 'attempting';
      readonly attempts: number;
      readonly leaseEnds: EpochMs;
      readonly from: 'waiting' | 'tls';
    }
  /** `tls`: the required TLS could not be had, tried again on schedule or once it can; `operator`: until released. */
  | {
      readonly kind: 'held';
      readonly by: 'tls' | 'operator';
      readonly attempts: number;
      readonly notBefore: EpochMs;
    }
  | { readonly kind: 'delivered'; readonly at: EpochMs }
  | { readonly kind: 'bounced'; readonly at: EpochMs }
  | { readonly kind: 'cancelled'; readonly at: EpochMs };

export type DeliveryEvent =
  | { readonly kind: 'claimed'; readonly at: EpochMs; readonly leaseEnds: EpochMs }
  | { readonly kind: 'accepted'; readonly at: EpochMs }
  /** The far side, or the way there, failed for now. */
  | { readonly kind: 'failed'; readonly at: EpochMs; readonly notBefore: EpochMs }
  /** The TLS that was required could not be had. */
  | { readonly kind: 'blocked'; readonly at: EpochMs; readonly notBefore: EpochMs }
  | { readonly kind: 'refused'; readonly at: EpochMs }
  | { readonly kind: 'expired'; readonly at: EpochMs }
  /** The process that held the lease is gone; the attempt never happened as far as the queue knows. */
  | { readonly kind: 'lost'; readonly at: EpochMs }
  | { readonly kind: 'retry'; readonly at: EpochMs }
  | { readonly kind: 'hold' }
  | { readonly kind: 'release'; readonly at: EpochMs }
  | { readonly kind: 'cancel'; readonly at: EpochMs };

/** @returns the next state, or undefined when `event` cannot happen in `delivery`. */
export function next(delivery: Delivery, event: DeliveryEvent): Delivery | undefined {
  switch (delivery.kind) {
    case 'waiting':
      return fromPending(delivery, 'waiting', event);
    case 'held':
      return delivery.by === 'tls' ? fromPending(delivery, 'tls', event) : fromOperatorHold(delivery, event);
    case 'attempting':
      return fromAttempt(delivery, event);
    case 'delivered':
    case 'bounced':
    case 'cancelled':
      return undefined;
  }
}

/** Whether nothing more will happen to it. */
export function isFinal(delivery: Delivery): boolean {
  return delivery.kind === 'delivered' || delivery.kind === 'bounced' || delivery.kind === 'cancelled';
}

function fromPending(
  pending: { readonly attempts: number; readonly notBefore: EpochMs },
  from: 'waiting' | 'tls',
  event: DeliveryEvent,
): Delivery | undefined {
  switch (event.kind) {
    case 'claimed':
      return { kind: 'attempting', attempts: pending.attempts, leaseEnds: event.leaseEnds, from };
    case 'retry':
      return from === 'tls'
        ? { kind: 'held', by: 'tls', attempts: pending.attempts, notBefore: event.at }
        : { kind: 'waiting', attempts: pending.attempts, notBefore: event.at };
    case 'expired':
      return { kind: 'bounced', at: event.at };
    case 'hold':
      return { kind: 'held', by: 'operator', attempts: pending.attempts, notBefore: pending.notBefore };
    case 'release':
      // The TLS can be had now, or an operator does without it.
      return from === 'tls'
        ? { kind: 'waiting', attempts: pending.attempts, notBefore: event.at }
        : undefined;
    case 'cancel':
      return { kind: 'cancelled', at: event.at };
    default:
      return undefined;
  }
}

function fromOperatorHold(held: { readonly attempts: number }, event: DeliveryEvent): Delivery | undefined {
  if (event.kind === 'release') return { kind: 'waiting', attempts: held.attempts, notBefore: event.at };
  if (event.kind === 'cancel') return { kind: 'cancelled', at: event.at };
  // Expiry does not touch what an operator holds: losing it would surprise the one who asked to keep it.
  return undefined;
}

function fromAttempt(
  attempt: { readonly attempts: number; readonly from: 'waiting' | 'tls' },
  event: DeliveryEvent,
): Delivery | undefined {
  const attempts = attempt.attempts + 1;
  switch (event.kind) {
    case 'accepted':
      return { kind: 'delivered', at: event.at };
    case 'failed':
      return { kind: 'waiting', attempts, notBefore: event.notBefore };
    case 'blocked':
      return { kind: 'held', by: 'tls', attempts, notBefore: event.notBefore };
    case 'refused':
    case 'expired':
      return { kind: 'bounced', at: event.at };
    case 'lost':
      return attempt.from === 'tls'
        ? { kind: 'held', by: 'tls', attempts: attempt.attempts, notBefore: event.at }
        : { kind: 'waiting', attempts: attempt.attempts, notBefore: event.at };
    default:
      return undefined;
  }
}
