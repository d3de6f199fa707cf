/** The part of the control socket that looks into the queue and changes it. */
import type { Hono } from 'hono';
import { z } from 'zod';
import { formatMailDomain, parseMailDomain } from '../names/mailbox.ts';
import { atLevel } from '../policies/decide.ts';
import { type Release, releaseLevels, saidInRelease } from '../policies/overrides/release.ts';
import type { ListRequest, Nudge } from '../store/queue-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { ControlParts } from './control.ts';
import {
  type BegunPause,
  heldDestinationsIn,
  LISTED_AT_ONCE,
  moment,
  type QueueStep,
  reasonText,
  toQueuedMessage,
  toQueuedPause,
  toQueuedTrail,
} from './control-api.ts';
import { switchOn, switchText } from './switch.ts';
import { tlsUntried } from './tls-verdict.ts';

const after = z.string().optional();
/** The level under which held mail may go. */
const releaseTerms = z.strictObject({
  level: z.enum(releaseLevels),
  until: moment.nullable(),
  reason: reasonText,
});
const underLevel = releaseTerms.optional();
const nudgeRequest = z.union([
  z.strictObject({ id: z.string(), under: underLevel }),
  z.strictObject({ destination: z.string(), after, under: underLevel }),
  z.strictObject({ domain: z.string(), after, under: underLevel }),
  z.strictObject({ all: z.literal(true), after }),
]);
const pauseRequest = z.strictObject({
  domain: z.string(),
  until: moment.nullable(),
});
const resumeRequest = z.strictObject({ domain: z.string() });
const backupRequest = z.strictObject({ path: z.string() });

type Parts = Pick<ControlParts, 'store' | 'relay' | 'world' | 'policies' | 'destinationOf' | 'onEvents'>;

export function addQueueRoutes(app: Hono, parts: Parts): void {
  addReading(app, parts);
  for (const what of ['retry', 'hold', 'release', 'cancel'] as const) addNudge(app, parts, what);
  app.get('/notices', (context) => context.json(noticesOf(parts)));
  addPauses(app, parts);
  app.post('/backup', async (context) => {
    const request = backupRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!request.success) return context.json({ error: z.prettifyError(request.error) }, 400);
    try {
      return context.json(await parts.store.backup(request.data.path));
    } catch (error) {
      if (error instanceof StoreError && error.code === 'refused')
        return context.json({ error: error.message }, 409);
      throw error;
    }
  });
}

/** What whoever looks into the queue has to know before all else, a sentence each. */
function noticesOf({ policies: { overrides }, world }: Parts): readonly string[] {
  const on = switchOn({ overrides, now: world.now });
  return on === undefined ? [] : [switchText(on)];
}

function addReading(app: Hono, { store, relay, world }: Parts): void {
  app.get('/queue', async (context) => {
    const behind = context.req.query('after');
    const request: ListRequest = {
      which: context.req.query('which') === 'all' ? 'all' : 'open',
      most: LISTED_AT_ONCE,
      ...(behind === undefined ? {} : { after: behind }),
    };
    const listed = await store.list(request);
    const wordOf = await relay.wordsOf(heldDestinationsIn(listed));
    return context.json(listed.map((message) => toQueuedMessage(message, world.now(), wordOf)));
  });

  app.get('/queue/:id', async (context) => {
    const id = context.req.param('id');
    const trail = await store.show(id);
    if (trail === undefined) return context.json({ error: `no message ${id}` }, 404);
    const wordOf = await relay.wordsOf(heldDestinationsIn([trail]));
    return context.json(toQueuedTrail(trail, world.now(), wordOf));
  });
}

/** One step a request: nobody waits for a change of a million recipients, and whoever asks can stop. */
function addNudge(app: Hono, parts: Parts, what: Nudge['what']): void {
  const { store, relay, world, onEvents } = parts;
  app.post(`/queue/${what}`, async (context) => {
    const read = readNudge(await context.req.json().catch(() => undefined), what, world.now());
    if (read.kind === 'invalid') return context.json({ error: read.because }, 400);
    const { asked, release } = read;
    const of = whatIsMeant(asked, parts);
    if (of.kind === 'invalid') return context.json({ error: of.because }, 400);
    const behind = 'after' in asked ? asked.after : undefined;
    const request = {
      what,
      now: world.now(),
      of: of.value,
      ...(behind === undefined ? {} : { after: behind }),
      ...(release === undefined ? {} : { release }),
    };
    const { changed, underWay, bound, next } = await relay.carryOut(() => store.nudge(request));
    // Of one that is there and stays as it is the answer says so.
    if (
      'id' in asked &&
      changed.length + underWay + bound === 0 &&
      (await store.show(asked.id)) === undefined
    )
      return context.json({ error: `no message ${asked.id}` }, 404);
    onEvents(changed.flatMap(({ event }) => event ?? []));
    if (what === 'retry') await relay.retry(await destinationsMeant(of.value, store));
    if (what === 'release') await relay.retry();
    const recipients = changed.map(({ id, address }) => ({ id, address }));
    const step: QueueStep = { changed: recipients, underWay, bound, next };
    return context.json(step);
  });
}

type NudgeRead =
  | {
      readonly kind: 'ok';
      readonly asked: z.infer<typeof nudgeRequest>;
      readonly release: Nudge['release'];
    }
  | { readonly kind: 'invalid'; readonly because: string };

function readNudge(body: unknown, what: Nudge['what'], now: number): NudgeRead {
  const asked = nudgeRequest.safeParse(body);
  if (!asked.success) return { kind: 'invalid', because: z.prettifyError(asked.error) };
  const under = 'under' in asked.data ? asked.data.under : undefined;
  if (under === undefined) return { kind: 'ok', asked: asked.data, release: undefined };
  if (what !== 'release') return { kind: 'invalid', because: 'only a release is under a level' };
  const until = under.until === null ? null : Date.parse(under.until);
  if (until !== null && until <= now) return { kind: 'invalid', because: 'that time is over' };
  const terms: Release = { ...under, until, setAt: now };
  const word = { ...atLevel(terms.level), by: 'override' } as const;
  return { kind: 'ok', asked: asked.data, release: { terms, tls: tlsUntried(word, saidInRelease(terms)) } };
}

/** Where held mail is to be looked at now. */
async function destinationsMeant(of: Nudge['of'], store: Parts['store']): Promise<readonly string[] | 'all'> {
  if (of === 'all') return 'all';
  if ('destination' in of) return [of.destination];
  const trail = await store.show(of.id);
  return [...new Set(trail?.recipients.map(({ destination }) => destination))];
}

function addPauses(app: Hono, parts: Parts): void {
  const { store, relay, world } = parts;
  app.get('/pauses', async (context) => context.json((await store.pauses(world.now())).map(toQueuedPause)));

  app.post('/pauses', async (context) => {
    const request = pauseRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!request.success) return context.json({ error: z.prettifyError(request.error) }, 400);
    const destination = destinationNamed(request.data.domain, parts);
    if (destination.kind === 'invalid') return context.json({ error: destination.because }, 400);
    const until = request.data.until === null ? null : Date.parse(request.data.until);
    if (until !== null && until <= world.now()) return context.json({ error: 'that time is over' }, 400);
    const pause = { destination: destination.value, until };
    const underWay = await relay.carryOut(() => store.pause(pause));
    const begun: BegunPause = { ...toQueuedPause(pause), underWay };
    return context.json(begun);
  });

  app.post('/pauses/end', async (context) => {
    const request = resumeRequest.safeParse(await context.req.json().catch(() => undefined));
    if (!request.success) return context.json({ error: z.prettifyError(request.error) }, 400);
    const destination = destinationNamed(request.data.domain, parts);
    if (destination.kind === 'invalid') return context.json({ error: destination.because }, 400);
    const wasPaused = await store.unpause(destination.value);
    if (!wasPaused) return context.json({ error: `${destination.value} is not paused` }, 404);
    await relay.retry();
    return context.json({ destination: destination.value });
  });
}

type Meant<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'invalid'; readonly because: string };

function whatIsMeant(request: z.infer<typeof nudgeRequest>, parts: Parts): Meant<Nudge['of']> {
  if ('all' in request) return { kind: 'ok', value: 'all' };
  if ('id' in request) return { kind: 'ok', value: { id: request.id } };
  if ('destination' in request) return { kind: 'ok', value: destinationOrDomain(request.destination) };
  const destination = destinationNamed(request.domain, parts);
  if (destination.kind === 'invalid') return destination;
  return { kind: 'ok', value: { ...destinationOrDomain(request.domain), destination: destination.value } };
}

/** The name of a destination; where it is that of a domain, those are meant too whose address is there. */
function destinationOrDomain(text: string): { readonly destination: string; readonly domain?: string } {
  const domain = parseMailDomain(text);
  return domain.kind === 'ok'
    ? { destination: text, domain: formatMailDomain(domain.value) }
    : { destination: text };
}

/** A domain stands for wherever its mail goes; a next hop is written as in the list. */
function destinationNamed(text: string, { destinationOf }: Parts): Meant<string> {
  if (text.includes('://')) return { kind: 'ok', value: text };
  const domain = parseMailDomain(text);
  return domain.kind === 'ok' ? { kind: 'ok', value: destinationOf(domain.value) } : domain;
}
