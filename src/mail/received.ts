/**
 * The trace field that a relay puts in front of every message it takes.
 *
 * RFC 5321 §4.4 (Received), RFC 3848 (ESMTPS and its kin), RFC 6531 §4.3 (UTF8SMTP and its kin), RFC 8314 §4.3 (the
 * tls clause).
 */
import { type IpAddress, parseAddressLiteral } from '../names/address.ts';
import { isAscii, parseDomain } from '../names/domain.ts';
import { formatMailDomain } from '../names/mailbox.ts';
import { formatDateTime } from './date-time.ts';
import { formatField, printable } from './field.ts';

export interface Arrival {
  /** What the peer called itself in HELO or EHLO, as it wrote it. */
  readonly helo: string;
  /** Its address; a user of this host has none. */
  readonly peer: IpAddress | { readonly uid: number };
  /** Our own name. */
  readonly by: string;
  /** `esmtp` where the peer said EHLO. */
  readonly protocol: 'smtp' | 'esmtp' | 'http';
  readonly authenticated: boolean;
  /** Whether the peer declared SMTPUTF8 for this message. */
  readonly utf8: boolean;
  /** IANA name of the cipher suite, e.g. `TLS_AES_256_GCM_SHA384`; null where the mail came in clear. */
  readonly cipher: string | null;
  /** Our id of the message. */
  readonly id: string;
  /**
   * Envelope recipients; one alone is named, several would tell each of the others (RFC 5321 §7.2). One that is not
   * ASCII is left out: the field is to stay readable for every host.
   */
  readonly recipients: readonly string[];
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly at: number;
}

const LONGEST_NAME = 255;

/** The Received field of an arrival: ASCII, folded, with its final CRLF. */
export function formatReceived(arrival: Arrival): string {
  const [recipient = '', ...others] = arrival.recipients;
  const named = recipient !== '' && others.length === 0 && isAscii(recipient);
  // The order is the grammar's: WITH, ID and FOR, then the additional clauses, of which tls is one.
  const clauses = [
    ...originOf(arrival),
    ...(named ? [`for ${path(recipient)}`] : []),
    ...(arrival.cipher === null ? [] : [`tls ${atom(arrival.cipher)}`]),
  ];
  return formatField('Received', `${clauses.join(' ')}; ${formatDateTime(arrival.at)}`);
}

/** Of mail that nobody sent over a wire there is neither FROM nor WITH (RFC 5322 §3.6.7 asks for neither). */
function originOf(arrival: Arrival): readonly string[] {
  const { peer, by, id } = arrival;
  if (typeof peer !== 'string') return [`by ${atom(by)} (from user id ${peer.uid}) id ${atom(id)}`];
  return [
    `from ${heloName(arrival.helo)} (${peerLiteral(peer)})`,
    `by ${atom(by)} with ${transmissionType(arrival)} id ${atom(id)}`,
  ];
}

/**
 * RFC 3848: S for TLS, A for authentication; RFC 6531 §4.3: the same with UTF8. There are none of them for HELO.
 *
 * HTTP is no registered type. RFC 5321 §4.4 lets an atom stand for what came by other protocols, and the web mail services
 * write this one.
 */
function transmissionType({ protocol, utf8, cipher, authenticated }: Arrival): string {
  if (protocol !== 'esmtp') return protocol.toUpperCase();
  return `${utf8 ? 'UTF8SMTP' : 'ESMTP'}${cipher === null ? '' : 'S'}${authenticated ? 'A' : ''}`;
}

/**
 * A domain or an address literal as it is. Of anything else only what cannot end a word is shown, since a
 * peer that may write parentheses, semicolons or line breaks here forges the rest of the trace.
 */
function heloName(helo: string): string {
  const isName = parseDomain(helo).kind === 'ok' && /^[\x21-\x7e]+$/.test(helo);
  return isName || parseAddressLiteral(helo).kind === 'ok' ? helo : atom(helo);
}

function peerLiteral(peer: IpAddress): string {
  // The zone of a link-local address (%eth0) means something on this host only.
  const [address = ''] = peer.split('%');
  return formatMailDomain({ kind: 'literal', address: address.replace(/[^0-9a-f.:]/gi, '?') });
}

/** The envelope gives quoted strings too, so parentheses and semicolons may stand inside the brackets. */
function path(recipient: string): string {
  return `<${printable(recipient, LONGEST_NAME)}>`;
}

function atom(text: string): string {
  const safe = text.slice(0, LONGEST_NAME).replace(/[^A-Za-z0-9._:[\]-]/g, '?');
  return safe === '' ? '?' : safe;
}
