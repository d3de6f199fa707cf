/** `waxwing queue`: what waits, why, and since when. */
import { Argument, type Command } from 'commander';
import type { QueuedMessage, QueuedTrail, Retried } from '../../relay/control-api.ts';
import { addConfigOptions, type ConfigOptions, toLoadRequest } from '../config/options.ts';
import type { ControlRequest } from '../control-client.ts';
import { withExamples } from '../usage.ts';

interface QueueOptions extends ConfigOptions {
  readonly json?: true;
}

export function register(program: Command): void {
  const queue = program.command('queue').description('Look into the queue of the running relay.');
  withExamples(queue, [
    'waxwing queue list',
    'waxwing queue show ID',
    'waxwing queue retry --destination example.com',
  ]);
  addConfigOptions(queue.command('list'))
    .description('List messages, oldest first.')
    .option('--all', 'also those that are delivered, bounced or cancelled')
    .option('--after <id>', 'go on behind this message')
    .option('--json', 'print JSON')
    .action(list);
  addConfigOptions(queue.command('show'))
    .description('Show the whole trail of one message, and what was said in the attempts that failed.')
    .addArgument(new Argument('<id>', 'as in the list'))
    .option('--json', 'print JSON')
    .action(show);
  addConfigOptions(queue.command('retry'))
    .description('Try again now: one message, a destination, or everything.')
    .argument('[id]', 'one message')
    .option('--destination <name>', 'everything for this destination, as in the list')
    .option('--all', 'everything that waits')
    .option('--json', 'print JSON')
    .action(retry);
}

async function list(options: QueueOptions & { readonly all?: true; readonly after?: string }): Promise<void> {
  const { LISTED_AT_ONCE } = await import('../../relay/control-api.ts');
  const messages: QueuedMessage[] = [];
  for (let { after } = options; ; after = messages.at(-1)?.id) {
    const query = new URLSearchParams({ which: options.all === true ? 'all' : 'open' });
    if (after !== undefined) query.set('after', after);
    const answer = await ask(options, { method: 'GET', path: `/queue?${query.toString()}` });
    if (answer === undefined) return;
    const page = answer as readonly QueuedMessage[];
    messages.push(...page);
    if (page.length < LISTED_AT_ONCE) break;
  }
  const { formatList } = await import('../queue-text.ts');
  print(options, messages, () => formatList(messages, Date.now()));
}

async function show(id: string, options: QueueOptions): Promise<void> {
  const trail = await ask(options, { method: 'GET', path: `/queue/${encodeURIComponent(id)}` });
  if (trail === undefined) return;
  const { formatTrail } = await import('../queue-text.ts');
  print(options, trail, () => formatTrail(trail as QueuedTrail));
}

interface RetryOptions extends QueueOptions {
  readonly destination?: string;
  readonly all?: true;
}

async function retry(id: string | undefined, options: RetryOptions, command: Command): Promise<void> {
  const named = [id, options.destination, options.all].filter((one) => one !== undefined);
  if (named.length !== 1) command.error('error: name one of: an id, --destination, --all');
  const of =
    id !== undefined
      ? { id }
      : options.destination !== undefined
        ? { destination: options.destination }
        : { all: true };
  const answer = await ask(options, { method: 'POST', path: '/queue/retry', body: JSON.stringify(of) });
  if (answer === undefined) return;
  const { retried } = answer as Retried;
  if (id !== undefined && retried.length === 0) {
    fail(`message ${id} is not waiting for an attempt`);
    return;
  }
  print(options, answer, () => `${retried.length} recipient${retried.length === 1 ? '' : 's'} due now\n`);
}

/** @returns undefined where nothing came of it; the reason is on stderr then, and the exit code is 1. */
async function ask(options: QueueOptions, request: ControlRequest): Promise<unknown> {
  const { loadConfig } = await import('../config/load.ts');
  const { askRelay, errorIn } = await import('../control-client.ts');
  const loaded = loadConfig(toLoadRequest(options, process.env));
  if (loaded.kind === 'invalid') {
    for (const { origin, path, message } of loaded.errors) fail(`${origin}: ${path}: ${message}`);
    return undefined;
  }
  const answer = await askRelay(loaded.config.dataFolder, request);
  if (answer.kind === 'answered' && answer.status === 200) return answer.body;
  fail(answer.kind === 'answered' ? errorIn(answer.body) : answer.because);
  return undefined;
}

function print(options: QueueOptions, value: unknown, text: () => string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value, undefined, 2)}\n` : text());
}

function fail(message: string): void {
  process.stderr.write(`error: ${message}\n`);
  process.exitCode = 1;
}
