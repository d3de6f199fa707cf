/** Asks a running Waxwing at its control socket, which costs no process for each question. */
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Waxwing } from '../waxwing.ts';

/** @returns the body of the answer. @throws where it is not a yes. */
export function askControl(
  { data }: Pick<Waxwing, 'data'>,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const asking = request({ socketPath: join(data, 'control.sock'), method, path, headers }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 200 || response.statusCode === 201) resolve(answer);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer}`));
      }, reject);
    });
    asking.on('error', reject);
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** An operator's override, for an hour. */
export async function override(waxwing: Waxwing, domain: string, level: string): Promise<void> {
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await askControl(waxwing, 'POST', '/overrides', { domain, level, until, reason: 'a scenario' });
}
