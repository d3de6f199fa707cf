/** A worker's end of the calls: routes of its own control socket. */
import { deserialize, serialize } from 'node:v8';
import type { Hono } from 'hono';
import type { PolicyEngine } from '../../lookup/engine.ts';
import type { QueueStore } from '../../store/queue-store.ts';
import { StoreError, type StoreErrorCode } from '../../store/store-error.ts';
import type { Relay } from '../relay.ts';
import type { CallName, Counts, WorkerCalls } from './calls.ts';

/** Below this, followed by the name. */
export const CALLS = '/calls/';

export interface AnsweringParts {
  readonly store: Pick<
    QueueStore,
    'list' | 'show' | 'nudge' | 'pause' | 'unpause' | 'pauses' | 'receipt' | 'backup' | 'nextDue'
  >;
  readonly relay: Pick<
    Relay,
    | 'submit'
    | 'refusedOf'
    | 'retry'
    | 'carryOut'
    | 'wordsOf'
    | 'rememberedTls'
    | 'inbound'
    | 'flush'
    | 'spenders'
  >;
  readonly engine: Pick<PolicyEngine, 'refresh' | 'forget' | 'overlook'>;
  readonly recorder: { readonly flush: () => void };
  readonly registry: { readonly getMetricsAsJSON: () => Promise<Counts['metrics']> };
  /** When this process began, milliseconds since 1970. */
  readonly since: number;
}

/** What went wrong in a call, as data. */
export interface CallFailure {
  readonly message: string;
  /** null: no error of the store. */
  readonly code: StoreErrorCode | null;
}

type Asked<Name extends CallName> = Parameters<WorkerCalls[Name]>[0];

export function addWorkerCalls(app: Hono, calls: WorkerCalls): void {
  const answer = <Name extends CallName>(
    name: Name,
    work: (asked: Asked<Name>) => Promise<unknown>,
  ): void => {
    app.post(CALLS + name, async (context) => {
      const asked: Asked<Name> = deserialize(new Uint8Array(await context.req.arrayBuffer()));
      try {
        return context.body(new Uint8Array(serialize(await work(asked))));
      } catch (error) {
        const failure: CallFailure = {
          message: error instanceof Error ? error.message : String(error),
          code: error instanceof StoreError ? error.code : null,
        };
        return context.body(new Uint8Array(serialize(failure)), 500);
      }
    });
  };
  answer('list', (asked) => calls.list(asked));
  answer('show', (asked) => calls.show(asked));
  answer('nudge', (asked) => calls.nudge(asked));
  answer('pause', (asked) => calls.pause(asked));
  answer('unpause', (asked) => calls.unpause(asked));
  answer('pauses', (asked) => calls.pauses(asked));
  answer('receipt', (asked) => calls.receipt(asked));
  answer('backup', (asked) => calls.backup(asked));
  answer('pulse', () => calls.pulse());
  answer('submit', (asked) => calls.submit(asked));
  answer('refusedOf', (asked) => calls.refusedOf(asked));
  answer('retry', (asked) => calls.retry(asked));
  answer('words', (asked) => calls.words(asked));
  answer('rememberedTls', () => calls.rememberedTls());
  answer('flush', () => calls.flush());
  answer('purgeInbound', (asked) => calls.purgeInbound(asked));
  answer('refreshPolicy', (asked) => calls.refreshPolicy(asked));
  answer('overlook', (asked) => calls.overlook(asked));
  answer('forgetPolicy', (asked) => calls.forgetPolicy(asked));
  answer('spenders', () => calls.spenders());
  answer('metrics', () => calls.metrics());
}

/** What a worker that runs does for each call. */
export function workerCalls({
  store,
  relay,
  engine,
  recorder,
  registry,
  since,
}: AnsweringParts): WorkerCalls {
  return {
    list: (request) => store.list(request),
    show: (id) => store.show(id),
    nudge: (request) => relay.carryOut(() => store.nudge(request)),
    pause: (pause) => relay.carryOut(() => store.pause(pause)),
    unpause: (destination) => store.unpause(destination),
    pauses: (now) => store.pauses(now),
    receipt: (request) => store.receipt(request),
    backup: (path) => store.backup(path),
    async pulse() {
      await store.nextDue();
    },
    submit: ({ envelope, content, submitter }) => relay.submit(envelope, content, submitter),
    refusedOf: ({ envelope, submitter }) => relay.refusedOf(envelope, submitter),
    async retry(destinations) {
      relay.retry(destinations);
    },
    async words(destinations) {
      const wordOf = relay.wordsOf(destinations);
      return destinations.flatMap((destination) => {
        const word = wordOf(destination);
        return word === undefined ? [] : [{ destination, word }];
      });
    },
    async rememberedTls() {
      return relay.rememberedTls();
    },
    async flush() {
      recorder.flush();
      relay.flush();
    },
    async spenders() {
      return relay.spenders();
    },
    async purgeInbound(domain) {
      return relay.inbound.purge(domain);
    },
    refreshPolicy: (domain) => engine.refresh(domain),
    async overlook(domain) {
      engine.overlook(domain);
    },
    forgetPolicy: (domain) => engine.forget(domain),
    metrics: async () => ({ since, metrics: await registry.getMetricsAsJSON() }),
  };
}
