/** The shapes of what is answered about messages. */
import { z } from 'zod';
import { deliveryEventSchema } from '../../events/schema.ts';
import { moment } from '../control-api.ts';
import type { SuppressedRecipient } from '../control-clients.ts';
import { whyCauses } from '../why.ts';
import type { ApiMessage, ApiTrail } from './reading.ts';

const delivery = z.union([
  z.strictObject({ kind: z.literal('waiting'), attempts: z.int(), notBefore: moment }),
  z.strictObject({ kind: z.literal('attempting'), attempts: z.int() }),
  z.strictObject({
    kind: z.literal('held'),
    by: z.enum(['tls', 'operator']),
    attempts: z.int(),
    notBefore: moment,
  }),
  z.strictObject({ kind: z.enum(['delivered', 'bounced', 'cancelled']), at: moment }),
]);

const recipient = z.strictObject({
  address: z.string(),
  destination: z.string().describe('A domain, or the next hop of a route.'),
  delivery,
  why: z
    .strictObject({ cause: z.enum(whyCauses), line: z.string() })
    .describe(
      'Why it is not delivered: the cause, which the operating page explains, and the answer in a line.',
    ),
  lastWord: z.string().nullable().describe('What was found last.'),
  pause: z
    .strictObject({ destination: z.string(), until: moment.nullable() })
    .nullable()
    .describe('Nothing goes there, by the word of an operator.'),
});

const listed = {
  id: z.string(),
  receivedAt: moment,
  sender: z.string().describe('Of the envelope; empty for the null sender.'),
  size: z.int().describe('Octets.'),
  account: z.string().nullable().describe('The account or key that it came from.'),
  recipients: z.array(recipient),
};

export const listedSchema = z
  .strictObject(listed)
  .meta({ id: 'ListedMessage' }) satisfies z.ZodType<ApiMessage>;

export const trailSchema = z
  .strictObject({
    ...listed,
    events: z.array(deliveryEventSchema),
    transcripts: z
      .array(z.strictObject({ address: z.string(), at: moment, lines: z.array(z.string()) }))
      .describe('What was said in the last attempt that failed, for each recipient.'),
  })
  .meta({ id: 'MessageTrail' }) satisfies z.ZodType<ApiTrail>;

export const suppressedSchema = z
  .strictObject({
    address: z.string(),
    since: moment,
    status: z.string().describe('Of the last message that came back: 5.1.1.'),
    diagnostic: z.string().nullable().describe('What the host said then.'),
    bounces: z.array(moment).describe('When the last ones came back.'),
  })
  .meta({ id: 'SuppressedRecipient' }) satisfies z.ZodType<SuppressedRecipient>;
