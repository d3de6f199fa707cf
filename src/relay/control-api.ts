/** What the control socket speaks: the queue as JSON, all times RFC 3339 in UTC with milliseconds. */

import { z } from 'zod';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import type { Delivery, EpochMs } from '../queue/delivery.ts';
import type { ListedMessage, ListedRecipient, MessageTrail, Pause } from '../store/queue-store.ts';
import type { HoldWord } from './holds.ts';
import { type Why, type WhyParts, whyOf } from './why.ts';

/** How many messages one answer lists at most; a shorter list is the last one. */
export const LISTED_AT_ONCE = 200;

/** A moment as a request names it: RFC 3339, with any offset. */
export const moment = z.iso.datetime({ offset: true });

/** Long enough to say why, short enough for a line. */
export const MAX_REASON = 500;

/** Why an operator does it. */
export const reasonText = z
  .string()
  .min(1)
  .max(MAX_REASON)
  .regex(/^\P{Cc}*$/u, 'must be one line');

export interface QueuedMessage {
  readonly id: string;
  readonly receivedAt: string;
  /** Empty for the null sender. */
  readonly sender: string;
  /** Octets. */
  readonly size: number;
  readonly recipients: readonly QueuedRecipient[];
}

export interface QueuedRecipient {
  readonly address: string;
  /** The name for `queue retry --destination`: a domain, or the next hop of a route. */
  readonly destination: string;
  readonly delivery: QueuedDelivery;
  /** Why it is not delivered: the cause, and the answer in a line. */
  readonly why: Why;
  /** What was found last: by a look at its destination, else by an attempt; null where there is none yet. */
  readonly lastWord: string | null;
  /** Set while nothing goes to the destination, by the operator's word. */
  readonly pause: QueuedPause | null;
}

export interface QueuedPause {
  readonly destination: string;
  /** null: until `queue pause --off`. */
  readonly until: string | null;
}

export type QueuedDelivery =
  | { readonly kind: 'waiting'; readonly attempts: number; readonly notBefore: string }
  | { readonly kind: 'attempting'; readonly attempts: number }
  | {
      readonly kind: 'held';
      readonly by: 'tls' | 'operator';
      readonly attempts: number;
      readonly notBefore: string;
    }
  | { readonly kind: 'delivered' | 'bounced' | 'cancelled'; readonly at: string };

/** Everything known about one message. */
export interface QueuedTrail extends QueuedMessage {
  readonly events: readonly DeliveryEvent[];
  readonly transcripts: readonly {
    readonly address: string;
    readonly at: string;
    readonly lines: readonly string[];
  }[];
}

/** One step of `queue retry|hold|release|cancel`: the recipients that changed. */
export interface QueueStep {
  readonly changed: readonly { readonly id: string; readonly address: string }[];
  /** How many recipients were left as they are because an attempt is under way for them. */
  readonly underWay: number;
  /** How many were left as they are because their message has REQUIRETLS, which no operator takes back. */
  readonly bound: number;
  /** To be sent as `after` for the next step; null: that was the last one. */
  readonly next: string | null;
}

/** A pause that has just begun. */
export interface BegunPause extends QueuedPause {
  /** How many recipients have an attempt under way, which goes on. */
  readonly underWay: number;
}

/** What the last look at a destination with held mail found. */
export type WordOf = (destination: string) => HoldWord | undefined;

/** @param now leaves out pauses that are over. */
export function toQueuedMessage(
  message: ListedMessage,
  now: EpochMs,
  wordOf: WordOf = nothingFound,
): QueuedMessage {
  return queued(message, [], now, wordOf);
}

/** Where somebody has looked, or will. */
export function heldDestinationsIn(
  messages: readonly Pick<ListedMessage, 'recipients'>[],
): readonly string[] {
  const held = messages.flatMap(({ recipients }) => recipients.filter(({ delivery }) => isHeld(delivery)));
  return [...new Set(held.map(({ destination }) => destination))];
}

const nothingFound: WordOf = () => undefined;

function queued(
  message: ListedMessage,
  events: readonly DeliveryEvent[],
  now: EpochMs,
  wordOf: WordOf,
): QueuedMessage {
  return {
    id: message.id,
    receivedAt: rfc3339(message.receivedAt),
    sender: message.sender,
    size: message.size,
    recipients: message.recipients.map((recipient) =>
      toQueuedRecipient(recipient, now, { events, word: wordOf(recipient.destination) }),
    ),
  };
}

export function toQueuedTrail(trail: MessageTrail, now: EpochMs, wordOf: WordOf = nothingFound): QueuedTrail {
  return {
    ...queued(trail, trail.events, now, wordOf),
    events: trail.events,
    transcripts: trail.transcripts.map(({ address, at, lines }) => ({ address, at: rfc3339(at), lines })),
  };
}

export function toQueuedPause({ destination, until }: Pause): QueuedPause {
  return { destination, until: until === null ? null : rfc3339(until) };
}

function toQueuedRecipient(recipient: ListedRecipient, now: EpochMs, parts: WhyParts): QueuedRecipient {
  const { address, destination, delivery, lastWord, pause } = recipient;
  const isOver = pause !== null && pause.until !== null && pause.until <= now;
  return {
    address,
    destination,
    delivery: toQueuedDelivery(delivery),
    why: whyOf(isOver ? { ...recipient, pause: null } : recipient, parts),
    lastWord: isHeld(delivery) ? (parts.word?.found?.because ?? lastWord) : lastWord,
    pause: pause === null || isOver ? null : toQueuedPause(pause),
  };
}

function isHeld(delivery: Delivery): boolean {
  return delivery.kind === 'held' && delivery.by === 'tls';
}

function toQueuedDelivery(delivery: Delivery): QueuedDelivery {
  switch (delivery.kind) {
    case 'waiting':
      return { kind: 'waiting', attempts: delivery.attempts, notBefore: rfc3339(delivery.notBefore) };
    case 'attempting':
      // Its lease is the queue's own affair, and need not be a date: it may never end.
      return { kind: 'attempting', attempts: delivery.attempts };
    case 'held':
      return {
        kind: 'held',
        by: delivery.by,
        attempts: delivery.attempts,
        notBefore: rfc3339(delivery.notBefore),
      };
    case 'delivered':
    case 'bounced':
    case 'cancelled':
      return { kind: delivery.kind, at: rfc3339(delivery.at) };
  }
}

function rfc3339(at: EpochMs): string {
  return new Date(at).toISOString();
}
