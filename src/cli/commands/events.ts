/** `waxwing events`: what the webhooks of the running relay have to send, and sending it once more. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { DeadPage, ShownWebhook } from '../../relay/control-webhooks.ts';
import type { Replayed } from '../../relay/webhooks/replay.ts';
import type { Amount } from '../../store/outbox.ts';
import { type AskOptions, ask, print } from '../ask.ts';
import { addRelayOptions } from '../config/options.ts';
import { withExamples } from '../usage.ts';

export function register(program: Command): void {
  const events = program
    .command('events')
    .description('Look at what the webhooks of the running relay have to send, and send it once more.');
  withExamples(events, [
    'waxwing events list',
    'waxwing events dead --webhook shop',
    'waxwing events retry-dead --webhook shop',
    'waxwing events replay --webhook shop --since 2026-11-28T12:00:00Z',
  ]);
  addRelayOptions(events.command('list'))
    .description('List the webhooks: what waits, what was given up, and why.')
    .option('--json', 'print JSON')
    .action(list);
  addRelayOptions(events.command('replay'))
    .description(
      'Send past events of the event log to a webhook once more, as far as it and the files that it was rotated into reach.',
    )
    .addOption(webhookOption())
    .addOption(
      new Option('--since <moment>', 'from here on: RFC 3339, or 2h or 7d ago').makeOptionMandatory(),
    )
    .option('--until <moment>', 'up to here. Default: now')
    .option('--json', 'print JSON')
    .action(replay);
  addRelayOptions(events.command('dead'))
    .description('List the requests of a webhook that were given up.')
    .addOption(webhookOption())
    .addOption(
      new Option('--after <number>', 'go on behind this one').argParser(numberIn).default(0, 'the first'),
    )
    .option('--json', 'print JSON')
    .action(dead);
  addRelayOptions(events.command('retry-dead'))
    .description(
      'Send what was given up once more, and try what waits now; a webhook that was switched off by its receiver is used again.',
    )
    .addOption(webhookOption())
    .option('--json', 'print JSON')
    .action(retryDead);
}

interface WebhookOptions extends AskOptions {
  readonly webhook: string;
}

function webhookOption(): Option {
  return new Option('--webhook <name>', 'which one').makeOptionMandatory();
}

async function list(options: AskOptions): Promise<void> {
  const webhooks = await ask(options, { method: 'GET', path: '/webhooks' });
  if (webhooks === undefined) return;
  const { formatWebhooks } = await import('../webhook-text.ts');
  print(options, webhooks, () => formatWebhooks(webhooks as readonly ShownWebhook[]));
}

interface ReplayOptions extends WebhookOptions {
  readonly since: string;
  readonly until?: string;
}

async function replay(options: ReplayOptions, command: Command): Promise<void> {
  const { parseSince } = await import('../policy-words.ts');
  const now = Date.now();
  const read = (flag: string, text: string): string => {
    const moment = parseSince(text, now);
    if (moment.kind === 'ok') return moment.value;
    command.error(`error: ${flag}: ${moment.because}`);
  };
  const since = read('--since', options.since);
  const until = options.until === undefined ? {} : { until: read('--until', options.until) };
  const replayed = await ask(options, {
    method: 'POST',
    path: `${pathOf(options)}/replay`,
    body: JSON.stringify({ since, ...until }),
    patient: true,
  });
  if (replayed === undefined) return;
  const { formatReplayed } = await import('../webhook-text.ts');
  print(options, replayed, () => formatReplayed(replayed as Replayed));
}

async function dead(options: WebhookOptions & { readonly after: number }): Promise<void> {
  const page = await ask(options, { method: 'GET', path: `${pathOf(options)}/dead?after=${options.after}` });
  if (page === undefined) return;
  const { formatDead } = await import('../webhook-text.ts');
  print(options, page, () => formatDead(page as DeadPage));
}

async function retryDead(options: WebhookOptions): Promise<void> {
  const revived = await ask(options, { method: 'POST', path: `${pathOf(options)}/retry-dead` });
  if (revived === undefined) return;
  const { formatRevived } = await import('../webhook-text.ts');
  print(options, revived, () => formatRevived(revived as Amount));
}

function pathOf({ webhook }: WebhookOptions): string {
  return `/webhooks/${encodeURIComponent(webhook)}`;
}

function numberIn(text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It takes a number, as the end of the list before says.');
}
