/** `POST /v1/messages`: takes a message in, and answers once it is safe. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { IpAddress } from '../../names/address.ts';
import type { MessageTerms } from '../../names/message-terms.ts';
import type { Intake } from '../../protocols/smtp/server/state.ts';
import type { Receipt } from '../../store/queue-store.ts';
import type { TlsFacts } from '../../wire/tls-facts.ts';
import type { Submitter } from '../arrival.ts';
import type { Relay } from '../relay.ts';
import type { World } from '../settings.ts';
import { type Refused, refusalOf, refused } from './answers.ts';
import type { ApiKey } from './api-key.ts';
import type { BodyReader } from './body.ts';
import { compose } from './compose.ts';
import {
  type Directions,
  directionsInMessage,
  directionsInQuery,
  envelopeNames,
  envelopeOf,
  forbiddenHeader,
  forbiddenSender,
} from './envelope.ts';
import { type Once, readIdempotencyKey, type Taken } from './idempotency.ts';
import { readJson } from './json.ts';
import { messageSchema } from './message-json.ts';
import { readQuery } from './query.ts';
import { readTraceParent } from './trace-context.ts';

export interface SubmissionParts {
  readonly relay: Pick<Relay, 'submit'>;
  readonly world: World;
  readonly bodies: BodyReader;
  readonly once: Once;
  readonly limits: () => { readonly maxMessageBytes: number; readonly maxRecipients: number };
}

/** Who asks, and over what. */
export interface Asker {
  readonly key: ApiKey;
  readonly address: IpAddress;
  /** undefined: in clear, as only this host can. */
  readonly tls: TlsFacts | undefined;
}

export const takenSchema = z
  .strictObject({
    id: z.string().describe('Of the message, as in events and in its Received field.'),
    recipients: z.array(z.string()).describe('Whom it is on its way to.'),
  })
  .meta({ id: 'Taken' });

export type Submitted = ({ readonly kind: 'taken' } & z.infer<typeof takenSchema>) | Refused;

/** base64 takes a third more than what is in it, and a little for all that stands around. */
const JSON_GROWTH = 1.4;
const RETRY_SECONDS = 60;

export async function submit(parts: SubmissionParts, request: Request, asker: Asker): Promise<Submitted> {
  const form = formOf(request.headers.get('content-type') ?? '');
  if (form === undefined || request.headers.has('content-encoding'))
    return refused(415, 'Content-Type: is message/rfc822 or application/json, without Content-Encoding', {
      field: 'Content-Type',
    });
  const idempotency = readIdempotencyKey(request.headers.get('idempotency-key') ?? undefined);
  if (idempotency.kind === 'refused') return idempotency;
  const most = parts.limits().maxMessageBytes;
  const limit = form === 'json' ? Math.floor(most * JSON_GROWTH) : most;
  const body = await parts.bodies.read(request, limit, asker.key.name);
  if (body.kind === 'refused') return body;
  try {
    const draft =
      form === 'json' ? inJson(request.url, body.bytes, parts) : asItIs(request.url, body.bytes, parts);
    if (draft.kind === 'refused') return draft;
    const { directions, senders, content } = draft;
    const forbidden = forbiddenSender(senders, asker.key) ?? draft.faultOfHeader(asker.key);
    if (forbidden !== undefined) return forbidden;
    const work = async (receipt: Receipt | null): Promise<Taken> =>
      takenBy(await handIn(parts, directions, await content(), receipt, asker, request), most);
    const { key } = idempotency;
    const taken =
      key === null ? await work(null) : await parts.once(receiptOf(asker, key, request, body.bytes), work);
    if (taken.kind === 'refused') return taken;
    return { ...taken, recipients: [...new Set(directions.to.map(({ text }) => text))] };
  } finally {
    body.release();
  }
}

/** Exactly one of the two, whatever else is near them. */
function formOf(contentType: string): 'json' | 'mime' | undefined {
  if (/^application\/json(?:; ?charset="?utf-8"?)?$/i.test(contentType)) return 'json';
  return /^message\/rfc822$/i.test(contentType) ? 'mime' : undefined;
}

/** A message that is about to be handed in. */
interface Draft {
  readonly kind: 'ok';
  readonly directions: Directions;
  /** Whom it claims to be from. */
  readonly senders: readonly Directions['from'][];
  /** Whether its header, too, names nobody as whom the key may not send; of one that is made here that is known. */
  readonly faultOfHeader: (key: ApiKey) => Refused | undefined;
  readonly content: () => Promise<Uint8Array>;
}

function asItIs(url: string, bytes: Uint8Array, { limits }: SubmissionParts): Draft | Refused {
  const query = readQuery(url, envelopeNames.single, envelopeNames.several);
  if (query.kind === 'refused') return query;
  if (bytes.length === 0) return refused(400, 'the message is empty');
  const directions = directionsInQuery(query, limits().maxRecipients);
  if (directions.kind === 'refused') return directions;
  return {
    kind: 'ok',
    directions,
    senders: [directions.from],
    faultOfHeader: (key) => forbiddenHeader(bytes, key),
    content: () => Promise.resolve(bytes),
  };
}

function inJson(url: string, bytes: Uint8Array, { limits, world }: SubmissionParts): Draft | Refused {
  const query = readQuery(url, []);
  if (query.kind === 'refused') return query;
  const json = readJson(bytes);
  if (json.kind === 'refused') return json;
  const parsed = messageSchema.safeParse(json.value);
  if (!parsed.success) return refusalOf(parsed.error);
  const message = parsed.data;
  const directions = directionsInMessage(message, limits().maxRecipients);
  if (directions.kind === 'refused') return directions;
  return {
    kind: 'ok',
    directions,
    // The envelope of notifications may be the null sender; who wrote the message stands in it.
    senders: [message.from.mailbox, ...(directions.from === null ? [] : [directions.from])],
    faultOfHeader: () => undefined,
    content: () => compose(message, world.now()),
  };
}

function handIn(
  { relay }: SubmissionParts,
  directions: Directions,
  content: Uint8Array,
  receipt: Receipt | null,
  { key, address, tls }: Asker,
  { headers }: Request,
): Promise<Intake> {
  const terms: Pick<MessageTerms, 'tls' | 'tellOutcome' | 'trace'> = {
    ...directions.terms,
    trace: readTraceParent(headers.get('traceparent') ?? undefined),
  };
  const submitter: Submitter = {
    address,
    by: 'http',
    role: 'submission',
    requires: tls === undefined ? 'none' : 'encrypt',
    trusted: false,
    said: { terms, receipt },
  };
  return relay.submit(envelopeOf(directions, { account: key.name, address, tls }), content, submitter);
}

function takenBy(intake: Intake, most: number): Taken {
  if (intake.kind === 'kept') return { kind: 'taken', id: intake.id };
  const { code, enhanced, text } = intake;
  const error = `${code} ${enhanced} ${text}`;
  // A backend may say 552 of a mailbox.
  if (code === 552 && enhanced === '5.3.4') return refused(413, error, { limit: most });
  return code < 500 ? refused(503, error, { retryAfter: RETRY_SECONDS }) : refused(422, error);
}

/** Of everything that makes another message; of the trace, say, it does not matter. */
function receiptOf(
  { key }: Asker,
  idempotencyKey: string,
  { url, headers }: Request,
  body: Uint8Array,
): Receipt {
  const query = url.includes('?') ? url.slice(url.indexOf('?')) : '';
  const digest = createHash('sha256')
    .update(JSON.stringify([headers.get('content-type')?.toLowerCase(), query]))
    .update(body)
    .digest('hex');
  return { account: key.name, key: idempotencyKey, digest };
}
