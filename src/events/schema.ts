/** The shape of an event for machines: the published JSON Schema is made from this. */
import { z } from 'zod';
import {
  type CredentialEvent,
  type DeliveryEvent,
  deliveryEventNames,
  type RelayEvent,
} from './delivery-event.ts';

const text = z.string();
const orNull = <Type extends z.ZodType>(type: Type) => type.nullable();

const reply = z.strictObject({
  code: z.int().min(200).max(599),
  enhanced: orNull(text).describe('Enhanced status code (RFC 3463), or null where the far side gave none.'),
  text,
});

const tls = z.strictObject({
  outcome: orNull(z.enum(['authenticated', 'encrypted', 'cleartext'])).describe(
    'How the message travelled; null where it did not.',
  ),
  required: z.enum(['none', 'encrypt', 'authenticate']),
  by: z
    .enum(['override', 'message', 'dane', 'sts', 'list', 'memory', 'default'])
    .describe('The layer that decided.'),
  because: text.describe('One sentence: the evidence, or what stood in the way.'),
  version: orNull(text),
  cipher: orNull(text).describe('IANA name of the cipher suite.'),
  group: orNull(text).describe('Key exchange group; null for mail that came in.'),
  certificateSha256: orNull(text).describe('Of the certificate that the far side presented, in hex.'),
  peerName: orNull(text).describe('The name that the certificate proved.'),
  tlsa: orNull(text).describe('The TLSA record that the certificate matched, in presentation form.'),
});

const moment = z.iso.datetime().describe('RFC 3339, UTC, milliseconds.');

const mx = z.strictObject({ host: text, address: orNull(text), port: z.int().min(1).max(65_535) });

/** What happened to one recipient. */
export const deliveryEventSchema = z
  .strictObject({
    event: z.enum(deliveryEventNames),
    id: text.describe('The message, as in the Received header and in `queue show`.'),
    at: moment,
    from: text.describe('Envelope sender; empty for the null sender.'),
    to: text.describe('Envelope recipient.'),
    mx: orNull(mx).describe('The host of this attempt; null where none was reached for.'),
    reply: orNull(reply),
    attempt: z.int().min(0).describe('1 for the first; 0 where no attempt was made.'),
    tls: orNull(tls),
    nextAttemptAt: orNull(z.iso.datetime()),
  })
  .meta({ title: 'What happened to one recipient' }) satisfies z.ZodType<DeliveryEvent>;

const credentialEventSchema = z
  .strictObject({
    event: z.literal('credential-exposed'),
    id: z.null(),
    at: moment,
    from: z.null(),
    to: z.null(),
    mx: z.null(),
    reply: z.null(),
    attempt: z.literal(0),
    tls: z.null(),
    nextAttemptAt: z.null(),
    user: orNull(text).describe('Whose password it was; null where the mechanism did not show it to us.'),
    address: text.describe('Of the client.'),
  })
  .meta({ title: 'A login that was sent in clear' }) satisfies z.ZodType<CredentialEvent>;

/** One line of the event log. */
export const eventSchema = z
  .discriminatedUnion('event', [deliveryEventSchema, credentialEventSchema])
  .meta({ title: 'Waxwing event' }) satisfies z.ZodType<RelayEvent>;

/** The JSON Schema that is published with the package. */
export function eventJsonSchema(): unknown {
  return z.toJSONSchema(eventSchema);
}
