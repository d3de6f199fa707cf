/** `waxwing queue retry|flush|hold|release|cancel|pause`: what an operator decides about mail that waits. */
import { type Command, Option } from 'commander';
import { counted } from '../../names/count.ts';
import { formatMailDomain, parseMailDomain } from '../../names/mailbox.ts';
import type { BegunPause, QueuedPause, QueueStep } from '../../relay/control-api.ts';
import { type AskOptions, ask, fail, print } from '../ask.ts';
import { addRelayOptions } from '../config/options.ts';

/** What `--json` calls the recipients, and what the text says of them. */
const WORDS = {
  retry: { list: 'retried', done: 'due now', none: 'is not waiting for an attempt' },
  hold: { list: 'held', done: 'held', none: 'has no recipient that waits' },
  release: {
    list: 'released',
    done: 'released, and due now',
    none: 'is not held by an operator (for mail that is held for want of TLS, say --tls LEVEL)',
  },
  cancel: { list: 'cancelled', done: 'cancelled', none: 'has no recipient that waits or is held' },
} as const;

type Change = keyof typeof WORDS;

export function registerChanges(queue: Command): void {
  const descriptions = {
    retry: 'Try again now: one message, a destination, or everything.',
    hold: 'Keep mail until it is released: it is not tried, and does not expire.',
    release: 'Let go what was held by `queue hold`; with --tls also what is held for want of TLS.',
    cancel: 'Give mail up: it is not delivered, and nobody is told.',
  } as const satisfies Record<Change, string>;
  for (const what of ['retry', 'hold', 'release', 'cancel'] as const) {
    const added = addRelayOptions(queue.command(what))
      .description(descriptions[what])
      .argument('[id]', 'one message')
      .option('--destination <name>', 'everything for this destination, as in queue list --json')
      .option('--all', 'everything')
      .option('--json', 'print JSON')
      .action((id: string | undefined, options: ChangeOptions, command: Command) =>
        change(what, id, options, command),
      );
    if (what === 'release') addReleaseOptions(added);
  }
  addRelayOptions(queue.command('flush'))
    .description('Try everything for a domain now, wherever its mail goes.')
    .argument('<domain>')
    .option('--json', 'print JSON')
    .action((domain: string, options: AskOptions, command: Command) =>
      changeAll('retry', { domain: destinationIn(domain, command) }, options),
    );
  addRelayOptions(queue.command('pause'))
    .description('Let no mail go to a domain, or to wherever its mail goes; without one, list the pauses.')
    .argument('[domain]')
    .option('--until <time>', 'RFC 3339, such as 2026-12-24T18:00:00Z; without it: until --off')
    .option('--off', 'let it go again')
    .option('--json', 'print JSON')
    .action(pause);
}

/** The word by which some mail may go although what is required of it cannot be had. */
function addReleaseOptions(command: Command): void {
  command
    .addOption(
      new Option(
        '--tls <level>',
        'let just this mail go under this level, which its trail and its verdict say',
      ).choices(['may', 'encrypt', 'authenticate']),
    )
    .option('--reason <text>', 'with --tls: why, for whoever wonders later')
    .option(
      '--until <when>',
      'with --tls: its end, written as for policy override; without it: until the mail is gone',
    );
}

interface ChangeOptions extends AskOptions {
  readonly tls?: 'may' | 'encrypt' | 'authenticate';
  readonly reason?: string;
  readonly until?: string;
  readonly destination?: string;
  readonly all?: true;
}

async function change(
  what: Change,
  id: string | undefined,
  options: ChangeOptions,
  command: Command,
): Promise<void> {
  const named = [id, options.destination, options.all].filter((one) => one !== undefined);
  if (named.length !== 1) command.error('error: name one of: an id, --destination, --all');
  const under = await levelIn(options, command);
  if (id !== undefined) await changeAll(what, { id, ...under }, options);
  else if (options.destination === undefined) {
    if (under !== undefined)
      command.error("error: --tls is for some mail; for all mail there is: waxwing policy override '*' may");
    await changeAll(what, { all: true }, options);
  } else {
    const destination = destinationIn(options.destination, command);
    await changeAll(what, { destination, ...under }, options);
  }
}

interface Under {
  readonly under: { readonly level: string; readonly until: string | null; readonly reason: string };
}

async function levelIn({ tls, reason, until }: ChangeOptions, command: Command): Promise<Under | undefined> {
  if (tls === undefined) {
    if (reason !== undefined || until !== undefined) command.error('error: --reason and --until need --tls');
    return undefined;
  }
  if (reason === undefined) return command.error('error: --tls needs --reason');
  const { parseReason, parseUntil } = await import('../policy-words.ts');
  const why = parseReason(reason);
  if (why.kind === 'invalid') return command.error(`error: --reason: ${why.because}`);
  if (until === undefined) return { under: { level: tls, until: null, reason: why.value } };
  const end = parseUntil(until, Date.now());
  if (end.kind === 'invalid') return command.error(`error: --until: ${end.because}`);
  return { under: { level: tls, until: end.value, reason: why.value } };
}

/** A domain in its one spelling, also where it is written with the dot of the root; a next hop as it is. */
function destinationIn(text: string, command: Command): string {
  if (text.includes('://')) return text;
  const domain = parseMailDomain(text.replace(/\.$/, ''));
  if (domain.kind === 'ok') return formatMailDomain(domain.value);
  command.error(`error: ${JSON.stringify(text)} is neither a domain nor a next hop: ${domain.because}`);
}

type Meant =
  | ({ readonly id: string } & Partial<Under>)
  | ({ readonly destination: string } & Partial<Under>)
  | { readonly domain: string }
  | { readonly all: true };

async function changeAll(what: Change, of: Meant, options: AskOptions): Promise<void> {
  const changed: { readonly id: string; readonly address: string }[] = [];
  let underWay = 0;
  let bound = 0;
  for (let next: string | null | undefined; next !== null; ) {
    const body = JSON.stringify(next === undefined ? of : { ...of, after: next });
    const answer = await ask(options, { method: 'POST', path: `/queue/${what}`, body });
    if (answer === undefined) return;
    const step = answer as QueueStep;
    changed.push(...step.changed);
    underWay += step.underWay;
    bound += step.bound;
    ({ next } = step);
  }
  const { list, done, none } = WORDS[what];
  if ('id' in of && changed.length === 0) {
    const why = underWay === 0 ? none : `is left as it is: ${attempts(underWay)}`;
    fail(`message ${of.id} ${bound === 0 ? why : BOUND}`);
    return;
  }
  print(options, { [list]: changed, underWay }, () => {
    const left = underWay === 0 ? '' : `; ${underWay} left out, as an attempt is under way`;
    const kept = bound === 0 ? '' : `; ${bound} left out, as the message ${BOUND}`;
    return `${counted(changed.length, 'recipient')} ${done}${left}${kept}\n`;
  });
}

const BOUND = 'was sent with REQUIRETLS, which only its sender can take back';

function attempts(underWay: number): string {
  return `an attempt is under way for ${counted(underWay, 'recipient')}`;
}

interface PauseOptions extends AskOptions {
  readonly until?: string;
  readonly off?: true;
}

async function pause(name: string | undefined, options: PauseOptions, command: Command): Promise<void> {
  const { until, off } = options;
  if (name === undefined) {
    if (until !== undefined || off !== undefined) command.error('error: name the domain');
    const pauses = await ask(options, { method: 'GET', path: '/pauses' });
    if (pauses === undefined) return;
    const { formatPauses } = await import('../queue-text.ts');
    print(options, pauses, () => formatPauses(pauses as readonly QueuedPause[]));
    return;
  }
  const domain = destinationIn(name, command);
  if (off === true) {
    if (until !== undefined) command.error('error: --until and --off exclude each other');
    const body = JSON.stringify({ domain });
    const ended = await ask(options, { method: 'POST', path: '/pauses/end', body });
    if (ended === undefined) return;
    const { destination } = ended as { readonly destination: string };
    print(options, ended, () => `${destination} is no longer paused\n`);
    return;
  }
  const { moment } = await import('../../relay/control-api.ts');
  if (until !== undefined && !moment.safeParse(until).success) {
    const wanted = 'a time as in RFC 3339, such as 2026-12-24T18:00:00Z';
    command.error(`error: --until takes ${wanted}, not ${JSON.stringify(until)}`);
  }
  const body = JSON.stringify({ domain, until: until ?? null });
  const paused = await ask(options, { method: 'POST', path: '/pauses', body });
  if (paused === undefined) return;
  const { formatPauses } = await import('../queue-text.ts');
  const { underWay } = paused as BegunPause;
  print(
    options,
    paused,
    () => `${formatPauses([paused as QueuedPause])}${underWay === 0 ? '' : `${attempts(underWay)}\n`}`,
  );
}
