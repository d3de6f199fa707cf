/**
 * One message as its envelope describes it: whether the server can take it, and what is said of it.
 *
 * RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 6531 (SMTPUTF8), RFC 3461 (DSN), RFC 8689 (REQUIRETLS).
 */
import type { RecipientWishes, SenderWishes } from '../../../names/wishes.ts';
import { command, utf8Command } from '../command.ts';
import { type Offers, sizeLimit } from '../offers.ts';

export interface Transaction {
  /** Without angle brackets; empty for the null sender. */
  readonly sender: string;
  readonly senderWishes: SenderWishes;
  /** An address is not ASCII, or the content has UTF-8 in its header section. */
  readonly needsUtf8: boolean;
  /** REQUIRETLS: `pass` where the server offers it, `must` or no mail; only inside TLS that proved the server. */
  readonly requireTls: 'no' | 'pass' | 'must';
  /** At least one. */
  readonly recipients: readonly TransactionRecipient[];
  /** Octets of the content, exactly. */
  readonly size: number;
  readonly eightBit: boolean;
  /** Octets, CRLF not counted. */
  readonly longestLine: number;
}

interface TransactionRecipient {
  /** Without angle brackets; ASCII unless the transaction needs UTF-8. */
  readonly address: string;
  readonly wishes: RecipientWishes;
}

/** Why a transaction cannot be had with a server that offers what it offers. */
export type Obstacle =
  /** The server's SIZE is `limit` octets. */
  | { readonly kind: 'tooBig'; readonly limit: number }
  /** The content has to become 7-bit with lines of at most 998 octets first. */
  | { readonly kind: 'needsSevenBit' }
  /** The server does not offer REQUIRETLS, which the message must have (RFC 8689 §4.2.1). */
  | { readonly kind: 'needsRequireTls' }
  /** The server lacks SMTPUTF8, and nothing can stand in for it (RFC 6531 §3.5). */
  | { readonly kind: 'needsUtf8' };

/** RFC 5321 §4.5.3.1.6: 1000 octets with CRLF. */
const MAX_CONTENT_LINE = 998;

/** @returns undefined where nothing is in the way. */
export function obstacleOf(offers: Offers, transaction: Transaction): Obstacle | undefined {
  const { size, needsUtf8, eightBit, longestLine } = transaction;
  if (transaction.requireTls === 'must' && !offers.has('REQUIRETLS')) return { kind: 'needsRequireTls' };
  const limit = sizeLimit(offers);
  if (limit !== undefined && size > limit) return { kind: 'tooBig', limit };
  // RFC 6531 §3.1: a server with SMTPUTF8 has 8BITMIME; one without it would have its mail converted, which spoils it.
  if (needsUtf8 && !(offers.has('SMTPUTF8') && offers.has('8BITMIME'))) return { kind: 'needsUtf8' };
  if ((eightBit && !offers.has('8BITMIME')) || longestLine > MAX_CONTENT_LINE)
    return { kind: 'needsSevenBit' };
  return undefined;
}

/** The commands of an envelope, each with its CRLF. */
export interface EnvelopeLines {
  readonly mail: string;
  readonly recipients: readonly string[];
}

/**
 * Writes the envelope.
 *
 * RFC 3461 §5.2.1: what the sender wished goes on unchanged where the server offers DSN. No ORCPT is added where
 * there was none: a relay may, but the address that it would name is the one in RCPT, which the next host has anyway.
 */
export function envelopeLines(offers: Offers, transaction: Transaction): EnvelopeLines {
  const { sender, senderWishes, recipients, size, eightBit, needsUtf8, requireTls } = transaction;
  const write = needsUtf8 ? utf8Command : command;
  const dsn = offers.has('DSN');
  const { envelopeId, ret } = senderWishes;
  const mail = write(
    `MAIL FROM:<${sender}>`,
    ...(offers.has('SIZE') ? [`SIZE=${size}`] : []),
    ...(eightBit ? ['BODY=8BITMIME'] : []),
    ...(needsUtf8 ? ['SMTPUTF8'] : []),
    ...(requireTls !== 'no' && offers.has('REQUIRETLS') ? ['REQUIRETLS'] : []),
    ...(dsn && ret !== null ? [`RET=${RET[ret]}`] : []),
    ...(dsn && envelopeId !== null ? [`ENVID=${envelopeId}`] : []),
  );
  const toLine = ({ address, wishes }: TransactionRecipient): string =>
    write(`RCPT TO:<${address}>`, ...(dsn ? wishWords(wishes) : []));
  return { mail, recipients: recipients.map(toLine) };
}

const RET = { full: 'FULL', headers: 'HDRS' } as const;

function wishWords({ notify, originalRecipient }: RecipientWishes): string[] {
  const words: string[] = [];
  if (notify !== null) words.push(`NOTIFY=${notify.length === 0 ? 'NEVER' : notify.join(',').toUpperCase()}`);
  if (originalRecipient !== null) words.push(`ORCPT=${originalRecipient}`);
  return words;
}
