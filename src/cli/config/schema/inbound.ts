/** `[[inbound]]` and `[inbound_memory]`: whose mail has to come over TLS. */
import { z } from 'zod';
import type { InboundRule } from '../../../relay/inbound-tls.ts';
import { parseClientRule } from '../gateway-values.ts';
import { parseMailboxPattern } from '../values.ts';
import { complaints, list, text } from './kit.ts';

export const inbound = z
  .strictObject({
    from: text(parseMailboxPattern, 'partner.example').describe(
      'Whose mail: "anna@partner.example", "partner.example", or ".partner.example" for all names below.',
    ),
    tls: z
      .enum(['encrypt', 'authenticate'])
      .meta({ examples: ['authenticate'] })
      .describe(
        'encrypt: over TLS; authenticate: over TLS, with a certificate of the client that is one of certificates.',
      ),
    certificates: list(text(parseClientRule, 'mail.partner.example', '.partner.example'), 'certificate')
      .optional()
      .describe(
        'What such a certificate proves: a name, ".suffix" for all names below, or sha256: and the SHA-256 of it or of its public key.',
      ),
  })
  .transform(({ from, tls, certificates }, context): InboundRule => {
    const complain = complaints(context);
    if (tls === 'authenticate' && certificates === undefined)
      complain('certificates', 'is missing: authenticate needs to know whose certificate it is');
    if (tls === 'encrypt' && certificates !== undefined)
      complain('certificates', 'is of no use with tls = "encrypt"; say "authenticate"');
    return { from, tls, proofs: certificates ?? [] };
  });

export const inboundMemory = z
  .strictObject({
    mode: z
      .enum(['off', 'observe', 'enforce'])
      .default('observe')
      .describe(
        'What becomes of mail in clear from a server whose mail of that domain has always come over TLS. observe: the log tells; enforce: it is told to come again.',
      ),
  })
  .prefault({})
  .describe('Memory of the servers whose mail comes over TLS, for listeners of role mx.');
