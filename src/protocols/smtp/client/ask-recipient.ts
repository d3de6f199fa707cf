/** Asks a host whether it would take mail for somebody, without sending any. RFC 5321 §3.3, §4.5.5 (null sender). */

import { isAscii } from '../../../names/domain.ts';
import type { Talk } from '../../../wire/bytes.ts';
import type { Channel } from '../../../wire/channel.ts';
import { command, utf8Command } from '../command.ts';
import type { Offers } from '../offers.ts';
import { positiveOnly, type Reply, readReply } from '../reply.ts';

export type AskedRecipient =
  | { readonly kind: 'answered'; readonly at: 'MAIL' | 'RCPT'; readonly reply: Reply }
  /** Nothing was sent: the address is not ASCII, and the server lacks SMTPUTF8. */
  | { readonly kind: 'needsUtf8' };

/**
 * The transaction that this begins has to be reset before the next one.
 *
 * @param address without angle brackets.
 * @throws PeerError when the peer breaks the protocol.
 */
export function* askRecipient(channel: Channel, offers: Offers, address: string): Talk<AskedRecipient> {
  const utf8 = !isAscii(address);
  if (utf8 && !offers.has('SMTPUTF8')) return { kind: 'needsUtf8' };
  yield* channel.say(command('MAIL FROM:<>', ...(utf8 ? ['SMTPUTF8'] : [])));
  const mail = positiveOnly(channel, 'MAIL', yield* readReply(channel, 'reply'), [250]);
  if (mail.code !== 250) return { kind: 'answered', at: 'MAIL', reply: mail };
  yield* channel.say((utf8 ? utf8Command : command)(`RCPT TO:<${address}>`));
  const reply = positiveOnly(channel, 'RCPT', yield* readReply(channel, 'reply'), [250, 251]);
  return { kind: 'answered', at: 'RCPT', reply };
}
