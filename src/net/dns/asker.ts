/** Messages from resolvers, kept as long as they may be; a question that is under way is not asked twice. */
import type { Asked } from '../../dns/look-ups.ts';
import { decodeMessage, type Message } from '../../dns/message.ts';
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

/** An answer unread, or why there is none. */
interface KeptAnswer {
  readonly what: { readonly octets: Uint8Array; readonly from: string } | Extract<Asked, { kind: 'failed' }>;
  /** When its TTL were as they stand in it. */
  readonly at: number;
  readonly octets: number;
  readonly until: number;
}

const BOUNDS = { entries: 50_000, octets: 32 << 20 };
/** What an answer takes beside its octets. */
const ANSWER_OCTETS = 400;

export class Asker {
  readonly #options: AskerOptions;
  readonly #kept = boundedCache<KeptAnswer>(BOUNDS);
  readonly #running = new Map<string, { readonly race: Race; readonly waiters: Waiter[] }>();
  #parts: RaceParts | undefined;
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
    if (kept !== undefined) return askedOf(kept, now);
    const running = this.#running.get(key);
    if (running !== undefined) {
      running.waiters.push({ done, lost });
      return undefined;
    }
    const race = new Race(this.#partsNow(), question, (raced) => this.#onRaced(key, question, raced));
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

  /** Asks anew the next time, whatever was told. */
  drop(question: Question): void {
    this.#kept.delete(keyOf(question));
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

  /** The same as long as the same clients are asked. */
  #partsNow(): RaceParts {
    const clients = this.#options.clients();
    if (this.#parts?.clients !== clients) this.#parts = { ...this.#options, clients };
    return this.#parts;
  }

  #onRaced(key: string, question: Question, raced: Raced): void {
    const waiters = this.#running.get(key)?.waiters ?? [];
    this.#running.delete(key);
    const asked =
      raced.kind === 'message' ? this.#told(key, question, raced) : this.#failed(key, raced.because);
    // Emptied, for the same reason as a deadline that is dropped forgets its owner.
    for (const { done } of waiters.splice(0)) done(asked);
  }

  #told(key: string, question: Question, raced: Extract<Raced, { kind: 'message' }>): Asked {
    const { message, from, octets, ageSeconds } = raced;
    this.#options.onMessage(question, message);
    const now = this.#options.clock();
    const seconds = Math.min(ttlOf(message), signedTtlOf(message, Math.floor(now / 1000)));
    this.#keep(key, { octets: alone(octets), from }, octets.length, { now, seconds, ageSeconds });
    return { kind: 'message', message, from };
  }

  #failed(key: string, because: string): Asked {
    const asked = { kind: 'failed', because, errors: [] } as const;
    const now = this.#options.clock();
    this.#keep(key, asked, because.length, { now, seconds: FAILURE_SECONDS, ageSeconds: 0 });
    return asked;
  }

  #keep(
    key: string,
    what: KeptAnswer['what'],
    octets: number,
    {
      now,
      seconds,
      ageSeconds,
    }: { readonly now: number; readonly seconds: number; readonly ageSeconds: number },
  ): void {
    if (!this.#options.keeps || seconds <= 0) return;
    const until = now + seconds * 1000;
    const size = octets + ANSWER_OCTETS;
    this.#kept.set(key, { what, at: now - ageSeconds * 1000, octets: size, until }, size, until);
  }
}

function keyOf({ name, type }: Question): string {
  return `${type} ${name}`;
}

/** A copy where they are part of something larger, such as what TCP brought: that would be kept with them. */
function alone(octets: Uint8Array): Uint8Array {
  return octets.buffer.byteLength === octets.length ? octets : new Uint8Array(octets);
}

function askedOf({ what, at }: KeptAnswer, now: number): Asked {
  if ('kind' in what) return what;
  const decoded = decodeMessage(what.octets);
  if (decoded.kind === 'malformed') throw new Error(`what was read before is malformed: ${decoded.because}`);
  const seconds = Math.max(0, Math.floor((now - at) / 1000));
  return { kind: 'message', message: aged(decoded.message, seconds), from: what.from };
}
