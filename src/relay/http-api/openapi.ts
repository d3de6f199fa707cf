/** The OpenAPI document of the HTTP API, made from the schemas by which requests are read. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { deliveryEventNames } from '../../events/delivery-event.ts';
import { explanationSchema } from '../../events/explanation.ts';
import { deliveryEventSchema } from '../../events/schema.ts';
import { refusalSchema } from './answers.ts';
import { words } from './changes.ts';
import { messageSchema, notifyConditions, tlsWishes } from './message-json.ts';
import { MOST_LISTED, states } from './reading.ts';
import { listedSchema, suppressedSchema, trailSchema } from './schemas.ts';
import { takenSchema } from './submission.ts';
import { MOST_SUPPRESSED } from './suppressions.ts';

type Registry = OpenAPIHono['openAPIRegistry'];
type Path = Parameters<Registry['registerPath']>[0];

const moment = z.iso.datetime({ offset: true });
const id = z.object({ id: z.string().describe('Of the message.') });
const domain = z.string().describe('Of recipients.').optional();
const page = {
  since: moment.optional().describe('Only messages that came from then on.'),
  limit: z.int().min(1).max(MOST_LISTED).default(MOST_LISTED),
  after: z.string().optional().describe('`next` of the page before.'),
};
const next = z
  .string()
  .nullable()
  .describe(
    '`after` of the next page; null: this was the last one. A page may be short, and not be the last one.',
  );

const reasons: Readonly<Record<number, string>> = {
  400: 'The request is not of the right form.',
  401: 'No API key, or one that is not known.',
  403: 'The key lacks the scope, or may not send as this sender.',
  404: 'There is no such message or recipient, or it is not for this key to see.',
  408: 'The request came too slowly.',
  413: 'Too big.',
  415: 'Neither message/rfc822 nor application/json.',
  422: 'The message is refused, or the Idempotency-Key belongs to another request.',
  429: 'Too many requests with this key, or too many wrong keys from this address; see Retry-After.',
  503: 'Not now; see Retry-After.',
};

function answers(
  status: number,
  what: string,
  schema: z.ZodType,
  ...others: readonly number[]
): Path['responses'] {
  const no = [401, 403, 429, ...others].toSorted((a, b) => a - b);
  return {
    [status]: { description: what, content: { 'application/json': { schema } } },
    ...Object.fromEntries(
      no.map((code) => [
        code,
        { description: reasons[code] ?? '', content: { 'application/json': { schema: refusalSchema } } },
      ]),
    ),
  };
}

/** @param version of the program. */
export function openApiDocument(version: string): unknown {
  const documents = new OpenAPIHono();
  const registry = documents.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key as `waxwing config api-key` makes it.',
  });
  for (const path of [...submissionPaths, ...readingPaths, ...changePaths, ...openPaths])
    registry.registerPath(path);
  return documents.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Waxwing', version, description: 'Hand mail in, and see how it travelled.' },
  });
}

const security = [{ key: [] }];

const submissionPaths: readonly Path[] = [
  {
    method: 'post',
    path: '/v1/messages',
    operationId: 'sendMessage',
    summary: 'Hand a message in',
    description:
      'Scope send. Answered once the message is safe in the queue. As message/rfc822 it is taken as it is, with its envelope in the query; as JSON it is made here, and the query is empty.',
    security,
    request: {
      headers: z.object({
        'idempotency-key': z
          .string()
          .max(255)
          .optional()
          .describe('The same request with the same key is carried out once within 24 hours.'),
        traceparent: z.string().optional().describe('W3C Trace Context; goes on in events.'),
      }),
      query: z.object({
        from: z.string().optional().describe('message/rfc822: the envelope sender; empty: the null sender.'),
        to: z.array(z.string()).optional().describe('message/rfc822: a recipient; once for each of them.'),
        tls: z.enum(tlsWishes).exclude(['optional']).optional().describe('message/rfc822: as in Message.'),
        tell: z.literal('outcome').optional().describe('message/rfc822: as in Message.'),
        verp: z.literal('yes').optional().describe('message/rfc822: as in Message.'),
        notify: z
          .string()
          .optional()
          .describe(`message/rfc822: ${notifyConditions.join(', ')}, with commas; or never.`),
      }),
      body: {
        required: true,
        content: {
          'application/json': { schema: messageSchema },
          'message/rfc822': { schema: z.string().describe('RFC 5322.') },
        },
      },
    },
    responses: answers(202, 'It is safe here, and on its way.', takenSchema, 400, 408, 413, 415, 422, 503),
  },
];

const readingPaths: readonly Path[] = [
  {
    method: 'get',
    path: '/v1/messages',
    operationId: 'listMessages',
    summary: 'Messages, the oldest first',
    description: 'Scope read; with scope send those that this key sent.',
    security,
    request: {
      query: z.object({
        state: z.enum(states).default('open').describe('That one recipient of it is in.'),
        domain,
        ...page,
      }),
    },
    responses: answers(200, 'A page.', z.strictObject({ messages: z.array(listedSchema), next }), 400),
  },
  {
    method: 'get',
    path: '/v1/messages/{id}',
    operationId: 'showMessage',
    summary: 'One message, with all that happened to it',
    description: 'Scope read; with scope send a message that this key sent.',
    security,
    request: { params: id },
    responses: answers(200, 'The message.', trailSchema, 404),
  },
  {
    method: 'get',
    path: '/v1/events',
    operationId: 'pastEvents',
    summary: 'What has happened',
    description:
      'Scope read; with scope send of messages that this key sent. Message by message, the oldest first, for as long as messages are kept (relay.keep_final). A page ends with a whole message, so it may have more than limit events.',
    security,
    request: {
      query: z.object({ event: z.enum(deliveryEventNames).optional(), domain, ...page }),
    },
    responses: answers(200, 'A page.', z.strictObject({ events: z.array(deliveryEventSchema), next }), 400),
  },
  {
    method: 'get',
    path: '/v1/suppressions',
    operationId: 'listSuppressed',
    summary: 'Recipients for whom no mail of bounce addresses is taken any more',
    description: 'Scope read or queue. By address.',
    security,
    request: {
      query: z.object({
        limit: z.int().min(1).max(MOST_SUPPRESSED).default(MOST_SUPPRESSED),
        after: z.string().optional().describe('`next` of the page before.'),
      }),
    },
    responses: answers(
      200,
      'A page.',
      z.strictObject({ suppressions: z.array(suppressedSchema), next }),
      400,
    ),
  },
  {
    method: 'delete',
    path: '/v1/suppressions/{address}',
    operationId: 'liftSuppressed',
    summary: 'Mail for this recipient is taken again',
    description: 'Scope queue.',
    security,
    request: { params: z.object({ address: z.string() }) },
    responses: answers(200, 'It is.', z.strictObject({ address: z.string() }), 400, 404),
  },
  {
    method: 'get',
    path: '/v1/policies/{domain}',
    operationId: 'explainDomain',
    summary: 'What becomes of mail for a domain, and why',
    description: 'Scope policy. As `waxwing explain --json` prints it.',
    security,
    request: { params: z.object({ domain: z.string() }) },
    responses: answers(200, 'The explanation.', explanationSchema, 400, 503),
  },
];

const changePaths: readonly Path[] = words.map((what) => ({
  method: 'post',
  path: `/v1/messages/{id}/${what}`,
  operationId: `${what}Message`,
  summary: `As \`waxwing queue ${what} ID\``,
  description: 'Scope queue. What is being attempted at this moment is left as it is.',
  security,
  request: { params: id },
  responses: answers(
    200,
    'What has changed.',
    z.strictObject({
      changed: z.array(z.string()).describe('Recipients.'),
      underWay: z.int().min(0).describe('Recipients that were left as they are.'),
    }),
    404,
  ),
}));

const openPaths: readonly Path[] = [
  {
    method: 'get',
    path: '/healthz',
    operationId: 'health',
    summary: 'Whether mail can be taken',
    responses: {
      200: {
        description: 'It can.',
        content: { 'application/json': { schema: z.strictObject({ status: z.literal('ok') }) } },
      },
      503: {
        description: reasons[503] ?? '',
        content: { 'application/json': { schema: refusalSchema } },
      },
    },
  },
  {
    method: 'get',
    path: '/openapi.json',
    operationId: 'openApi',
    summary: 'This document',
    responses: {
      200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: z.unknown() } } },
    },
  },
];
