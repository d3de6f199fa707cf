/** `waxwing queue suppressed`: for whom no bulk mail is taken any more, and how that ends. */
import type { Command } from 'commander';
import { parseMailbox } from '../../names/mailbox.ts';
import type { SuppressedRecipient } from '../../relay/control-clients.ts';
import { type AskOptions, ask, print } from '../ask.ts';
import { addRelayOptions } from '../config/options.ts';

export function registerSuppressed(queue: Command): void {
  addRelayOptions(queue.command('suppressed'))
    .description(
      'List recipients for whom no mail of [bounces] addresses is taken any more, as it came back too often.',
    )
    .option('--lift <address>', 'take mail for this one again')
    .option('--json', 'print JSON')
    .action(suppressed);
}

interface SuppressedOptions extends AskOptions {
  readonly lift?: string;
}

async function suppressed(options: SuppressedOptions, command: Command): Promise<void> {
  if (options.lift !== undefined) return lift(options.lift, options, command);
  const { SUPPRESSED_AT_ONCE } = await import('../../relay/control-clients.ts');
  const all: SuppressedRecipient[] = [];
  for (let after = ''; ; after = all.at(-1)?.address ?? '') {
    const path = `/suppressed?${new URLSearchParams({ after }).toString()}`;
    const answer = await ask(options, { method: 'GET', path });
    if (answer === undefined) return;
    const page = answer as readonly SuppressedRecipient[];
    all.push(...page);
    if (page.length < SUPPRESSED_AT_ONCE) break;
  }
  const { formatSuppressed } = await import('../queue-text.ts');
  print(options, all, () => formatSuppressed(all));
}

async function lift(text: string, options: AskOptions, command: Command): Promise<void> {
  const mailbox = parseMailbox(text, { utf8: true });
  if (mailbox.kind === 'invalid') return command.error(`error: --lift: ${mailbox.because}`);
  const body = JSON.stringify({ address: mailbox.value.text });
  const lifted = await ask(options, { method: 'POST', path: '/suppressed/lift', body });
  if (lifted === undefined) return;
  const { address } = lifted as { readonly address: string };
  print(options, lifted, () => `mail for ${address} is taken again\n`);
}
