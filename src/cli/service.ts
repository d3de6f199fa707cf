/** Builds the relay and all around it from the configuration, and changes them when it is read again. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { LoggedEvent } from '../events/delivery-event.ts';
import type { PolicyEngine } from '../lookup/engine.ts';
import { formatHostPort } from '../names/address.ts';
import { formatMailDomain } from '../names/mailbox.ts';
import { type Certificates, openCertificates } from '../net/certificates.ts';
import type { Dns, ReverseDns } from '../net/dns.ts';
import type { Places } from '../net/places.ts';
import type { KeyPair } from '../net/tls.ts';
import type { Route } from '../policies/overrides/route.ts';
import { type CertificateWatch, watchCertificates } from '../relay/certificate-watch.ts';
import { type Control, openControl } from '../relay/control.ts';
import { routesOf } from '../relay/domains.ts';
import { destinationOf, destinationsOf } from '../relay/intake.ts';
import { showRememberedTls } from '../relay/metrics.ts';
import { type Relay, type RelayParts, startRelay } from '../relay/relay.ts';
import type { World } from '../relay/settings.ts';
import { startSwitchNotices } from '../relay/switch.ts';
import { showWebhooks } from '../relay/webhooks/metrics.ts';
import type { Webhooks } from '../relay/webhooks/webhooks.ts';
import { startApiService } from './api-service.ts';
import type { LoadedConfig } from './config/load.ts';
import { CONTROL_SOCKET } from './control-client.ts';
import {
  type GatewayService,
  gatewayAddresses,
  gatewayTermsOf,
  startGatewayService,
} from './gateway-service.ts';
import { type Ground, type Opened, openGround } from './ground.ts';
import { type Observation, startObservation } from './observation.ts';
import { outgoingOf } from './outgoing.ts';
import { refuseStrangers } from './places.ts';
import { policyEngine } from './policy-engine.ts';
import { incomingSettingsOf, keyPairsOf, relaySettingsOf } from './relay-settings.ts';
import { type Running, reload } from './reload.ts';
import { startSpoolService } from './spool-service.ts';
import { startWebhookService } from './webhook-service.ts';

type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

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

const LOOK_AT_CERTIFICATES_EVERY_MS = 5_000;

const world: World = { now: Date.now, random: Math.random };

/** What the relay works by until the next reload. */
type Terms = Pick<RelayParts, 'settings' | 'outgoing'>;

/** Opens everything in order; where a later part fails, the earlier ones are closed again. */
export async function startService(parts: ServiceParts): Promise<Service> {
  const opened: Opened = [];
  const closeAll = async (): Promise<void> => {
    for (const undo of opened.toReversed()) await undo();
  };
  try {
    return await open(parts, opened, closeAll);
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
  const { config, files } = first;
  const ground = await openGround(config, log, opened);
  const { folder, policies, clients, deadlines, dns, events } = ground;
  let lookUps = dns.of(config, files);
  const observation = startObservation({
    folder,
    config: () => running.config,
    store: ground.store,
    now: world.now,
    log,
    onError,
  });
  opened.push(() => observation.close());
  const { store } = observation;
  const engineTerms = () => ({
    config: running.config,
    roots: running.files.roots,
    lookUps: observation.counted(lookUps),
  });
  const engine = policyEngine(engineTerms, { store: policies, ...world, onError });
  opened.push(() => engine.close());
  const notices = startSwitchNotices({ overrides: policies.overrides, now: world.now }, (text) =>
    log.warn(text),
  );
  opened.push(() => notices.close());
  const webhooks = await startWebhookService({
    running: () => running,
    folder,
    addresses: gatewayAddresses(() => lookUps.dns),
    deadlines,
    world,
    log,
  });
  opened.push(() => webhooks.close());
  showWebhooks(observation.registry, webhooks, world.now);
  const onEvents = (list: readonly LoggedEvent[]): void => {
    events.write(list);
    webhooks.write(list);
  };
  const certificates = openCertificates(
    await keyPairsOf(config, files, world.now()),
    incomingSettingsOf(files),
  );
  const termsOf = (next: Running): Terms => ({
    settings: relaySettingsOf(next.config, next.files, certificates, (question) => lookUps.resolve(question)),
    outgoing: outgoingOf(next.config, next.files, deadlines, engine),
  });
  let terms = termsOf(first);
  const places = await openPlaces();
  opened.push(() => places.close());
  refuseStrangers(places, config);
  const relay = await startRelay({
    ...terms,
    store,
    kept: clients,
    incoming: folder.incoming,
    world,
    places,
    watch: observation.watch,
    onEvents(list) {
      onEvents(list);
      observation.onEvents(list);
    },
    onTaken: (list, client) => observation.onTaken(list, client),
    onLogin: (note) => observation.onLogin(note),
    onOddity: (what, about) => log.warn(about, what),
    onError,
  });
  opened.push(() => relay.close(running.config.relay.graceMs));
  const spool = await startSpoolService({ config: () => running.config, store, relay, world, log, onError });
  opened.push(() => spool.close());
  showRememberedTls(observation.registry, () => relay.rememberedTls());
  const gateways = await startGatewayService({
    first: gatewayTermsOf(first, await keyPairsOf(config, files, world.now())),
    metrics: config.metrics,
    registry: observation.registry,
    deadlines,
    places,
    addressesOf: gatewayAddresses(() => lookUps.dns),
    onEvents,
    log,
    onError,
  });
  opened.push(() => gateways.close(running.config.relay.graceMs));
  const control = await controlOf(
    ground,
    { relay, engine, log, observation, webhooks, onEvents },
    () => terms,
    onError,
  );
  opened.push(() => control.close());
  const api = await startApiService({
    running: () => running,
    certificates,
    deadlines,
    store,
    relay,
    world,
    onEvents,
    log,
    onError,
  });
  opened.push(() => api.close(running.config.relay.graceMs));
  const shown = {
    replace(pairs: readonly KeyPair[]): void {
      certificates.replace(pairs);
      gateways.shared.replace(pairs);
    },
  };
  let watching = watch(first, shown, log);
  opened.push(() => watching.close());
  const tellListeners = listenersTeller(() => [...relay.listeners, ...gateways.listeners], log);
  tellListeners();
  log.info({ data: folder.path }, 'ready');

  const apply = async (next: Running): Promise<void> => {
    const pairs = await keyPairsOf(next.config, next.files, world.now());
    const newTerms = termsOf(next);
    const wanted = dns.of(next.config, next.files);
    try {
      await relay.reload(newTerms.settings, newTerms.outgoing);
      try {
        await gateways.reload(gatewayTermsOf(next, pairs));
      } catch (error) {
        await relay.reload(terms.settings, terms.outgoing);
        throw error;
      }
      terms = newTerms;
      lookUps = wanted;
    } finally {
      dns.use(lookUps);
    }
    certificates.replace(pairs, incomingSettingsOf(next.files));
    watching.close();
    watching = watch(next, shown, log);
    tellListeners();
  };
  const reloads = serialized(
    async () => {
      events.reopen();
      const before = running;
      running = await reload(before, { load, now: world.now, apply, log });
      if (running !== before) await spool.tell();
      // The certificates may be new although the rest is wrong.
      if (running === before) await Promise.all([watching.check(), gateways.checkCertificates()]);
      else await webhooks.use(running.files.webhooks);
    },
    closeAll,
    onError,
  );
  return { ...reloads, dns: lookUps.dns };
}

/** @param terms those of the moment. */
function controlOf(
  { folder, store, policies }: Ground,
  {
    relay,
    engine,
    log,
    observation,
    webhooks,
    onEvents,
  }: {
    readonly relay: Relay;
    readonly engine: PolicyEngine;
    readonly log: Log;
    readonly observation: Observation;
    readonly webhooks: Webhooks;
    readonly onEvents: (list: readonly LoggedEvent[]) => void;
  },
  terms: () => Terms,
  onError: ServiceParts['onError'],
): Promise<Control> {
  const routes = (): readonly Route[] => {
    const { settings, outgoing } = terms();
    return [...routesOf(settings.domains, outgoing.hostname), ...outgoing.routes];
  };
  return openControl(join(folder.path, CONTROL_SOCKET), {
    store,
    relay,
    world,
    hostname: formatMailDomain(terms().outgoing.hostname),
    get maxMessageBytes() {
      return terms().settings.maxMessageBytes;
    },
    destinationOf: (at) => destinationOf(at, routes()),
    policies,
    results: observation.results,
    recorder: observation.recorder,
    engine,
    destinationsOf: (domain) => destinationsOf(domain, routes()),
    onWord: (what, about) => log.info(about, what),
    onEvents,
    webhooks,
    umask: (mask) => process.umask(mask),
    onError,
  });
}

/** Never two reloads at once, and none that goes on while all is closed. */
function serialized(
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

/** Names each listener once: where port 0 was asked for, only the log knows which it became. */
function listenersTeller(
  listeners: () => readonly (Relay | GatewayService)['listeners'][number][],
  log: Log,
): () => void {
  let told = new Set<string>();
  return () => {
    const now = new Set<string>();
    for (const place of listeners()) {
      const key = formatHostPort(place.address, place.port);
      now.add(key);
      if (!told.has(key)) log.info(place, 'listening');
    }
    told = now;
  };
}

function watch(
  { config, files }: Running,
  certificates: Pick<Certificates, 'replace'>,
  log: Log,
): CertificateWatch {
  return watchCertificates({
    files: config.certificates,
    pairs: files.certificates,
    certificates,
    now: world.now,
    everyMs: LOOK_AT_CERTIFICATES_EVERY_MS,
    tell: (level, what) => log[level](what),
  });
}
