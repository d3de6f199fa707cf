/** What `waxwing advise --json` prints, for machines: the published JSON Schema is made from this. */
import { z } from 'zod';

const text = z.string();

const remedy = z.strictObject({
  who: z
    .enum(['dns-owner', 'mail-provider', 'web-host', 'registrar', 'tester'])
    .describe('Who does it: whoever edits the zone, runs the mail server, the web server of the policy, …'),
  do: text.describe('An order.'),
  lines: z
    .array(z.strictObject({ for: text.describe('A program, dns or policy-file.'), text }))
    .describe('To paste: records, the policy file line by line, lines of configurations.'),
  verify: text.nullable().describe('A command that shows that it is done.'),
});

const stepId = z.enum([
  'repair',
  'tls',
  'tls-rpt',
  'mta-sts-testing',
  'mta-sts-watch',
  'mta-sts-enforce',
  'mta-sts-long',
  'dnssec',
  'tlsa',
  'tlsa-rollover',
]);

const step = z.strictObject({
  id: stepId,
  title: text.describe('What is reached by it.'),
  state: z
    .enum(['done', 'now', 'later', 'blocked'])
    .describe('later: another step comes first. blocked: it cannot be told from here whether it is safe.'),
  because: text.describe('Why it is in this state.'),
  why: text.describe('What it is good for.'),
  do: z.array(remedy).describe('In this order.'),
  wait: z
    .strictObject({ hours: z.int().min(0), because: text })
    .nullable()
    .describe('How long to wait behind it, before the next step.'),
});

const standing = z.strictObject({
  what: z.enum(['tls', 'tls-rpt', 'mta-sts', 'dnssec', 'dane']),
  state: z.enum(['done', 'partly', 'missing', 'broken', 'unknown']),
  says: text,
});

/** The safe way of a domain to enforced TLS; keys may be added, and none gets another meaning. */
export const adviceSchema = z
  .strictObject({
    schema: z.literal('waxwing.advise/1'),
    domain: text.describe('In A-labels.'),
    at: z.iso.datetime().describe('When it was looked at; RFC 3339, UTC.'),
    nothing: text.nullable().describe('Why there is nothing to advise.'),
    standing: z.array(standing).describe('Where the domain is.'),
    steps: z.array(step).describe('In the order in which they are safe.'),
    next: stepId.nullable().describe('The first step that can be done now.'),
  })
  .meta({ title: 'Waxwing advice' });

export type AdviceReport = z.output<typeof adviceSchema>;

/** The JSON Schema that is published with the package. */
export function adviceJsonSchema(): unknown {
  return z.toJSONSchema(adviceSchema);
}
