/** The shape of an event for machines: the published JSON Schema is made from this. */
import { z } from 'zod';
import { type ConnectionEvent, connectionEnds } from './connection-event.ts';
import {
  type CredentialEvent,
  type DeliveryEvent,
  deliveryEventNames,
  type LoggedEvent,
} from './delivery-event.ts';
import { type ReturnedEvent, returnedActions, returnedProofs } from './returned-event.ts';

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

const arrival = z.strictObject({
  by: z.enum(['smtp', 'http', 'local']).describe('local: from a program on this host.'),
  client: orNull(text).describe('The address of the client.'),
  account: orNull(text).describe('Who was logged in.'),
  uid: orNull(z.int().min(0)).describe('Of a user of this host who left it in the spool.'),
  messageId: orNull(text).describe('Of the Message-ID field, as it was written.'),
  size: z.int().min(0).describe('Octets, as the message is kept.'),
  recipients: z.int().min(1),
});

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
    trace: text
      .exactOptional()
      .describe('The traceparent (W3C Trace Context) that came with the message by the HTTP API.'),
    arrival: arrival.exactOptional().describe('How the message came in, and what it is; in received only.'),
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

const port = z.int().min(0).max(65_535);
const octets = z.int().min(0);

const connectionTls = z.strictObject({
  outcome: orNull(z.enum(['authenticated', 'encrypted', 'cleartext'])).describe(
    "How the client's octets travelled over the network; null where none were passed on.",
  ),
  version: orNull(text),
  cipher: orNull(text).describe('IANA name of the cipher suite.'),
  group: orNull(text).describe('Key exchange group; null in front.'),
  serverName: orNull(text).describe('The name that was asked for (SNI).'),
  alpn: orNull(text).describe('The protocol that both agreed on (ALPN).'),
  certificateSha256: orNull(text).describe(
    'Of the certificate that the backend showed, in hex; null in front.',
  ),
  peerName: orNull(text).describe('The name that it proved; null in front.'),
  clientCertificateSha256: orNull(text).describe(
    'Of the certificate that the client presented, in hex, whether or not it was allowed.',
  ),
});

const connectionEventSchema = z
  .strictObject({
    event: z.literal('connection'),
    id: z.null(),
    at: moment,
    from: z.null(),
    to: z.null(),
    mx: z.null(),
    reply: z.null(),
    attempt: z.literal(0),
    tls: connectionTls.describe('Of the session with the client (front), or with the backend (reverse).'),
    nextAttemptAt: z.null(),
    gateway: text.describe("The gateway's name."),
    protocol: text,
    mode: z.enum(['front', 'reverse']),
    listener: z.strictObject({ address: text, port, tls: z.enum(['starttls', 'implicit']) }),
    address: text.describe('Of the client; behind a proxy as that tells it.'),
    port,
    backend: text.describe('As configured.'),
    octets: z
      .strictObject({ fromClient: octets, toClient: octets })
      .describe('Inside TLS, where that was up with the client.'),
    durationMs: z.int().min(0),
    endedBy: z
      .enum(connectionEnds)
      .describe(
        'protocol: the gateway, as somebody kept to no protocol, or as the protocol says; tls: a handshake that failed, or a client that may not stay; unreachable: no backend, or one that did not prove who it is; stop: the gateway was stopped.',
      ),
    because: text.describe('One sentence.'),
  })
  .meta({ title: 'A connection of a gateway that has ended' }) satisfies z.ZodType<ConnectionEvent>;

const returnedEventSchema = z
  .strictObject({
    event: z.literal('returned'),
    id: text.describe('Of the message that came back, which is delivered on.'),
    at: moment,
    from: text.describe('Its envelope sender; empty of what mail servers write.'),
    to: text.describe('The address that it came to.'),
    sender: text.describe('The bounce address itself.'),
    recipient: orNull(text).describe(
      'Whom the mail was for that came back; null where nobody can be read out of it.',
    ),
    proof: z
      .enum(returnedProofs)
      .describe(
        'Whether we made the address that it came to: ours; old: more than three weeks ago; forged: its tag is not ours; untagged: it proves nothing.',
      ),
    action: orNull(z.enum(returnedActions)).describe(
      'What the report says; null where it is none, or says nothing of this recipient.',
    ),
    status: orNull(text).describe('Enhanced status code (RFC 3463).'),
    diagnostic: orNull(text).describe('What the last host said.'),
    remoteMta: orNull(text),
    reportingMta: orNull(text).describe('Who wrote the report.'),
    envelopeId: orNull(text).describe('The ENVID of the message that came back.'),
    counted: z.boolean().describe('Whether it counts against the recipient ([bounces] suppress_after).'),
    mx: z.null(),
    reply: z.null(),
    attempt: z.literal(0),
    tls: z.null(),
    nextAttemptAt: z.null(),
  })
  .meta({ title: 'Mail that came back to a bounce address' }) satisfies z.ZodType<ReturnedEvent>;

/** One line of the event log. */
export const eventSchema = z
  .discriminatedUnion('event', [
    deliveryEventSchema,
    credentialEventSchema,
    connectionEventSchema,
    returnedEventSchema,
  ])
  .meta({ title: 'Waxwing event' }) satisfies z.ZodType<LoggedEvent>;

/** The JSON Schema that is published with the package. */
export function eventJsonSchema(): unknown {
  return z.toJSONSchema(eventSchema);
}
