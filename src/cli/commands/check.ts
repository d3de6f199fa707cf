/** `waxwing check`: what each kind of sender would do with mail for a domain, and what is to be fixed. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { severities } from '../../findings/check.ts';
import { depths } from '../../findings/endpoint.ts';
import type { Parsed } from '../../names/domain.ts';
import type { Format } from '../check/output.ts';
import { parseTarget, protocolNames } from '../check/target.ts';
import { addConfigOptions, type ConfigOptions, toLoadRequest } from '../config/options.ts';
import { withExamples } from '../usage.ts';

interface CheckOptions extends ConfigOptions {
  readonly protocol?: (typeof protocolNames)[number];
  readonly tls?: 'starttls' | 'implicit';
  readonly depth: (typeof depths)[number];
  readonly suites: 'class' | 'all';
  readonly failOn: (typeof severities)[number];
  readonly only?: string;
  readonly failAt?: string;
  readonly from?: string;
  readonly concurrency: number;
  /** Milliseconds. */
  readonly gap: number;
  readonly allowPrivate?: true;
  readonly intrusive?: true;
  readonly format?: Format;
  readonly json?: true;
  readonly details?: true;
  /** Milliseconds. */
  readonly timeout: number;
}

const DEPTH = 'standard';

export function register(program: Command): void {
  const check = program
    .command('check')
    .description(
      'Visit the mail servers of a domain, or any one server, and say what each kind of sender would do with mail for it, ' +
        'and what to fix in which order. Exit code 0: nothing wrong; 1: something at or above --fail-on; ' +
        '2: wrong usage or configuration; 3: something that matters could not be tested; 4: this network blocks port 25. ' +
        'Sends no mail, reads what is kept in the data folder, and writes nothing.',
    );
  withExamples(check, [
    'waxwing check example.com',
    'waxwing check mail.example.com:587 mail.example.com:993',
    'waxwing check ldap.example.com --protocol ldap --details',
    'waxwing check example.com --fail-at 2027-01-31 --json',
    'waxwing check - --format ndjson < domains.txt',
  ]);
  addHowOptions(addWhatOptions(check)).action(run);
}

/** What is looked at, and where. */
function addWhatOptions(check: Command): Command {
  return addConfigOptions(check)
    .argument('[target...]', 'a domain; one server as name:port or [address]:port; - reads them from stdin')
    .addOption(
      new Option('--protocol <name>', 'what is spoken there (that of the port, else smtp)').choices(
        protocolNames,
      ),
    )
    .addOption(
      new Option('--tls <mode>', 'how TLS begins (as is usual at the port, else starttls)').choices([
        'starttls',
        'implicit',
      ]),
    )
    .addOption(
      new Option('--depth <depth>', 'at most 1, 6 or 16 connections to each port')
        .choices(depths)
        .default(DEPTH),
    )
    .addOption(
      new Option(
        '--suites <which>',
        'cipher suites by class, within these connections, or all of one server, each by one more',
      )
        .choices(['class', 'all'])
        .default('class'),
    )
    .addOption(
      new Option('--fail-on <severity>', 'what makes the exit code 1, or 3')
        .choices(severities)
        .default('high'),
    )
    .option('--only <ids>', 'only these checks: ids, or their beginnings such as mtasts, with commas')
    .option('--fail-at <date>', 'also what breaks until then if nothing is renewed (2027-01-31)')
    .option(
      '--from <file>',
      'judge the results in this file (- is stdin) again, JSON or NDJSON, without the network',
    );
}

/** How servers are visited, and how it is told. */
function addHowOptions(check: Command): Command {
  return check
    .addOption(
      new Option('--concurrency <n>', 'ports that are visited at the same time')
        .argParser(toCount)
        .default(8),
    )
    .addOption(
      new Option('--gap <seconds>', 'between two connections to the same address')
        .argParser(toGap)
        .default(1_000, '1'),
    )
    .option('--allow-private', 'visit addresses that are not public')
    .option('--intrusive', 'also ask what leaves traces, where the owner consents by a DNS record')
    .addOption(
      new Option('--format <format>', 'how it is printed (text)').choices(['text', 'json', 'ndjson']),
    )
    .option('--json', 'as --format json')
    .option('--details', 'also every check, and what was said to every server')
    .addOption(
      new Option('--timeout <seconds>', 'how long one connection may take')
        .argParser(toTimeout)
        .default(150_000, '150'),
    );
}

async function run(targets: readonly string[], options: CheckOptions, command: Command): Promise<void> {
  const refuse = (because: string): never => command.error(`error: ${because}`);
  const valueOf = <Value>(parsed: Parsed<Value>): Value =>
    parsed.kind === 'ok' ? parsed.value : refuse(parsed.because);
  const { parseMoment } = await import('../check/moment.ts');
  const { everyCheck, parseSelection } = await import('../check/selection.ts');
  const { STDIN } = await import('../check/targets.ts');
  const { from, format, json, only, failAt, protocol, tls } = options;
  if (json === true && format !== undefined && format !== 'json') {
    refuse(`--json and --format ${format} do not go together`);
  }
  if (from !== undefined && targets.length > 0)
    refuse('--from has its targets in the file; name none beside it');
  if (from === undefined && targets.length === 0) refuse('name a target, such as a domain');
  if (targets.filter((text) => text === STDIN).length > 1) refuse('stdin can be read once only');
  const targetTerms = { protocol, tls };
  // All of them before anybody is visited; those on stdin are told one by one.
  for (const text of targets) if (text !== STDIN) valueOf(parseTarget(text, targetTerms));
  if (from === undefined && options.suites === 'all') {
    const refusal = whyNotAllSuites(targets, options.depth, targetTerms);
    if (refusal !== undefined) refuse(refusal);
  }
  const selection = only === undefined ? everyCheck : valueOf(parseSelection(only, await idsOfChecks()));
  const moment = failAt === undefined ? undefined : valueOf(parseMoment(failAt));
  // What a file holds may be older.
  if (from === undefined && moment !== undefined && moment <= Date.now())
    refuse(`--fail-at ${failAt} is past; name a day to come`);
  const { check } = await import('../check/check.ts');
  process.exitCode = await check(
    {
      targets,
      targetTerms,
      from,
      terms: {
        depth: options.depth,
        intrusive: options.intrusive === true,
        allowPrivate: options.allowPrivate === true,
        everySuite: options.suites === 'all',
        concurrency: options.concurrency,
        gapMs: options.gap,
        timeoutMs: options.timeout,
      },
      failOn: options.failOn,
      selection,
      repeated: repeatedOf(options),
      failAt: moment,
      format: format ?? (json === true ? 'json' : 'text'),
      details: options.details === true,
    },
    toLoadRequest(options, process.env),
  );
}

/** Some hundred connections to each address are for one server whose operator knows of it, and for no list. */
function whyNotAllSuites(
  targets: readonly string[],
  depth: CheckOptions['depth'],
  terms: Parameters<typeof parseTarget>[1],
): string | undefined {
  const [text = ''] = targets;
  const target = parseTarget(text, terms);
  const isOne = targets.length === 1 && target.kind === 'ok' && target.value.kind !== 'domain';
  if (!isOne) return '--suites all makes many connections: name one server, such as mx.example.com:25';
  return depth === 'quick' ? '--suites all and --depth quick do not go together' : undefined;
}

/** Without these another check may see less. */
function repeatedOf({ depth, allowPrivate, intrusive }: CheckOptions): readonly string[] {
  return [
    ...(depth === DEPTH ? [] : ['--depth', depth]),
    ...(allowPrivate === true ? ['--allow-private'] : []),
    ...(intrusive === true ? ['--intrusive'] : []),
  ];
}

async function idsOfChecks(): Promise<readonly string[]> {
  const { checkIds } = await import('../../findings/catalogue.ts');
  return checkIds;
}

const MOST_SECONDS = 3_600;
const MOST_AT_ONCE = 1_000;

function toTimeout(text: string): number {
  return 1000 * wholeNumber(text, 1, MOST_SECONDS, 'Whole seconds');
}

function toGap(text: string): number {
  return 1000 * wholeNumber(text, 0, MOST_SECONDS, 'Whole seconds');
}

function toCount(text: string): number {
  return wholeNumber(text, 1, MOST_AT_ONCE, 'A whole number');
}

function wholeNumber(text: string, least: number, most: number, what: string): number {
  const number = /^[0-9]{1,4}$/.test(text) ? Number(text) : -1;
  if (number < least || number > most) {
    throw new InvalidArgumentError(
      `${what} from ${least} to ${most} ${what.endsWith('s') ? 'are' : 'is'} expected.`,
    );
  }
  return number;
}
