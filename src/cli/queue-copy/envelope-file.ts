/**
 * A message of an export: `ID.eml` is its content, `ID.ndjson` all else, one line for the message and one for each recipient
 * that is still to get it.
 */
import { z } from 'zod';
import type { Parsed } from '../../names/domain.ts';
import { formatMailDomain, parseMailbox } from '../../names/mailbox.ts';
import type { Claim, NewMessage } from '../../store/queue-store.ts';

/** RFC 3461 §4: what goes into commands as it is. */
const ENVELOPE_ID = /^[\x21-\x3c\x3e-\x7e]{1,100}$/;
const ORIGINAL_RECIPIENT = /^[A-Za-z0-9-]{1,63};[\x21-\x3c\x3e-\x7e]{1,500}$/;

const notify = z.array(z.enum(['success', 'failure', 'delay'])).nullable();

const messageLine = z.strictObject({
  waxwing: z.literal('queue-export/1'),
  id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  receivedAt: z.iso.datetime(),
  sender: z.string(),
  wishes: z.strictObject({
    ret: z.enum(['full', 'headers']).nullable(),
    envelopeId: z.string().regex(ENVELOPE_ID).nullable(),
  }),
  terms: z.strictObject({
    tls: z.enum(['requiretls', 'authenticate', 'encrypt', 'optional']).nullable(),
    tellOutcome: z.boolean(),
    account: z.string().nullable(),
    trace: z.string().nullable(),
    // Exports of before have none.
    verp: z
      .string()
      .regex(/^[\x21-\x3f\x41-\x7e]{2}$/)
      .nullable()
      .default(null),
  }),
  properties: z.strictObject({
    size: z.int().nonnegative(),
    eightBit: z.boolean(),
    longestLine: z.int().nonnegative(),
    hops: z.int().nonnegative(),
    needsUtf8: z.boolean(),
  }),
});

const recipientLine = z.strictObject({
  address: z.string(),
  wishes: z.strictObject({ notify, originalRecipient: z.string().regex(ORIGINAL_RECIPIENT).nullable() }),
  attempts: z.int().nonnegative(),
  /** By the operator. */
  held: z.boolean(),
});

/** What comes back in, but for its content. */
export interface ExportedMessage extends Omit<NewMessage, 'body'> {
  /** Whether one of its recipients was held by the operator. */
  readonly held: boolean;
}

/** The line about the message itself, with its LF. */
export function formatMessageLine({
  id,
  receivedAt,
  sender,
  wishes,
  terms,
  properties,
}: Claim['message']): string {
  const line: z.infer<typeof messageLine> = {
    waxwing: 'queue-export/1',
    id,
    receivedAt: new Date(receivedAt).toISOString(),
    sender,
    wishes,
    terms,
    properties,
  };
  return `${JSON.stringify(line)}\n`;
}

/** @param held whether the operator holds it. */
export function formatRecipientLine(
  { address, wishes, attempts }: Claim['recipients'][number],
  held: boolean,
): string {
  const { originalRecipient } = wishes;
  const line: z.infer<typeof recipientLine> = {
    address,
    wishes: { notify: wishes.notify === null ? null : [...wishes.notify], originalRecipient },
    attempts,
    held,
  };
  return `${JSON.stringify(line)}\n`;
}

/** Reads the lines of one message; how often it was tried does not count at the new place. */
export function readEnvelopeLines(text: string): Parsed<ExportedMessage> {
  const [first = '', ...lines] = text.split('\n');
  if (lines.pop() !== '') return invalid('its last line does not end');
  const message = messageLine.safeParse(parseJson(first));
  if (!message.success) return invalid('line 1 is not that of a message');
  const recipients: NewMessage['recipients'][number][] = [];
  let held = false;
  for (const [index, line] of lines.entries()) {
    const recipient = recipientLine.safeParse(parseJson(line));
    if (!recipient.success) return invalid(`line ${index + 2} is not that of a recipient`);
    const mailbox = parseMailbox(recipient.data.address, { utf8: true });
    if (mailbox.kind === 'invalid') return invalid(`line ${index + 2}: ${mailbox.because}`);
    // The relay puts it where its routes lead.
    const destination = formatMailDomain(mailbox.value.at);
    recipients.push({ address: mailbox.value.text, destination, wishes: recipient.data.wishes });
    held ||= recipient.data.held;
  }
  if (recipients.length === 0) return invalid('it has no recipient');
  const { waxwing: _, receivedAt, ...rest } = message.data;
  const sender = rest.sender === '' ? undefined : parseMailbox(rest.sender, { utf8: true });
  if (sender?.kind === 'invalid') return sender;
  return { kind: 'ok', value: { ...rest, receivedAt: Date.parse(receivedAt), recipients, events: [], held } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
