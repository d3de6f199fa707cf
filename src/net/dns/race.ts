/** One question to several resolvers: in their order, the next one where one fails or is slow, within one deadline. */
import type { Message } from '../../dns/message.ts';
import type { Question } from '../../dns/record.ts';
import { isReferral, saysBogus } from '../../dns/trusted.ts';
import type { Deadline, Deadlines } from '../deadlines.ts';
import type { Exchange, Exchanged } from './carried.ts';
import type { Client } from './client.ts';
import type { Wishes } from './query.ts';

export interface RaceParts {
  /** At least one. */
  readonly clients: readonly Client[];
  readonly wishes: (client: Client) => Wishes;
  readonly deadlines: Deadlines;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** For the question as a whole. */
  readonly timeoutMs: number;
}

/** What came of it. */
export type Raced =
  /** As of {@link Exchanged}; `from` names the resolver and the way. */
  | (Omit<Extract<Exchanged, { kind: 'message' }>, 'way'> & { readonly from: string })
  /** One sentence: each resolver, and why it is not the one that answered. */
  | { readonly kind: 'failed'; readonly because: string };

const NOERROR = 0;
const NXDOMAIN = 3;

export class Race {
  readonly #parts: RaceParts;
  readonly #question: Question;
  readonly #settle: (raced: Raced) => void;
  readonly #startedAt: number;
  readonly #left: Client[];
  readonly #running = new Map<Client, Exchange>();
  readonly #deadline: Deadline;
  readonly #hedge: Deadline | undefined;
  readonly #faults: string[] = [];
  /** An answer that says only that there is none, in case nobody has a better one. */
  #poor: Raced | undefined;

  /** Starts it. @param settle called once, and later. */
  constructor(parts: RaceParts, question: Question, settle: (raced: Raced) => void) {
    const { clients, deadlines, now, timeoutMs } = parts;
    this.#parts = parts;
    this.#question = question;
    this.#settle = settle;
    this.#startedAt = now();
    this.#left = inOrder(clients, this.#startedAt);
    this.#deadline = deadlines.add(() => this.#onDeadline());
    this.#deadline.set(timeoutMs);
    this.#hedge = clients.length === 1 ? undefined : deadlines.add(() => this.#next());
    this.#next();
  }

  drop(): void {
    this.#deadline.drop();
    this.#hedge?.drop();
    for (const exchange of this.#running.values()) exchange.drop();
    this.#running.clear();
  }

  #next(): void {
    const client = this.#left.shift();
    if (client === undefined) return;
    const { wishes, timeoutMs, now } = this.#parts;
    const leftMs = this.#startedAt + timeoutMs - now();
    client.standing.probed();
    // Twice its patience: its answer to the second try would have come.
    if (this.#left.length > 0) this.#hedge?.set(Math.min(2 * client.standing.patienceMs, timeoutMs / 3));
    this.#running.set(
      client,
      client.ask(
        this.#question,
        () => wishes(client),
        leftMs,
        (exchanged) => this.#onExchanged(client, exchanged),
      ),
    );
  }

  #onExchanged(client: Client, exchanged: Exchanged): void {
    this.#running.delete(client);
    if (exchanged.kind === 'failed') {
      this.#note(client, exchanged.because);
    } else {
      const { message, way, octets, ageSeconds } = exchanged;
      const raced: Raced = { kind: 'message', message, from: `${client.name} (${way})`, octets, ageSeconds };
      if (isFinal(message, this.#parts.wishes(client))) {
        this.#end(raced);
        return;
      }
      this.#poor ??= raced;
    }
    if (this.#left.length > 0) this.#next();
    else if (this.#running.size === 0)
      this.#end(this.#poor ?? { kind: 'failed', because: this.#faults.join(', and ') });
  }

  #onDeadline(): void {
    for (const [client, exchange] of this.#running) this.#note(client, exchange.soFar());
    this.#end(this.#poor ?? { kind: 'failed', because: this.#faults.join(', and ') });
  }

  #note(client: Client, because: string): void {
    client.standing.failed(this.#startedAt);
    this.#faults.push(`${client.name} ${because}`);
  }

  #end(raced: Raced): void {
    this.drop();
    this.#settle(raced);
  }
}

/** As configured, behind them those that did not answer lately. */
function inOrder(clients: readonly Client[], now: number): Client[] {
  if (clients.length === 1) return [...clients];
  const shunned = (client: Client): number => Math.max(client.standing.shunnedUntil, now);
  return clients.toSorted((a, b) => shunned(a) - shunned(b));
}

/** Whether no other resolver need be asked. */
function isFinal(message: Message, { checkingDisabled }: Wishes): boolean {
  if (message.rcode === NOERROR) return !isReferral(message);
  if (message.rcode === NXDOMAIN) return true;
  // A resolver that validates refuses what is forged: one that does not would hand it out.
  return !checkingDisabled && saysBogus(message);
}
