/** `waxwing policy propose`, `replay`, `promote` and `rollback`: rules tried on what was seen, and put in force by that. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDomain } from '../../names/domain.ts';
import type { Proposal } from '../../policies/report-only/propose.ts';
import type { Promoted, Replayed } from '../../relay/control-trials.ts';
import type { ShownPromotion } from '../../relay/policies-api.ts';
import { type AskOptions, ask, print } from '../ask.ts';
import { addRelayOptions, append } from '../config/options.ts';

const RULES = ['encrypt', 'authenticate', 'sts', 'list', 'memory'] as const;

export function registerTrials(policy: Command): void {
  addRelayOptions(policy.command('propose'))
    .description(
      'Say of which domains TLS could be required, by all that their sessions have shown: nothing of it would have waited.',
    )
    .argument('[domain]')
    .option('--back <days>', 'look so many days back', days, 30)
    .option('--days <days>', 'sessions on so many days at least', days, 7)
    .option('--sessions <number>', 'so many sessions at least', days, 20)
    .option('--all', 'show also domains of which nothing can be required, with the reason')
    .option('--json', 'print JSON')
    .action(proposeLevels);
  addRelayOptions(policy.command('replay'))
    .description('Try a rule on the sessions of the last days: what it would have let through, and what not.')
    .argument('[domain]')
    .addOption(
      new Option(
        '--rule <rule>',
        'a level; sts, list: policies, and what the policy list says, that are only tested, as if enforced; memory: as with mode = "enforce"',
      )
        .choices(RULES)
        .makeOptionMandatory(),
    )
    .option(
      '--names <name>',
      'with authenticate: a further name that a certificate may prove, or .suffix (repeatable)',
      append,
    )
    .option('--back <days>', 'so many days, today included', days, 14)
    .option('--json', 'print JSON')
    .action(replay);
  addRelayOptions(policy.command('promote'))
    .description(
      'Require a level of mail for a domain until a time, beside what it asks for itself; it is taken back by itself where it blocks more than --most recipients.',
    )
    .argument('<domain>')
    .addOption(new Option('--level <level>').choices(['encrypt', 'authenticate']).makeOptionMandatory())
    .requiredOption('--until <when>', 'its end: 12h or 7d from now, or RFC 3339')
    .requiredOption('--reason <text>', 'why, for whoever wonders later')
    .option('--most <recipients>', 'so many may be blocked', number, 0)
    .option('--json', 'print JSON')
    .action(promote);
  addRelayOptions(policy.command('promotions'))
    .description('List the levels that were promoted, what they have blocked, and what became of them.')
    .option('--json', 'print JSON')
    .action(promotions);
  addRelayOptions(policy.command('rollback'))
    .description('Take a promoted level back before its time.')
    .argument('<domain>')
    .requiredOption('--reason <text>', 'why, for whoever wonders later')
    .option('--json', 'print JSON')
    .action(rollback);
}

function number(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number.');
  return Number(text);
}

function days(text: string): number {
  const value = number(text);
  if (value < 1) throw new InvalidArgumentError('It has to be 1 at least.');
  return value;
}

interface ProposeOptions extends AskOptions {
  readonly back: number;
  readonly days: number;
  readonly sessions: number;
  readonly all?: true;
}

async function proposeLevels(
  text: string | undefined,
  options: ProposeOptions,
  command: Command,
): Promise<void> {
  const { back, days: leastDays, sessions: leastSessions } = options;
  const domain = text === undefined ? null : domainIn(text, command);
  const proposals = await pages<Proposal>(options, '/trials/proposals', domain, {
    back,
    leastDays,
    leastSessions,
  });
  if (proposals === undefined) return;
  const { formatNothingSeen, formatProposals } = await import('../trial-text.ts');
  const shown =
    options.all === true || domain !== null ? proposals : proposals.filter(({ level }) => level !== null);
  print(options, shown, () =>
    proposals.length === 0 ? formatNothingSeen(back) : formatProposals(shown, { leastDays, leastSessions }),
  );
}

interface ReplayOptions extends AskOptions {
  readonly rule: (typeof RULES)[number];
  readonly names?: readonly string[];
  readonly back: number;
}

async function replay(text: string | undefined, options: ReplayOptions, command: Command): Promise<void> {
  const { rule, names = [], back } = options;
  if (names.length > 0 && rule !== 'authenticate')
    command.error('error: --names says whom a certificate may prove, which only authenticate asks for');
  const domain = text === undefined ? null : domainIn(text, command);
  const found = await pages<Replayed | { readonly domain: string; readonly rule: null }>(
    options,
    '/trials/replay',
    domain,
    { rule, names, back },
  );
  if (found === undefined) return;
  const replayed = found.flatMap((one) => (one.rule === null ? [] : [one]));
  const { formatNothingSeen, formatReplayed } = await import('../trial-text.ts');
  print(options, replayed, () =>
    found.length === 0 ? formatNothingSeen(back) : formatReplayed(replayed, rule),
  );
}

/** All pages of it; undefined where nothing came of it. */
async function pages<Item extends { readonly domain: string }>(
  options: AskOptions,
  path: string,
  domain: string | null,
  request: Readonly<Record<string, unknown>>,
): Promise<readonly Item[] | undefined> {
  const { TRIED_AT_ONCE } = await import('../../relay/control-trials.ts');
  const items: Item[] = [];
  for (let after: string | null = null; ; after = items.at(-1)?.domain ?? null) {
    const body = JSON.stringify({ ...request, domain, after });
    const answer = await ask(options, { method: 'POST', path, body, patient: true });
    if (answer === undefined) return undefined;
    const page = answer as readonly Item[];
    items.push(...page);
    if (domain !== null || page.length < TRIED_AT_ONCE) return items;
  }
}

interface PromoteOptions extends AskOptions {
  readonly level: 'encrypt' | 'authenticate';
  readonly until: string;
  readonly reason: string;
  readonly most: number;
}

async function promote(text: string, options: PromoteOptions, command: Command): Promise<void> {
  const domain = domainIn(text, command);
  const { parseReason, parseUntil } = await import('../policy-words.ts');
  const end = parseUntil(options.until, Date.now());
  if (end.kind === 'invalid') return command.error(`error: --until: ${end.because}`);
  if (end.value === null)
    return command.error(
      'error: --until: a promoted level has an end; what is to last belongs into a [[rule]]',
    );
  const why = parseReason(options.reason);
  if (why.kind === 'invalid') return command.error(`error: --reason: ${why.because}`);
  const { level, most: mostBlocked } = options;
  const body = JSON.stringify({ domain, level, until: end.value, reason: why.value, mostBlocked });
  const answer = await ask(options, { method: 'POST', path: '/promotions', body, patient: true });
  if (answer === undefined) return;
  const { formatPromoted } = await import('../trial-text.ts');
  print(options, answer, () => formatPromoted(answer as Promoted));
}

async function promotions(options: AskOptions): Promise<void> {
  const answer = await ask(options, { method: 'GET', path: '/promotions' });
  if (answer === undefined) return;
  const { formatPromotions } = await import('../trial-text.ts');
  print(options, answer, () => formatPromotions(answer as readonly ShownPromotion[]));
}

async function rollback(
  text: string,
  options: AskOptions & { readonly reason: string },
  command: Command,
): Promise<void> {
  const { parseReason } = await import('../policy-words.ts');
  const why = parseReason(options.reason);
  if (why.kind === 'invalid') return command.error(`error: --reason: ${why.because}`);
  const body = JSON.stringify({ domain: domainIn(text, command), reason: why.value });
  const answer = await ask(options, { method: 'POST', path: '/promotions/rollback', body, patient: true });
  if (answer === undefined) return;
  const { formatRolledBack } = await import('../trial-text.ts');
  print(options, answer, () => formatRolledBack(answer as Promoted));
}

function domainIn(text: string, command: Command): string {
  const domain = parseDomain(text);
  if (domain.kind === 'ok') return domain.value;
  command.error(`error: ${JSON.stringify(text)} is not a domain: ${domain.because}`);
}
