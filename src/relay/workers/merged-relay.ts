/** What the relay is asked by whoever is at the control socket, the HTTP API or the spool: put to all workers. */
import { createHash } from 'node:crypto';
import type { Domain } from '../../names/domain.ts';
import type { StsEntry } from '../../policies/mta-sts/cache.ts';
import type { StsFacts } from '../../policies/mta-sts/facts.ts';
import type { Envelope, Intake } from '../../protocols/smtp/server/state.ts';
import { atTheSocket, type Submitter } from '../arrival.ts';
import type { WordOf } from '../control-api.ts';
import type { HoldWord } from '../holds.ts';
import type { QuotaHolder } from '../quotas.ts';
import type { RefusedRecipient } from '../residence.ts';
import type { RememberedTls } from '../tls-memory.ts';
import type { WorkerCalls } from './calls.ts';
import { askAll, type WorkerEnd, WorkersMissing } from './fan-out.ts';

export interface MergedRelay {
  /** One worker takes it, each in its turn. */
  submit(envelope: Envelope, content: Uint8Array, submitter?: Submitter): Promise<Intake>;
  refusedOf(
    envelope: Pick<Envelope, 'sender' | 'recipients'>,
    submitter?: Submitter,
  ): Promise<readonly RefusedRecipient[]>;
  retry(destinations?: readonly string[] | 'all'): Promise<void>;
  /** Each worker carries the words out by itself that its queue is told. */
  carryOut<Result>(word: () => Promise<Result>): Promise<Result>;
  wordsOf(destinations: readonly string[]): Promise<WordOf>;
  rememberedTls(): Promise<readonly RememberedTls[]>;
  flush(): Promise<void>;
  spenders(): Promise<readonly QuotaHolder[]>;
  /** @returns how many servers of the domain were known. */
  purgeInbound(domain: Domain): Promise<number>;
  readonly engine: {
    refresh(domain: Domain): Promise<StsFacts>;
    forget(domain: Domain): Promise<StsEntry | undefined>;
  };
}

export interface MergedRelayParts {
  readonly workers: () => readonly WorkerEnd[];
  readonly onMissing: (missing: readonly number[]) => void;
}

export function mergedRelay({ workers, onMissing }: MergedRelayParts): MergedRelay {
  let turn = 0;

  async function all<Answer>(ask: (calls: WorkerCalls) => Promise<Answer>): Promise<readonly Answer[]> {
    const { said, missing } = await askAll(workers(), ask);
    if (missing.length > 0) onMissing(missing);
    return said.map(({ answer }) => answer);
  }

  /** One of those that take mail, each in its turn. @throws WorkersMissing where none can be reached. */
  async function one<Answer>(ask: (calls: WorkerCalls) => Promise<Answer>, from?: number): Promise<Answer> {
    const ends = workers().filter(({ takes }) => takes);
    const first = from ?? (turn += 1);
    for (let index = 0; index < ends.length; index += 1) {
      const end = ends[(first + index) % ends.length];
      try {
        if (end !== undefined) return await ask(end.calls);
      } catch (error) {
        // Of any other error it is not known whether the worker has done what it was asked.
        if (!isNobody(error)) throw error;
      }
    }
    throw new WorkersMissing(ends.map(({ number }) => number));
  }

  return {
    submit: (envelope, content, submitter = atTheSocket) =>
      one((calls) => calls.submit({ envelope, content, submitter }), placeOf(submitter)),
    refusedOf: (envelope, submitter = atTheSocket) =>
      one((calls) => calls.refusedOf({ envelope, submitter })),
    async retry(destinations = []) {
      await all((calls) => calls.retry(destinations));
    },
    carryOut: (word) => word(),
    async wordsOf(destinations) {
      const words = new Map<string, HoldWord>();
      if (destinations.length > 0) {
        for (const { destination, word } of (await all((calls) => calls.words(destinations))).flat()) {
          const known = words.get(destination);
          if (known === undefined || isNewer(word, known)) words.set(destination, word);
        }
      }
      return (destination) => words.get(destination);
    },
    rememberedTls: async () => unitedTls(await all((calls) => calls.rememberedTls())),
    async flush() {
      await all((calls) => calls.flush());
    },
    spenders: async () => (await all((calls) => calls.spenders())).flat(),
    purgeInbound: async (domain) => Math.max(0, ...(await all((calls) => calls.purgeInbound(domain)))),
    engine: {
      async refresh(domain) {
        const facts = await one((calls) => calls.refreshPolicy(domain));
        await all((calls) => calls.overlook(domain));
        return facts;
      },
      forget: async (domain) => (await all((calls) => calls.forgetPolicy(domain))).find(Boolean),
    },
  };
}

/**
 * Requests with one key go to one queue, which takes one of them: where the first gave no answer in time, it may be taken yet.
 *
 * @returns undefined where it has no key.
 */
function placeOf({ said }: Submitter): number | undefined {
  if (said === undefined || said.receipt === null) return undefined;
  const { account, key } = said.receipt;
  return createHash('sha256')
    .update(JSON.stringify([account, key]))
    .digest()
    .readUInt32BE();
}

/** Nobody listened, so nothing was asked. */
function isNobody(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')
  );
}

function isNewer(word: HoldWord, than: HoldWord): boolean {
  return (word.found?.at ?? Number.NEGATIVE_INFINITY) > (than.found?.at ?? Number.NEGATIVE_INFINITY);
}

/** Each address once, as whoever has seen it last remembers it. */
function unitedTls(lists: readonly (readonly RememberedTls[])[]): readonly RememberedTls[] {
  const united = new Map<string, RememberedTls>();
  for (const one of lists.flat()) {
    const key = JSON.stringify([one.kind, one.host, one.address, one.port]);
    const known = united.get(key);
    if (known === undefined || one.until > known.until) united.set(key, one);
  }
  return [...united.values()];
}
