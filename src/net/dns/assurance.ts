/** What is known of whether answers can be proven on this way: tested at the start, and again from time to time. */
import type { Message } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { type Question, types } from '../../dns/record.ts';
import type { Deadlines } from '../deadlines.ts';
import type { Client } from './client.ts';
import type { Wishes } from './query.ts';
import {
  type ClientTest,
  hasSignedKeys,
  type SelfTest,
  summaryOf,
  testClients,
  trusting,
  validating,
} from './self-test.ts';

export interface AssuranceOptions {
  readonly dnssec: 'validate' | 'trust' | 'off';
  readonly clients: readonly Client[];
  readonly zones: readonly Name[];
  readonly deadlines: Deadlines;
  readonly timeoutMs: number;
  /** Told of the first result, and of each that differs in kind or in reason. */
  readonly onChange: (test: SelfTest) => void;
}

const TEST_EVERY_MS = 60 * 60_000;
/** As long as something is amiss. */
const TEST_AGAIN_AFTER_MS = 60_000;

const notAsked: Wishes = { checkingDisabled: false, authenticData: false, dnssecOk: false };

export class Assurance {
  readonly #options: AssuranceOptions;
  /** Of the last time that any resolver answered. */
  #tests: readonly ClientTest[] = [];
  #good: readonly Client[] = [];
  #result: SelfTest | undefined;
  #running: Promise<SelfTest> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lose: ((error: Error) => void) | undefined;
  #closed = false;
  #everProvable = false;
  #believed = false;

  constructor(options: AssuranceOptions) {
    this.#options = options;
  }

  /** Of the last test; undefined before the first. */
  get result(): SelfTest | undefined {
    return this.#result;
  }

  /**
   * Whether any resolver has ever given signed keys of a zone with an anchor. It stays so: whoever is on the path could
   * switch validation off otherwise, by keeping back what proves.
   */
  get everProvable(): boolean {
    return this.#everProvable;
  }

  /**
   * Whether the AD bit counts: by the last test that had an answer. Who is silent does not say that he validates no more,
   * or keeping him from answering would be enough to switch DANE off.
   */
  get believed(): boolean {
    return this.#believed;
  }

  /** Those that give what it takes; where none does, all. */
  get clients(): readonly Client[] {
    return this.#good.length > 0 ? this.#good : this.#options.clients;
  }

  wishesFor(client: Client): Wishes {
    switch (this.#options.dnssec) {
      case 'validate':
        return validating;
      case 'trust': {
        const dnssecOk = this.#tests.some((test) => test.client === client && test.needsDo);
        return { ...trusting, dnssecOk };
      }
      case 'off':
        return notAsked;
    }
  }

  /** Every message may be the one that shows signed keys. */
  note({ name, type }: Question, message: Message): void {
    if (this.#everProvable || type !== types.DNSKEY || !this.#options.zones.includes(name)) return;
    if (hasSignedKeys(message, name)) this.#everProvable = true;
  }

  test(): Promise<SelfTest> {
    this.#running ??= new Promise<SelfTest>((resolve, reject) => {
      this.#lose = reject;
      this.#test().then(resolve, reject);
    }).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** A test that is under way rejects with the error. */
  close(error: Error): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#lose?.(error);
  }

  async #test(): Promise<SelfTest> {
    const { dnssec, clients, zones, deadlines, timeoutMs, onChange } = this.#options;
    const before = this.#result;
    if (dnssec === 'off') {
      this.#result = { kind: 'off', because: 'DNSSEC is switched off' };
    } else {
      const tests = await testClients(clients, { mode: dnssec, zones, deadlines, timeoutMs });
      this.#result = summaryOf(tests);
      if (dnssec === 'validate' && this.#result.kind === 'provable') this.#everProvable = true;
      if (this.#result.kind !== 'no-answer') {
        this.#tests = tests;
        this.#believed = this.#result.kind === 'provable';
        this.#good = tests.filter(({ verdict }) => verdict === 'yes').map(({ client }) => client);
      }
      this.#plan(tests.every(({ verdict }) => verdict === 'yes'));
    }
    if (this.#result.kind !== before?.kind) onChange(this.#result);
    return this.#result;
  }

  #plan(fine: boolean): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(
      () => void this.test().catch(() => undefined),
      fine ? TEST_EVERY_MS : TEST_AGAIN_AFTER_MS,
    );
    this.#timer.unref();
  }
}
