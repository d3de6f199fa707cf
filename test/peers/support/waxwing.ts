/** The real program as a process of its own, with a private configuration and data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type {
  CredentialEvent,
  DeliveryEvent,
  EventName,
  RelayEvent,
} from '../../../src/events/delivery-event.ts';
import type { ReturnedEvent } from '../../../src/events/returned-event.ts';
import type { Certificate } from '../../support/certificates.ts';
import { type Finished, finish, runCommand } from './command.ts';
import { until } from './until.ts';

/** What the configuration says; the defaults take mail in from loopback and have no routes. */
export interface WaxwingOptions {
  /** By default `waxwing.test`. */
  readonly hostname?: string;
  /** Shown to clients; without it, Waxwing makes its own. */
  readonly certificate?: Certificate;
  /** Who may relay without a login; by default whoever is on loopback. */
  readonly networks?: readonly string[];
  /** Hashes of passwords by user. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** Items of `[[domain]]`; with one there is a listener of role mx. */
  readonly domains?: readonly Keys[];
  /** Authorities trusted when delivering, PEM. */
  readonly trust?: string;
  /** Items of `[[route]]`, the first that matches wins. */
  readonly routes?: readonly Keys[];
  /** Items of `[[rule]]`. */
  readonly rules?: readonly Keys[];
  /** Keys of `[relay]`. */
  readonly relay?: Keys;
  /** Keys of `[dns]`. */
  readonly dns?: Keys;
  /** Keys of `[list]`. */
  readonly list?: Keys;
  /** Keys of `[tls_rpt]`. */
  readonly tlsRpt?: Keys;
  /** Keys of `[authentication]`. */
  readonly authentication?: Keys;
  /** Items of `[[dkim]]`. */
  readonly dkim?: readonly Keys[];
  /** Keys of `[forwarding]`. */
  readonly forwarding?: Keys;
  /** Keys of `[bounces]`; there is a secret in `bounces.secret`. */
  readonly bounces?: Keys;
  /** Further keys of the listeners of role submission. */
  readonly submission?: Keys;
  /** Keys of `[account_database]`. */
  readonly accountDatabase?: Keys;
  /** Keys of `[limits]`. */
  readonly limits?: Keys;
  /** Keys of `[memory]`. */
  readonly memory?: Keys;
  /** Keys of `[events]`. */
  readonly events?: Keys;
  /** Items of `[[webhook]]`; files by their whole path. */
  readonly webhooks?: readonly Keys[];
  /** Keys that stand before all tables. */
  readonly top?: Keys;
  /** Items of `[[api_key]]`; with one there is an HTTP API. */
  readonly apiKeys?: readonly Keys[];
  /** Items of `[[advisor.listener]]`. */
  readonly advisor?: readonly Keys[];
  /** Command words that become the program by exec, in a mount namespace of its own; `DATA` is the data folder. */
  readonly under?: readonly string[];
}

type Keys = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** A Waxwing that runs, or ran until it was stopped. */
export interface Waxwing {
  /** Of the process started last. */
  readonly pid: number;
  /** Where it takes mail over STARTTLS or in clear; another one after each start. */
  readonly port: number;
  /** Where it takes mail over implicit TLS. */
  readonly tlsPort: number;
  /** Where it takes mail from anyone for its domains; only with domains. */
  readonly mxPort: number;
  /** Where its HTTP API is; only with keys for it. */
  readonly apiPort: number;
  /** Where its advisor answers, in the order of its listeners; 0 for one at a file. */
  readonly advisorPorts: readonly number[];
  /** Its data folder, as it is seen from here. */
  readonly data: string;
  /** What the event log says of messages so far. */
  events(): DeliveryEvent[];
  /** What it says of mail that came back to bounce addresses, at least so many. */
  returned(atLeast?: number): Promise<ReturnedEvent[]>;
  /** What it says of logins that were sent in clear. */
  exposures(): CredentialEvent[];
  /** Waits for events of this name until there are so many, and returns them all. */
  eventsOf(name: EventName, atLeast?: number): Promise<DeliveryEvent[]>;
  /** What it logged, of all its processes. */
  readonly log: () => string;
  /** Runs another command of the program with the same configuration. */
  cli(args: readonly string[], input?: Buffer | string): Promise<Finished>;
  /** Starts it again; it is ready when the promise resolves. */
  start(): Promise<void>;
  /** Writes another certificate into its files. */
  replaceCertificate(certificate: Certificate): Promise<void>;
  /** Asks it to read its configuration and its certificates again. */
  hangUp(): void;
  /** Ends it as an operator would. */
  stop(): Promise<Finished>;
  /** Ends it as a power cut would, without a chance to do anything. */
  kill9(): Promise<void>;
  /** Ends it and removes its files. */
  close(): Promise<void>;
}

/** Hashes a password as an operator would. */
export async function hashPassword(password: string, how: '--scrypt' | '--scram' | null): Promise<string> {
  const options = how === null ? [] : [how];
  const done = await runCommand(process.execPath, [program, 'config', 'hash', ...options], {
    input: `${password}\n`,
  });
  if (done.code !== 0) throw new Error(`waxwing config hash: ${done.stderr}`);
  return done.stdout.trimEnd();
}

/** Makes a key for the HTTP API as an operator would. */
export async function newApiKey(): Promise<{ readonly key: string; readonly hash: string }> {
  const made = await runCommand(process.execPath, [program, 'config', 'api-key'], { input: '' });
  const [, key, hash] = /^key: +(\S+)\nkey_hash: (\S+)\n$/.exec(made.stdout) ?? [];
  if (key === undefined || hash === undefined) throw new Error(`waxwing config api-key: ${made.stderr}`);
  return { key, hash };
}

const program = join(import.meta.dirname, '../../../src/cli/bin.ts');

/** Starts Waxwing and waits until it is ready. */
export async function startWaxwing(options: WaxwingOptions = {}): Promise<Waxwing> {
  const place = await mkdtemp(join(tmpdir(), 'waxwing-test-'));
  const config = join(place, 'waxwing.toml');
  const data = join(place, 'data');
  const files = {
    'waxwing.toml': configuration(options),
    'cert.pem': options.certificate?.certPem ?? '',
    'key.pem': options.certificate?.keyPem ?? '',
    'ca.pem': options.trust ?? '',
    'bounces.secret': 'a secret of sixteen octets\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(place, name), text, { mode: 0o600 });
  const under = (options.under ?? []).map((word) => (word === 'DATA' ? data : word));
  const words = [...under, process.execPath, program, 'serve', '--config', config];
  const log: string[] = [];
  let running = await begin(words, log);
  const seen = (): string =>
    options.under === undefined ? data : join('/proc', `${running.process.pid}`, 'root', data);
  const all = (): RelayEvent[] => readEvents(join(seen(), 'events.ndjson'));
  const events = (): DeliveryEvent[] =>
    all().filter((one) => one.event !== 'credential-exposed' && one.event !== 'returned');
  const end = async (signal: NodeJS.Signals): Promise<Finished> => {
    running.process.kill(signal);
    return running.finished;
  };
  return {
    get pid() {
      return running.process.pid ?? 0;
    },
    get port() {
      return running.ports[0] ?? 0;
    },
    get tlsPort() {
      return running.ports[1] ?? 0;
    },
    get mxPort() {
      return running.ports[2] ?? 0;
    },
    get apiPort() {
      return running.apiPort;
    },
    get advisorPorts() {
      return running.advisorPorts;
    },
    get data() {
      return seen();
    },
    events,
    exposures: () => all().filter((one) => one.event === 'credential-exposed'),
    returned: (atLeast = 1) =>
      until(
        () => {
          const named = all().filter((one) => one.event === 'returned');
          return named.length >= atLeast && named;
        },
        () => `not ${atLeast} events returned: ${JSON.stringify(all(), null, 1)}\n${log.join('\n')}`,
      ),
    eventsOf: (name, atLeast = 1) =>
      until(
        () => {
          const named = events().filter(({ event }) => event === name);
          return named.length >= atLeast && named;
        },
        () => `not ${atLeast} events ${name}: ${JSON.stringify(events(), null, 1)}\n${log.join('\n')}`,
      ),
    log: () => log.join('\n'),
    cli: (args, input = '') =>
      runCommand(process.execPath, [program, ...args, '--config', config], { input }),
    async start() {
      running = await begin(words, log);
    },
    async replaceCertificate({ certPem, keyPem }) {
      await writeFile(join(place, 'cert.pem'), certPem);
      await writeFile(join(place, 'key.pem'), keyPem);
    },
    hangUp: () => void running.process.kill('SIGHUP'),
    stop: () => end('SIGTERM'),
    async kill9() {
      await end('SIGKILL');
    },
    async close() {
      await end('SIGKILL');
      await rm(place, { recursive: true, force: true });
    },
  };
}

interface Running {
  readonly process: ChildProcess;
  readonly ports: readonly number[];
  readonly apiPort: number;
  readonly advisorPorts: readonly number[];
  readonly finished: Promise<Finished>;
}

/** Starts a process and waits for its word that it is ready; it names its ports before that. */
async function begin(words: readonly string[], log: string[]): Promise<Running> {
  const [command = '', ...args] = words;
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  // A test that ends before it could close must not leave it running.
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  const finished = finish(child);
  void finished.then(() => process.off('exit', onExit));
  const ports: number[] = [];
  let apiPort = 0;
  const advisorPorts: number[] = [];
  const ready = new Promise<Running>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.push(line);
      const said: { msg?: string; port?: number; data?: string } = line.startsWith('{')
        ? JSON.parse(line)
        : {};
      if (said.msg === 'listening' && said.port !== undefined) ports.push(said.port);
      if (said.msg === 'the HTTP API listens') apiPort = said.port ?? 0;
      if (said.msg === 'the advisor listens') advisorPorts.push(said.port ?? 0);
      // With several processes each says that it is ready; all are once the first one says it, with its folder.
      if (said.msg === 'ready' && said.data !== undefined)
        resolve({ process: child, ports, apiPort, advisorPorts, finished });
    });
  });
  const ended = finished.then(({ code, stderr }): never => {
    throw new Error(`waxwing ended with ${code} before it was ready: ${stderr}`);
  });
  // It loses the race below in the usual case, and rejects much later.
  ended.catch(() => {});
  return Promise.race([ready, ended]);
}

function readEvents(file: string): RelayEvent[] {
  if (!existsSync(file)) return [];
  // What follows the last line end is being written.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line): RelayEvent => JSON.parse(line));
}

function configuration(options: WaxwingOptions): string {
  const { certificate, trust, routes = [], domains = [], accounts = {}, apiKeys = [] } = options;
  const tls = {
    ...(certificate === undefined ? {} : { cert: 'cert.pem', key: 'key.pem' }),
    ...(trust === undefined ? {} : { ca: 'ca.pem' }),
  };
  const networks = options.networks === undefined ? {} : { networks: options.networks };
  const listeners: Keys[] = [
    { role: 'submission', tls: 'starttls', ...networks, ...options.submission },
    { role: 'submission', tls: 'implicit', ...networks, ...options.submission },
    ...(domains.length === 0 ? [] : [{ role: 'mx', tls: 'starttls' }]),
  ];
  const hashes = Object.entries(accounts).map(([user, hash]) => ({ user, password_hash: hash }));
  return [
    ...toml({ hostname: options.hostname ?? 'waxwing.test', data: 'data', ...options.top }),
    '[tls]',
    ...toml(tls),
    '[relay]',
    ...toml(options.relay ?? {}),
    '[dns]',
    // Nobody answers there; the resolvers of this host are nobody's to ask in a test.
    ...toml({ resolver: ['127.0.0.1:9'], ...options.dns }),
    '[list]',
    ...toml(options.list ?? {}),
    '[tls_rpt]',
    ...toml(options.tlsRpt ?? {}),
    '[authentication]',
    ...toml(options.authentication ?? {}),
    '[forwarding]',
    ...toml(options.forwarding ?? {}),
    '[bounces]',
    ...toml(options.bounces ?? {}),
    '[events]',
    ...toml(options.events ?? {}),
    '[account_database]',
    ...toml(options.accountDatabase ?? {}),
    '[limits]',
    ...toml(options.limits ?? {}),
    '[memory]',
    ...toml(options.memory ?? {}),
    ...listeners.flatMap((one) => ['[[listener]]', ...toml({ address: '127.0.0.1:0', ...one })]),
    ...hashes.flatMap((account) => ['[[account]]', ...toml(account)]),
    ...domains.flatMap((domain) => ['[[domain]]', ...toml(domain)]),
    ...(options.dkim ?? []).flatMap((key) => ['[[dkim]]', ...toml(key)]),
    ...routes.flatMap((route) => ['[[route]]', ...toml(route)]),
    ...(options.rules ?? []).flatMap((rule) => ['[[rule]]', ...toml(rule)]),
    ...(options.webhooks ?? []).flatMap((webhook) => ['[[webhook]]', ...toml(webhook)]),
    ...(apiKeys.length === 0 ? [] : ['[api]', ...toml({ listen: ['127.0.0.1:0'] })]),
    ...apiKeys.flatMap((key) => ['[[api_key]]', ...toml(key)]),
    ...(options.advisor ?? []).flatMap((one) => ['[[advisor.listener]]', ...toml(one)]),
    '',
  ].join('\n');
}

/** JSON's text, numbers, booleans and lists of text are TOML's too. */
function toml(keys: Keys): string[] {
  return Object.entries(keys).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
}
