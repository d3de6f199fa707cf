/** What `waxwing explain --json` prints, for machines: the published JSON Schema is made from this. */
import { z } from 'zod';

const text = z.string();
const layer = z
  .enum(['override', 'message', 'dane', 'sts', 'list', 'memory', 'default'])
  .describe('Who decides; the strictest wins, and an override stands over all others.');
const dnssec = z.enum(['secure', 'insecure', 'bogus', 'indeterminate']);

const host = z.strictObject({
  host: text.describe('The name as the MX record or the rule has it; an address where the rule has one.'),
  preference: z.int().min(0).max(65_535).describe('Of the MX record; 0 where there is none.'),
  requires: z
    .enum(['none', 'encrypt', 'authenticate'])
    .describe('What a delivery to this host must reach in the handshake.'),
  by: layer,
  match: z
    .array(text)
    .describe(
      'Names, .suffixes and addresses of which the certificate may prove one; empty where no name is looked at.',
    ),
  tlsa: z
    .array(text)
    .describe('TLSA records that authenticate the host, in presentation form; long data by its SHA-256.'),
  dnssec: dnssec.describe('What is proven of the addresses of the host.'),
  usable: z.boolean().describe('Whether mail may go there; else `because` says why not.'),
  forbidden: z
    .boolean()
    .describe('Whether a policy forbids the host; false where it could not be looked up.'),
  because: text.describe('One sentence.'),
  tries: z.boolean().describe('Whether STARTTLS is tried at all.'),
  provesName: z
    .boolean()
    .describe('Whether the outcome must be `authenticated`; not where DANE alone requires.'),
  half: z
    .boolean()
    .describe('half-DANE: the records bind, and the host itself is a name out of unsigned DNS.'),
  addresses: z.array(text),
  port: z.int().min(1).max(65_535),
  serverName: text.nullable().describe('The name that is asked for in the handshake (SNI).'),
});

const layerState = z.strictObject({
  layer,
  state: z
    .enum(['found', 'absent', 'unknown'])
    .describe('unknown: it could not be learnt, and that is no absent.'),
  says: text.describe('What the layer asks for.'),
  because: text.describe('Why, in one sentence.'),
  evidence: z.array(text).describe('What was seen, a sentence each.'),
});

const fix = z.strictObject({
  who: z
    .enum(['domain-owner', 'mail-provider', 'sender'])
    .describe('mail-provider: who runs the mail host. sender: who runs the host on which this was asked.'),
  do: text,
  command: text.nullable().describe('What the sender types for it.'),
});

const problem = z.strictObject({
  says: text.describe('What is wrong or weak.'),
  fix: z.array(fix).describe('What changes it, in the order in which it helps.'),
});

/** What a sender would do with mail for one destination; keys may be added, and none gets another meaning. */
export const explanationSchema = z
  .strictObject({
    schema: z.literal('waxwing.explain/1'),
    domain: text.describe(
      'The domain in A-labels; an address literal, [192.0.2.1]; or a next hop, [mail.example.net]:587.',
    ),
    mx: z.array(host).describe('In order of preference, those that must not be used included.'),
    layers: z.array(layerState).describe('From the one that outranks the others to the one that holds last.'),
    decision: z
      .enum(['deliver', 'defer', 'refuse'])
      .describe('defer: it waits and is tried again. refuse: it is returned to its sender.'),
    because: text.describe('What decided, in one sentence.'),
    by: layer
      .nullable()
      .describe('The layer that decided for the best host; null where what DNS says of the domain decided.'),
    forbidden: z.boolean().describe('A policy rules out every host, so that mail is held.'),
    status: text.nullable().describe('Enhanced status code (RFC 3463) of a refusal.'),
    way: z
      .strictObject({
        kind: z
          .enum(['mx', 'implicit', 'configured', 'address', 'null', 'no-such-domain', 'unknown'])
          .describe('How it came that these are the hosts, or that there are none.'),
        dnssec: dnssec.nullable().describe('What is proven of the MX records, or of there being none.'),
        because: text,
        further: z.int().min(0).describe('MX hosts beyond those that are tried in one attempt.'),
      })
      .describe('How it came that these are the hosts.'),
    route: text.nullable().describe('The next hop that a rule of the configuration leads to.'),
    firstContact: z.boolean().describe('Nothing was kept of this domain in the data folder.'),
    problems: z.array(problem),
    at: z.iso.datetime().describe('RFC 3339, UTC.'),
    dnssec: z.enum(['validate', 'trust', 'off']).describe('Who was to prove what DNS says.'),
    resolvers: z.array(text).describe('Who could be asked.'),
  })
  .meta({ title: 'Waxwing explanation' });

export type Explanation = z.output<typeof explanationSchema>;

/** The JSON Schema that is published with the package. */
export function explanationJsonSchema(): unknown {
  return z.toJSONSchema(explanationSchema);
}
