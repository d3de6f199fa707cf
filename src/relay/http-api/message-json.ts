/** A message as JSON: what may stand in it, field by field. */
import { z } from 'zod';
import { type Mailbox, parseMailbox } from '../../names/mailbox.ts';
import type { TlsWish } from '../../names/message-terms.ts';

/** An address in the header, with the name that is shown beside it. */
export interface Address {
  readonly name: string;
  readonly mailbox: Mailbox;
}

const MOST_ATTACHMENTS = 100;
const MOST_HEADERS = 100;
/** Characters. */
const MOST_NAME = 200;
const MOST_SUBJECT = 1_000;
const MOST_HEADER_VALUE = 2_000;
/** RFC 5322 §2.1.1: a line has 998 octets at most, and is folded at spaces only. */
const LONGEST_WORD = 900;

/** One line, so that nothing in it can begin another field. */
function line(most: number) {
  return (
    z
      .string()
      .max(most, { error: `has more than ${most} characters` })
      // No regex of the schema: the OpenAPI document would show it with its flags, as another one.
      .refine((text) => /^\P{Cc}*$/u.test(text), { error: 'must be one line without control characters' })
      .refine((text) => text.isWellFormed(), { error: 'is not Unicode text' })
      .refine((text) => longestWord(text) <= LONGEST_WORD, {
        error: `has a word of more than ${LONGEST_WORD} octets, which no line can hold`,
      })
  );
}

function longestWord(text: string): number {
  return Math.max(...text.split(' ').map((word) => Buffer.byteLength(word)));
}

const content = z
  .string()
  .regex(/^[^\0]*$/, { error: 'must not hold NUL' })
  .refine((text) => text.isWellFormed(), { error: 'is not Unicode text' });

const mailbox = z.string().transform((text, context): Mailbox => {
  const parsed = parseMailbox(text, { utf8: true });
  if (parsed.kind === 'ok') return parsed.value;
  context.issues.push({ code: 'custom', message: parsed.because, input: text });
  return z.NEVER;
});

/** `anna@example.test`, `Anna Example <anna@example.test>`, or both apart. */
const address = z
  .union([
    z
      .string()
      .max(1_000)
      .transform((text, context): Address => {
        const named = /^([^<>"\\,;:()@[\]\p{Cc}]*) <([^<>]*)>$/u.exec(text);
        const [, name = '', inner = text] = named ?? [];
        const parsed = parseMailbox(inner, { utf8: true });
        if (parsed.kind === 'ok' && longestWord(name) <= LONGEST_WORD && name.isWellFormed())
          return { name, mailbox: parsed.value };
        const because = parsed.kind === 'ok' ? 'its name cannot be shown' : parsed.because;
        context.issues.push({ code: 'custom', message: because, input: text });
        return z.NEVER;
      }),
    z
      .strictObject({ name: line(MOST_NAME).default(''), address: mailbox })
      .transform(({ name, address: own }): Address => ({ name, mailbox: own })),
  ])
  .meta({
    id: 'Address',
    description: 'anna@example.test, Anna Example <anna@example.test>, or both apart.',
  });

/** One or several. */
const addresses = z.union([address.transform((one): readonly Address[] => [one]), z.array(address)]);

const MIME_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

const attachment = z.strictObject({
  filename: line(255).optional().describe('Shown to the reader; any language.'),
  contentType: z
    .string()
    .regex(MIME_TYPE, { error: 'is not a media type such as "application/pdf"' })
    // RFC 2046 §5.2.1: these may not be encoded, so what is in them could not be anything.
    .refine((type) => !/^(?:multipart|message)\//i.test(type), {
      error: 'cannot be multipart or message; hand the message in as message/rfc822',
    })
    .default('application/octet-stream'),
  content: z
    .string()
    .refine(isBase64, { error: 'is not base64 (RFC 4648 §4), without spaces and line ends' })
    .describe('base64.'),
  contentId: z
    .string()
    .regex(/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}(?:@[A-Za-z0-9.-]{1,200})?$/, {
      error: 'is not what stands between the <> of a Content-ID',
    })
    .optional()
    .describe('By which the HTML shows it, as cid:….'),
});

/** RFC 4648 §4, padding included; nothing is passed over. */
function isBase64(text: string): boolean {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return false;
  // The bits behind the last octet are 0: of every content there is one text.
  const tail = text.slice(-4);
  return Buffer.from(tail, 'base64').toString('base64') === tail;
}

/** Those that the message has anyway, and those that somebody else has to write. */
const RESERVED =
  /^(?:from|sender|to|cc|bcc|reply-to|subject|date|message-id|mime-version|content-.*|received|received-spf|return-path|delivered-to|resent-.*|dkim-signature|arc-.*|authentication-results|tls-required|otp-token)$/i;

const headerName = z
  .string()
  .regex(/^[!-9;-~]{1,76}$/, { error: 'is not the name of a header field' })
  .refine((name) => !RESERVED.test(name), {
    error:
      'is a field that the relay itself writes: from a field of the request, or it alone says what is in it',
  });

const headers = z
  .record(headerName, line(MOST_HEADER_VALUE))
  .refine((fields) => Object.keys(fields).length <= MOST_HEADERS, {
    error: `has more than ${MOST_HEADERS} fields`,
  });

export const notifyConditions = ['success', 'failure', 'delay'] as const;

export const tlsWishes = [
  'requiretls',
  'authenticate',
  'encrypt',
  'optional',
] as const satisfies readonly TlsWish[];

export const messageSchema = z
  .strictObject({
    from: address,
    to: addresses.default([]),
    cc: addresses.default([]),
    bcc: addresses.default([]).describe('Does not stand in the message.'),
    replyTo: addresses.default([]),
    subject: line(MOST_SUBJECT).default(''),
    text: content.optional(),
    html: content.optional().describe('Beside text: the reader shows one of both.'),
    headers: headers.default({}).describe('Further header fields, by name.'),
    attachments: z
      .array(attachment)
      .max(MOST_ATTACHMENTS, { error: `has more than ${MOST_ATTACHMENTS} items` })
      .default([]),
    envelope: z
      .strictObject({
        from: z.union([z.literal('').transform((): null => null), mailbox]).optional(),
        to: z.array(mailbox).optional(),
      })
      .default({})
      .describe('Where notifications go, and whom it is for, where that is not what the header says.'),
    tls: z.enum(tlsWishes).optional().describe('What this message asks of TLS on its way.'),
    tell: z
      .literal('outcome')
      .optional()
      .describe('The sender is told how the message travelled to each recipient.'),
    verp: z
      .boolean()
      .default(false)
      .describe('Each copy has an envelope sender that names its recipient (VERP).'),
    notify: z
      .array(z.enum(notifyConditions))
      .max(notifyConditions.length)
      .optional()
      .describe('When the sender is notified; [] is never. Default: of failures and delays.'),
  })
  .meta({ id: 'Message' });

export type JsonMessage = z.output<typeof messageSchema>;
