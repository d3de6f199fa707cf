/** Carrying out an operator's word. */
import type { DeliveryEvent, EventName } from '../events/delivery-event.ts';
import { next, type DeliveryEvent as QueueEvent } from '../queue/delivery.ts';
import { NUDGE_STEP } from './calls.ts';
import { reschedule } from './claim.ts';
import { fromColumns, type KeptDelivery } from './delivery-columns.ts';
import type { MessageRow } from './messages.ts';
import type { Nudge, Nudged, NudgeStep } from './queue-store.ts';
import type { RecipientRow } from './recipients.ts';
import type { Tables } from './tables.ts';

/** Looks at some messages; new mail must not wait behind a change of everything. */
export function nudge(tables: Tables, request: Nudge): NudgeStep {
  const { of } = request;
  const done: Done = { changed: [], underWay: 0, bound: 0 };
  if (of !== 'all' && 'id' in of) {
    const message = tables.messages.byId(of.id);
    if (message !== undefined) nudgeMessage(tables, message, request, done);
    return { ...done, next: null };
  }
  const after = request.after === undefined ? {} : { after: request.after };
  const looked = tables.messages.list({ which: 'open', most: NUDGE_STEP, ...after });
  for (const [index, message] of looked.entries()) {
    nudgeMessage(tables, message, request, done);
    const more = index + 1 < looked.length || looked.length === NUDGE_STEP;
    if (done.changed.length >= NUDGE_STEP && more) return { ...done, next: message.id };
  }
  return { ...done, next: looked.length < NUDGE_STEP ? null : (looked.at(-1)?.id ?? null) };
}

/** What one step has done so far. */
interface Done {
  readonly changed: Nudged[];
  underWay: number;
  bound: number;
}

function nudgeMessage(tables: Tables, message: MessageRow, request: Nudge, done: Done): void {
  const { what, now, of, release } = request;
  const { claims, recipients, agenda, open, messages, trail, holds } = tables;
  const out = claims.ofMessage(message.number);
  const changed: Nudged[] = [];
  const destinations = new Set<string>();
  /** Of all that the word is about, what is under way included. */
  const meant = new Set<string>();
  let ended = false;
  for (const recipient of recipients.ofMessage(message.number)) {
    const { address, destination } = recipient;
    if (!isMeant(recipient, of)) continue;
    meant.add(destination);
    if (what === 'release' && recipient.state === 'held-tls') {
      if (release === undefined) continue;
      if (message.tls === 'requiretls') {
        done.bound += 1;
        continue;
      }
    }
    if (out.some((claim) => claim.recipients.has(address))) {
      if (what !== 'release') done.underWay += 1;
      continue;
    }
    const delivery = next(fromColumns(recipient), eventFor(recipient, request));
    if (delivery === undefined || delivery.kind === 'attempting') continue;
    // What blocks it after this is news again, whatever it was before.
    const said = { blockedBecause: null, lastWord: release?.tls.because ?? recipient.last_word };
    recipients.move(recipient, delivery, what === 'release' ? said : undefined);
    if (delivery.kind === 'cancelled') ended = open.ended(message.number);
    destinations.add(destination);
    const event = eventOf(message, recipient, delivery, request);
    changed.push({ id: message.id, address, delivery, event });
  }
  if (release !== undefined && changed.length > 0)
    for (const destination of meant) holds.release(message.number, destination, release.terms);
  const events = JSON.stringify(changed.flatMap(({ event }) => event ?? []));
  if (ended) messages.end(message, now, events);
  else trail.append(message.number, events);
  for (const destination of destinations) {
    if (ended) agenda.set(destination, message.number, undefined);
    else reschedule(tables, destination, message.number);
  }
  done.changed.push(...changed);
}

/** What happens to it. */
function eventFor({ attempts, at }: RecipientRow, { what, now, earlierBy }: Nudge): QueueEvent {
  if (what === 'hold') return { kind: 'hold' };
  if (what !== 'retry' || earlierBy === undefined || attempts === 0) return { kind: what, at: now };
  return { kind: 'retry', at: Math.max(now, at - earlierBy) };
}

/** What was queued before a change of routes has another destination than its domain has now. */
function isMeant({ address, destination }: RecipientRow, of: Nudge['of']): boolean {
  if (of === 'all' || 'id' in of || of.destination === destination) return true;
  return of.domain !== undefined && address.slice(address.lastIndexOf('@') + 1) === of.domain;
}

const EVENTS = {
  retry: null,
  hold: 'held',
  release: 'released',
  cancel: 'cancelled',
} as const satisfies Record<Nudge['what'], EventName | null>;

function eventOf(
  { id, sender, trace }: MessageRow,
  { address, attempts }: RecipientRow,
  delivery: KeptDelivery,
  { what, now, release }: Nudge,
): DeliveryEvent | null {
  const event = EVENTS[what];
  if (event === null) return null;
  return {
    event,
    id,
    at: new Date(now).toISOString(),
    from: sender,
    to: address,
    mx: null,
    reply: null,
    attempt: attempts,
    tls: release?.tls ?? null,
    nextAttemptAt: delivery.kind === 'waiting' ? new Date(delivery.notBefore).toISOString() : null,
    ...(trace === null ? {} : { trace }),
  };
}
