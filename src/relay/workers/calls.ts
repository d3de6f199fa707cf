/**
 * What the primary asks a worker of, where several processes work as one relay.
 *
 * Each worker has its own queue; nobody else opens it. Questions and answers are plain data, as structured cloning carries
 * it, and both ends are of the same build.
 */
import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import type { Domain } from '../../names/domain.ts';
import type { StsEntry } from '../../policies/mta-sts/cache.ts';
import type { StsFacts } from '../../policies/mta-sts/facts.ts';
import type { Envelope, Intake } from '../../protocols/smtp/server/state.ts';
import type { QueueStore } from '../../store/queue-store.ts';
import type { Submitter } from '../arrival.ts';
import type { HoldWord } from '../holds.ts';
import type { QuotaHolder } from '../quotas.ts';
import type { RefusedRecipient } from '../residence.ts';
import type { RememberedTls } from '../tls-memory.ts';

/** What the worker does with its own queue. */
export type QueueCalls = Pick<
  QueueStore,
  'list' | 'show' | 'nudge' | 'pause' | 'unpause' | 'pauses' | 'receipt' | 'backup'
>;

interface HandedIn {
  readonly envelope: Envelope;
  readonly content: Uint8Array;
  readonly submitter: Submitter;
}

/** What a worker counts. */
export interface Counts {
  /** When its process began to count, milliseconds since 1970: what it counted before is not in there. */
  readonly since: number;
  /** As prom-client gives and takes them. */
  readonly metrics: readonly MetricObjectWithValues<MetricValue<string>>[];
}

interface WordAbout {
  readonly destination: string;
  readonly word: HoldWord;
}

export interface WorkerCalls extends QueueCalls {
  /** Resolves where the queue answers. */
  pulse(): Promise<void>;
  submit(message: HandedIn): Promise<Intake>;
  refusedOf(asked: {
    readonly envelope: Pick<Envelope, 'sender' | 'recipients'>;
    readonly submitter: Submitter;
  }): Promise<readonly RefusedRecipient[]>;
  /** Looks again at what is due, and at these destinations where mail is held. */
  retry(destinations: readonly string[] | 'all'): Promise<void>;
  /** Of these destinations, those about which something was found or that are looked at. */
  words(destinations: readonly string[]): Promise<readonly WordAbout[]>;
  rememberedTls(): Promise<readonly RememberedTls[]>;
  /** Writes down what was counted, so that whoever reads `data.db` then reads all. */
  flush(): Promise<void>;
  /** Forgets the servers that send mail of the domain. @returns how many there were. */
  purgeInbound(domain: Domain): Promise<number>;
  refreshPolicy(domain: Domain): Promise<StsFacts>;
  /** Forgets what was learnt of the domain a moment ago, as another worker knows better. */
  overlook(domain: Domain): Promise<void>;
  forgetPolicy(domain: Domain): Promise<StsEntry | undefined>;
  /** Those of a directory who have spent of their quotas here: no configuration names them. */
  spenders(): Promise<readonly QuotaHolder[]>;
  metrics(): Promise<Counts>;
}

export type CallName = keyof WorkerCalls;
