/** `waxwing check`: what each kind of sender would do with mail for a domain, and what is to be fixed. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { severities } from '../../findings/check.ts';
import { depths } from '../../findings/endpoint.ts';
import type { Profile } from '../../findings/profiles/profile.ts';
import type { Parsed } from '../../names/domain.ts';
import { NAGIOS_UNKNOWN } from '../check/exit-code.ts';
import { nagiosFailure } from '../check/formats/nagios-text.ts';
import type { Format } from '../check/output.ts';
import { parseTarget, protocolNames } from '../check/target.ts';
import { addConfigOptions, type ConfigOptions, toLoadRequest } from '../config/options.ts';
import { toMilliseconds, toTimeout } from '../seconds.ts';
import { exitOnWrongUsage, withExamples } from '../usage.ts';

interface CheckOptions extends ConfigOptions {
  readonly protocol?: (typeof protocolNames)[number];
  readonly tls?: 'starttls' | 'implicit';
  readonly depth: (typeof depths)[number];
  readonly suites: 'class' | 'all';
  readonly failOn: (typeof severities)[number];
  readonly only?: string;
  readonly profile?: string;
  readonly failAt?: string;
  readonly from?: string;
  readonly input?: string;
  readonly resume?: string;
  readonly concurrency?: number;
  /** Milliseconds. */
  readonly gap: number;
  readonly allowPrivate?: true;
  readonly intrusive?: true;
  readonly format?: Format;
  readonly json?: true;
  readonly details?: true;
  readonly recording: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

const DEPTH = 'standard';
/** Ports that are visited at the same time: a list has so many owners that each of them is bothered less. */
const AT_ONCE = { few: 8, many: 128 };

const formats: readonly Format[] = [
  'text',
  'json',
  'ndjson',
  'csv',
  'sarif',
  'junit',
  'nagios',
  'openmetrics',
  'html',
  'markdown',
];

export function register(program: Command, args: readonly string[]): void {
  const check = program
    .command('check')
    .description(
      'Visit the mail servers of a domain, or any one server, and say what each kind of sender would do with mail for it, ' +
        'and what to fix in which order. Exit code 0: nothing wrong; 1: something at or above --fail-on; ' +
        '2: wrong usage or configuration; 3: something that matters could not be tested; 4: this network blocks port 25; ' +
        'with --format nagios those of its plugins. ' +
        'Sends no mail, reads what is kept in the data folder, and writes nothing but the file of --resume.',
    );
  withExamples(check, [
    'waxwing check example.com',
    'waxwing check mail.example.com:587 mail.example.com:993',
    'waxwing check ldap.example.com --protocol ldap --details',
    'waxwing check example.com --fail-at 2027-01-31 --json',
    'waxwing check example.com --profile mta-sts-ready',
    'waxwing check - --format ndjson < domains.txt',
    'waxwing check example.com --format html > example.com.html',
    'waxwing check --input domains.txt --resume state --format ndjson >> results.ndjson',
  ]);
  if (isPlugin(args)) {
    // Nagios takes 2 for CRITICAL, and shows what stands on stdout.
    exitOnWrongUsage(check, NAGIOS_UNKNOWN, (message) => {
      process.stdout.write(nagiosFailure(message.replace(/^error: /, '')));
    });
  }
  addHowOptions(addWhatOptions(check)).action(run);
}

/** Whether this is run as a plugin, also where the arguments are wrong otherwise. */
function isPlugin(args: readonly string[]): boolean {
  return args.some(
    (word, index) => word === '--format=nagios' || (word === 'nagios' && args[index - 1] === '--format'),
  );
}

/** What is looked at, and where. */
function addWhatOptions(check: Command): Command {
  return addConfigOptions(check)
    .argument(
      '[target...]',
      'a domain (with any other --protocol than smtp one server); name:port, [name] or [address]:port; - reads them from stdin',
    )
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
    .addOption(
      new Option(
        '--only <ids>',
        'only these checks: ids, or their beginnings such as mtasts, with commas; repeatable',
      ).argParser((text, before?: string) => (before === undefined ? text : `${before},${text}`)),
    )
    .option(
      '--profile <name>',
      'what is demanded: default, mta-sts-ready, dane-ready, ncsc-nl-2025-05, bsi-tr-03108, bod-18-01, or a file',
    )
    .option('--fail-at <date>', 'also what breaks until then if nothing is renewed (2027-01-31)')
    .option('--input <file>', 'targets, a line each, beside those that are named (- is stdin)')
    .option(
      '--resume <file>',
      'keep there what of --input is done, and go on with it where the file is there already',
    )
    .option(
      '--from <file>',
      'judge the results in this file (- is stdin) again, JSON or NDJSON, without the network',
    );
}

/** How servers are visited, and how it is told. */
function addHowOptions(check: Command): Command {
  return check
    .addOption(
      new Option(
        '--concurrency <n>',
        `ports that are visited at the same time (${AT_ONCE.few}; ${AT_ONCE.many} for a list)`,
      ).argParser(toCount),
    )
    .addOption(
      new Option('--gap <seconds>', 'between two connections to the same address')
        .argParser((text) => toMilliseconds(text, 0))
        .default(1_000, '1'),
    )
    .option('--allow-private', 'visit addresses that are not public')
    .option('--intrusive', 'also ask what leaves traces, where the owner consents by a DNS record')
    .addOption(new Option('--format <format>', 'how it is printed (text)').choices(formats))
    .option('--json', 'as --format json')
    .option('--no-recording', 'JSON and NDJSON without what --from judges again')
    .option('--details', 'also every check, and in text what was said to every server')
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
  const { from, format, json, only, failAt, profile, protocol, tls, input, resume } = options;
  const { holdsRecording, refusalOf, whyNotAllSuites } = await import('../check/usage.ts');
  const because = refusalOf({
    targets,
    from,
    input,
    resume,
    format,
    json: json === true,
    withoutRecording: !options.recording,
  });
  if (because !== undefined) refuse(because);
  const targetTerms = { protocol, tls };
  // All of them before anybody is visited; those of a list are told one by one.
  const { STDIN } = await import('../check/targets.ts');
  for (const text of targets) if (text !== STDIN) valueOf(parseTarget(text, targetTerms));
  if (from === undefined && options.suites === 'all') {
    const refusal = whyNotAllSuites({ targets, input }, options.depth);
    if (refusal !== undefined) refuse(refusal);
  }
  const selection = only === undefined ? everyCheck : valueOf(parseSelection(only, await idsOfChecks()));
  const moment = failAt === undefined ? undefined : valueOf(parseMoment(failAt));
  if (from !== undefined) tellUnused(command);
  // What a file holds may be older.
  if (from === undefined && moment !== undefined && moment <= Date.now())
    refuse(`--fail-at ${failAt} is past; name a day to come`);
  const demanded = profile === undefined ? undefined : valueOf(await profileNamed(profile));
  const form = format ?? (json === true ? 'json' : 'text');
  const isMany = input !== undefined || targets.includes(STDIN);
  const { check } = await import('../check/check.ts');
  process.exitCode = await check(
    {
      targets,
      input,
      targetTerms,
      from,
      terms: {
        depth: options.depth,
        intrusive: options.intrusive === true,
        allowPrivate: options.allowPrivate === true,
        everySuite: options.suites === 'all',
        concurrency: options.concurrency ?? (isMany ? AT_ONCE.many : AT_ONCE.few),
        gapMs: options.gap,
        threads: 1,
        timeoutMs: options.timeout,
      },
      failOn: options.failOn,
      selection,
      profile: demanded?.profile,
      only,
      repeated: repeatedOf(options),
      failAt: moment,
      format: form,
      details: options.details === true,
      withoutRecording: !options.recording || !holdsRecording(form),
      resume,
      runTerms: runTermsOf(options, demanded?.words ?? ''),
    },
    toLoadRequest(options, process.env),
  );
}

/** What is about visits means nothing for a file of results, and is no reason to refuse them. */
function tellUnused(command: Command): void {
  const given = ['protocol', 'tls', 'depth', 'suites', 'concurrency', 'gap', 'timeout'].filter(
    (name) => command.getOptionValueSource(name) === 'cli',
  );
  for (const name of given)
    process.stderr.write(`note: --from judges what was seen then, and --${name} changes nothing of it\n`);
}

/** What results depend on: a run that is gone on with has the same. */
function runTermsOf(options: CheckOptions, profile: string): Readonly<Record<string, string>> {
  const { protocol, tls, depth, only, failAt, failOn, allowPrivate, intrusive, format, details, recording } =
    options;
  return {
    '--protocol': protocol ?? '',
    '--tls': tls ?? '',
    '--depth': depth,
    '--only': only ?? '',
    '--profile': profile,
    '--fail-at': failAt ?? '',
    '--fail-on': failOn,
    '--allow-private': allowPrivate === true ? 'given' : '',
    '--intrusive': intrusive === true ? 'given' : '',
    '--format': format ?? '',
    '--details': format === 'csv' && details === true ? 'given' : '',
    '--no-recording': recording ? '' : 'given',
  };
}

/** Without these another check may see less. */
function repeatedOf({ depth, allowPrivate, intrusive }: CheckOptions): readonly string[] {
  return [
    ...(depth === DEPTH ? [] : ['--depth', depth]),
    ...(allowPrivate === true ? ['--allow-private'] : []),
    ...(intrusive === true ? ['--intrusive'] : []),
  ];
}

interface Demanded {
  readonly profile: Profile;
  readonly words: string;
}

async function profileNamed(name: string): Promise<Parsed<Demanded>> {
  const { loadProfile, profileWords } = await import('../check/profile-file.ts');
  const loaded = await loadProfile(name);
  if (loaded.kind === 'invalid') return loaded;
  return { kind: 'ok', value: { profile: loaded.value, words: profileWords(name, loaded.value) } };
}

async function idsOfChecks(): Promise<readonly string[]> {
  const { checkIds } = await import('../../findings/catalogue.ts');
  return checkIds;
}

const MOST_AT_ONCE = 5_000;

function toCount(text: string): number {
  const number = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > MOST_AT_ONCE)
    throw new InvalidArgumentError(`A whole number from 1 to ${MOST_AT_ONCE} is expected.`);
  return number;
}
