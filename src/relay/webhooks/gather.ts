/** Gathers events into requests, and hands those to the outbox: nobody who raises an event waits for that. */
import type { LoggedEvent } from '../../events/delivery-event.ts';
import { bodyOf, wants } from '../../events/webhook.ts';
import type { Deadline, Deadlines } from '../../net/deadlines.ts';
import type { Dropped, NewBatch, Outbox } from '../../store/outbox.ts';
import type { Webhook } from './settings.ts';

export interface GatherParts {
  readonly outbox: Pick<Outbox, 'add'>;
  readonly deadlines: Deadlines;
  readonly now: () => number;
  /** A new one each time, without a full stop. */
  readonly newId: () => string;
  /** Called with webhooks for which something new is in the outbox. */
  readonly onKept: (webhooks: ReadonlySet<string>) => void;
  /** There was no room in the outbox for what is older. */
  readonly onDropped: (dropped: readonly Dropped[]) => void;
  /** The outbox does not take anything; so many events were lost up to now. */
  readonly onTrouble: (error: unknown, lost: number) => void;
}

export interface Gathering {
  write(events: readonly LoggedEvent[]): void;
  /** For these webhooks from here on; what was gathered before is handed on. */
  use(webhooks: readonly Webhook[]): void;
  /** Hands everything on; @returns whether the outbox has it. */
  flush(): Promise<boolean>;
  close(): void;
}

/** A request is full with so many characters, whatever the number of its events. */
export const FULL_BODY = 1024 * 1024;
/** Characters that wait for the outbox; what comes behind them is in the event log only. */
const MOST_WAITING = 32 * 1024 * 1024;
/** Requests that are kept in one commit. */
const MOST_AT_ONCE = 64;
const RETRY_MS = 5_000;

/** What waits for the outbox. */
interface Full {
  readonly batch: NewBatch;
  /** Characters of its events. */
  readonly size: number;
}

interface Open {
  readonly webhook: Webhook;
  readonly deadline: Deadline;
  lines: string[];
  size: number;
}

export function startGathering(parts: GatherParts): Gathering {
  const { outbox, deadlines, now, newId } = parts;
  let open: readonly Open[] = [];
  let closed: Full[] = [];
  let waiting = 0;
  let lost = 0;
  let keeping: Promise<void> | undefined;
  const retry = deadlines.add(() => start());

  function close(one: Open): void {
    const { webhook, lines, size } = one;
    one.deadline.clear();
    if (lines.length === 0) return;
    one.lines = [];
    one.size = 0;
    const batch = {
      webhook: webhook.name,
      id: newId(),
      body: bodyOf(lines),
      events: lines.length,
      at: now(),
      mostOctets: webhook.backlogOctets,
    };
    closed.push({ batch, size });
    start();
  }

  function add(one: Open, line: string): void {
    if (waiting > MOST_WAITING) {
      lost += 1;
      return;
    }
    waiting += line.length;
    one.size += line.length;
    if (one.lines.push(line) === 1) one.deadline.set(one.webhook.batchWaitMs);
    if (one.lines.length >= one.webhook.batch || one.size >= FULL_BODY) close(one);
  }

  function start(): void {
    keeping ??= keep().finally(() => {
      keeping = undefined;
    });
  }

  async function keep(): Promise<void> {
    while (closed.length > 0) {
      const full = closed.slice(0, MOST_AT_ONCE);
      const batches = full.map(({ batch }) => batch);
      try {
        const dropped = await outbox.add(batches);
        if (dropped.length > 0) parts.onDropped(dropped);
      } catch (error) {
        parts.onTrouble(error, lost);
        retry.set(RETRY_MS);
        return;
      }
      closed = closed.slice(full.length);
      for (const { size } of full) waiting -= size;
      parts.onKept(new Set(batches.map(({ webhook }) => webhook)));
    }
    if (lost > 0) parts.onTrouble(undefined, lost);
    lost = 0;
  }

  return {
    write(events) {
      if (open.length === 0) return;
      for (const event of events) {
        let line: string | undefined;
        for (const one of open) {
          if (!wants(one.webhook.filter, event)) continue;
          line ??= JSON.stringify(event);
          add(one, line);
        }
      }
    },
    use(webhooks) {
      for (const one of open) {
        close(one);
        one.deadline.drop();
      }
      open = webhooks.map((webhook) => {
        const one: Open = { webhook, deadline: deadlines.add(() => close(one)), lines: [], size: 0 };
        return one;
      });
    },
    async flush() {
      for (const one of open) close(one);
      await keeping;
      return closed.length === 0;
    },
    close() {
      for (const { deadline } of open) deadline.drop();
      retry.drop();
      open = [];
    },
  };
}
