/** `[authentication]`: what is found out about who sends mail to listeners of role mx, and what comes of it. */
import { z } from 'zod';
import { type Parsed, parseDomain, quote } from '../../../names/domain.ts';
import { parseMailDomain } from '../../../names/mailbox.ts';
import { dmarcActions, spfActions } from '../../../relay/authentication/verdict.ts';
import { parseDuration } from '../values.ts';
import { complaints, text } from './kit.ts';

/** The sender waits so long, and half of it once more; not all have the patience of RFC 5321 §4.5.3.2.6, ten minutes. */
const MOST_WITHIN_MS = 120_000;
const NEEDS_EVALUATE = 'does nothing without evaluate = true';

export const authentication = z
  .strictObject({
    evaluate: z
      .boolean()
      .default(false)
      .describe(
        'Whether SPF, DKIM, ARC and DMARC of mail that comes to listeners of role mx from clients outside of their networks are evaluated and told in Authentication-Results.',
      ),
    authserv_id: text(parseMailDomain, 'mx.example.test')
      .optional()
      .describe('Who says so in Authentication-Results. Default: the hostname.'),
    dmarc: z
      .enum(dmarcActions)
      .default('mark')
      .describe(
        'What the DMARC policy of an author\'s domain may do with mail that fails. mark: nothing but the field; quarantine: a field "Waxwing-Quarantine" is added where the domain wants it set apart or refused; reject: what the domain wants refused is refused, and what it wants set apart gets that field.',
      ),
    spf_hard_fail: z
      .enum(spfActions)
      .default('mark')
      .describe('reject: mail whose SPF says fail is refused, unless DMARC passes. mark: it is only told.'),
    trusted_sealers: z
      .array(text(parseDomain))
      .prefault([])
      .describe(
        'Domains whose ARC seals are believed: where they say that DMARC passed when the message came to them, it is not refused.',
      ),
    within: text(parseWithin)
      .prefault('10s')
      .describe(
        'How long the DNS may take for one message while its sender waits, at most 2m; DMARC gets half of it once more. After that a result is temperror.',
      ),
  })
  .superRefine(({ evaluate, dmarc, spf_hard_fail, trusted_sealers }, context) => {
    if (evaluate) return;
    const complain = complaints(context);
    if (dmarc !== 'mark') complain('dmarc', NEEDS_EVALUATE);
    if (spf_hard_fail !== 'mark') complain('spf_hard_fail', NEEDS_EVALUATE);
    if (trusted_sealers.length > 0) complain('trusted_sealers', NEEDS_EVALUATE);
  })
  .prefault({})
  .describe('Who mail that comes in is really from.');

function parseWithin(written: string): Parsed<number> {
  const parsed = parseDuration(written);
  return parsed.kind === 'ok' && parsed.value > MOST_WITHIN_MS
    ? { kind: 'invalid', because: `${quote(written)} is more than "2m", and the sender waits` }
    : parsed;
}
