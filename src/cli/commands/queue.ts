/** `waxwing queue`: what waits, why, since when, and the operator's hand on it. */
import { once } from 'node:events';
import { Argument, type Command } from 'commander';
import type { QueuedMessage, QueuedTrail } from '../../relay/control-api.ts';
import type { UsedQuota } from '../../relay/control-clients.ts';
import { type AskOptions, ask, print } from '../ask.ts';
import { addRelayOptions } from '../config/options.ts';
import { withExamples } from '../usage.ts';
import { registerChanges } from './queue-changes.ts';
import { registerCopies } from './queue-copies.ts';
import { registerStats } from './queue-stats.ts';
import { registerSuppressed } from './queue-suppressed.ts';

export function register(program: Command): void {
  const queue = program
    .command('queue')
    .description('Look into the queue of the running relay, and change it.');
  withExamples(queue, [
    'waxwing queue list',
    'waxwing queue show ID',
    'waxwing queue flush example.com',
    'waxwing queue backup /var/backups/waxwing-monday',
  ]);
  addRelayOptions(queue.command('list'))
    .description('List messages, oldest first.')
    .option('--all', 'also those that are delivered, bounced or cancelled')
    .option('--after <id>', 'go on behind this message')
    .option('--json', 'print JSON')
    .action(list);
  addRelayOptions(queue.command('show'))
    .description('Show the whole trail of one message, and what was said in the attempts that failed.')
    .addArgument(new Argument('<id>', 'as in the list'))
    .option('--json', 'print JSON')
    .action(show);
  addRelayOptions(queue.command('quotas'))
    .description('List what accounts and networks have used up of their quotas.')
    .option('--json', 'print JSON')
    .action(quotas);
  registerChanges(queue);
  registerCopies(queue);
  registerStats(queue);
  registerSuppressed(queue);
}

type ListOptions = AskOptions & { readonly all?: true; readonly after?: string };

async function list(options: ListOptions): Promise<void> {
  const { queuePages } = await import('../queue-pages.ts');
  const get = (path: string): Promise<unknown> => ask(options, { method: 'GET', path });
  const pages = queuePages(options.all === true ? 'all' : 'open', options.after, get);
  if (options.json === true) return listAsJson(pages);
  const notices = await get('/notices');
  if (notices === undefined) return;
  const { formatNotices, listFormat } = await import('../queue-text.ts');
  const format = listFormat(Date.now());
  let front = formatNotices(notices as readonly string[]);
  for await (const page of pages) {
    await write(front + format(page));
    front = '';
  }
}

/** One array. Where a later page cannot be had it stays without its end, so that nobody takes it for whole. */
async function listAsJson(pages: AsyncGenerator<readonly QueuedMessage[], 'whole' | 'cut'>): Promise<void> {
  let front = '[';
  for (let step = await pages.next(); ; step = await pages.next()) {
    if (step.done === true) {
      if (step.value === 'whole') await write(front === '[' ? '[]\n' : '\n]\n');
      return;
    }
    for (const message of step.value) {
      await write(`${front}\n  ${JSON.stringify(message, undefined, 2).replaceAll('\n', '\n  ')}`);
      front = ',';
    }
  }
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

async function show(id: string, options: AskOptions): Promise<void> {
  const trail = await ask(options, { method: 'GET', path: `/queue/${encodeURIComponent(id)}` });
  if (trail === undefined) return;
  const { formatTrail } = await import('../queue-text.ts');
  print(options, trail, () => formatTrail(trail as QueuedTrail));
}

async function quotas(options: AskOptions): Promise<void> {
  const used = await ask(options, { method: 'GET', path: '/quotas' });
  if (used === undefined) return;
  const { formatQuotas } = await import('../quota-text.ts');
  print(options, used, () => formatQuotas(used as readonly UsedQuota[]));
}
