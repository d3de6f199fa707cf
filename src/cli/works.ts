/** What works on mail in one process, be it the only one or one of several: relay, gateways, policy engine. */
import type { Logger } from 'pino';
import type { LoggedEvent } from '../events/delivery-event.ts';
import type { PolicyEngine } from '../lookup/engine.ts';
import { formatHostPort } from '../names/address.ts';
import { formatMailDomain } from '../names/mailbox.ts';
import { type Certificates, openCertificates } from '../net/certificates.ts';
import type { Doors } from '../net/door.ts';
import type { KeyPair } from '../net/tls.ts';
import { overrideFor } from '../policies/overrides/override.ts';
import type { Route } from '../policies/overrides/route.ts';
import { type CertificateWatch, watchCertificates } from '../relay/certificate-watch.ts';
import type { ControlParts } from '../relay/control.ts';
import { routesOf } from '../relay/domains.ts';
import { destinationOf, destinationsOf } from '../relay/intake.ts';
import { showRememberedTls, showSuppressed } from '../relay/metrics.ts';
import { type OtherWords, promotedDomain, watchPromotions } from '../relay/promotion-watch.ts';
import { showAttempts } from '../relay/queue-metrics.ts';
import { type Relay, type RelayParts, startRelay } from '../relay/relay.ts';
import type { Outgoing, RelaySettings, World } from '../relay/settings.ts';
import type { Part, Peers } from '../relay/workers/peer-word.ts';
import { partOfSettings } from '../relay/workers/share.ts';
import type { PolicyStore } from '../store/policy-store.ts';
import { startAdvisorService } from './advisor-service.ts';
import {
  type GatewayService,
  type GatewayTerms,
  gatewayAddresses,
  gatewayTermsOf,
  startGatewayService,
} from './gateway-service.ts';
import type { Ground, Opened } from './ground.ts';
import { type Observation, startObservation } from './observation.ts';
import { outgoingOf } from './outgoing.ts';
import { policyEngine } from './policy-engine.ts';
import { incomingSettingsOf, keyPairsOf, relaySettingsOf } from './relay-settings.ts';
import type { Running } from './reload.ts';
import { startSpoolService } from './spool-service.ts';
import { partOfGateways } from './workers/gateway-part.ts';

export type Log = Pick<Logger, 'info' | 'warn' | 'error'>;

export const world: World = { now: Date.now, random: Math.random };

const LOOK_AT_CERTIFICATES_EVERY_MS = 5_000;

/** What only one of the processes has. */
interface Single {
  /** The page of metrics, and the socket for results of others. */
  readonly page: boolean;
  readonly datagrams: boolean;
  /** The folder in which users of this host leave mail. */
  readonly spool: boolean;
  /** Where other mail servers ask about policies. */
  readonly advisor: boolean;
}

/** What one of several processes has beside its own work. */
interface Fellows {
  readonly peers: Peers;
  /** Which part of the limits is its own at the moment. */
  readonly part: () => Part;
  /** What unknown users are told comes of it. */
  readonly hidden: Uint8Array;
}

export interface WorksParts extends Single {
  readonly first: Running;
  /** By what the process works at the moment. */
  readonly running: () => Running;
  readonly ground: Ground;
  /** Called once all else is open, as clients are answered from then on. */
  readonly doors: () => Promise<Doors>;
  /** Absent: it is alone. */
  readonly fellows?: Fellows | undefined;
  readonly onEvents: (list: readonly LoggedEvent[]) => void;
  readonly log: Log;
  readonly onError: (what: string, error: unknown) => void;
}

export interface Works {
  readonly relay: Relay;
  readonly engine: PolicyEngine;
  readonly observation: Observation;
  readonly certificates: Certificates;
  /** What the control socket needs of it. */
  readonly atTheSocket: Pick<
    ControlParts,
    'hostname' | 'maxMessageBytes' | 'destinationOf' | 'destinationsOf' | 'results' | 'recorder' | 'engine'
  > & { readonly store: Ground['store']; readonly relay: Relay };
  /** All of it, or nothing. @throws Node's error where an address cannot be bound. */
  apply(next: Running): Promise<void>;
  /** The reload brought nothing new, but certificates may be. */
  checkCertificates(): Promise<void>;
  /** Reads the spool by what holds now. */
  tellSpool(): Promise<void>;
}

/** What the relay works by until the next reload. */
type Terms = Pick<RelayParts, 'settings' | 'outgoing'>;

/** Opens it in order, and says in `opened` how each part is closed. */
export async function startWorks(parts: WorksParts, opened: Opened): Promise<Works> {
  const { first, running, ground, log, onError, onEvents } = parts;
  const { config, files } = first;
  const { folder, policies, clients, deadlines, lookUps } = ground;
  const observation = startObservation({
    folder,
    config: () => running().config,
    datagrams: parts.datagrams,
    store: ground.store,
    now: world.now,
    log,
    onError,
  });
  opened.push(() => observation.close());
  const { store } = observation;
  const engineTerms = () => ({
    config: running().config,
    roots: running().files.roots,
    lookUps: observation.counted(lookUps.now()),
  });
  const engine = policyEngine(engineTerms, { store: policies, ...world, onError });
  opened.push(() => engine.close());
  const certificates = openCertificates(
    await keyPairsOf(config, files, world.now()),
    incomingSettingsOf(files),
  );
  const settingsOf = (next: Running): RelaySettings => {
    const settings = relaySettingsOf(next.config, next.files, certificates, (question) =>
      lookUps.now().resolve(question),
    );
    return parts.fellows === undefined ? settings : partOfSettings(settings, parts.fellows.part());
  };
  const termsOf = (next: Running): Terms => ({
    settings: settingsOf(next),
    outgoing: outgoingOf(next.config, next.files, deadlines, engine),
  });
  const gatewaysOf = (next: Running, pairs: readonly KeyPair[]): GatewayTerms => {
    const all = gatewayTermsOf(next, pairs);
    return parts.fellows === undefined
      ? all
      : { ...all, gateways: partOfGateways(all.gateways, parts.fellows.part()) };
  };
  let terms = termsOf(first);
  const doors = await parts.doors();
  const promotions = watchPromotions({
    store: policies.promotions,
    now: world.now,
    domainOf: ({ to }) => promotedDomain(to, wordsOf(terms, policies)),
    onRollback(promotion, because) {
      const { domain, level, reason } = promotion;
      const what = `the promoted level ${level} for ${domain} is taken back: ${because}; it was set because: ${reason}`;
      log.error({ domain, level, blocked: promotion.blocked }, what);
    },
    // What it has blocked is looked at again, and goes where nothing else asks for as much.
    onEnded: (domain) => relay.retry(routed(() => terms).destinationsOf(domain)),
    onError,
  });
  opened.push(() => promotions.close());
  const relay = await startRelay({
    ...terms,
    store,
    kept: clients,
    incoming: folder.incoming,
    world,
    doors,
    watch: observation.watch,
    peers: parts.fellows?.peers,
    hidden: parts.fellows?.hidden,
    onEvents(list) {
      onEvents(list);
      observation.onEvents(list);
      promotions.events(list);
    },
    onTaken: (list, client) => observation.onTaken(list, client),
    onLogin: (note) => observation.onLogin(note),
    onIncoming: observation.onIncoming,
    onOddity: (what, about) => log.warn(about, what),
    onError,
  });
  opened.push(() => relay.close(running().config.relay.graceMs));
  const spool = parts.spool
    ? await startSpoolService({ config: () => running().config, store, relay, world, log, onError })
    : undefined;
  opened.push(() => spool?.close());
  showRememberedTls(observation.registry, () => relay.rememberedTls());
  showSuppressed(observation.registry, () => clients.suppressions.count());
  showAttempts(observation.registry, () => relay.attempts);
  const gateways = await startGatewayService({
    first: gatewaysOf(first, await keyPairsOf(config, files, world.now())),
    metrics: parts.page ? config.metrics : null,
    registry: observation.registry,
    deadlines,
    doors,
    addressesOf: gatewayAddresses(() => lookUps.now().dns),
    onEvents,
    log,
    onError,
  });
  opened.push(() => gateways.close(running().config.relay.graceMs));
  const advisor = await startAdvisorService({
    first: advised(parts, first),
    engine,
    kept: policies,
    remember: (note) => observation.remember(note),
    deadlines,
    registry: observation.registry,
    log,
    onError,
  });
  opened.push(() => advisor.close(running().config.relay.graceMs));
  const shown = {
    replace(pairs: readonly KeyPair[]): void {
      certificates.replace(pairs);
      gateways.shared.replace(pairs);
    },
  };
  const reloadAdvisor = async (next: Running, pairs: readonly KeyPair[]): Promise<void> => {
    try {
      await advisor.reload(next);
    } catch (error) {
      await gateways.reload(gatewaysOf(running(), pairs));
      throw error;
    }
  };
  let watching = watch(first, shown, log);
  opened.push(() => watching.close());
  const tellListeners = listenersTeller(() => [...relay.listeners, ...gateways.listeners], log);
  tellListeners();
  return {
    relay,
    engine: advisor.engine,
    observation,
    certificates,
    atTheSocket: {
      ...routed(() => terms),
      store,
      relay,
      engine: advisor.engine,
      ...resultsOf(observation),
    },
    async apply(next) {
      const pairs = await keyPairsOf(next.config, next.files, world.now());
      const newTerms = termsOf(next);
      const wanted = lookUps.of(next);
      try {
        await relay.reload(newTerms.settings, newTerms.outgoing);
        try {
          await gateways.reload(gatewaysOf(next, pairs));
          await reloadAdvisor(advised(parts, next), pairs);
        } catch (error) {
          await relay.reload(terms.settings, terms.outgoing);
          throw error;
        }
        terms = newTerms;
        lookUps.use(wanted);
      } catch (error) {
        lookUps.use(lookUps.now());
        throw error;
      }
      certificates.replace(pairs, incomingSettingsOf(next.files));
      watching.close();
      watching = watch(next, shown, log);
      tellListeners();
    },
    async checkCertificates() {
      await Promise.all([watching.check(), gateways.checkCertificates()]);
    },
    async tellSpool() {
      await spool?.tell();
    },
  };
}

/** What the advisor is to be; only one of several processes has it. */
function advised({ advisor }: Single, wanted: Running): Running {
  if (advisor) return wanted;
  const { config } = wanted;
  return { ...wanted, config: { ...config, advisor: { ...config.advisor, listeners: [] } } };
}

/** What operators say beside promotions. */
function wordsOf({ settings, outgoing }: Terms, { overrides }: Pick<PolicyStore, 'overrides'>): OtherWords {
  return {
    routes: [...routesOf(settings.domains, outgoing.hostname), ...outgoing.routes],
    rules: outgoing.rules,
    overridden: (domain) => overrideFor(domain, overrides.about(domain), world.now()) !== undefined,
  };
}

function resultsOf({ results, recorder }: Observation): Pick<ControlParts, 'results' | 'recorder'> {
  return { results, recorder };
}

/** @param terms those of the moment. */
export function routed(
  terms: () => {
    readonly settings: Pick<RelaySettings, 'domains' | 'maxMessageBytes'>;
    readonly outgoing: Pick<Outgoing, 'hostname' | 'routes'>;
  },
): Pick<ControlParts, 'hostname' | 'maxMessageBytes' | 'destinationOf' | 'destinationsOf'> {
  const routes = (): readonly Route[] => {
    const { settings, outgoing } = terms();
    return [...routesOf(settings.domains, outgoing.hostname), ...outgoing.routes];
  };
  return {
    hostname: formatMailDomain(terms().outgoing.hostname),
    get maxMessageBytes() {
      return terms().settings.maxMessageBytes;
    },
    destinationOf: (at) => destinationOf(at, routes()),
    destinationsOf: (domain) => destinationsOf(domain, routes()),
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
