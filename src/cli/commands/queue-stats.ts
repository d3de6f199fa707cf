/** `waxwing queue stats`: how mail travelled, by day and direction. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDomain } from '../../names/domain.ts';
import type { TravelFigures } from '../../relay/control-results.ts';
import { type AskOptions, ask, print } from '../ask.ts';
import { addRelayOptions } from '../config/options.ts';

const MOST_DAYS = 90;

export function registerStats(queue: Command): void {
  addRelayOptions(queue.command('stats'))
    .description(
      'Show how mail travelled, by day and direction: authenticated, encrypted or in clear. What stays on this host is left out.',
    )
    .addOption(
      new Option('--days <n>', `how many days of UTC, today included, at most ${MOST_DAYS}`)
        .argParser(daysIn)
        .default(7),
    )
    .option('--domain <name>', 'only mail from this domain, and to it')
    .option('--json', 'print JSON')
    .action(stats);
}

interface StatsOptions extends AskOptions {
  readonly days: number;
  readonly domain?: string;
}

async function stats(options: StatsOptions, command: Command): Promise<void> {
  const query = new URLSearchParams({ days: String(options.days) });
  if (options.domain !== undefined) query.set('domain', domainIn(options.domain, command));
  const figures = await ask(options, { method: 'GET', path: `/travel?${query.toString()}` });
  if (figures === undefined) return;
  const { formatTravel } = await import('../result-text.ts');
  print(options, figures, () => formatTravel(figures as TravelFigures));
}

function daysIn(text: string): number {
  const days = /^[1-9][0-9]?$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= MOST_DAYS) return days;
  throw new InvalidArgumentError(`It takes a number from 1 to ${MOST_DAYS}.`);
}

function domainIn(text: string, command: Command): string {
  if (text === '<>' || text === 'other') return text;
  const domain = parseDomain(text);
  if (domain.kind === 'ok') return domain.value;
  command.error(`error: ${JSON.stringify(text)} is not a domain: ${domain.because}`);
}
