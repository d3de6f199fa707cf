/** Look-ups that know what is proven: the resolvers, the caches and the dialogues in one. */
import { availableParallelism } from 'node:os';
import type { TrustAnchor } from '../../dns/anchors.ts';
import type { Answer } from '../../dns/answer.ts';
import { validated } from '../../dns/dnssec/validate.ts';
import type { LookUp } from '../../dns/look-ups.ts';
import { showName } from '../../dns/name.ts';
import type { Question } from '../../dns/record.ts';
import { showType } from '../../dns/show.ts';
import { trusted } from '../../dns/trusted.ts';
import { type Deadlines, startDeadlines } from '../deadlines.ts';
import { NetworkError } from '../error.ts';
import { asError } from '../run.ts';
import { outgoingContext } from '../tls.ts';
import { Asker } from './asker.ts';
import { Assurance } from './assurance.ts';
import { boundedCache } from './bounded-cache.ts';
import { type Client, openClient } from './client.ts';
import { Driver, type Ends } from './driver.ts';
import { entropyFrom } from './entropy.ts';
import type { SelfTest } from './self-test.ts';
import { FAILURE_SECONDS, MAX_TTL_SECONDS } from './ttl.ts';
import type { Upstream } from './upstream.ts';
import { verifying } from './verify.ts';

export interface ResolverOptions {
  /** In the order in which they are asked; at least one. */
  readonly upstreams: readonly Upstream[];
  /**
   * `validate`: every answer is proven here, whoever gave it. `trust`: the AD bit of the resolvers is believed, once they
   * have shown that they validate. `off`: nothing is proven.
   */
  readonly dnssec: 'validate' | 'trust' | 'off';
  /**
   * Of `validate`, as long as no resolver has ever given the signed keys of a zone with an anchor, as behind a router
   * that strips them. `use`: answers count as they are, and are indeterminate. `refuse`: they are unknown.
   */
  readonly whenUnprovable: 'use' | 'refuse';
  readonly anchors: readonly TrustAnchor[];
  /** Whether signatures with SHA-1 count. */
  readonly sha1: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Gives so many octets that nobody can foresee. */
  readonly random: (octets: number) => Uint8Array;
  /** For one question to all the resolvers; a look-up takes several questions, and at most three times as long. */
  readonly timeoutMs: number;
  /** Told of the first self-test, and of each whose verdict is another one. */
  readonly onNotice: (notice: Notice) => void;
  /** Roots, PEM, beside Node's own, that the certificates of resolvers may lead to. */
  readonly roots?: readonly string[];
}

interface Notice {
  readonly kind: 'self-test';
  readonly test: SelfTest;
}

export interface Resolver {
  /** Never rejects but by a {@link NetworkError} after `close`, or by a fault of ours. */
  lookUp(question: Question): Promise<Answer>;
  /**
   * The same past what is kept here of the name: whoever mended a record is believed at once, as far as the resolvers that
   * are asked do not keep it themselves. What is kept of the zones above is used on.
   */
  lookUpAnew(question: Question): Promise<Answer>;
  /** Runs any dialogue of look-ups, on the same caches. It rejects with what the dialogue throws. */
  run<Outcome>(dialogue: LookUp<Outcome>): Promise<Outcome>;
  /** Tests whether anything can be proven; the first look-up waits for it, and it is repeated from time to time. */
  selfTest(): Promise<SelfTest>;
  /** What is under way rejects with a {@link NetworkError}. */
  close(): Promise<void>;
}

const TICK_MS = 20;
const TIMEOUTS_PER_LOOK_UP = 3;

const ANSWERS = { entries: 50_000, octets: 32 << 20 };
/** What an answer takes beside its records, and each link of its chain. */
const ANSWER_OCTETS = 500;
const LINK_OCTETS = 300;

export function openResolver(options: ResolverOptions): Resolver {
  return new OpenResolver(options);
}

class OpenResolver implements Resolver {
  readonly #options: ResolverOptions;
  readonly #deadlines: Deadlines;
  readonly #clients: readonly Client[];
  readonly #assurance: Assurance;
  readonly #asker: Asker;
  readonly #driver: Driver;
  readonly #kept = boundedCache<{ readonly answer: Answer; readonly at: number }>(ANSWERS);
  readonly #running = new Map<string, Promise<Answer>>();
  #closed: NetworkError | undefined;
  /** How often the self-test has changed its mind. */
  #verdicts = 0;

  constructor(options: ResolverOptions) {
    const { upstreams, dnssec, anchors, timeoutMs, now: clock } = options;
    this.#options = options;
    const deadlines = startDeadlines(TICK_MS, 'hold');
    this.#deadlines = deadlines;
    const now = (): number => performance.now();
    const context = once(() => outgoingContext(options.roots ?? []));
    const entropy = entropyFrom(options.random);
    this.#clients = upstreams.map((upstream) => openClient(upstream, { entropy, deadlines, now, context }));
    const assurance = new Assurance({
      dnssec,
      clients: this.#clients,
      zones: anchors.map(({ zone }) => zone),
      deadlines,
      timeoutMs,
      onChange: (test) => this.#onTest(test),
    });
    this.#assurance = assurance;
    this.#asker = new Asker({
      clients: () => assurance.clients,
      wishes: (client) => assurance.wishesFor(client),
      deadlines,
      now,
      clock,
      timeoutMs,
      keeps: dnssec === 'validate',
      onMessage: (question, message) => assurance.note(question, message),
    });
    this.#driver = new Driver({
      ask: (question, done, lost) => this.#asker.ask(question, done, lost),
      verify: verifying({ cores: availableParallelism(), now }),
      clock,
    });
  }

  lookUp(question: Question): Promise<Answer> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const key = `${question.type} ${question.name}`;
    const now = this.#options.now();
    const kept = this.#kept.get(key, now);
    if (kept !== undefined) {
      const age = Math.max(0, Math.floor((now - kept.at) / 1000));
      const { answer } = kept;
      return Promise.resolve(age === 0 ? answer : { ...answer, ttl: Math.max(0, answer.ttl - age) });
    }
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#running.set(key, promise);
    const over = (): void => {
      // Where this one took too long, it may be another one by now.
      if (this.#running.get(key) === promise) this.#running.delete(key);
    };
    this.#find(key, question, {
      done: (answer) => {
        over();
        resolve(answer);
      },
      failed: (error) => {
        over();
        reject(error);
      },
    });
    return promise;
  }

  lookUpAnew(question: Question): Promise<Answer> {
    const key = `${question.type} ${question.name}`;
    const kept = this.#kept.get(key, this.#options.now());
    this.#kept.delete(key);
    this.#asker.drop(question);
    for (const { to } of kept?.answer.aliases ?? []) this.#asker.drop({ name: to, type: question.type });
    // Where nothing could be proven, any link may be what was mended since.
    if (kept?.answer.kind === 'unknown')
      for (const { name, type } of kept.answer.chain) this.#asker.drop({ name, type });
    return this.lookUp(question);
  }

  run<Outcome>(dialogue: LookUp<Outcome>): Promise<Outcome> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#driver.start(dialogue, { done: resolve, failed: reject });
    });
  }

  selfTest(): Promise<SelfTest> {
    return this.#closed === undefined ? this.#assurance.test() : Promise.reject(this.#closed);
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = new NetworkError('failed', 'the resolver was closed');
    this.#assurance.close(this.#closed);
    this.#asker.close(this.#closed);
    await Promise.all(this.#clients.map((client) => client.close()));
    this.#deadlines.close();
  }

  /** @param ends told of the answer, and before it that it took too long, where it does. */
  #find(key: string, question: Question, ends: Ends<Answer>): void {
    const { dnssec, whenUnprovable, timeoutMs } = this.#options;
    const withinMs = TIMEOUTS_PER_LOOK_UP * timeoutMs;
    const deadline = this.#deadlines.add(() => {
      const late = tooLate(question, withinMs);
      this.#keep(key, late);
      ends.done(late);
    });
    deadline.set(withinMs);
    const failed = (error: Error): void => {
      deadline.drop();
      ends.failed(error);
    };
    const start = (): void => {
      const verdicts = this.#verdicts;
      this.#driver.start(this.#dialogueOf(question), {
        done: (answer) => {
          deadline.drop();
          if (answer.kind === 'unknown') this.#doubt(answer);
          // What came too late is kept all the same, for whoever asks next; what began under another verdict is not.
          if (verdicts === this.#verdicts) this.#keep(key, answer);
          ends.done(answer);
        },
        failed,
      });
    };
    const depends = dnssec !== 'validate' || (whenUnprovable === 'use' && !this.#assurance.everProvable);
    if (depends && this.#assurance.result === undefined) {
      this.#assurance
        .test()
        .then(start)
        .catch((error: unknown) => failed(asError(error)));
    } else start();
  }

  #dialogueOf(question: Question): LookUp<Answer> {
    const { dnssec, whenUnprovable, anchors, sha1, now } = this.#options;
    const { result, everProvable, believed } = this.#assurance;
    const none = { kind: 'none', because: result?.because ?? '' } as const;
    switch (dnssec) {
      case 'off':
        return trusted(question, none);
      case 'trust':
        return trusted(question, believed ? { kind: 'resolver' } : none);
      case 'validate':
        if (whenUnprovable === 'use' && !everProvable) return trusted(question, none);
        return validated(question, { now: Math.floor(now() / 1000), anchors, sha1 });
    }
  }

  #keep(key: string, answer: Answer): void {
    const seconds =
      answer.kind === 'unknown'
        ? Math.min(Math.max(answer.ttl, 1), FAILURE_SECONDS)
        : Math.min(answer.ttl, MAX_TTL_SECONDS);
    if (seconds === 0) return;
    const at = this.#options.now();
    this.#kept.set(key, { answer, at }, octetsOf(answer), at + seconds * 1000);
  }

  /** What led to no answer is not believed for as long as it says of itself. */
  #doubt({ question, aliases, chain }: Answer): void {
    this.#asker.doubt(question);
    for (const { to } of aliases) this.#asker.doubt({ name: to, type: question.type });
    for (const { name, type } of chain) this.#asker.doubt({ name, type });
  }

  #onTest(test: SelfTest): void {
    this.#verdicts += 1;
    // What was answered under another verdict may have to be answered otherwise now.
    this.#kept.clear();
    this.#asker.forget();
    this.#driver.forget();
    this.#options.onNotice({ kind: 'self-test', test });
  }
}

function tooLate(question: Question, withinMs: number): Answer {
  return {
    kind: 'unknown',
    question,
    status: 'indeterminate',
    ttl: 0,
    owner: question.name,
    aliases: [],
    signedSince: null,
    signedUntil: null,
    chain: [],
    because: `${showName(question.name)} ${showType(question.type)} was not proven within ${withinMs / 1000} s`,
    errors: [],
    unproven: [],
  };
}

function octetsOf(answer: Answer): number {
  const records = answer.kind === 'found' ? answer.records : answer.kind === 'unknown' ? answer.unproven : [];
  const links = answer.chain.length + answer.aliases.length;
  return records.reduce((sum, record) => sum + record.length, ANSWER_OCTETS + LINK_OCTETS * links);
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
