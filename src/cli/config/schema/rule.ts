/** `[[rule]]`: what an operator demands of mail between certain senders and recipients. */
import { z } from 'zod';
import type { Rule } from '../../../policies/overrides/rule.ts';
import { parseMailboxPattern, parseUser } from '../values.ts';
import { complaints, onBlockedWords, text, tlsLevels } from './kit.ts';

export const rule = z
  .strictObject({
    account: text(parseUser, 'invoices').optional().describe('Only mail that this account submitted.'),
    from: text(parseMailboxPattern, 'example.test')
      .optional()
      .describe(
        'Only mail of this sender: "anna@example.test", "example.test", or ".example.test" for all names below.',
      ),
    to: text(parseMailboxPattern, 'partner.example')
      .optional()
      .describe('Only mail to this recipient, written like from.'),
    tls: z
      .enum(tlsLevels)
      .optional()
      .meta({
        description: 'off, may, encrypt or authenticate; stands over the route and over every policy.',
        examples: ['authenticate'],
      }),
    on_blocked: z
      .enum(onBlockedWords)
      .optional()
      .describe(
        'What becomes of mail for which the required TLS cannot be had. hold: kept and tried again; bounce: returned at once; drop: given up without a word to the sender.',
      ),
    verp: z
      .literal(true)
      .optional()
      .describe(
        'Each copy of this mail has a sender that names its recipient (VERP): one transaction for each. Beside to: all copies of what has such a recipient.',
      ),
  })
  .transform(({ account, from, to, tls, on_blocked, verp }, context): Rule => {
    const complain = complaints(context);
    if (account === undefined && from === undefined && to === undefined)
      complain(
        'to',
        'is missing, and so are from and account: for all mail there is [relay] tls and on_blocked',
      );
    if (tls === undefined && on_blocked === undefined && verp === undefined)
      complain('tls', 'is missing, and so are on_blocked and verp: the rule says nothing');
    return {
      account: account ?? null,
      from: from ?? null,
      to: to ?? null,
      tls: tls ?? null,
      onBlocked: on_blocked ?? null,
      ...(verp === undefined ? {} : { verp }),
    };
  });
