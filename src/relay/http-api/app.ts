/** The routes of the HTTP API: who may use which, and what each answers. */
import { TLSSocket } from 'node:tls';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import type { Explanation } from '../../events/explanation.ts';
import { type Domain, parseDomain } from '../../names/domain.ts';
import { factsOfClient } from '../../net/tls.ts';
import { WorkersMissing } from '../workers/fan-out.ts';
import { answerRefused, type Refused, refused } from './answers.ts';
import type { ApiKey, Scope } from './api-key.ts';
import { type ChangeParts, changeMessage, words } from './changes.ts';
import { type Gatekeeper, lacks } from './gatekeeper.ts';
import { healthOf } from './health.ts';
import { openApiDocument } from './openapi.ts';
import { listMessages, pastEvents, type ReadingParts, showMessage } from './reading.ts';
import { type SubmissionParts, submit } from './submission.ts';
import { liftSuppressed, listSuppressed, type SuppressionParts } from './suppressions.ts';

export interface AppParts extends ReadingParts, ChangeParts, SubmissionParts, SuppressionParts {
  readonly store: ReadingParts['store'] & ChangeParts['store'];
  readonly relay: ReadingParts['relay'] & ChangeParts['relay'] & SubmissionParts['relay'];
  readonly gate: Gatekeeper;
  /** What a sender would do with mail for the domain; undefined: too many others ask, or it takes too long. */
  readonly explain: (domain: Domain) => Promise<Explanation | undefined>;
  /** Rejects where the queue does not answer. */
  readonly pulse: () => Promise<unknown>;
  readonly version: string;
  readonly onError: (what: string, error: unknown) => void;
}

interface Env {
  Bindings: HttpBindings;
  Variables: { key: ApiKey };
}

export function apiApp(parts: AppParts): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (context, next) => {
    await next();
    // No page of another site is told anything (there is no CORS), and nobody keeps what stands in an answer.
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
  });
  app.notFound((context) =>
    answerRefused(context, refused(404, `there is no ${context.req.method} ${context.req.path}`)),
  );
  app.onError((error, context) => {
    // What a worker has in its queue is not known: neither that it is there nor that it is not.
    if (error instanceof WorkersMissing)
      return answerRefused(context, refused(503, error.message, { retryAfter: 10 }));
    parts.onError(`answering ${context.req.method} ${context.req.path}`, error);
    return answerRefused(context, refused(500, 'the relay has made a mistake; its log says which'));
  });
  // Anybody may ask for these two: an answer costs next to nothing.
  const document = JSON.stringify(openApiDocument(parts.version));
  app.get('/openapi.json', (context) => context.body(document, 200, { 'content-type': 'application/json' }));
  const health = healthOf(parts.pulse, parts.world.now);
  app.get('/healthz', async (context) =>
    (await health())
      ? context.json({ status: 'ok' })
      : answerRefused(context, refused(503, 'the queue does not answer', { retryAfter: 10 })),
  );
  app.use('/v1/*', async (context, next) => {
    const admitted = parts.gate.admit(context.req.header('authorization'), addressOf(context));
    if (admitted.kind === 'refused') return answerRefused(context, admitted);
    context.set('key', admitted.key);
    return await next();
  });
  addMessages(app, parts);
  addSuppressions(app, parts);
  addPolicies(app, parts);
  return app;
}

function addMessages(app: Hono<Env>, parts: AppParts): void {
  app.post('/v1/messages', needs('send'), async (context) => {
    const { socket } = context.env.incoming;
    const asker = {
      key: context.get('key'),
      address: addressOf(context),
      tls: socket instanceof TLSSocket ? factsOfClient(socket) : undefined,
    };
    const submitted = await submit(parts, context.req.raw, asker);
    if (submitted.kind === 'refused') return answerRefused(context, submitted);
    const { id, recipients } = submitted;
    return context.json({ id, recipients }, 202, { location: `/v1/messages/${id}` });
  });
  app.get('/v1/messages', needs('send', 'read'), async (context) => {
    const page = await listMessages(parts, context.req.url, context.get('key'));
    if (page.kind === 'refused') return answerRefused(context, page);
    return context.json({ messages: page.items, next: page.next });
  });
  app.get('/v1/messages/:id', needs('send', 'read'), async (context) => {
    const shown = await showMessage(parts, context.req.param('id'), context.get('key'));
    return shown.kind === 'refused' ? answerRefused(context, shown) : context.json(shown.trail);
  });
  for (const what of words) {
    app.post(`/v1/messages/:id/${what}`, needs('queue'), async (context) => {
      const done = await changeMessage(parts, context.req.param('id'), what);
      if (done.kind === 'refused') return answerRefused(context, done);
      return context.json({ changed: done.changed, underWay: done.underWay });
    });
  }
  app.get('/v1/events', needs('send', 'read'), async (context) => {
    const page = await pastEvents(parts, context.req.url, context.get('key'));
    if (page.kind === 'refused') return answerRefused(context, page);
    return context.json({ events: page.items, next: page.next });
  });
}

function addSuppressions(app: Hono<Env>, parts: AppParts): void {
  app.get('/v1/suppressions', needs('read', 'queue'), (context) => {
    const page = listSuppressed(parts, context.req.url);
    if (page.kind === 'refused') return answerRefused(context, page);
    return context.json({ suppressions: page.items, next: page.next });
  });
  app.delete('/v1/suppressions/:address', needs('queue'), (context) => {
    const lifted = liftSuppressed(parts, context.req.param('address'));
    if (lifted.kind === 'refused') return answerRefused(context, lifted);
    return context.json({ address: lifted.address });
  });
}

function addPolicies(app: Hono<Env>, { explain }: AppParts): void {
  app.get('/v1/policies/:domain', needs('policy'), async (context) => {
    const domain = parseDomain(context.req.param('domain'));
    if (domain.kind === 'invalid') return answerRefused(context, ofDomain(domain.because));
    const explanation = await explain(domain.value);
    return explanation === undefined
      ? answerRefused(context, refused(503, 'too many others ask, or DNS is slow', { retryAfter: 10 }))
      : context.json(explanation);
  });
}

function ofDomain(because: string): Refused {
  return refused(400, `domain: ${because}`, { field: 'domain' });
}

function needs(...any: readonly Scope[]): MiddlewareHandler<Env> {
  return async (context, next) => {
    const lacking = lacks(context.get('key'), ...any);
    return lacking === undefined ? await next() : answerRefused(context, lacking);
  };
}

function addressOf({ env }: Context<Env>): string {
  // IPv4 at a socket of both families.
  return (env.incoming.socket.remoteAddress ?? '').replace(/^::ffff:(?=[0-9.]+$)/, '');
}
