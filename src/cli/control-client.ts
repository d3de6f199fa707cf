/** Talks to a running relay through the control socket of its data folder. */
import { request } from 'node:http';
import { join } from 'node:path';
import { INCOMPLETE_HEADER } from '../relay/workers/fan-out.ts';

/** Where a running relay listens for commands, below its data folder. */
export const CONTROL_SOCKET = 'control.sock';

export type Answer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: unknown;
      /** Numbers of workers whose part is missing in it. */
      readonly incomplete: readonly number[];
    }
  /** No relay serves this data folder. */
  | { readonly kind: 'nobody'; readonly because: string }
  /** It did not answer, or not as a relay does; whether it did what it was asked is not known. */
  | { readonly kind: 'failed'; readonly because: string };

export interface ControlRequest {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly body?: Uint8Array | string;
  /** How long to wait for a sign of life; at most, and without it, 30 seconds. */
  readonly withinMs?: number;
  /** Waits for as long as the relay lives: what is asked for takes its time. */
  readonly patient?: true;
}

const ANSWER_MS = 30_000;

/** Asks once; the promise never rejects. */
export function askRelay(
  dataFolder: string,
  { method, path, body, withinMs = ANSWER_MS, patient }: ControlRequest,
): Promise<Answer> {
  // Zero: no limit.
  const timeout = patient === true ? 0 : Math.min(withinMs, ANSWER_MS);
  return new Promise((resolve) => {
    const fail = (error: Error): void =>
      resolve({ kind: 'failed', because: `the relay of ${dataFolder} gave no answer: ${error.message}` });
    const asking = request({
      socketPath: join(dataFolder, CONTROL_SOCKET),
      method,
      path,
      timeout,
    });
    asking.on('timeout', () => asking.destroy(new Error(`nothing within ${timeout / 1000} s`)));
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED') return fail(error);
      resolve({ kind: 'nobody', because: `no waxwing serves ${dataFolder}; start it with: waxwing serve` });
    });
    asking.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        try {
          const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
          const incomplete = numbersIn(response.headers[INCOMPLETE_HEADER]);
          resolve({ kind: 'answered', status: response.statusCode ?? 0, body: parsed, incomplete });
        } catch {
          fail(new Error('what answers there is not a waxwing'));
        }
      });
    });
    if (body !== undefined) asking.setHeader('Content-Length', Buffer.byteLength(body));
    asking.end(body);
  });
}

function numbersIn(header: string | readonly string[] | undefined): readonly number[] {
  return typeof header === 'string' && /^[0-9]+(?:,[0-9]+)*$/.test(header)
    ? header.split(',').map(Number)
    : [];
}

/** What the relay says went wrong. */
export function errorIn(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error);
  return 'the relay gave no reason';
}
