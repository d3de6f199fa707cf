/** Messages from resolvers, kept as long as they may be; a question that is under way is not asked twice. */
import type { Asked } from '../../dns/look-ups.ts';
import type { Message } from '../../dns/message.ts';
import type { Question } from '../../dns/record.ts';
import { boundedCache } from './bounded-cache.ts';
import type { Client } from './client.ts';
import { Race, type Raced, type RaceParts } from './race.ts';
import { aged, FAILURE_SECONDS, signedTtlOf, ttlOf } from './ttl.ts';

export interface AskerOptions extends Omit<RaceParts, 'clients'> {
  /** At least one. */
  readonly clients: () => readonly Client[];
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Whether messages are kept; it is of no use where what is made of them is kept, and needs one message only. */
  readonly keeps: boolean;
  /** Told of each message once, before anybody else. */
  readonly onMessage: (question: Question, message: Message) => void;
}

/** Who waits for what was asked. */
interface Waiter {
  readonly done: (asked: Asked) => void;
  readonly lost: (error: Error) => void;
}

interface KeptMessage {
  readonly read: () => Asked;
  readonly at: number;
  readonly octets: number;
  readonly until: number;
}

const BOUNDS = { entries: 50_000, octets: 32 << 20 };

export class Asker {
  readonly #options: AskerOptions;
  readonly #kept = boundedCache<KeptMessage>(BOUNDS);
  readonly #running = new Map<string, { readonly race: Race; readonly waiters: Waiter[] }>();
  #closed: Error | undefined;

  constructor(options: AskerOptions) {
    this.#options = options;
  }

  /** @returns what is known already; otherwise one of the functions is called, later. */
  ask(question: Question, done: Waiter['done'], lost: Waiter['lost']): Asked | undefined {
    if (this.#closed !== undefined) throw this.#closed;
    const key = keyOf(question);
    const now = this.#options.clock();
    const kept = this.#kept.get(key, now);
    if (kept !== undefined) return older(kept.read(), Math.max(0, Math.floor((now - kept.at) / 1000)));
    const running = this.#running.get(key);
    if (running !== undefined) {
      running.waiters.push({ done, lost });
      return undefined;
    }
    const race = new Race({ ...this.#options, clients: this.#options.clients() }, question, (raced) =>
      this.#onRaced(key, question, raced),
    );
    this.#running.set(key, { race, waiters: [{ done, lost }] });
    return undefined;
  }

  /** What was told proves nothing: it is kept no longer than a failure, for it may be somebody else's word (RFC 4035 §4.7). */
  doubt(question: Question): void {
    const key = keyOf(question);
    const now = this.#options.clock();
    const kept = this.#kept.get(key, now);
    const until = now + FAILURE_SECONDS * 1000;
    if (kept !== undefined && until < kept.until) this.#kept.set(key, { ...kept, until }, kept.octets, until);
  }

  /** Forgets what it was told. */
  forget(): void {
    this.#kept.clear();
  }

  /** All that wait are told so. */
  close(error: Error): void {
    this.#closed = error;
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const { race } of running) race.drop();
    for (const { waiters } of running) for (const { lost } of waiters) lost(error);
  }

  #onRaced(key: string, question: Question, raced: Raced): void {
    const waiters = this.#running.get(key)?.waiters ?? [];
    this.#running.delete(key);
    const at = this.#options.clock();
    const asked: Asked =
      raced.kind === 'message'
        ? { kind: 'message', message: raced.message, from: raced.from }
        : { kind: 'failed', because: raced.because, errors: [] };
    if (raced.kind === 'message') this.#options.onMessage(question, raced.message);
    const seconds =
      raced.kind === 'message'
        ? Math.min(ttlOf(raced.message), signedTtlOf(raced.message, Math.floor(at / 1000)))
        : FAILURE_SECONDS;
    const octets = raced.kind === 'message' ? raced.octets : raced.because.length;
    const until = at + seconds * 1000;
    const read = raced.kind === 'message' ? readerOf(raced) : always(asked);
    if (this.#options.keeps && seconds > 0) this.#kept.set(key, { read, at, octets, until }, octets, until);
    for (const { done } of waiters) done(asked);
  }
}

/** What gives the same once more, and holds as little as it can until then. */
function readerOf({ again, from }: Extract<Raced, { kind: 'message' }>): () => Asked {
  return () => ({ kind: 'message', message: again(), from });
}

function keyOf({ name, type }: Question): string {
  return `${type} ${name}`;
}

function older(asked: Asked, seconds: number): Asked {
  return asked.kind === 'failed' || seconds === 0
    ? asked
    : { ...asked, message: aged(asked.message, seconds) };
}

function always(asked: Asked): () => Asked {
  return () => asked;
}
