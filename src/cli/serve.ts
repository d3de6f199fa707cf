/** Builds the relay from the configuration and runs it until it is told to stop. */
import { readFileSync } from 'node:fs';
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
import type { Config } from './config/config.ts';
import { checkFiles } from './config/files.ts';
import { type LoadRequest, loadConfig } from './config/load.ts';
import { CONTROL_SOCKET } from './control-client.ts';
import { outgoingOf } from './outgoing.ts';
import { messageOf } from './usage.ts';

/** How long messages under way may take when we are told to stop. */
const GRACE_MS = 30_000;
const DEADLINE_STEP_MS = 250;

const world: World = { now: Date.now, random: Math.random };

/** Runs until SIGTERM or SIGINT. Exit code 1 where it cannot start. */
export async function serve(request: LoadRequest): Promise<void> {
  const loaded = loadConfig(request);
  const errors =
    loaded.kind === 'invalid' ? loaded.errors : checkFiles(loaded.config, loaded.effective, Date.now());
  if (loaded.kind === 'invalid' || errors.length > 0) {
    for (const { origin, path, message } of errors)
      process.stderr.write(`error: ${origin}: ${path}: ${message}\n`);
    process.exitCode = 1;
    return;
  }
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2));
  for (const warning of loaded.warnings) log.warn(warning);
  try {
    const running = await start(loaded.config, log);
    await stopSignal();
    log.info('stopping');
    await running.close();
    log.info('stopped');
    // A connection to a host that does not answer would keep the process, now without its lock on the data.
    process.exit(0);
  } catch (error) {
    process.stderr.write(`error: waxwing cannot serve: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

interface Running {
  close(): Promise<void>;
}

/** Opens everything in order; where a later part fails, the earlier ones are closed again. */
async function start(config: Config, log: Logger): Promise<Running> {
  const opened: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const undo of opened.toReversed()) await undo();
  };
  try {
    const folder: DataFolder = openDataFolder(config.dataFolder);
    opened.push(() => folder.close());
    const store: QueueStore = await openQueue(folder, world.now());
    opened.push(() => store.close());
    const deadlines: Deadlines = startDeadlines(DEADLINE_STEP_MS);
    opened.push(() => deadlines.close());
    const events = openEventLog(config, log);
    opened.push(() => events.close());
    const relay = await openRelay(config, { folder, store, deadlines, events }, log);
    opened.push(() => relay.close(GRACE_MS));
    const control: Control = await openControl(join(folder.path, CONTROL_SOCKET), {
      store,
      relay,
      world,
      hostname: formatMailDomain(config.hostname),
      maxMessageBytes: config.relay.maxMessageBytes,
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

interface RelayNeeds {
  readonly folder: DataFolder;
  readonly store: QueueStore;
  readonly deadlines: Deadlines;
  readonly events: EventLog;
}

async function openRelay(
  config: Config,
  { folder, store, deadlines, events }: RelayNeeds,
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
    onError: (what, error) => log.error({ err: error }, what),
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

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}
