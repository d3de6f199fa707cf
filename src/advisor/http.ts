/**
 * The advisor by HTTP, for programs of this host: what is decided about a domain, as JSON.
 *
 * It has no keys, so it listens on this host only. A page in a browser of this host could ask as well. To read an answer it would have
 * to name a host under which its own site is known, and is refused for that; what it asks for another site, which it cannot read, would
 * tell by its time whether mail goes to a domain, and is refused, too.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { type Domain, parseDomain } from '../names/domain.ts';
import type { Attended } from '../net/accept.ts';
import type { Deadlines } from '../net/deadlines.ts';
import type { DaneUse } from '../policies/answers/postfix.ts';
import type { PostfixAttributes } from '../policies/answers/postfix-text.ts';
import type { Rules } from '../policies/demand.ts';
import type { Desk } from './desk.ts';
import {
  type Handshake,
  handshakeKey,
  handshakeSchema,
  type Judgement,
  judgementOf,
  judgementSchema,
  unproved,
} from './judgement.ts';
import { type Outcome, outcomesSchema, plainly, readOutcomes, wordsOf } from './outcomes.ts';
import { type PolicyDocument, policyDocument, policySchema, unknownDocument } from './policy-json.ts';

interface HttpTerms {
  readonly dane: DaneUse;
  /** Whether what others have reached is taken here. */
  readonly outcomes: boolean;
  readonly attributes: PostfixAttributes;
  readonly rulesFor: (domain: Domain | null) => Rules;
}

export interface HttpParts {
  readonly desk: Desk;
  /** Those of the moment. */
  readonly terms: () => HttpTerms;
  /** Remembers what others have reached. @returns whether it did. */
  readonly remember: (outcome: Outcome) => boolean;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Of the program. */
  readonly version: string;
  readonly onError: (what: string, error: unknown) => void;
}

export interface HttpDesk {
  /** It is to listen: Node looks after the times of connections of those servers only that do. */
  readonly server: Server;
  /** Attends to a connection that the server has. */
  receive(socket: Socket): Attended;
}

const REQUEST_MS = 20_000;
const IDLE_MS = 60_000;
const MOST_HEADER_BYTES = 16 * 1024;
const MOST_BODY_BYTES = 512 * 1024;
/** Bodies under way together: thousands of usual handshakes, which are kept as long as something is looked up for them. */
const MOST_BODIES_BYTES = 32 * 1024 * 1024;
/** So long a judgement is kept at most. */
const JUDGED_MS = 60_000;
/** From the header of a request until its answer is taken: Node has no time for that. */
const EXCHANGE_MS = 90_000;

/** @param exchangeMs see {@link EXCHANGE_MS}. */
export function openHttpDesk(parts: HttpParts, deadlines: Deadlines, exchangeMs = EXCHANGE_MS): HttpDesk {
  const server = createServer(
    {
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: MOST_HEADER_BYTES,
    },
    within(exchangeMs, deadlines, getRequestListener(adviceApp(parts).fetch)),
  );
  return { server, receive: (socket) => attend(server, socket) };
}

/** Ends the connection of a client that has not taken its answer by then. */
function within(ms: number, deadlines: Deadlines, listener: RequestListener): RequestListener {
  return (request, response) => {
    const deadline = deadlines.add(() => request.socket.destroy());
    deadline.set(ms);
    response.once('close', () => deadline.drop());
    listener(request, response);
  };
}

function attend(server: Server, socket: Socket): Attended {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve());
  return {
    // A request that is under way has its answer; Node ends a connection on which there is none.
    shutdown: () => server.closeIdleConnections(),
    close: () => socket.destroy(),
    closed,
  };
}

export function adviceApp(parts: HttpParts): Hono {
  const { desk, terms, version, onError } = parts;
  const app = new Hono();
  app.use(async (context, next) => {
    if (!isOfThisHost(context.req.header('host')))
      return context.json({ error: 'this host is asked by its address or as localhost' }, 403);
    if (!isOfItself(context.req.header('sec-fetch-site')))
      return context.json({ error: 'a page of another site asks' }, 403);
    await next();
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
    return undefined;
  });
  app.notFound((context) =>
    context.json({ error: `there is no ${context.req.method} ${context.req.path}` }, 404),
  );
  app.onError((error, context) => {
    onError(`answering ${context.req.method} ${context.req.path}`, error);
    return context.json({ error: 'the advisor has made a mistake; its log says which' }, 500);
  });
  const documents = {
    with: JSON.stringify(adviceDocument(version, true)),
    without: JSON.stringify(adviceDocument(version, false)),
  };
  app.get('/openapi.json', (context) => asJson(context, documents[terms().outcomes ? 'with' : 'without']));
  app.get('/v1/policy/:domain', async (context) => {
    const parsed = parseDomain(context.req.param('domain'));
    if (parsed.kind === 'invalid') return context.json({ error: `domain: ${parsed.because}` }, 400);
    const answer = await policyOf(parsed.value, desk, terms());
    return asJson(context, answer);
  });
  takeBodies(app);
  app.post('/v1/handshakes', async (context) => {
    const read = handshakeSchema.safeParse(await bodyOf(context), plainly);
    if (!read.success) return context.json({ error: wordsOf(read.error) }, 400);
    return asJson(context, await judge(read.data, parts));
  });
  app.post('/v1/outcomes', async (context) => {
    if (!terms().outcomes)
      return context.json({ error: 'no outcomes are taken here: the listener has outcomes = false' }, 404);
    const read = readOutcomes(await bodyOf(context), parts.wallClock());
    if (read.kind === 'invalid') return context.json({ error: read.because }, 400);
    return context.json({ taken: read.outcomes.filter(parts.remember).length }, 202);
  });
  return app;
}

/** What is asked of every request with a body. */
function takeBodies(app: Hono): void {
  let underWay = 0;
  const limit = bodyLimit({
    maxSize: MOST_BODY_BYTES,
    onError: (context) => context.json({ error: `more than ${MOST_BODY_BYTES} octets` }, 413),
  });
  app.post('/v1/*', limit, async (context, next) => {
    // A page of another site could send a form without asking; for this type a browser asks, and there is no CORS.
    if (!/^application\/json(?:;|$)/i.test(context.req.header('content-type') ?? ''))
      return context.json({ error: 'it has to be application/json' }, 415);
    const octets = Number(context.req.header('content-length') ?? MOST_BODY_BYTES);
    if (underWay + octets > MOST_BODIES_BYTES)
      return context.json({ error: 'too much is under way: come again' }, 503);
    underWay += octets;
    try {
      await next();
    } finally {
      underWay -= octets;
    }
    return undefined;
  });
}

/** @returns undefined for what is no JSON. */
async function bodyOf(context: Context): Promise<unknown> {
  return context.req.json().catch(() => undefined);
}

async function judge(handshake: Handshake, { desk, terms, wallClock }: HttpParts): Promise<string> {
  const { domain } = handshake;
  // What a certificate proves ends with it, whatever else is good for longer.
  const key = `${handshakeKey(handshake)} ${Math.floor(wallClock() / JUDGED_MS)}`;
  return (
    desk.kept(key) ??
    (await desk.lookUp(key, {
      target: { kind: 'domain', domain },
      reply: (facts) => ({
        kind: 'policy',
        text: written(judgementOf(handshake, facts, terms().rulesFor(domain), wallClock())),
      }),
      failing: (because) => written(unproved(handshake, because)),
    }))
  );
}

function asJson(context: Context, body: string): Response {
  return context.body(body, 200, { 'content-type': 'application/json' });
}

async function policyOf(domain: Domain, desk: Desk, terms: HttpTerms): Promise<string> {
  const kept = desk.kept(domain);
  if (kept !== undefined) return kept;
  const { dane, attributes, rulesFor } = terms;
  return await desk.lookUp(domain, {
    target: { kind: 'domain', domain },
    reply(facts) {
      const made = policyDocument(facts, rulesFor(domain), dane, attributes);
      const kind = made.decision === 'defer' ? 'later' : made.postfix.answer;
      return { kind, text: written(made) };
    },
    failing: (because) => written(unknownDocument(domain, because)),
  });
}

/** In ASCII: of a string with one character beyond Latin-1 each character takes two octets for as long as it is kept. */
function written(document: PolicyDocument | Judgement): string {
  return JSON.stringify(document).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Whether the name by which it is asked is none that a site of the network could have. */
function isOfThisHost(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:[0-9]{1,5}$/, '');
  return name === 'localhost' || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

const errorSchema = z.strictObject({ error: z.string().describe('One sentence.') }).meta({ id: 'Error' });

/** Whether no page asks, or the one that is the answer itself. @param site what a browser says; absent: it is none. */
function isOfItself(site: string | undefined): boolean {
  return site === undefined || site === 'none' || site === 'same-origin';
}

/** The OpenAPI document. @param version of the program. @param takesOutcomes whether somebody remembers them. */
function adviceDocument(version: string, takesOutcomes: boolean): unknown {
  const documents = new OpenAPIHono();
  const no = (description: string) => ({
    description,
    content: { 'application/json': { schema: errorSchema } },
  });
  documents.openAPIRegistry.registerPath({
    method: 'get',
    path: '/v1/policy/{domain}',
    operationId: 'policyOfDomain',
    summary: 'What mail for a domain has to reach, host by host',
    request: { params: z.object({ domain: z.string() }) },
    responses: {
      200: {
        description: 'The decision; also where it is that mail has to wait.',
        content: { 'application/json': { schema: policySchema } },
      },
      400: no('That is no domain.'),
      403: no('The Host field names something that this host is not, or a page of another site asks.'),
    },
  });
  documents.openAPIRegistry.registerPath({
    method: 'post',
    path: '/v1/handshakes',
    operationId: 'judgeHandshake',
    summary: 'What a handshake with a mail host proves, and whether that is enough',
    request: {
      body: { required: true, content: { 'application/json': { schema: handshakeSchema } } },
    },
    responses: {
      200: {
        description: 'The judgement; also where it is that nothing is proved.',
        content: { 'application/json': { schema: judgementSchema } },
      },
      400: no('It is not of the right form.'),
      403: no('The Host field names something that this host is not, or a page of another site asks.'),
      413: no('Too much.'),
      415: no('It is not application/json.'),
      503: no('Too many others have sent as much.'),
    },
  });
  if (takesOutcomes)
    documents.openAPIRegistry.registerPath({
      method: 'post',
      path: '/v1/outcomes',
      operationId: 'tellOutcomes',
      summary: 'What sessions with mail hosts came to',
      request: {
        body: { required: true, content: { 'application/json': { schema: outcomesSchema } } },
      },
      responses: {
        202: {
          description: 'So many of them are remembered: all, or none where that is switched off.',
          content: { 'application/json': { schema: z.strictObject({ taken: z.int().min(0) }) } },
        },
        400: no('They are not of the right form; none is remembered.'),
        403: no('The Host field names something that this host is not, or a page of another site asks.'),
        413: no('Too much.'),
        415: no('It is not application/json.'),
        503: no('Too many others have sent as much.'),
      },
    });
  documents.openAPIRegistry.registerPath({
    method: 'get',
    path: '/openapi.json',
    operationId: 'openApi',
    summary: 'This document',
    responses: {
      200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: z.unknown() } } },
    },
  });
  return documents.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Waxwing advisor', version, description: 'What TLS mail for a domain has to reach.' },
  });
}
