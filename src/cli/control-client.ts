/** Talks to a running relay through the control socket of its data folder. */
import { request } from 'node:http';
import { join } from 'node:path';

/** Where a running relay listens for commands, below its data folder. */
export const CONTROL_SOCKET = 'control.sock';

export type Answer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown }
  /** No relay serves this data folder. */
  | { readonly kind: 'nobody'; readonly because: string };

export interface ControlRequest {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly body?: Uint8Array | string;
}

const ANSWER_MS = 30_000;

/** @throws Error where something answers that is not a relay. */
export function askRelay(dataFolder: string, { method, path, body }: ControlRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({
      socketPath: join(dataFolder, CONTROL_SOCKET),
      method,
      path,
      timeout: ANSWER_MS,
    });
    asking.on('timeout', () =>
      asking.destroy(new Error(`the relay did not answer within ${ANSWER_MS / 1000} s`)),
    );
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED') return reject(error);
      resolve({ kind: 'nobody', because: `no waxwing serves ${dataFolder}; start it with: waxwing serve` });
    });
    asking.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        try {
          const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
          resolve({ kind: 'answered', status: response.statusCode ?? 0, body: parsed });
        } catch (error) {
          reject(new Error(`${dataFolder}: what answered is not a waxwing`, { cause: error }));
        }
      });
    });
    if (body !== undefined) asking.setHeader('Content-Length', Buffer.byteLength(body));
    asking.end(body);
  });
}

/** What the relay says went wrong. */
export function errorIn(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'error' in body) return String(body.error);
  return 'the relay gave no reason';
}
