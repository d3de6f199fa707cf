/** What the primary answers: the control socket, the HTTP API and the metrics, for all of its workers. */
import { join } from 'node:path';
import { Registry } from 'prom-client';
import type { LoggedEvent } from '../../events/delivery-event.ts';
import { type Certificates, openCertificates } from '../../net/certificates.ts';
import type { Deadlines } from '../../net/deadlines.ts';
import { serveTextPage } from '../../net/text-page.ts';
import { watchCertificates } from '../../relay/certificate-watch.ts';
import { type ControlParts, openControl } from '../../relay/control.ts';
import { showWebhooks } from '../../relay/webhooks/metrics.ts';
import type { Webhooks } from '../../relay/webhooks/webhooks.ts';
import { openExchange } from '../../relay/workers/exchange.ts';
import { mergedMetrics } from '../../relay/workers/merged-metrics.ts';
import { openClients } from '../../store/open-clients.ts';
import { openResults } from '../../store/open-results.ts';
import type { PolicyStore } from '../../store/policy-store.ts';
import { startApiService } from '../api-service.ts';
import { CONTROL_SOCKET } from '../control-client.ts';
import type { Opened } from '../ground.ts';
import type { ListService } from '../list-service.ts';
import { incomingSettingsOf, keyPairsOf } from '../relay-settings.ts';
import type { Running } from '../reload.ts';
import { type Log, routed, world } from '../works.ts';
import { type Merging, openMerging } from './merging.ts';
import type { Workers } from './workers.ts';

export interface FrontParts {
  readonly first: Running;
  /** By what the primary works at the moment. */
  readonly running: () => Running;
  /** Absolute; this process holds it. */
  readonly folder: string;
  readonly policies: PolicyStore;
  readonly list: ListService;
  readonly deadlines: Deadlines;
  readonly workers: Pick<Workers, 'list' | 'tell' | 'onTold' | 'onGone'>;
  readonly webhooks: Webhooks;
  readonly onEvents: (list: readonly LoggedEvent[]) => void;
  readonly log: Log;
  readonly onError: (what: string, error: unknown) => void;
}

export interface Front {
  apply(next: Running): Promise<void>;
  checkCertificates(): Promise<void>;
}

const LOOK_AT_CERTIFICATES_EVERY_MS = 5_000;

/** Opens it in order, and says in `opened` how each part is closed. @throws Node's error where an address cannot be bound. */
export async function openFront(parts: FrontParts, opened: Opened): Promise<Front> {
  const { first, running, folder, workers, webhooks, onEvents, log, onError } = parts;
  const clients = openClients({ path: folder });
  opened.push(() => clients.close());
  const results = openResults({ path: folder });
  opened.push(() => results.close());
  exchangeAmong(workers);
  const merging = openMerging({
    workers: workers.list,
    clients,
    holders: () => ({ accounts: running().files.accounts, networkQuotas: running().config.networkQuotas }),
    now: world.now,
  });
  await showMetrics(parts, merging, opened);
  const routes = routed(() => {
    const { config, files } = running();
    const { hostname, relay } = config;
    return {
      settings: { domains: files.domains, maxMessageBytes: relay.maxMessageBytes },
      outgoing: {
        hostname,
        routes: files.routes.map((route) => ({ ...route, hello: route.hello ?? hostname })),
      },
    };
  });
  const atTheSocket: ControlParts = {
    ...routes,
    ...merging.control,
    get maxMessageBytes() {
      return routes.maxMessageBytes;
    },
    policies: parts.policies,
    list: parts.list,
    memory: () => running().config.memory,
    suppressions: clients.suppressions,
    results,
    webhooks,
    world,
    onWord: (what, about) => log.info(about, what),
    onEvents,
    umask: (mask) => process.umask(mask),
    onError,
  };
  const control = await openControl(join(folder, CONTROL_SOCKET), atTheSocket, merging.around);
  opened.push(() => control.close());
  const certificates = openCertificates(
    await keyPairsOf(first.config, first.files, world.now()),
    incomingSettingsOf(first.files),
  );
  const api = await startApiService({
    running,
    certificates,
    deadlines: parts.deadlines,
    ...merging.api,
    suppressions: clients.suppressions,
    world,
    onEvents,
    log,
    onError,
  });
  opened.push(() => api.close(running().config.relay.graceMs));
  let watching = watch(first, certificates, log);
  opened.push(() => watching.close());
  return {
    async apply(next) {
      certificates.replace(
        await keyPairsOf(next.config, next.files, world.now()),
        incomingSettingsOf(next.files),
      );
      watching.close();
      watching = watch(next, certificates, log);
    },
    checkCertificates: () => watching.check(),
  };
}

/** Passes on what workers tell each other. */
function exchangeAmong(workers: FrontParts['workers']): void {
  const exchange = openExchange({
    workers: () => workers.list().map(({ number }) => number),
    tell: workers.tell,
  });
  workers.onTold((word, from) => exchange.hear(word, from));
  workers.onGone((worker) => {
    // One that is about to end still has its connections.
    const isReady = workers.list().some(({ number, isReady: ready }) => number === worker && ready);
    if (!isReady) exchange.gone(worker);
  });
}

async function showMetrics(
  { first, workers, webhooks, list, log, onError }: FrontParts,
  { ends }: Merging,
  opened: Opened,
): Promise<void> {
  const at = first.config.metrics;
  if (at === null) return;
  const own = new Registry();
  showWebhooks(own, webhooks, world.now);
  list.show(own);
  const page = await serveTextPage({
    ...at,
    path: '/metrics',
    contentType: own.contentType,
    text: mergedMetrics({
      own,
      workers: ends,
      wanted: () => workers.list().filter(({ role }) => role === 'serve').length,
      restarts: () => workers.list().reduce((sum, { restarts }) => sum + restarts, 0),
    }),
    onError,
  });
  opened.push(() => page.close());
  log.info({ address: page.address, port: page.port }, 'metrics at /metrics');
}

function watch({ config, files }: Running, certificates: Certificates, log: Log) {
  return watchCertificates({
    files: config.certificates,
    pairs: files.certificates,
    certificates,
    now: world.now,
    everyMs: LOOK_AT_CERTIFICATES_EVERY_MS,
    tell: (level, what) => log[level](what),
  });
}
