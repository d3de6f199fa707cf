/** What `waxwing resolve --json` prints, for machines: the published JSON Schema is made from this. */
import { z } from 'zod';

const text = z.string();
const status = z
  .enum(['secure', 'insecure', 'bogus', 'indeterminate'])
  .describe('What DNSSEC says (RFC 4035 §4.3).');

const link = z.strictObject({
  kind: z
    .enum(['anchor', 'keys', 'delegation', 'alias', 'answer', 'denial'])
    .describe(
      'What is trusted to begin with; the DNSKEY set of a zone; its DS set, or the proof that it has none; a CNAME or DNAME; the records; the proof that there are none.',
    ),
  name: text,
  type: text,
  status,
  because: text.describe('The evidence, or what is wrong, in one sentence.'),
});

const alias = z.strictObject({ from: text, to: text, by: z.enum(['CNAME', 'DNAME']), status });

const extendedError = z.strictObject({
  code: z.int().min(0).max(65_535).describe('INFO-CODE of RFC 8914.'),
  text: text.describe('EXTRA-TEXT, as the resolver wrote it.'),
});

const notice = z.strictObject({
  says: text.describe('What is wrong with a resolver that was asked.'),
  remedy: text.describe('What changes that.'),
});

/** One answer; keys may be added, and none gets another meaning. */
export const resolutionSchema = z
  .strictObject({
    schema: z.literal('waxwing.resolve/1'),
    name: text.describe('The name asked for, in A-labels, without the dot at the end; "." is the root.'),
    type: text.describe('MX; TYPE65280 where the type has no name.'),
    outcome: z
      .enum(['found', 'absent', 'unknown'])
      .describe('absent: an answer that says so. unknown: no answer, or one that is not used; never a no.'),
    status,
    records: z.array(text).describe('RDATA in presentation form; empty unless found.'),
    ttl: z.int().min(0).describe('Seconds for which this may be used again.'),
    chain: z.array(link).describe('From the trust anchor to the answer.'),
    because: text.describe('What decided, in one sentence.'),
    what: z
      .enum(['no-such-name', 'no-such-record'])
      .nullable()
      .describe('What is absent; null unless something is.'),
    owner: text.describe('The name at the end of the aliases.'),
    aliases: z.array(alias),
    unproven: z.array(text).describe('RDATA that came without the proof it should have; it is not used.'),
    errors: z.array(extendedError).describe('What the resolver gave as reasons (RFC 8914).'),
    dnssec: z.enum(['validate', 'trust', 'off']).describe('Who was to prove the answer.'),
    resolvers: z.array(text).describe('Who could be asked.'),
    notices: z.array(notice),
  })
  .meta({ title: 'Waxwing resolution' });

export type Resolution = z.output<typeof resolutionSchema>;

/** The JSON Schema that is published with the package. */
export function resolutionJsonSchema(): unknown {
  return z.toJSONSchema(resolutionSchema);
}
