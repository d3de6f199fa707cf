/** `waxwing policy`: what the running relay keeps of the policies of others, and an operator's word about them. */
import { Argument, type Command, Option } from 'commander';
import { parseDomain } from '../../names/domain.ts';
import type { KeptList } from '../../relay/list-api.ts';
import type {
  KeptOfDomain,
  KeptOverride,
  KeptPolicy,
  KeptTls,
  Overridden,
  Purged,
  Refreshed,
} from '../../relay/policies-api.ts';
import { type AskOptions, ask, print } from '../ask.ts';
import { addRelayOptions } from '../config/options.ts';
import { withExamples } from '../usage.ts';
import { registerLists } from './policy-lists.ts';
import { registerTrials } from './policy-trials.ts';

export function register(program: Command): void {
  const policy = program
    .command('policy')
    .description(
      'Look at the policies that the running relay keeps of other domains, and change what it goes by.',
    );
  withExamples(policy, [
    'waxwing policy list',
    'waxwing policy show example.com',
    'waxwing policy refresh example.com',
    'waxwing policy override example.com encrypt --until 2d --reason "their certificate ran out, told by phone"',
    'waxwing policy propose',
  ]);
  addRelayOptions(policy.command('list'))
    .description(
      'List the MTA-STS policies that are kept, by domain, and all overrides; and how the policy list stands.',
    )
    .option('--after <domain>', 'go on behind this domain')
    .option(
      '--broken',
      'list the hosts instead at which TLS has failed each time, or that need a small ClientHello, for as long as that is remembered',
    )
    .option('--json', 'print JSON')
    .action(list);
  addRelayOptions(policy.command('show'))
    .description(
      'Show all that is kept of a domain: its policy line by line, failed fetches, an override, a promoted level, what the policy list says, what its mail hosts have reached so far and came to today and yesterday, and servers that send its mail here.',
    )
    .argument('<domain>')
    .option('--json', 'print JSON')
    .action(show);
  addRelayOptions(policy.command('refresh'))
    .description(
      'Fetch the MTA-STS policy of a domain now, and try mail that waits for it. Exit code 1: it could not be had.',
    )
    .argument('<domain>')
    .option('--json', 'print JSON')
    .action(refresh);
  addRelayOptions(policy.command('purge'))
    .description(
      'Forget the MTA-STS policy of a domain, what sessions with its mail hosts have reached, and the servers that send its mail here: until the next contact nothing of it protects.',
    )
    .argument('<domain>')
    .option('--json', 'print JSON')
    .action(purge);
  registerOverride(policy);
  registerLists(policy);
  registerTrials(policy);
}

const LEVELS = ['off', 'may', 'encrypt', 'authenticate'] as const;

function registerOverride(policy: Command): void {
  addRelayOptions(policy.command('override'))
    .description(
      'Set what mail for a domain must reach, over all policies, the memory and the configuration, until a certain time; or take that back.',
    )
    .argument(
      '<domain>',
      "or the name of a next hop that a [[route]] leads to; '*' with may: TLS is required of no mail any more",
    )
    .addArgument(new Argument('[level]', 'TLS level').choices(LEVELS))
    .addOption(
      new Option(
        '--until <when>',
        'its end: 12h or 7d from now, RFC 3339 such as 2026-12-24T18:00:00Z, or forever',
      ),
    )
    .option('--reason <text>', 'why, for whoever wonders later')
    .option('--remove', 'take the override back')
    .option('--json', 'print JSON')
    .action(override);
}

interface ListOptions extends AskOptions {
  readonly after?: string;
  readonly broken?: true;
}

async function list(options: ListOptions, command: Command): Promise<void> {
  if (options.broken === true) {
    if (options.after !== undefined)
      command.error('error: --broken lists all there is, --after means nothing');
    const remembered = await ask(options, { method: 'GET', path: '/remembered-tls' });
    if (remembered === undefined) return;
    const { formatRememberedTls } = await import('../policy-text.ts');
    print(options, remembered, () => formatRememberedTls(remembered as readonly KeptTls[]));
    return;
  }
  const { LISTED_AT_ONCE } = await import('../../relay/control-api.ts');
  const policies: KeptPolicy[] = [];
  const first = options.after === undefined ? undefined : domainIn(options.after, command);
  for (let after = first; ; after = policies.at(-1)?.domain) {
    const query = after === undefined ? '' : `?${new URLSearchParams({ after }).toString()}`;
    const answer = await ask(options, { method: 'GET', path: `/policies${query}` });
    if (answer === undefined) return;
    const page = answer as readonly KeptPolicy[];
    policies.push(...page);
    if (page.length < LISTED_AT_ONCE) break;
  }
  const overrides = await ask(options, { method: 'GET', path: '/overrides' });
  if (overrides === undefined) return;
  const policyList = await ask(options, { method: 'GET', path: '/list' });
  if (policyList === undefined) return;
  const { formatPolicies } = await import('../policy-text.ts');
  const { formatList } = await import('../list-text.ts');
  print(options, { policies, overrides, list: policyList }, () =>
    [
      formatPolicies(policies, overrides as readonly KeptOverride[], Date.now()),
      formatList(policyList as KeptList | null, Date.now()),
    ].join('\n'),
  );
}

async function show(text: string, options: AskOptions, command: Command): Promise<void> {
  const domain = domainIn(text, command);
  const kept = await ask(options, { method: 'GET', path: `/policies/${encodeURIComponent(domain)}` });
  if (kept === undefined) return;
  const { formatKept } = await import('../policy-text.ts');
  print(options, kept, () => formatKept(kept as KeptOfDomain, Date.now()));
}

async function refresh(text: string, options: AskOptions, command: Command): Promise<void> {
  const body = JSON.stringify({ domain: domainIn(text, command) });
  const answer = await ask(options, { method: 'POST', path: '/policies/refresh', body, patient: true });
  if (answer === undefined) return;
  const refreshed = answer as Refreshed;
  const { formatRefreshed } = await import('../policy-text.ts');
  print(options, refreshed, () => formatRefreshed(refreshed, Date.now()));
  if (refreshed.outcome === 'failed') process.exitCode = 1;
}

async function purge(text: string, options: AskOptions, command: Command): Promise<void> {
  const body = JSON.stringify({ domain: domainIn(text, command) });
  const purged = await ask(options, { method: 'POST', path: '/policies/purge', body, patient: true });
  if (purged === undefined) return;
  const { formatPurged } = await import('../policy-text.ts');
  print(options, purged, () => formatPurged(purged as Purged));
}

interface OverrideOptions extends AskOptions {
  readonly until?: string;
  readonly reason?: string;
  readonly remove?: true;
}

async function override(
  text: string,
  level: (typeof LEVELS)[number] | undefined,
  options: OverrideOptions,
  command: Command,
): Promise<void> {
  const domain = text === '*' ? text : domainIn(text, command);
  const { until, reason, remove } = options;
  const { formatOverridden, formatRemoved } = await import('../policy-text.ts');
  if (remove === true) {
    if (level !== undefined || until !== undefined || reason !== undefined)
      command.error(
        'error: --remove takes back what is there: name neither a level nor --until nor --reason',
      );
    const ended = await ask(options, {
      method: 'POST',
      path: '/overrides/end',
      body: JSON.stringify({ domain }),
      patient: true,
    });
    if (ended !== undefined) print(options, ended, () => formatRemoved(ended as Overridden));
    return;
  }
  if (level === undefined || until === undefined || reason === undefined)
    return command.error('error: an override takes a level, --until and --reason; or --remove alone');
  const { parseReason, parseUntil } = await import('../policy-words.ts');
  const end = parseUntil(until, Date.now());
  if (end.kind === 'invalid') return command.error(`error: --until: ${end.because}`);
  if (domain === '*' && (level !== 'may' || end.value === null))
    return command.error(`error: ${EVERYWHERE_TERMS}`);
  const why = parseReason(reason);
  if (why.kind === 'invalid') return command.error(`error: --reason: ${why.because}`);
  const body = JSON.stringify({ domain, level, until: end.value, reason: why.value });
  const begun = await ask(options, { method: 'POST', path: '/overrides', body, patient: true });
  if (begun !== undefined) print(options, begun, () => formatOverridden(begun as Overridden));
}

/** Why not `off`: TLS that can be had protects from whoever only listens. Why an end: nobody remembers such a switch. */
const EVERYWHERE_TERMS =
  "for '*' there is only may, with an end that is a time: with off mail would go in clear even where TLS can be had; more than may for all mail is [relay] tls";

/** In its one spelling, also where it is written with the dot of the root. */
function domainIn(text: string, command: Command): string {
  const domain = parseDomain(text);
  if (domain.kind === 'ok') return domain.value;
  command.error(`error: ${JSON.stringify(text)} is not a domain: ${domain.because}`);
}
