/** `waxwing queue`: what waits, why, since when, and the operator's hand on it. */
import { Argument, type Command } from 'commander';
import type { QueuedMessage, QueuedTrail } from '../../relay/control-api.ts';
import type { UsedQuota } from '../../relay/control-clients.ts';
import { type AskOptions, ask, print } from '../ask.ts';
import { addConfigOptions } from '../config/options.ts';
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
  addConfigOptions(queue.command('quotas'))
    .description('List what accounts and networks have used up of their quotas.')
    .option('--json', 'print JSON')
    .action(quotas);
  registerChanges(queue);
  registerCopies(queue);
  registerStats(queue);
  registerSuppressed(queue);
}

async function list(options: AskOptions & { readonly all?: true; readonly after?: string }): Promise<void> {
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
  const { formatList, formatNotices } = await import('../queue-text.ts');
  if (options.json === true) return print(options, messages, () => '');
  const notices = await ask(options, { method: 'GET', path: '/notices' });
  if (notices === undefined) return;
  print(
    options,
    messages,
    () => formatNotices(notices as readonly string[]) + formatList(messages, Date.now()),
  );
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
