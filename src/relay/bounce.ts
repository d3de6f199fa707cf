/** Notifications to senders, as messages for our own queue. */
import { buildNotification } from '../mail/dsn.ts';
import { octetFacts } from '../mail/encodings.ts';
import type { NotifiedRecipient } from '../mail/notification.ts';
import { formatMailDomain, type MailDomain, parseMailbox } from '../names/mailbox.ts';
import type { Route } from '../policies/overrides/route.ts';
import type { Claim, NewMessage } from '../store/queue-store.ts';
import type { RecipientResult } from './attempt.ts';
import { destinationOf, newId } from './intake.ts';
import { type Failure, tlsReason } from './settle.ts';

export interface NoticeParts {
  readonly hostname: MailDomain;
  readonly routes: readonly Route[];
  readonly now: number;
  /** The original content, its beginning at least. */
  readonly original: Uint8Array;
}

/** @returns undefined for the null sender, who gets no notifications: that is what stops loops (RFC 5321 §6.1). */
export function failureNotice(
  claim: Claim,
  failures: readonly Failure[],
  parts: NoticeParts,
): NewMessage | undefined {
  const recipients = failures.map(({ recipient, result, status, because }) =>
    notified(recipient.address, result, status, because, parts.now, null),
  );
  return notice('failed', claim, recipients, null, parts);
}

/** Tells the sender, once, that the message is late. */
export function delayNotice(
  claim: Claim,
  late: readonly { readonly result: RecipientResult; readonly nextAttemptAt: number }[],
  retryUntil: number,
  parts: NoticeParts,
): NewMessage | undefined {
  const recipients = late.map(({ result, nextAttemptAt }) => {
    const because = result.verdict.kind === 'delivered' ? '' : result.verdict.because;
    return notified(result.address, result, '4.4.7', because, parts.now, nextAttemptAt);
  });
  return notice('delayed', claim, recipients, retryUntil, parts);
}

function notified(
  address: string,
  result: RecipientResult,
  status: string,
  because: string,
  lastAttemptAt: number,
  nextAttemptAt: number | null,
): NotifiedRecipient {
  const { mx, reply } = result;
  return {
    address,
    status,
    because,
    remote: mx,
    reply,
    tls: tlsReason(result),
    lastAttemptAt,
    nextAttemptAt,
  };
}

function notice(
  kind: 'failed' | 'delayed',
  claim: Claim,
  recipients: readonly NotifiedRecipient[],
  retryUntil: number | null,
  { hostname, routes, now, original }: NoticeParts,
): NewMessage | undefined {
  const { id: originalId, sender, receivedAt } = claim.message;
  const mailbox = sender === '' ? undefined : parseMailbox(sender);
  if (mailbox?.kind !== 'ok') return undefined;
  const id = newId(now);
  const bytes = buildNotification(
    {
      kind,
      hostname: formatMailDomain(hostname),
      to: sender,
      id: originalId,
      arrivedAt: receivedAt,
      now,
      retryUntil,
      recipients,
      original,
    },
    id + newId(now),
  );
  const { eightBit, longestLine } = octetFacts(bytes);
  return {
    id,
    receivedAt: now,
    sender: '',
    recipients: [{ address: mailbox.value.text, destination: destinationOf(mailbox.value.at, routes) }],
    body: { kind: 'bytes', bytes },
    properties: { size: bytes.length, eightBit, longestLine, hops: 0 },
    events: [],
  };
}
