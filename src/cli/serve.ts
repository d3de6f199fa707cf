/** Builds the relay from the configuration and runs it until it is told to stop. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { formatMailDomain } from '../names/mailbox.ts';
import { type Deadlines, startDeadlines } from '../net/deadlines.ts';
import type { KeyPair } from '../net/tls.ts';
import { ownCertificate } from '../relay/certificate.ts';
import { type Control, openControl } from '../relay/control.ts';
import { type EventLog, fileEventLog, streamEventLog } from '../relay/event-log.ts';
import { type Relay, startRelay } from '../relay/relay.ts';
import type { World } from '../relay/settings.ts';
import { type DataFolder, openDataFolder } from '../store/data-folder.ts';
import { openQueue } from '../store/open-queue.ts';
import type { QueueStore } from '../store/queue-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { Config, ConfigError } from './config/config.ts';
import { checkFiles } from './config/files.ts';
import { type LoadRequest, loadConfig } from './config/load.ts';
import { CONTROL_SOCKET } from './control-client.ts';
import { outgoingOf } from './outgoing.ts';
import { endWithoutReader, messageOf } from './usage.ts';

/** How long messages under way may take when we are told to stop. */
const GRACE_MS = 30_000;
const DEADLINE_STEP_MS = 250;

const world: World = { now: Date.now, random: Math.random };

/** Runs until SIGTERM or SIGINT. Exit code 1 where it cannot start, or cannot go on. */
export async function serve(request: LoadRequest): Promise<void> {
  const loaded = loadConfig(request);
  if (loaded.kind === 'invalid') return refuse(loaded.errors);
  const { errors, outOfDate } = checkFiles(loaded.config, loaded.effective, world.now());
  if (errors.length > 0) return refuse(errors);
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
  for (const warning of loaded.warnings) log.warn(warning);
  // A renewal that failed is no reason to keep all outgoing mail after a restart.
  for (const { path, message } of outOfDate) log.warn(`${path}: ${message}`);
  try {
    const failures = failuresOf(log);
    const running = await start(loaded.config, log, failures.onError);
    const end = await Promise.race([stopSignal(), failures.unreadEvents]);
    failures.stopping();
    log.info('stopping');
    await running.close();
    log.info('stopped');
    // A connection to a host that does not answer would keep the process, now without its lock on the data.
    process.exit(end === 'told' ? 0 : 1);
  } catch (error) {
    process.stderr.write(`error: waxwing cannot serve: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

function refuse(errors: readonly ConfigError[]): void {
  for (const { origin, path, message } of errors)
    process.stderr.write(`error: ${origin}: ${path}: ${message}\n`);
  process.exitCode = 1;
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
  const unread = Promise.withResolvers<'unread'>();
  process.stdout.removeListener('error', endWithoutReader);
  process.stdout.on('error', (error) => {
    if (!stopping) log.fatal({ err: error }, 'the events cannot be written to stdout');
    stopping = true;
    unread.resolve('unread');
  });
  return {
    onError(what, error) {
      log.error({ err: error }, what);
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

interface Running {
  close(): Promise<void>;
}

/** Opens everything in order; where a later part fails, the earlier ones are closed again. */
async function start(config: Config, log: Logger, onError: Failures['onError']): Promise<Running> {
  const opened: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const undo of opened.toReversed()) await undo();
  };
  try {
    const folder: DataFolder = openDataFolder(config.dataFolder);
    opened.push(() => folder.close());
    warnOfOthers(folder, log);
    const store: QueueStore = await openQueue(folder, world.now());
    opened.push(() => store.close());
    const deadlines: Deadlines = startDeadlines(DEADLINE_STEP_MS);
    opened.push(() => deadlines.close());
    const events = openEventLog(config, log);
    opened.push(() => events.close());
    const relay = await openRelay(config, { folder, store, deadlines, events, onError }, log);
    opened.push(() => relay.close(GRACE_MS));
    const control: Control = await openControl(join(folder.path, CONTROL_SOCKET), {
      store,
      relay,
      world,
      hostname: formatMailDomain(config.hostname),
      maxMessageBytes: config.relay.maxMessageBytes,
      umask: (mask) => process.umask(mask),
      onError,
    });
    opened.push(() => control.close());
    for (const { address, port } of relay.listeners) log.info({ address, port }, 'listening');
    log.info({ data: folder.path }, 'ready');
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The folder is made with mode 0700; one that was there before may be open to others. */
function warnOfOthers({ path }: DataFolder, log: Logger): void {
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  log.warn(
    { data: path },
    `the data folder has mode 0${mode.toString(8)}: other users may read mail and keys; 0700 is right`,
  );
}

interface RelayNeeds {
  readonly folder: DataFolder;
  readonly store: QueueStore;
  readonly deadlines: Deadlines;
  readonly events: EventLog;
  readonly onError: Failures['onError'];
}

async function openRelay(
  config: Config,
  { folder, store, deadlines, events, onError }: RelayNeeds,
  log: Logger,
): Promise<Relay> {
  const { relay } = config;
  return startRelay({
    settings: {
      listeners: config.listeners,
      keyPair: await keyPairOf(config, folder.path),
      maxSessions: config.limits.sessions,
      maxMessageBytes: relay.maxMessageBytes,
      maxRecipients: relay.maxRecipients,
      maxHops: relay.maxHops,
      queue: {
        schedule: relay.schedule,
        keepFinalMs: relay.keepFinalMs,
        connections: relay.connections,
        connectionsPerDestination: relay.connectionsPerDestination,
      },
    },
    outgoing: outgoingOf(config, deadlines),
    store,
    incoming: folder.incoming,
    world,
    onEvents: (list) => events.write(list),
    onOddity: (what, about) => log.warn(about, what),
    onError,
  });
}

async function keyPairOf(config: Config, dataFolder: string): Promise<KeyPair> {
  const { certificate } = config.tls;
  if (certificate === null) {
    const names = config.hostname.kind === 'domain' ? [config.hostname.domain] : [];
    return ownCertificate(dataFolder, names, world.now());
  }
  const { certFile, keyFile } = certificate;
  return { certPem: readFileSync(certFile, 'utf8'), keyPem: readFileSync(keyFile, 'utf8') };
}

function openEventLog(config: Config, log: Logger): EventLog {
  const target = config.events.log;
  if (target.kind === 'stdout') return streamEventLog(process.stdout);
  return fileEventLog(target.path, (error) =>
    log.error({ err: error }, `the event log ${target.path} fails`),
  );
}

function stopSignal(): Promise<'told'> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve('told'));
    process.once('SIGINT', () => resolve('told'));
  });
}
