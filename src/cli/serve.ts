/** `waxwing serve` as a process: what it starts with, its signals, and how it ends. */
import type { Logger } from 'pino';
import type { Dns, ReverseDns } from '../net/dns.ts';
import { checkIdentity } from '../relay/identity-check.ts';
import { queuesIn } from '../store/queue-files.ts';
import { StoreError } from '../store/store-error.ts';
import type { Config, ConfigError } from './config/config.ts';
import { describeError } from './config/describe-error.ts';
import { readFiles } from './config/files.ts';
import { type LoadedConfig, type LoadRequest, loadConfig, thisHost } from './config/load.ts';
import { watchDescriptors } from './descriptors.ts';
import { openOwnLog } from './own-log.ts';
import { identitiesOf } from './relay-settings.ts';
import { startService } from './service.ts';
import { settleIn, whoToBecome } from './settle-in.ts';
import { listenToSignals } from './signals.ts';
import { troubleLog } from './trouble-log.ts';
import { endWithoutReader, messageOf } from './usage.ts';

/** Runs until SIGTERM or SIGINT. Exit code 1 where it cannot start, or cannot go on. */
export async function serve(request: LoadRequest): Promise<void> {
  // Defaults go by who started it, also once that is given up.
  const { isRoot, home } = thisHost();
  const load = (): LoadedConfig => loadConfig(request, { ...thisHost(), isRoot, home });
  const loaded = load();
  if (loaded.kind === 'invalid') return refuse(loaded.errors);
  const origin = loaded.effective.find(({ path }) => path === 'user')?.origin ?? 'default';
  const becoming = whoToBecome(loaded.config, origin);
  if (becoming.kind === 'refused') return refuse([becoming.error]);
  const { files, errors, outOfDate, warnings } = await readFiles(loaded.config, loaded.effective, Date.now());
  if (files === undefined) return refuse(errors);
  const { log, end: endLog } = openOwnLog();
  for (const warning of [...loaded.warnings, ...warnings]) log.warn(warning);
  // A renewal that failed is no reason to keep all outgoing mail after a restart.
  for (const { path, message } of outOfDate) log.warn(`${path}: ${message}`);
  const signals = listenToSignals(loaded.file === undefined ? 'stop' : 'reload');
  try {
    const isSeveral = areSeveral(loaded.config);
    const reading = isSeveral ? 'paused' : 'read';
    const places = await settleIn({
      becoming,
      config: loaded.config,
      reading,
      log,
      unreadable: () => faultsOf(load),
    });
    const failures = failuresOf(log);
    const start = isSeveral ? (await import('./workers/primary.ts')).startPrimary : startService;
    const service = await start({
      first: { config: loaded.config, files, effective: loaded.effective },
      load,
      places,
      log,
      onError: failures.onError,
    });
    signals.onHangup(() => service.reload());
    watchDescriptors((level, what) => log[level](what));
    void warnOfIdentities(loaded.config, service.dns, log);
    const end = await Promise.race([signals.stop, failures.unreadEvents]);
    failures.stopping();
    log.info('stopping');
    await service.close();
    log.info('stopped');
    await endLog();
    // A connection to a host that does not answer would keep the process, now without its lock on the data.
    process.exit(end === 'told' ? 0 : 1);
  } catch (error) {
    process.stderr.write(`error: waxwing cannot serve: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

/** One process does it all, unless more are wanted or mail lies in a queue that others had. */
function areSeveral({ workers, dataFolder }: Config): boolean {
  return workers > 1 || queuesIn(dataFolder).some((queue) => queue > workers);
}

function refuse(errors: readonly ConfigError[]): void {
  for (const error of errors) process.stderr.write(`error: ${describeError(error)}\n`);
  process.exitCode = 1;
}

/** What is wrong with the configuration and its files for whom the process is now. */
async function faultsOf(load: () => LoadedConfig): Promise<readonly string[]> {
  const loaded = load();
  if (loaded.kind === 'invalid') return loaded.errors.map(describeError);
  const { errors } = await readFiles(loaded.config, loaded.effective, Date.now());
  return errors.map(describeError);
}

interface Failures {
  /** Logs it. Without the queue's writer no mail can be taken and no delivery be noted: the process ends then. */
  readonly onError: (what: string, error: unknown) => void;
  /** Resolves when the events go to stdout and nobody reads them any more. */
  readonly unreadEvents: Promise<'unread'>;
  /** From now on a queue without its writer is what is wanted. */
  stopping(): void;
}

function failuresOf(log: Logger): Failures {
  let stopping = false;
  const tell = troubleLog(log, (ms, ring) => void setTimeout(ring, ms).unref());
  const unread = Promise.withResolvers<'unread'>();
  process.stdout.removeListener('error', endWithoutReader);
  process.stdout.on('error', (error) => {
    if (!stopping) log.fatal({ err: error }, 'the events cannot be written to stdout');
    stopping = true;
    unread.resolve('unread');
  });
  return {
    onError(what, error) {
      tell(what, error);
      if (stopping || !(error instanceof StoreError) || error.code !== 'stopped') return;
      log.fatal('the queue has lost its writer; a new start repairs this');
      process.exit(1);
    },
    unreadEvents: unread.promise,
    stopping() {
      stopping = true;
    },
  };
}

/** Looks whether others can recognise us; nothing waits for it. */
async function warnOfIdentities(config: Config, dns: Dns & ReverseDns, log: Logger): Promise<void> {
  for (const identity of identitiesOf(config)) {
    const warning = await checkIdentity(identity, dns);
    if (warning !== undefined) log.warn(warning);
  }
}
