/** Notifications to senders, as messages for our own queue. */
import { buildNotification } from '../mail/dsn.ts';
import { toSevenBit } from '../mail/eight-bit.ts';
import { LONGEST_LINE, octetFacts } from '../mail/encodings.ts';
import type { Notification, NotificationKind, NotifiedRecipient, Original } from '../mail/notification.ts';
import { isAscii } from '../names/domain.ts';
import { formatMailDomain, parseMailbox } from '../names/mailbox.ts';
import { noTerms } from '../names/message-terms.ts';
import { noSenderWishes } from '../names/wishes.ts';
import type { EnvelopeRecipient } from '../protocols/smtp/server/state.ts';
import type { Claim, NewMessage } from '../store/queue-store.ts';
import { type Contents, wholeBody } from './content.ts';
import { destinationOf, newId } from './intake.ts';
import type { Outgoing } from './settings.ts';
import type { News } from './settle.ts';

export interface NoticeParts {
  readonly outgoing: Pick<Outgoing, 'hostname' | 'routes' | 'readersOf' | 'senderFor' | 'sign'>;
  readonly contents: Pick<Contents, 'head' | 'source'>;
  readonly now: number;
  /** When delayed mail is given up. */
  readonly retryUntil: number;
  readonly onError: (what: string, error: unknown) => void;
}

/** The message that is told of. */
type Noticed = Pick<Claim['message'], 'id' | 'sender' | 'receivedAt' | 'wishes' | 'terms'>;

/** Of a message that is bigger, only the header is given back: a forged sender gets what we send. */
const MAX_RETURNED_BYTES = 1_048_576;

/**
 * Builds one notification for each kind of news; where each copy has a sender of its own, one for each recipient.
 *
 * @param news never of a message from the null sender: that is what stops loops (RFC 5321 §6.1).
 */
export async function notices(
  message: Claim['message'],
  news: readonly News[],
  parts: NoticeParts,
): Promise<readonly NewMessage[]> {
  const kinds = [...new Set(news.map(({ kind }) => kind))];
  const built = await Promise.all(
    kinds.map(async (kind) => {
      const original = await originalFor(kind, message, parts).catch((error: unknown): Original => {
        // The notification goes out without the original: that it failed matters more.
        parts.onError(`reading message ${message.id} for a notification`, error);
        return { kind: 'headers', message: new Uint8Array(), whyNotAll: null };
      });
      const told = news.filter((one) => one.kind === kind);
      return Promise.all(
        bySender(message, told, parts.outgoing).map(({ sender, news: own }) =>
          notice(kind, { ...message, sender }, own, original, parts),
        ),
      );
    }),
  );
  return built.flat();
}

interface Told {
  readonly sender: string;
  readonly news: readonly News[];
}

/** Whoever has each copy come back to an address of its own is told of each copy there, as Postfix does it. */
function bySender(
  { sender, terms: { verp } }: Claim['message'],
  news: readonly News[],
  { senderFor }: Pick<Outgoing, 'senderFor'>,
): readonly Told[] {
  if (verp === null) return [{ sender, news }];
  return news.map((one) => ({ sender: senderFor(sender, one.recipient.address, verp), news: [one] }));
}

/** RFC 3461 §4.3: RET is about failures; where it is not said, the header is given back. */
async function originalFor(
  kind: NotificationKind,
  { id, sender, wishes, terms, properties }: Claim['message'],
  { contents }: NoticeParts,
): Promise<Original> {
  const headers = async (whyNotAll: string | null): Promise<Original> => {
    return { kind: 'headers', message: await contents.head(id), whyNotAll };
  };
  if (kind !== 'failed' || wishes.ret !== 'full') return headers(null);
  // RFC 8689 §5: the server "MUST behave as if RET=HDRS was present".
  if (terms.tls === 'requiretls') {
    return headers('it was sent with REQUIRETLS, and of such a message only the header is given back');
  }
  const { size, eightBit, longestLine } = properties;
  if (size > MAX_RETURNED_BYTES) {
    return headers(`it has ${size} octets, and no more than ${MAX_RETURNED_BYTES} are given back`);
  }
  const message = await wholeBody(await contents.source(id));
  // Who has to be reached by SMTPUTF8 is behind hosts that take 8-bit content.
  const fits = longestLine <= LONGEST_LINE && (!eightBit || !isAscii(sender));
  if (fits) return { kind: 'full', message };
  const conversion = toSevenBit(message);
  if (conversion.kind === 'converted') return { kind: 'full', message: conversion.bytes };
  return headers(`it cannot be given back in 7-bit form (${conversion.because})`);
}

function notified(
  { recipient, result, status, because, nextAttemptAt }: News,
  lastAttemptAt: number,
  tellOutcome: boolean,
): NotifiedRecipient {
  const { mx, reply, verdict, tls } = result;
  return {
    address: recipient.address,
    originalRecipient: recipient.wishes.originalRecipient,
    status,
    because,
    remote: mx,
    reply,
    travel: verdict.kind === 'delivered' || tellOutcome ? tls : null,
    tls: verdict.kind === 'blocked' ? tls.because : null,
    lastAttemptAt,
    nextAttemptAt,
  };
}

async function signed(
  message: Uint8Array,
  { sign }: Pick<Outgoing, 'sign'>,
  now: number,
): Promise<Uint8Array> {
  const fields = sign === undefined ? '' : await sign(message, now);
  return fields === '' ? message : Buffer.concat([Buffer.from(fields), message]);
}

function notice(
  kind: NotificationKind,
  message: Claim['message'],
  told: readonly News[],
  original: Original,
  { outgoing, now, retryUntil }: NoticeParts,
): Promise<NewMessage> {
  return written(
    message,
    {
      kind,
      retryUntil: kind === 'delayed' ? retryUntil : null,
      nextReports: told.some(
        ({ result: { verdict } }) => verdict.kind === 'delivered' && verdict.tells === 'host',
      ),
      recipients: told.map((one) => notified(one, now, message.terms.tellOutcome)),
      original,
    },
    outgoing,
    now,
  );
}

/**
 * Tells that mail for an alias went on to several mailboxes: the only success that is told of it (RFC 3461 §5.2.7.3).
 *
 * @param aliases at least one.
 * @param head the beginning of the message, with its whole header.
 */
export function expansionNotice(
  message: Noticed,
  aliases: readonly EnvelopeRecipient[],
  head: Uint8Array,
  outgoing: NoticeParts['outgoing'],
): Promise<NewMessage> {
  const recipients = aliases.map(
    ({ mailbox: { text }, wishes: { originalRecipient } }): NotifiedRecipient => ({
      address: text,
      originalRecipient,
      status: '2.0.0',
      because: 'several mailboxes stand behind this address',
      remote: null,
      reply: null,
      travel: null,
      tls: null,
      lastAttemptAt: null,
      nextAttemptAt: null,
    }),
  );
  const original: Original = { kind: 'headers', message: head, whyNotAll: null };
  const said = { kind: 'expanded', retryUntil: null, nextReports: false, recipients, original } as const;
  return written(message, said, outgoing, message.receivedAt);
}

/** What it tells, beside what it tells of. */
type Said = Pick<Notification, 'kind' | 'retryUntil' | 'nextReports' | 'recipients' | 'original'>;

async function written(
  { id: originalId, sender, receivedAt, wishes, terms }: Noticed,
  said: Said,
  outgoing: NoticeParts['outgoing'],
  now: number,
): Promise<NewMessage> {
  const to = parseMailbox(sender, { utf8: true });
  if (to.kind !== 'ok') throw new Error(`the queue holds a bad sender: ${to.because}`);
  const readers = outgoing.readersOf(to.value);
  const id = newId(now);
  const unsigned = buildNotification(
    {
      ...said,
      hostname: formatMailDomain(outgoing.hostname),
      // An address that was made for forwarding says nothing to whoever it stands for.
      to: (readers.length === 1 ? readers[0] : undefined)?.text ?? to.value.text,
      id: originalId,
      envelopeId: wishes.envelopeId,
      arrivedAt: receivedAt,
      now,
    },
    id + newId(now),
  );
  const bytes = await signed(unsigned, outgoing, now);
  return {
    id,
    receivedAt: now,
    sender: '',
    wishes: noSenderWishes,
    // RFC 8689 §5: what tells of a message with REQUIRETLS has it, too; for want of it the next host still gets the report.
    terms: terms.tls === 'requiretls' ? { ...noTerms, tls: 'requiretls' } : noTerms,
    recipients: readers.map(({ text, at }) => ({
      address: text,
      destination: destinationOf(at, outgoing.routes),
      // Its sender is nobody, so nobody asks the hosts on its way for word of it (RFC 3461 §6.1).
      wishes: { notify: [], originalRecipient: null },
    })),
    body: { kind: 'bytes', bytes },
    properties: {
      ...octetFacts(bytes),
      size: bytes.length,
      hops: 0,
      needsUtf8: !isAscii(to.value.text) || readers.some(({ text }) => !isAscii(text)),
    },
    events: [],
  };
}
