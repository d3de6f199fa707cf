/** How the subcommands of `queue` and `policy` ask the relay and say what came of it. */

import { describeError } from './config/describe-error.ts';
import type { ConfigOptions } from './config/options.ts';
import { toLoadRequest } from './config/options.ts';
import type { ControlRequest } from './control-client.ts';

export interface AskOptions extends ConfigOptions {
  readonly json?: true;
}

/** The data folder of the configuration; undefined where that is wrong, which stderr says then. */
export async function dataFolderOf(options: AskOptions): Promise<string | undefined> {
  const { loadConfig } = await import('./config/load.ts');
  const loaded = loadConfig(toLoadRequest(options, process.env));
  if (loaded.kind === 'ok') return loaded.config.dataFolder;
  for (const error of loaded.errors) fail(describeError(error));
  return undefined;
}

/** @returns undefined where nothing came of it; the reason is on stderr then, and the exit code is 1. */
export async function ask(options: AskOptions, request: ControlRequest): Promise<unknown> {
  const { askRelay, errorIn } = await import('./control-client.ts');
  const folder = await dataFolderOf(options);
  if (folder === undefined) return undefined;
  const answer = await askRelay(folder, request);
  if (answer.kind === 'answered') await warnOfMissing(answer.incomplete);
  if (answer.kind === 'answered' && answer.status === 200) return answer.body;
  fail(answer.kind === 'answered' ? errorIn(answer.body) : answer.because);
  return undefined;
}

/** Numbers of workers of whom the user knows that their part is missing. */
const known = new Set<number>();

/** Says it once, however many pages a list has. */
async function warnOfMissing(missing: readonly number[]): Promise<void> {
  const news = missing.filter((number) => !known.has(number));
  if (news.length === 0) return;
  for (const number of news) known.add(number);
  const { missingText } = await import('../relay/workers/fan-out.ts');
  process.stderr.write(`warning: ${missingText(news)}\n`);
}

export function print(options: AskOptions, value: unknown, text: () => string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value, undefined, 2)}\n` : text());
}

export function fail(message: string): void {
  process.stderr.write(`error: ${message}\n`);
  process.exitCode = 1;
}
