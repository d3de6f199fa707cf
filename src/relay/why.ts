/** Why a message is not delivered: one line for each recipient, by a cause that the runbook explains. */
import type { DeliveryEvent } from '../events/delivery-event.ts';
import type { EpochMs } from '../queue/delivery.ts';
import type { ListedRecipient } from '../store/queue-store.ts';
import type { TlsFailureReason } from '../tls/failure.ts';
import { mendingText } from './blocked-words.ts';
import type { HoldWord } from './holds.ts';

/** What a recipient waits for, or how it ended. docs/operating.md has a row for each. */
export const whyCauses = [
  'not-tried-yet',
  'being-tried',
  'put-off-by-the-host',
  'not-reached',
  'paused',
  'held-by-operator',
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
  'delivered',
  'bounced',
  'cancelled',
] as const;

type WhyCause = (typeof whyCauses)[number];

export interface Why {
  readonly cause: WhyCause;
  /** The answer: what it waits for, who has to do what, when it is tried next. */
  readonly line: string;
}

export interface WhyParts {
  /** Newest last; empty where they are not known, as in a list. */
  readonly events: readonly DeliveryEvent[];
  /** What the last look at the destination found. */
  readonly word: HoldWord | undefined;
}

export function whyOf(recipient: ListedRecipient, { events, word }: WhyParts): Why {
  const { address, delivery, pause, lastWord } = recipient;
  const own = events.filter(({ to }) => to === address);
  switch (delivery.kind) {
    case 'delivered':
    case 'bounced':
    case 'cancelled':
      return { cause: delivery.kind, line: `${delivery.kind} at ${rfc3339(delivery.at)}${ended(lastWord)}` };
    case 'attempting':
      return { cause: 'being-tried', line: `attempt ${delivery.attempts + 1} is under way` };
    case 'held':
      if (delivery.by === 'tls') return heldByTls(recipient, delivery.notBefore, own, word);
      return {
        cause: 'held-by-operator',
        line: `held by the operator${since(own, 'held')}: it is not tried until "waxwing queue release", and does not expire`,
      };
    case 'waiting':
      if (pause !== null) return paused(pause);
      return delivery.attempts === 0
        ? {
            cause: 'not-tried-yet',
            line: `not tried yet; the first attempt is due at ${rfc3339(delivery.notBefore)}`,
          }
        : deferred(lastWord, delivery, own);
  }
}

function heldByTls(
  { blockedBecause, lastWord, pause }: ListedRecipient,
  notBefore: EpochMs,
  own: readonly DeliveryEvent[],
  word: HoldWord | undefined,
): Why {
  const cause = reasonOf(blockedBecause);
  if (pause !== null) return paused(pause);
  const by = own.findLast(({ tls }) => tls !== null)?.tls?.by;
  const look = word?.found ?? null;
  const found = look?.because ?? lastWord ?? 'TLS could not be had';
  const looked = look === null ? '' : ` (looked at ${rfc3339(look.at)})`;
  const mend = mendingText(cause, by ?? 'default');
  const next =
    word === undefined ? '' : `${word.found === null ? 'first' : 'next'} look at ${rfc3339(word.nextAt)}, `;
  return {
    cause,
    line: `held for want of TLS${since(own, 'held')}: ${found}${looked}. ${mend} It goes as soon as that is done: ${next}next attempt at ${rfc3339(notBefore)}`,
  };
}

function deferred(
  lastWord: string | null,
  { attempts, notBefore }: { readonly attempts: number; readonly notBefore: EpochMs },
  own: readonly DeliveryEvent[],
): Why {
  const last = own.findLast(({ event }) => event === 'deferred');
  const replied = last === undefined ? /^[245][0-9]{2} /.test(lastWord ?? '') : last.reply !== null;
  const next = `tried ${attempts === 1 ? 'once' : `${attempts} times`}${since(own, 'deferred')}, next attempt at ${rfc3339(notBefore)}`;
  const found = lastWord ?? 'no reason is known';
  return replied
    ? {
        cause: 'put-off-by-the-host',
        line: `the host said not now: ${found}. Its operator knows why; ${next}`,
      }
    : { cause: 'not-reached', line: `no host could be used: ${found}; ${next}` };
}

function paused({ destination, until }: NonNullable<ListedRecipient['pause']>): Why {
  const end = until === null ? 'until "waxwing queue pause --off"' : `until ${rfc3339(until)}`;
  return {
    cause: 'paused',
    line: `the operator lets nothing go to ${destination} ${end}; it grows old as ever`,
  };
}

function reasonOf(cause: string | null): TlsFailureReason {
  const known = REASONS.find((reason) => reason === cause);
  return known ?? 'validation-failure';
}

const REASONS: readonly TlsFailureReason[] = [
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
];

/** Since the first event of the kind that was not followed by a release. */
function since(own: readonly DeliveryEvent[], event: DeliveryEvent['event']): string {
  const released = own.findLastIndex((one) => one.event === 'released');
  const first = own.slice(released + 1).find((one) => one.event === event);
  return first === undefined ? '' : ` since ${first.at}`;
}

function ended(lastWord: string | null): string {
  return lastWord === null ? '' : `: ${lastWord}`;
}

function rfc3339(at: EpochMs): string {
  return new Date(at).toISOString();
}
