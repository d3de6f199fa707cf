/** `[dns]`: who is asked about names, and what of the answers is believed. */
import { z } from 'zod';
import { parseUpstream } from '../../../net/dns/upstream.ts';
import { parsePath } from '../values.ts';
import { list, text } from './kit.ts';

export const dns = z
  .strictObject({
    resolver: list(text(parseUpstream, '127.0.0.1', '[::1]:5353', 'tls://192.0.2.53#dns.example'), 'resolver')
      .optional()
      .describe(
        'Resolvers: an address, with a port where it is not 53; tls://ADDRESS#NAME (DNS over TLS, port 853); https://NAME/PATH@ADDRESS (DNS over HTTPS). Without this key those of the system.',
      ),
    dnssec: z
      .enum(['validate', 'trust', 'off'])
      .default('validate')
      .describe(
        'Who proves what DNS says. validate: this program, from the trust anchor on, whatever resolver is asked; trust: the resolver, whose AD bit is believed; off: nobody.',
      ),
    trusted: z
      .boolean()
      .default(false)
      .describe(
        'Whether the resolvers named here, and the way to them, may be believed where dnssec = "trust"; one on a loopback address always is.',
      ),
    trust_anchor: text(parsePath, '/etc/waxwing/root.key')
      .optional()
      .describe(
        'File with DS or DNSKEY records to trust instead of the keys of the root that this program knows.',
      ),
    sha1: z
      .boolean()
      .default(true)
      .describe(
        'Whether the algorithms 5 and 7, which sign with SHA-1, prove anything; a zone that has no other is unsigned where this is false.',
      ),
  })
  .prefault({})
  .describe('Where names are looked up, and what proves the answers.');
