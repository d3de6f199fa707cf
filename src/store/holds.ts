/** Mail that is held for want of TLS: where there is some, and letting it go. */
import type { DeliveryEvent } from '../events/delivery-event.ts';
import { next } from '../queue/delivery.ts';
import { NUDGE_STEP } from './calls.ts';
import { reschedule } from './claim.ts';
import { fromColumns } from './delivery-columns.ts';
import { claimedMessage, type MessageRow } from './messages.ts';
import type { FreedStep, FreeRequest, HeldMail, HeldRequest, Nudged } from './queue-store.ts';
import type { RecipientRow } from './recipients.ts';
import type { Tables } from './tables.ts';

/** Some of what is held there, the oldest messages first. */
export function heldMail(
  { holds, messages }: Tables,
  { destination, most }: HeldRequest,
): readonly HeldMail[] {
  return holds.at(destination, most).flatMap(({ address, message }) => {
    const row = messages.byNumber(message);
    if (row === undefined) return [];
    const { id, sender, terms } = claimedMessage(row);
    return { id, sender, terms, address, release: holds.releaseOf(message, destination) };
  });
}

/** Lets mail of one destination go that is held for want of TLS; what is being attempted is left alone. */
export function free(tables: Tables, request: FreeRequest): FreedStep {
  const { holds, claims, messages, trail } = tables;
  const { destination } = request;
  // Those that are out may all stand in front of the others.
  const most = NUDGE_STEP + claims.recipientsOut(destination);
  const rows = holds.at(destination, most);
  const changed: Nudged[] = [];
  for (const [message, recipients] of Map.groupBy(rows, (one) => one.message)) {
    const row = messages.byNumber(message);
    if (row === undefined) continue;
    const freed = recipients
      .filter(({ address }) => !claims.ofMessage(message).some((one) => one.recipients.has(address)))
      .flatMap((recipient) => freeOne(tables, row, recipient, request) ?? []);
    if (freed.length === 0) continue;
    trail.append(message, JSON.stringify(freed.flatMap(({ event }) => event ?? [])));
    reschedule(tables, destination, message);
    changed.push(...freed);
  }
  return { changed, more: rows.length === most && changed.length > 0 };
}

function freeOne(
  { recipients }: Tables,
  { id, sender }: MessageRow,
  recipient: RecipientRow,
  { now, tls }: FreeRequest,
): Nudged | undefined {
  const { address, attempts } = recipient;
  const delivery = next(fromColumns(recipient), { kind: 'release', at: now });
  if (delivery === undefined || delivery.kind === 'attempting') return undefined;
  // What blocks it after this is news again, whatever it was before.
  recipients.move(recipient, delivery, { blockedBecause: null, lastWord: tls.because });
  const at = new Date(now).toISOString();
  const event: DeliveryEvent = {
    event: 'released',
    id,
    at,
    from: sender,
    to: address,
    mx: null,
    reply: null,
    attempt: attempts,
    tls,
    nextAttemptAt: at,
  };
  return { id, address, delivery, event };
}
