/** Builds the relay and all around it in one process, and changes them when the configuration is read again. */
import { join } from 'node:path';
import type { LoggedEvent } from '../events/delivery-event.ts';
import type { Dns, ReverseDns } from '../net/dns.ts';
import type { Places } from '../net/places.ts';
import { openControl } from '../relay/control.ts';
import { startSwitchNotices } from '../relay/switch.ts';
import { showWebhooks } from '../relay/webhooks/metrics.ts';
import { lockDataFolder } from '../store/data-folder.ts';
import { startApiService } from './api-service.ts';
import type { LoadedConfig } from './config/load.ts';
import { CONTROL_SOCKET } from './control-client.ts';
import { openEventLogs } from './event-logs.ts';
import { gatewayAddresses } from './gateway-service.ts';
import { type Opened, openGround, warnOfOthers } from './ground.ts';
import { startListService } from './list-service.ts';
import { refuseStrangers } from './places.ts';
import { type Running, reload } from './reload.ts';
import { startWebhookService } from './webhook-service.ts';
import { type Log, startWorks, world } from './works.ts';

export interface ServiceParts {
  readonly first: Running;
  /** Reads the configuration again. */
  readonly load: () => LoadedConfig;
  /** Opens the sockets that stand already; called once all else is open, as clients are answered from then on. */
  readonly places: () => Promise<Places>;
  readonly log: Log;
  readonly onError: (what: string, error: unknown) => void;
}

export interface Service {
  /** The look-ups that it began with. */
  readonly dns: Dns & ReverseDns;
  /** Puts in force what the configuration says by now; one time after the other. */
  reload(): void;
  /** Finishes what is under way for as long as the configuration allows. */
  close(): Promise<void>;
}

/** Opens everything in order; where a later part fails, the earlier ones are closed again. */
export function startService(parts: ServiceParts): Promise<Service> {
  return openAll((opened, closeAll) => open(parts, opened, closeAll));
}

/** @param work says in `opened` how each part is closed. */
export async function openAll<Result>(
  work: (opened: Opened, closeAll: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const opened: Opened = [];
  const closeAll = async (): Promise<void> => {
    for (const undo of opened.toReversed()) await undo();
  };
  try {
    return await work(opened, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function open(
  { first, load, places: openPlaces, log, onError }: ServiceParts,
  opened: Opened,
  closeAll: () => Promise<void>,
): Promise<Service> {
  let running = first;
  const { config } = first;
  const lock = lockDataFolder(config.dataFolder);
  opened.push(() => lock.close());
  warnOfOthers(lock.path, log);
  const ground = await openGround(first, { folder: lock.path, queue: 1 }, log, opened);
  const { folder, policies, deadlines, lookUps } = ground;
  const events = openEventLogs(config, log);
  opened.push(() => events.close());
  const notices = startSwitchNotices({ overrides: policies.overrides, now: world.now }, (text) =>
    log.warn(text),
  );
  opened.push(() => notices.close());
  const webhooks = await startWebhookService({
    running: () => running,
    folder,
    addresses: gatewayAddresses(() => lookUps.now().dns),
    deadlines,
    world,
    log,
  });
  opened.push(() => webhooks.close());
  const list = startListService({
    running: () => running,
    store: policies.list,
    lookUps,
    world,
    log,
    onError,
  });
  opened.push(() => list.keeper.close());
  const onEvents = (some: readonly LoggedEvent[]): void => {
    events.write(some);
    webhooks.write(some);
  };
  const works = await startWorks(
    {
      first,
      running: () => running,
      ground,
      async doors() {
        const places = await openPlaces();
        opened.push(() => places.close());
        refuseStrangers(places, config);
        return places;
      },
      page: true,
      datagrams: true,
      spool: true,
      advisor: true,
      onEvents,
      log,
      onError,
    },
    opened,
  );
  showWebhooks(works.observation.registry, webhooks, world.now);
  list.show(works.observation.registry);
  const control = await openControl(join(folder.path, CONTROL_SOCKET), {
    ...works.atTheSocket,
    policies,
    list,
    memory: () => running.config.memory,
    suppressions: ground.clients.suppressions,
    world,
    onWord: (what, about) => log.info(about, what),
    onEvents,
    webhooks,
    umask: (mask) => process.umask(mask),
    onError,
  });
  opened.push(() => control.close());
  const { certificates, relay } = works;
  const api = await startApiService({
    running: () => running,
    certificates,
    deadlines,
    store: works.atTheSocket.store,
    relay,
    suppressions: ground.clients.suppressions,
    world,
    onEvents,
    log,
    onError,
  });
  opened.push(() => api.close(running.config.relay.graceMs));
  log.info({ data: folder.path }, 'ready');

  const reloads = serialized(
    async () => {
      events.reopen();
      const before = running;
      running = await reload(before, { load, now: world.now, apply: (next) => works.apply(next), log });
      if (running !== before) {
        void list.keeper.refresh();
        await works.tellSpool();
      }
      // The certificates may be new although the rest is wrong.
      if (running === before) await works.checkCertificates();
      else await webhooks.use(running.files.webhooks);
    },
    closeAll,
    onError,
  );
  return { ...reloads, dns: lookUps.now().dns };
}

/** Never two reloads at once, and none that goes on while all is closed. */
export function serialized(
  reloadOnce: () => Promise<void>,
  closeAll: () => Promise<void>,
  onError: ServiceParts['onError'],
): Omit<Service, 'dns'> {
  let closing = false;
  let last: Promise<void> = Promise.resolve();
  return {
    reload() {
      last = last
        .then(() => (closing ? undefined : reloadOnce()))
        .catch((error: unknown) => onError('reloading the configuration', error));
    },
    async close() {
      closing = true;
      await last;
      await closeAll();
    },
  };
}
