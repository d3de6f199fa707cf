/** `[bounces]`: senders of bulk mail to which each copy comes back by itself, and what is done with what comes back. */
import { z } from 'zod';
import { areDelimiters } from '../../../mail/verp.ts';
import type { Parsed } from '../../../names/domain.ts';
import { type Mailbox, parseMailbox } from '../../../names/mailbox.ts';
import { parseDuration, parsePath } from '../values.ts';
import { complaints, count, list, text, withoutTwins } from './kit.ts';

export const bounces = z
  .strictObject({
    addresses: list(text(parseAddress, 'news-owner@example.test'), 'address')
      .superRefine(withoutTwins('text', (address) => address.text.toLowerCase()))
      .optional()
      .describe(
        'Envelope senders of bulk mail in your [[domain]]s. What comes back to them, and to what is made of them for single recipients, is read, told as the event returned, and delivered to the address itself.',
      ),
    secret_file: text(parsePath, 'bounces.secret')
      .optional()
      .describe(
        'File with the secret by which such an address is known to be ours: one line of at least 16 octets.',
      ),
    suppress_after: count(1, 100)
      .optional()
      .meta({ examples: [3] })
      .describe(
        'After so many messages that came back for good, no mail from these addresses is taken any more for a recipient. Default: whatever comes back, it is taken.',
      ),
    suppress_within: text(parseDuration)
      .prefault('30d')
      .describe('Within what time these messages have to come back.'),
    verp_delimiters: z
      .string()
      .default('+=')
      .describe('What stands before the recipient in a sender, and in the place of its @: two characters.'),
    verp_delimiter_filter: z
      .string()
      .regex(/^[!#$%&'*+/=?^_`{|}~-]{1,19}$/, {
        error: 'must hold characters that can stand in a local part',
      })
      .default('-=+')
      .describe('All characters that XVERP may name as such.'),
  })
  .prefault({})
  .superRefine((written, context) => {
    const complain = complaints(context);
    const { addresses, secret_file: file, suppress_after: after } = written;
    if (addresses === undefined && file !== undefined) complain('addresses', 'is missing beside secret_file');
    if (after !== undefined && (addresses === undefined || file === undefined))
      complain('suppress_after', 'needs addresses and secret_file: else anybody could suppress anybody');
    if (!areDelimiters(written.verp_delimiters, written.verp_delimiter_filter))
      complain('verp_delimiters', 'must be two characters of verp_delimiter_filter');
  })
  .describe('Bulk mail whose copies come back to addresses of their own (VERP).');

function parseAddress(written: string): Parsed<Mailbox> {
  const parsed = parseMailbox(written, { utf8: true });
  if (parsed.kind === 'ok' && (parsed.value.local.startsWith('"') || parsed.value.at.kind === 'literal'))
    return { kind: 'invalid', because: 'it is not name@domain without quotes' };
  return parsed;
}
