/**
 * A message in the spool: what `waxwing sendmail` writes and the relay takes in.
 *
 * One line of JSON, the envelope, and behind its LF the content, as many octets as the envelope says. Its name is random, and
 * until it is whole it has another one.
 */
import { z } from 'zod';
import { isAscii, type Parsed } from '../names/domain.ts';
import { type Mailbox, parseMailbox } from '../names/mailbox.ts';
import type { RecipientWishes, SenderWishes } from '../names/wishes.ts';
import { decodeXtext } from '../names/xtext.ts';
import { readRcptParameters, splitParameters } from '../protocols/smtp/server/parameters.ts';
import type { Envelope } from '../protocols/smtp/server/state.ts';

/** Below the spool: where messages are dropped. */
export const DROP_FOLDER = 'drop';
/** Below the spool: what those who drop messages have to know of the relay. */
export const ABOUT_FILE = 'about.json';

/** Everything a message needs but its content. */
export interface SpoolEnvelope {
  /** null: the null sender. */
  readonly sender: Mailbox | null;
  readonly wishes: SenderWishes;
  readonly recipients: readonly { readonly mailbox: Mailbox; readonly wishes: RecipientWishes }[];
}

export interface SpoolMessage {
  readonly envelope: SpoolEnvelope;
  readonly content: Uint8Array;
}

const aboutSchema = z.strictObject({
  hostname: z.string().min(1).max(255),
  maxMessageBytes: z.int().positive(),
  maxRecipients: z.int().positive(),
});

/** What the relay says of itself to those who drop messages. */
export type SpoolAbout = Readonly<z.infer<typeof aboutSchema>>;

const condition = z.enum(['success', 'failure', 'delay']);

const envelopeSchema = z.strictObject({
  waxwing: z.literal('spool/1'),
  sender: z.string(),
  ret: z.enum(['full', 'headers']).nullable(),
  envelopeId: z
    .string()
    .regex(/^[\x21-\x7e]{1,300}$/)
    .nullable(),
  recipients: z
    .array(
      z.strictObject({
        address: z.string(),
        notify: z.array(condition).max(3).nullable(),
        originalRecipient: z.string().max(1_000).nullable(),
      }),
    )
    .min(1),
  octets: z.int().nonnegative(),
});

const LF = 0x0a;
const MAX_ENVELOPE_BYTES = 16 * 1024 * 1024;
const UTF8 = { utf8: true } as const;

/** The name of a message that is whole. @param token 32 hexadecimal digits, random. */
export function spoolName(token: string): string {
  return `m-${token}`;
}

/** The name of one that is being written. */
export function unfinishedName(token: string): string {
  return `t-${token}`;
}

export function isSpoolName(name: string): boolean {
  return /^m-[0-9a-f]{32}$/.test(name);
}

export function isUnfinishedName(name: string): boolean {
  return /^t-[0-9a-f]{32}$/.test(name);
}

/** @param content ends its lines in CRLF. */
export function formatSpoolFile({ sender, wishes, recipients }: SpoolEnvelope, content: Uint8Array): Buffer {
  const envelope: z.infer<typeof envelopeSchema> = {
    waxwing: 'spool/1',
    sender: sender?.text ?? '',
    ret: wishes.ret,
    envelopeId: wishes.envelopeId,
    recipients: recipients.map(({ mailbox, wishes: { notify, originalRecipient } }) => ({
      address: mailbox.text,
      notify: notify === null ? null : [...notify],
      originalRecipient,
    })),
    octets: content.length,
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(envelope)}\n`), content]);
}

/** How many octets a file may have whose message is within the limit. */
export function largestSpoolFile(maxMessageBytes: number): number {
  return maxMessageBytes + MAX_ENVELOPE_BYTES;
}

/** Reads a whole file; what is not exactly one is invalid. */
export function readSpoolFile(bytes: Uint8Array): Parsed<SpoolMessage> {
  const end = bytes.subarray(0, MAX_ENVELOPE_BYTES).indexOf(LF);
  if (end === -1) return invalid('it has no envelope');
  const json = parseJson(bytes.subarray(0, end));
  const parsed = envelopeSchema.safeParse(json);
  if (!parsed.success) return invalid('its envelope is malformed');
  const { sender, ret, envelopeId, recipients, octets } = parsed.data;
  const content = bytes.subarray(end + 1);
  if (envelopeId !== null && decodeXtext(envelopeId) === undefined)
    return invalid('its envelope id is no xtext');
  if (content.length !== octets)
    return invalid(`it has ${content.length} octets of content, its envelope says ${octets}`);
  const from = sender === '' ? null : parseMailbox(sender, UTF8);
  if (from?.kind === 'invalid') return from;
  const to: SpoolEnvelope['recipients'][number][] = [];
  for (const { address, ...asked } of recipients) {
    const mailbox = parseMailbox(address, UTF8);
    if (mailbox.kind === 'invalid') return mailbox;
    if (!isOriginal(asked.originalRecipient)) return invalid('an original recipient is malformed');
    to.push({ mailbox: mailbox.value, wishes: asked });
  }
  const envelope = { sender: from?.value ?? null, wishes: { ret, envelopeId }, recipients: to };
  return { kind: 'ok', value: { envelope, content } };
}

/** Whoever writes the file by hand says nothing to the next host that he could not say to us by SMTP. */
function isOriginal(text: string | null): boolean {
  if (text === null) return true;
  const split = splitParameters(`ORCPT=${text}`);
  if (split.kind === 'bad' || split.values.size !== 1) return false;
  const read = readRcptParameters(split.values, false);
  return read.kind === 'read' && read.wishes.originalRecipient === text;
}

/** The same for the relay. @param hostname ours. */
export function relayEnvelope({ sender, wishes, recipients }: SpoolEnvelope, hostname: string): Envelope {
  const mailboxes = [sender, ...recipients.map(({ mailbox }) => mailbox)];
  return {
    hello: hostname,
    extended: true,
    tls: undefined,
    account: null,
    sender,
    smtpUtf8: mailboxes.some((mailbox) => mailbox !== null && !isAscii(mailbox.text)),
    requireTls: false,
    wishes,
    recipients,
  };
}

export function formatAbout(about: SpoolAbout): string {
  return `${JSON.stringify(about)}\n`;
}

export function readAbout(bytes: Uint8Array): Parsed<SpoolAbout> {
  const parsed = aboutSchema.safeParse(parseJson(bytes));
  return parsed.success ? { kind: 'ok', value: parsed.data } : invalid('it is malformed');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function invalid(because: string): { readonly kind: 'invalid'; readonly because: string } {
  return { kind: 'invalid', because };
}
