/** A worker's end of the calls: routes of its own control socket. */
import { deserialize, serialize } from 'node:v8';
import type { Hono } from 'hono';
import type { PolicyEngine } from '../../lookup/engine.ts';
import type { QueueStore } from '../../store/queue-store.ts';
import { StoreError, type StoreErrorCode } from '../../store/store-error.ts';
import type { Relay } from '../relay.ts';
import { CALLS, type CallName, type Counts, type WorkerCalls } from './calls.ts';

export interface AnsweringParts {
  readonly store: Pick<
    QueueStore,
    'list' | 'show' | 'nudge' | 'pause' | 'unpause' | 'pauses' | 'receipt' | 'nextDue'
  >;
  readonly relay: Pick<
    Relay,
    'submit' | 'refusedOf' | 'retry' | 'carryOut' | 'wordsOf' | 'rememberedTls' | 'inbound' | 'flush'
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

export function addWorkerCalls(app: Hono, calls: WorkerCalls): void {
  const answer = <Asked>(name: CallName, work: (asked: Asked) => Promise<unknown>): void => {
    app.post(CALLS + name, async (context) => {
      const asked: Asked = deserialize(new Uint8Array(await context.req.arrayBuffer()));
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
  answer('list', calls.list);
  answer('show', calls.show);
  answer('nudge', calls.nudge);
  answer('pause', calls.pause);
  answer('unpause', calls.unpause);
  answer('pauses', calls.pauses);
  answer('receipt', calls.receipt);
  answer('pulse', calls.pulse);
  answer('submit', calls.submit);
  answer('refusedOf', calls.refusedOf);
  answer('retry', calls.retry);
  answer('words', calls.words);
  answer('rememberedTls', calls.rememberedTls);
  answer('flush', calls.flush);
  answer('purgeInbound', calls.purgeInbound);
  answer('refreshPolicy', calls.refreshPolicy);
  answer('overlook', calls.overlook);
  answer('forgetPolicy', calls.forgetPolicy);
  answer('metrics', calls.metrics);
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
