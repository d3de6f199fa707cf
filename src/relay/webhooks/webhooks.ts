/** The webhooks of a running relay: events are gathered, kept in the outbox, and sent, beside mail and never in its way. */
import type { LoggedEvent } from '../../events/delivery-event.ts';
import { counted } from '../../names/count.ts';
import type { Deadline, Deadlines } from '../../net/deadlines.ts';
import type { Poster } from '../../net/https-post.ts';
import type { Amount, DeadLetter, KeptOfWebhook, Outbox } from '../../store/outbox.ts';
import type { World } from '../settings.ts';
import type { Gathering } from './gather.ts';
import { gatheringOf } from './gather-told.ts';
import { type Replayed, replay } from './replay.ts';
import { type Sender, type SenderStatus, startSender } from './send.ts';
import type { Webhook } from './settings.ts';

export interface WebhooksParts {
  /** Called once, where there is a webhook. */
  readonly openOutbox: () => Promise<Outbox>;
  readonly openPoster: (webhook: Webhook) => Poster;
  readonly world: World;
  readonly deadlines: Deadlines;
  readonly newId: () => string;
  readonly userAgent: string;
  /** The event log, out of which past events come; null where it is no file. */
  readonly log: string | null;
  /** A line of the program's own log. */
  readonly tell: (level: 'info' | 'warn' | 'error', what: string) => void;
}

export interface WebhookStatus extends KeptOfWebhook {
  /** null: in the outbox, and not in the configuration. */
  readonly sender: (SenderStatus & { readonly url: string }) | null;
}

export type Asked<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  /** There is no such webhook, or it cannot be done now. */
  | { readonly kind: 'refused'; readonly because: string };

export interface Webhooks {
  /** Costs nothing where there is no webhook. */
  write(events: readonly LoggedEvent[]): void;
  /** From here on it is these; a request under way is finished as it began. */
  use(webhooks: readonly Webhook[]): Promise<void>;
  list(): Promise<readonly WebhookStatus[]>;
  /** Moments in milliseconds since 1970. */
  replay(name: string, since: number, until: number): Promise<Asked<Replayed>>;
  /** @param after the number of the last one that is known. */
  dead(name: string, after: number): Promise<Asked<readonly DeadLetter[]>>;
  /** Dead letters are tried again; a webhook whose receiver wanted nothing any more is switched on. */
  retryDead(name: string): Promise<Asked<Amount>>;
  close(): Promise<void>;
}

/** Dead letters of one answer. */
export const DEAD_AT_ONCE = 100;
const KEEP_DEAD_MS = 30 * 86_400_000;
const TIDY_EVERY_MS = 3_600_000;
const MARK_EVERY_MS = 60_000;
/** An event is raised so long after the moment that it bears, at most: it waits for its commit. */
const RAISED_WITHIN_MS = 5_000;

/** One webhook in use. */
interface Running {
  readonly webhook: Webhook;
  readonly sender: Sender;
}

interface Opened {
  readonly outbox: Outbox;
  readonly gathering: Gathering;
}

/** @throws StoreError where the outbox cannot be opened. */
export async function startWebhooks(first: readonly Webhook[], parts: WebhooksParts): Promise<Webhooks> {
  const { world, deadlines, tell } = parts;
  let running: ReadonlyMap<string, Running> = new Map();
  let opened: Opened | undefined;
  let closed = false;
  const tidying = deadlines.add(() => void regularly(tidying, TIDY_EVERY_MS, forgetOld));
  const marking = deadlines.add(() => void regularly(marking, MARK_EVERY_MS, mark));

  async function openOnce(): Promise<Opened> {
    if (opened !== undefined) return opened;
    const outbox = await parts.openOutbox();
    opened = { outbox, gathering: gatheringOf(outbox, parts, (name) => running.get(name)?.sender.wake()) };
    tidying.set(1);
    marking.set(MARK_EVERY_MS);
    return opened;
  }

  async function regularly(own: Deadline, everyMs: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (closed) return;
      tell('error', `the outbox of the webhooks: ${error instanceof Error ? error.message : String(error)}`);
    }
    own.set(everyMs);
  }

  async function forgetOld(): Promise<void> {
    await opened?.outbox.forget(world.now() - KEEP_DEAD_MS);
  }

  /** So that after a kill no more of the event log is read than what is younger, however seldom a webhook is told. */
  async function mark(): Promise<void> {
    const at = world.now();
    const isKept = await opened?.gathering.flush();
    if (isKept === true && !closed) await opened?.outbox.begin([...running.keys()], at);
  }

  async function use(webhooks: readonly Webhook[]): Promise<void> {
    if (webhooks.length === 0 && opened === undefined) return;
    const { outbox, gathering } = await openOnce();
    const kept = await outbox.kept();
    const next = new Map<string, Running>();
    for (const webhook of webhooks) {
      const terms = { webhook, poster: parts.openPoster(webhook) };
      const ended = kept.find((one) => one.webhook === webhook.name)?.ended ?? null;
      const before = running.get(webhook.name)?.sender;
      // What a receiver said at another address means nothing here.
      if (ended !== null && ended.url !== webhook.url) await outbox.resume(webhook.name);
      before?.use(terms);
      const state = ended?.url === webhook.url ? 'ended' : 'idle';
      const sender = before ?? startSender(terms, state, { ...parts, outbox, onEnd: gatherFor });
      if (before?.status().state === 'ended' && state === 'idle') sender.hurry();
      if (before === undefined && state === 'ended')
        tell('error', `the webhook ${webhook.name} is switched off: ${ended?.because ?? ''}`);
      next.set(webhook.name, { webhook, sender });
    }
    const gone = [...running].filter(([name]) => !next.has(name));
    running = next;
    gatherFor();
    await gathering.flush();
    // Whoever is gone misses nothing from here on, also where he comes back after a kill.
    await outbox.complete();
    await outbox.begin(
      webhooks.map(({ name }) => name),
      world.now(),
    );
    for (const [, { sender }] of gone) await sender.close();
    for (const { sender } of next.values()) sender.wake();
  }

  /** What is switched off gathers nothing. */
  function gatherFor(): void {
    const active = [...running.values()].filter(({ sender }) => sender.status().state !== 'ended');
    opened?.gathering.use(active.map(({ webhook }) => webhook));
  }

  /** A process that was killed had events that it had not kept yet: those are in its log. */
  async function catchUp({ outbox }: Opened): Promise<void> {
    const kept = await outbox.kept();
    for (const { webhook: name, reachedAt } of await outbox.left()) {
      const webhook = first.find((one) => one.name === name);
      const off = kept.find((one) => one.webhook === name)?.ended ?? null;
      if (webhook === undefined || off?.url === webhook.url) continue;
      if (parts.log === null) {
        tell('warn', `the webhook ${name} may miss events of the process before: its event log is no file`);
        continue;
      }
      const since = reachedAt - RAISED_WITHIN_MS;
      const { events, to, ended } = await replay(
        webhook,
        { ...parts, outbox, log: parts.log },
        since,
        world.now(),
      );
      if (events > 0)
        tell(
          'info',
          `the webhook ${name}: what the process before had not sent goes out now: ${counted(events, 'event')}`,
        );
      if (ended === 'full')
        tell(
          'warn',
          `the webhook ${name} has no room for more of them: replay those since ${to ?? new Date(since).toISOString()}`,
        );
    }
  }

  function asked(name: string): Running & Opened {
    const one = running.get(name);
    if (one === undefined || opened === undefined) throw new NoSuchWebhook(name);
    return { ...one, ...opened };
  }

  if (first.length > 0) await catchUp(await openOnce());
  await use(first);

  return {
    write: (events) => opened?.gathering.write(events),
    use,
    async list() {
      const kept = (await opened?.outbox.kept()) ?? [];
      return kept.map((one) => {
        const { webhook, sender } = running.get(one.webhook) ?? {};
        const isUnknown = webhook === undefined || sender === undefined;
        return { ...one, sender: isUnknown ? null : { ...sender.status(), url: webhook.url } };
      });
    },
    replay: (name, since, until) =>
      answered(async () => {
        const { webhook, sender, outbox } = asked(name);
        if (parts.log === null) throw new NotNow('past events come out of the event log, which is no file');
        if (sender.status().state === 'ended') throw new NotNow(`the webhook ${name} is switched off`);
        const replayed = await replay(webhook, { ...parts, outbox, log: parts.log }, since, until);
        sender.wake();
        return replayed;
      }),
    dead: (name, after) => answered(() => asked(name).outbox.dead(name, after, DEAD_AT_ONCE)),
    retryDead: (name) =>
      answered(async () => {
        const { sender, outbox } = asked(name);
        await outbox.resume(name);
        const amount = await outbox.revive(name, world.now());
        sender.hurry();
        gatherFor();
        return amount;
      }),
    async close() {
      closed = true;
      tidying.drop();
      marking.drop();
      if (opened === undefined) return;
      const { outbox, gathering } = opened;
      const isComplete = await gathering.flush();
      gathering.close();
      for (const { sender } of running.values()) await sender.close();
      if (isComplete) await outbox.complete();
      await outbox.close();
    },
  };
}

class NotNow extends Error {}

class NoSuchWebhook extends NotNow {
  constructor(name: string) {
    super(`there is no webhook ${name}`);
  }
}

async function answered<Value>(work: () => Promise<Value>): Promise<Asked<Value>> {
  try {
    return { kind: 'ok', value: await work() };
  } catch (error) {
    if (error instanceof NotNow) return { kind: 'refused', because: error.message };
    throw error;
  }
}
