/** Calls of workers for tests. */
import type { WorkerCalls } from '../../src/relay/workers/calls.ts';

const unexpected = (): Promise<never> => Promise.reject(new TypeError('nobody expected this call'));

/** A worker that is asked for nothing. */
export const deafCalls: WorkerCalls = {
  list: unexpected,
  show: unexpected,
  nudge: unexpected,
  pause: unexpected,
  unpause: unexpected,
  pauses: unexpected,
  receipt: unexpected,
  backup: unexpected,
  pulse: unexpected,
  submit: unexpected,
  refusedOf: unexpected,
  retry: unexpected,
  words: unexpected,
  rememberedTls: unexpected,
  flush: unexpected,
  spenders: unexpected,
  purgeInbound: unexpected,
  refreshPolicy: unexpected,
  overlook: unexpected,
  forgetPolicy: unexpected,
  metrics: unexpected,
};
