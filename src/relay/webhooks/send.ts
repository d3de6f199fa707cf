/** Sends what the outbox has for one webhook: one request at a time, the oldest first. */
import type { Deadlines } from '../../net/deadlines.ts';
import type { Poster, PostOutcome } from '../../net/https-post.ts';
import type { Batch, Outbox } from '../../store/outbox.ts';
import type { World } from '../settings.ts';
import type { Webhook } from './settings.ts';
import { signedHeaders } from './signature.ts';
import { GIVE_UP_AFTER_MS, LONGEST_PAUSE_MS, type Verdict, verdictOn } from './verdict.ts';

export interface SenderParts {
  readonly outbox: Pick<Outbox, 'head' | 'done' | 'defer' | 'bury' | 'end'>;
  readonly world: World;
  readonly deadlines: Deadlines;
  readonly userAgent: string;
  /** A line of the log. */
  readonly tell: (level: 'info' | 'warn' | 'error', what: string) => void;
  /** The receiver wants nothing any more. */
  readonly onEnd: () => void;
}

/** By what a webhook is sent at the moment. */
export interface SenderTerms {
  readonly webhook: Webhook;
  readonly poster: Poster;
}

export interface SenderStatus {
  readonly state: 'idle' | 'sending' | 'waiting' | 'ended';
  /** When it is tried again; null where it does not wait. Milliseconds since 1970. */
  readonly nextAt: number | null;
  /** In a row. */
  readonly failures: number;
  /** What the last failure was; null where the last request was taken. */
  readonly because: string | null;
  /** Events that the receiver took since the start. */
  readonly sent: number;
}

export interface Sender {
  /** The outbox may have something. */
  wake(): void;
  /** The same, without waiting for the next try; also where the receiver had wanted nothing any more. */
  hurry(): void;
  use(terms: SenderTerms): void;
  status(): SenderStatus;
  /** A request under way is broken off: it is sent again with the next start. */
  close(): Promise<void>;
}

/** After the outbox has failed. */
const STORE_PAUSE_MS = 5_000;
const EVERYTHING = Number.MAX_SAFE_INTEGER;

export function startSender(first: SenderTerms, state: 'idle' | 'ended', parts: SenderParts): Sender {
  const { outbox, world, deadlines, tell } = parts;
  const { name } = first.webhook;
  let terms = first;
  let status: SenderStatus = { state, nextAt: null, failures: 0, because: null, sent: 0 };
  let woken = false;
  let hurried = false;
  let closed = false;
  let posting = false;
  let work: Promise<void> = Promise.resolve();
  const retired: Poster[] = [];
  const pause = deadlines.add(() => start());

  function set(change: Partial<SenderStatus>): void {
    status = { ...status, ...change };
  }

  function rest(ms: number): void {
    set({ state: 'waiting', nextAt: world.now() + ms });
    pause.set(ms);
  }

  function start(): void {
    woken = true;
    if (closed || status.state === 'sending' || status.state === 'ended') return;
    pause.clear();
    set({ state: 'sending', nextAt: null });
    work = sendAll().catch((error: unknown) => {
      if (closed) return;
      const because = error instanceof Error ? error.message : String(error);
      // A trouble that lasts is told once.
      if (status.because !== because) tell('error', `the webhook ${name}: ${because}`);
      set({ because });
      rest(STORE_PAUSE_MS);
    });
  }

  async function sendAll(): Promise<void> {
    while (!closed) {
      woken = false;
      const head = await outbox.head(name);
      if (head === null) {
        // Something may have come while this was asked.
        if (woken) continue;
        hurried = false;
        set({ state: 'idle' });
        return;
      }
      // Where the clock was set back, that does not make anybody wait longer.
      const waitMs = Math.min(head.dueAt - world.now(), LONGEST_PAUSE_MS);
      if (waitMs > 0 && !hurried) return rest(waitMs);
      hurried = false;
      if (!(await attempt(head))) return;
    }
  }

  /** @returns whether to go on at once. */
  async function attempt(head: Batch): Promise<boolean> {
    const outcome = await post(head);
    if (closed && outcome.kind === 'failed') return false;
    const now = world.now();
    const attempts = head.attempts + 1;
    const verdict = verdictOn(outcome, {
      attempts,
      failures: Math.max(status.failures + 1, attempts),
      ageMs: now - head.at,
      random: world.random(),
      now,
    });
    if (verdict.kind === 'done') {
      await outbox.done(head.number);
      if (status.failures > 0) tell('info', `the webhook ${name} is taken again`);
      set({ failures: 0, because: null, sent: status.sent + head.events });
      return true;
    }
    if (status.failures === 0) tell('warn', `the webhook ${name} waits: ${verdict.because}`);
    set({ failures: status.failures + 1, because: verdict.because });
    return failed(head, attempts, verdict, now);
  }

  async function post({ id, body }: Batch): Promise<PostOutcome> {
    const { webhook, poster } = terms;
    const headers = {
      'Content-Type': 'application/json',
      'User-Agent': parts.userAgent,
      ...signedHeaders(webhook.keys, { id, body }, world.now()),
    };
    posting = true;
    const outcome = await poster.post({ headers, body });
    posting = false;
    for (const old of retired.splice(0)) old.close();
    return outcome;
  }

  async function failed(
    head: Batch,
    attempts: number,
    verdict: Exclude<Verdict, { kind: 'done' }>,
    now: number,
  ): Promise<boolean> {
    const { because } = verdict;
    switch (verdict.kind) {
      case 'again':
        await outbox.defer(head.number, { attempts, dueAt: now + verdict.afterMs }, because);
        rest(verdict.afterMs);
        return false;
      case 'dead':
        await outbox.defer(head.number, { attempts, dueAt: now }, because);
        await outbox.bury(name, { number: head.number }, now, because);
        tell('error', `the webhook ${name}: ${deadLetters(head.events)}: ${because}`);
        return true;
      case 'expired': {
        await outbox.defer(head.number, { attempts, dueAt: now }, because);
        const { events } = await outbox.bury(name, { before: now - GIVE_UP_AFTER_MS + 1 }, now, because);
        tell('error', `the webhook ${name}: ${deadLetters(events)} after 3 days: ${because}`);
        return true;
      }
      case 'gone': {
        await outbox.defer(head.number, { attempts, dueAt: now }, because);
        await outbox.end(name, { url: terms.webhook.url, at: now, because });
        const { events } = await outbox.bury(name, { before: EVERYTHING }, now, because);
        set({ state: 'ended', nextAt: null });
        parts.onEnd();
        tell(
          'error',
          `the webhook ${name} is switched off, as ${because}; ${deadLetters(events)}. ` +
            `To switch it on again: waxwing events retry-dead --webhook ${name}`,
        );
        return false;
      }
    }
  }

  return {
    wake() {
      woken = true;
      if (status.state === 'idle') start();
    },
    hurry() {
      hurried = true;
      if (status.state === 'ended') set({ state: 'idle', failures: 0, because: null });
      start();
    },
    use(next) {
      if (posting) retired.push(terms.poster);
      else terms.poster.close();
      terms = next;
    },
    status: () => status,
    async close() {
      closed = true;
      pause.drop();
      terms.poster.close();
      for (const old of retired) old.close();
      await work;
    },
  };
}

function deadLetters(events: number): string {
  return events === 1 ? '1 event is a dead letter' : `${events} events are dead letters`;
}
