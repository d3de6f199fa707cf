/** The part of the control socket that shows what webhooks have to send, and sends it again. */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { Amount, KeptOfWebhook } from '../store/outbox.ts';
import { moment } from './control-api.ts';
import type { World } from './settings.ts';
import type { Replayed } from './webhooks/replay.ts';
import { type Asked, DEAD_AT_ONCE, type WebhookStatus, type Webhooks } from './webhooks/webhooks.ts';

export interface WebhookParts {
  readonly world: World;
  readonly webhooks: Pick<Webhooks, 'list' | 'replay' | 'dead' | 'retryDead'>;
}

/** One webhook; times are RFC 3339 in UTC. */
export interface ShownWebhook {
  readonly name: string;
  /** null: it is not in the configuration any more. */
  readonly url: string | null;
  readonly state: 'idle' | 'sending' | 'waiting' | 'ended' | 'unknown';
  /** Why it waits or was switched off. */
  readonly because: string | null;
  readonly nextAt: string | null;
  readonly waiting: Amount & { readonly octets: number; readonly oldestAt: string | null };
  readonly dead: KeptOfWebhook['dead'];
  /** Events since the start. */
  readonly sent: number;
}

interface ShownDeadLetter {
  /** The `webhook-id`. */
  readonly id: string;
  readonly events: number;
  readonly attempts: number;
  readonly at: string;
  readonly deadAt: string;
  readonly because: string;
}

export interface DeadPage {
  readonly letters: readonly ShownDeadLetter[];
  /** Where the next page begins; null where this is the last. */
  readonly after: number | null;
}

const replayBody = z.strictObject({ since: moment, until: moment.optional() });
const deadQuery = z.strictObject({ after: z.coerce.number().int().min(0).default(0) });

export function addWebhookRoutes(app: Hono, { world, webhooks }: WebhookParts): void {
  app.get('/webhooks', async (context) => context.json((await webhooks.list()).map(shown)));

  app.post('/webhooks/:name/replay', async (context) => {
    const asked = replayBody.safeParse(await context.req.json().catch(() => undefined));
    if (!asked.success) return context.json({ error: z.prettifyError(asked.error) }, 400);
    const { since, until } = asked.data;
    const now = world.now();
    const end = until === undefined ? now : Math.min(Date.parse(until), now);
    const replayed = await webhooks.replay(context.req.param('name'), Date.parse(since), end);
    return answer(context, replayed, (value: Replayed) => value);
  });

  app.get('/webhooks/:name/dead', async (context) => {
    const asked = deadQuery.safeParse(context.req.query());
    if (!asked.success) return context.json({ error: z.prettifyError(asked.error) }, 400);
    const dead = await webhooks.dead(context.req.param('name'), asked.data.after);
    return answer(
      context,
      dead,
      (letters): DeadPage => ({
        letters: letters.map(({ id, events, attempts, at, deadAt, because }) => {
          return { id, events, attempts, at: rfc3339(at), deadAt: rfc3339(deadAt), because };
        }),
        after: letters.length < DEAD_AT_ONCE ? null : (letters.at(-1)?.number ?? null),
      }),
    );
  });

  app.post('/webhooks/:name/retry-dead', async (context) =>
    answer(context, await webhooks.retryDead(context.req.param('name')), (value: Amount) => value),
  );
}

function answer<Value>(context: Context, asked: Asked<Value>, show: (value: Value) => object): Response {
  return asked.kind === 'ok' ? context.json(show(asked.value)) : context.json({ error: asked.because }, 409);
}

function shown({ webhook, waiting, dead, ended, sender }: WebhookStatus): ShownWebhook {
  return {
    name: webhook,
    url: sender?.url ?? null,
    state: sender?.state ?? 'unknown',
    because: sender?.because ?? ended?.because ?? null,
    nextAt: sender === null || sender.nextAt === null ? null : rfc3339(sender.nextAt),
    waiting: { ...waiting, oldestAt: waiting.oldestAt === null ? null : rfc3339(waiting.oldestAt) },
    dead,
    sent: sender?.sent ?? 0,
  };
}

function rfc3339(at: number): string {
  return new Date(at).toISOString();
}
