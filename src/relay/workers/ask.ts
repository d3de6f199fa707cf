/** The primary's end of the calls. */
import { request } from 'node:http';
import { deserialize, serialize } from 'node:v8';
import { StoreError } from '../../store/store-error.ts';
import { CALLS, type CallFailure } from './answer.ts';
import type { CallName, WorkerCalls } from './calls.ts';

/** One that is slower is as good as gone: everybody else would wait for it. */
const ANSWER_MS = 20_000;
/** The same where nothing is changed: a command asks two or three things in a row, and gives up after 30 s. */
const LOOK_MS = 6_000;
/** Of a queue of any size. */
const BACKUP_MS = 3_600_000;
/** A policy host may take a minute. */
const FETCH_MS = 120_000;

/**
 * Calls that go to the worker behind this socket, each on a connection of its own: a local one costs little, and none can
 * have been closed meanwhile. They reject with a {@link StoreError} where its queue says no, else with Node's error.
 *
 * @param withinMs how long an answer may take to begin.
 * @param lookMs the same where nothing is changed.
 */
export function askWorker(socketPath: string, withinMs = ANSWER_MS, lookMs = LOOK_MS): WorkerCalls {
  const call =
    <Answer>(name: CallName, timeout = withinMs) =>
    (asked?: unknown): Promise<Answer> =>
      post<Answer>(socketPath, name, asked, timeout);
  return {
    list: call('list', lookMs),
    show: call('show', lookMs),
    nudge: call('nudge'),
    pause: call('pause'),
    unpause: call('unpause'),
    pauses: call('pauses', lookMs),
    receipt: call('receipt'),
    backup: call('backup', BACKUP_MS),
    pulse: call('pulse', lookMs),
    submit: call('submit'),
    refusedOf: call('refusedOf'),
    retry: call('retry'),
    words: call('words', lookMs),
    rememberedTls: call('rememberedTls', lookMs),
    spenders: call('spenders', lookMs),
    flush: call('flush'),
    purgeInbound: call('purgeInbound'),
    refreshPolicy: call('refreshPolicy', FETCH_MS),
    overlook: call('overlook'),
    forgetPolicy: call('forgetPolicy', FETCH_MS),
    metrics: call('metrics', lookMs),
  };
}

function post<Answer>(socketPath: string, name: CallName, asked: unknown, timeout: number): Promise<Answer> {
  const body = serialize(asked);
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path: CALLS + name, method: 'POST', agent: false, timeout });
    asking.on('timeout', () => asking.destroy(new Error(`no answer to ${name} within ${timeout} ms`)));
    asking.on('error', reject);
    asking.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        try {
          const octets = Buffer.concat(chunks);
          if (response.statusCode === 200) {
            const answer: Answer = deserialize(octets);
            resolve(answer);
            return;
          }
          const { code, message }: CallFailure = deserialize(octets);
          reject(code === null ? new Error(message) : new StoreError(code, message));
        } catch (error) {
          reject(new Error(`the answer to ${name} cannot be read`, { cause: error }));
        }
      });
    });
    asking.setHeader('content-length', body.length);
    asking.end(body);
  });
}
