/** The one process of several that listens, writes the event log, and starts the workers. */
import { randomBytes } from 'node:crypto';
import type { LoggedEvent } from '../../events/delivery-event.ts';
import { keepDoors } from '../../net/hand-over.ts';
import { startSwitchNotices } from '../../relay/switch.ts';
import { lockDataFolder } from '../../store/data-folder.ts';
import { openPolicies } from '../../store/open-policies.ts';
import { queuesIn, removeQueue } from '../../store/queue-files.ts';
import { openEventLogs } from '../event-logs.ts';
import { gatewayAddresses } from '../gateway-service.ts';
import { type Opened, openBase, warnOfOthers } from '../ground.ts';
import { startListService } from '../list-service.ts';
import { refuseStrangers } from '../places.ts';
import { keyPairsOf } from '../relay-settings.ts';
import { type Running, reload } from '../reload.ts';
import { openAll, type Service, type ServiceParts, serialized } from '../service.ts';
import { startWebhookService } from '../webhook-service.ts';
import { world } from '../works.ts';
import { chooserOf } from './dispatch.ts';
import { eventsIn } from './event-pipe.ts';
import { openFront } from './front.ts';
import { pack } from './pack.ts';
import { startWorkers, type Workers } from './workers.ts';

/** Opens everything in order; where a later part fails, the earlier ones are closed again. */
export function startPrimary(parts: ServiceParts): Promise<Service> {
  return openAll((opened, closeAll) => open(parts, opened, closeAll));
}

/** Those that no worker has any more, but mail may wait in. */
export function surplusQueues(folder: string, workers: number): readonly number[] {
  return queuesIn(folder).filter((queue) => queue > workers);
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
  // Brings the file to its newest schema before workers open it.
  const policies = openPolicies(lock);
  opened.push(() => policies.close());
  const { deadlines, lookUps } = openBase(first, log, opened);
  const events = openEventLogs(config, log);
  opened.push(() => events.close());
  const notices = startSwitchNotices({ overrides: policies.overrides, now: world.now }, (text) =>
    log.warn(text),
  );
  opened.push(() => notices.close());
  const webhooks = await startWebhookService({
    running: () => running,
    folder: lock,
    addresses: gatewayAddresses(() => lookUps.now().dns),
    deadlines,
    world,
    log,
  });
  opened.push(() => webhooks.close());
  const onEvents = (list: readonly LoggedEvent[]): void => {
    events.write(list);
    webhooks.write(list);
  };
  const policyList = startListService({
    running: () => running,
    store: policies.list,
    lookUps,
    world,
    log,
    onError,
  });
  opened.push(() => policyList.keeper.close());
  // Makes the certificate of the first start, which all of them show.
  await keyPairsOf(config, first.files, world.now());
  const places = await openPlaces();
  opened.push(() => places.close());
  refuseStrangers(places, config);
  const keeper = keepDoors({ places, choose: chooserOf(() => running.config, randomBytes(16)), onError });
  const workers: Workers = startWorkers({
    folder: lock.path,
    serving: config.workers,
    draining: surplusQueues(lock.path, config.workers),
    first: pack(first),
    graceMs: () => running.config.relay.graceMs,
    keeper,
    onLines(lines) {
      let read: readonly LoggedEvent[] | undefined;
      const list = (): readonly LoggedEvent[] => {
        read ??= eventsIn(lines);
        return read;
      };
      events.writeLines(lines, list);
      if (running.files.webhooks.length > 0) webhooks.write(list());
    },
    onEmptied(queue) {
      removeQueue(lock.path, queue);
      log.info(`queue ${queue}, which no worker has any more, is empty: it was removed`);
    },
    log,
  });
  opened.push(() => workers.close());
  opened.push(() => keeper.shut());
  await workers.begun();
  const front = await openFront(
    {
      first,
      running: () => running,
      folder: lock.path,
      policies,
      list: policyList,
      deadlines,
      workers,
      webhooks,
      onEvents,
      log,
      onError,
    },
    opened,
  );
  log.info({ data: lock.path, workers: config.workers }, 'ready');

  async function apply(next: Running): Promise<void> {
    await keyPairsOf(next.config, next.files, world.now());
    const wanted = lookUps.of(next);
    try {
      await workers.reload(pack(next));
    } catch (error) {
      lookUps.use(lookUps.now());
      throw error;
    }
    lookUps.use(wanted);
    await front.apply(next);
  }
  const reloads = serialized(
    async () => {
      events.reopen();
      const before = running;
      running = await reload(before, { load, now: world.now, apply, log });
      // The certificates may be new although the rest is wrong.
      if (running === before) {
        workers.look();
        await front.checkCertificates();
      } else {
        void policyList.keeper.refresh();
        await webhooks.use(running.files.webhooks);
      }
    },
    closeAll,
    onError,
  );
  return { ...reloads, dns: lookUps.now().dns };
}
