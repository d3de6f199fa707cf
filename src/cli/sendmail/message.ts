/** What sendmail makes of the message it was given: recipients from its header, the fields it lacks, domains it left out. */
import { type CompletedList, completeAddresses } from '../../mail/complete-addresses.ts';
import { formatField } from '../../mail/field.ts';
import {
  fieldsNamed,
  type HeaderField,
  type HeaderSection,
  readHeaderSection,
  unfoldedValue,
} from '../../mail/headers.ts';
import { withCrlf } from '../../mail/line-endings.ts';
import type { Parsed } from '../../names/domain.ts';
import type { Mailbox } from '../../names/mailbox.ts';
import { BAD_MESSAGE, type Failure, failed } from './exit-codes.ts';

export interface MessageRules {
  /** Of names without one. */
  readonly domain: string;
  /** null: the null sender. */
  readonly sender: Mailbox | null;
  readonly fullName: string | undefined;
  readonly recipientsFromHeader: boolean;
}

export interface PreparedMessage {
  readonly kind: 'ok';
  /** Lines end in CRLF. */
  readonly content: Uint8Array;
  /** Those of the header, where they were asked for. */
  readonly recipients: readonly Mailbox[];
}

const LIMITS = { bytes: 1_048_576, fields: 5_000 };
/** Of a message that leaves here for the first time; Return-Path is for whoever delivers it (RFC 5321 §4.4). */
const LEFT_OUT = /^(?:bcc|resent-bcc|return-path)$/i;
const WITH_ADDRESSES = /^(?:resent-)?(?:from|sender|reply-to|to|cc)$/i;
const FIRST_LINE = /^(?:>?From [^\r\n]*\r\n)+/;
const LONGEST_FIRST_LINES = 4096;
/** An encoded word has at most 75 characters (RFC 2047 §2); 45 octets become 60. */
const WORD_OCTETS = 45;

/** @param raw line ends as programs on this host write them. */
export function prepareMessage(raw: Uint8Array, rules: MessageRules): PreparedMessage | Failure {
  const bytes = withoutFirstLine(withCrlf(raw));
  if (bytes.includes(0)) return failed(BAD_MESSAGE, 'the message holds a NUL octet');
  const section = readHeaderSection(bytes, LIMITS);
  if (section.endedBy === 'limit')
    return failed(
      BAD_MESSAGE,
      `the header of the message has more than ${LIMITS.bytes} octets or ${LIMITS.fields} fields`,
    );
  const recipients: Mailbox[] = [];
  if (rules.recipientsFromHeader) {
    for (const field of recipientFields(section)) {
      const list = completeAddresses(unfoldedValue(bytes, field), rules.domain);
      if (list.kind === 'invalid') return failed(BAD_MESSAGE, `the field ${field.name}: ${list.because}`);
      recipients.push(...list.value.mailboxes);
    }
  }
  const fields = section.fields
    .filter(({ name }) => !LEFT_OUT.test(name))
    .map((field) => completed(field, bytes, rules.domain));
  const author = fieldsNamed(section, 'from').length === 0 ? [Buffer.from(authorField(rules))] : [];
  // Where the header ends without an empty line, what follows is the body all the same.
  const rest = bytes.subarray(section.bodyStart);
  return {
    kind: 'ok',
    content: Buffer.concat([...author, ...fields, Buffer.from('\r\n'), rest]),
    recipients,
  };
}

/** The line by which mailboxes in files separate messages; programs that read them hand it on. */
function withoutFirstLine(bytes: Buffer): Buffer {
  const [line = ''] = FIRST_LINE.exec(bytes.toString('latin1', 0, LONGEST_FIRST_LINES)) ?? [];
  return bytes.subarray(line.length);
}

/**
 * RFC 5322 §3.6.6: a message that is resent goes to those whom its first block of Resent fields names, and what it was
 * before does not matter. A field that comes again begins the block of an earlier time.
 */
function recipientFields({ fields }: HeaderSection): readonly HeaderField[] {
  const first = fields.findIndex(({ name }) => /^resent-/i.test(name));
  if (first === -1) return fields.filter(({ name }) => /^(?:to|cc|bcc)$/i.test(name));
  const seen = new Set<string>();
  const block: HeaderField[] = [];
  for (const field of fields.slice(first)) {
    const name = field.name.toLowerCase();
    if (!name.startsWith('resent-') || seen.has(name)) break;
    seen.add(name);
    block.push(field);
  }
  return block.filter(({ name }) => /^resent-(?:to|cc|bcc)$/i.test(name));
}

/** A field that cannot be read as addresses stays as it is: it is shown, and nothing is sent by it. */
function completed(field: HeaderField, bytes: Uint8Array, domain: string): Uint8Array {
  const asItIs = bytes.subarray(field.start, field.end);
  if (!WITH_ADDRESSES.test(field.name)) return asItIs;
  const list: Parsed<CompletedList> = completeAddresses(unfoldedValue(bytes, field), domain);
  if (list.kind === 'invalid' || !list.value.completed) return asItIs;
  return Buffer.from(formatField(field.name, list.value.text.trim(), 'utf-8'));
}

function authorField({ sender, fullName, domain }: MessageRules): string {
  const address = sender?.text ?? `MAILER-DAEMON@${domain}`;
  const name = fullName === undefined || fullName.trim() === '' ? undefined : phrase(fullName.trim());
  return formatField('From', name === undefined ? address : `${name} <${address}>`, 'utf-8');
}

/** RFC 5322 §3.2.5, and RFC 2047 §5 beyond ASCII. */
function phrase(name: string): string {
  if (/^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+$/.test(name)) return name;
  if (/^[\x20-\x7e]+$/.test(name)) return `"${name.replace(/["\\]/g, '\\$&')}"`;
  const words: string[] = [];
  let word = '';
  for (const character of name) {
    if (Buffer.byteLength(word + character) > WORD_OCTETS) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word].map((text) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`).join(' ');
}
