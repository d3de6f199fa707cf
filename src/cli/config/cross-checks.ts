/** What the tables of a configuration ask of each other. */
import { isIPv4 } from 'node:net';
import { formatHostPort, type HostPort, isLoopback } from '../../names/address.ts';
import { showUpstream, type Upstream } from '../../net/dns/upstream.ts';
import { LEAST_AGAINST_MS } from '../../policies/memory/track.ts';
import type { RouteTarget } from '../../policies/overrides/route.ts';
import { clientChecks } from './client-checks.ts';
import type { Config, ConfigError, ListenAddress, Listener } from './config.ts';
import { workerChecks } from './worker-checks.ts';

/**
 * Everything by which the configuration cannot do what it says.
 *
 * @param systemResolvers those that are asked where the configuration names none.
 */
export function crossCheck(
  config: Config,
  originOf: (path: string) => string,
  systemResolvers: readonly Upstream[],
): readonly ConfigError[] {
  const { listeners, domains, routes } = config;
  const errors: ConfigError[] = [];
  const complain = (path: string, message: string): void => {
    errors.push({ path, origin: originOf(path), message });
  };
  for (const [index, { role }] of listeners.entries()) {
    if (role === 'mx' && domains.length === 0) {
      complain(`listener[${index}].role`, '"mx" takes mail for the domains of [[domain]], and there is none');
    }
  }
  for (const [index, listener] of listeners.entries()) {
    const wider = listeners.find((other) => other !== listener && isPartOf(listener, other));
    if (wider === undefined) continue;
    const all = wider.address === '::' ? 'every address, those of IPv4 too' : 'every address of IPv4';
    complain(
      `listener[${index}].address`,
      `is taken already: ${formatHostPort(wider.address, wider.port)} is ${all}`,
    );
  }
  for (const [path, message] of [...takenPlaces(config), ...apiFaults(config)]) complain(path, message);
  for (const [path, message] of [...clientChecks(config), ...workerChecks(config)]) complain(path, message);
  for (const [index, { backend, actions }] of domains.entries()) {
    for (const [key, said] of [
      ['dmarc', actions.dmarc],
      ['spf_hard_fail', actions.spfHardFail],
    ] as const)
      if (said !== null && config.authentication === null)
        complain(`domain[${index}].${key}`, 'does nothing without [authentication] evaluate = true');
    const own = ownListener(config, backend);
    if (own !== undefined) complain(`domain[${index}].backend`, leadsBack(own));
  }
  const { log, postfixLog } = config.events;
  if (log.kind === 'file' && postfixLog?.kind === 'file' && log.path === postfixLog.path)
    complain('events.postfix_log', 'is the event log, whose lines are JSON: give it a file of its own');
  const { memory, relay } = config;
  if (memory.mode === 'enforce' && memory.giveWayAfterMs >= relay.schedule.giveUpAfterMs)
    complain(
      'memory.give_way_after',
      'has to be less than relay.give_up_after: else mail is returned before the memory gives way',
    );
  else if (memory.mode === 'enforce' && relay.schedule.giveUpAfterMs <= LEAST_AGAINST_MS)
    complain(
      'relay.give_up_after',
      'has to be more than 2d with memory.mode "enforce": the memory gives way once the contrary was seen on three days',
    );
  const { forwarding } = config;
  if (forwarding !== null && domains.every(({ name }) => name !== forwarding.srsDomain)) {
    complain('forwarding.srs_domain', 'has to be one of your [[domain]]s: what comes back comes to it');
  }
  for (const [index, { at, text }] of config.bounces.addresses.entries()) {
    if (at.kind === 'literal' || domains.every(({ name }) => name !== at.domain))
      complain(
        `bounces.addresses[${index}]`,
        `${text} is in none of your [[domain]]s: what comes back comes to it`,
      );
  }
  for (const [index, { to }] of routes.entries()) {
    const own = to === null ? undefined : ownListener(config, to);
    if (own !== undefined) complain(`route[${index}].to`, leadsBack(own));
  }
  for (const [path, message] of beyondTrust(config, systemResolvers, originOf('dns.resolver'))) {
    complain(path, message);
  }
  return errors;
}

/** A key is told apart from an account by its name only: in rules, in events, in what a key with scope send may see. */
function apiFaults({ api, accounts }: Config): readonly (readonly [path: string, message: string])[] {
  const users = new Map(accounts.map(({ user }, index) => [user, `account[${index}]`]));
  return [
    ...(api.places.length > 0 && api.keys.length === 0
      ? [['api.listen', 'nobody can hand in mail here: there is no [[api_key]]'] as const]
      : []),
    ...(api.places.length === 0 && api.keys.length > 0
      ? [['api_key', 'nobody can use it: api.listen is empty'] as const]
      : []),
    ...api.keys.flatMap(({ name }, index) => {
      const account = users.get(name);
      return account === undefined
        ? []
        : [[`api_key[${index}].name`, `is the name of ${account}, too`] as const];
    }),
  ];
}

/** Where gateways, metrics and the HTTP API want to listen, and somebody else does. */
function takenPlaces({
  listeners,
  gateways,
  advisor,
  metrics,
  api,
}: Config): readonly (readonly [path: string, message: string])[] {
  const places = [
    ...listeners.map((at, index) => ({ at, path: `listener[${index}].address` })),
    ...gateways.flatMap(({ places: own }, index) =>
      own.map((at) => ({
        at,
        path: `gateway[${index}].${at.tls === 'implicit' ? 'tls_listen' : 'listen'}`,
      })),
    ),
    ...(metrics === null ? [] : [{ at: metrics, path: 'metrics.listen' }]),
    ...advisor.listeners.flatMap(({ place }, index) =>
      place.kind === 'address' ? [{ at: place, path: `advisor.listener[${index}].address` }] : [],
    ),
    ...api.places.map((at, index) => ({ at, path: `api.listen[${index}]` })),
  ];
  return places.slice(listeners.length).flatMap(({ at, path }, index) => {
    const others = places.filter((_, place) => place < index + listeners.length);
    const taken = others.find(
      (other) => isSamePlace(at, other.at) || isPartOf(at, other.at) || isPartOf(other.at, at),
    );
    return taken === undefined ? [] : [[path, `is taken already, by ${taken.path}`] as const];
  });
}

function isSamePlace(one: ListenAddress, other: ListenAddress): boolean {
  return one.port !== 0 && one.port === other.port && one.address === other.address;
}

/** Whether the system refuses to listen at `one` because it listens at `other`. */
function isPartOf(one: ListenAddress, other: ListenAddress): boolean {
  if (one.port !== other.port || one.port === 0 || one.address === other.address) return false;
  return other.address === '::' || (other.address === '0.0.0.0' && isIPv4(one.address));
}

function leadsBack({ address, port }: Listener): string {
  return `is our own listener ${formatHostPort(address, port)}: the mail would go round in circles`;
}

/** As far as the configuration alone can tell; behind other names of this host the relay finds it at delivery. */
function ownListener({ listeners }: Config, target: RouteTarget): Listener | undefined {
  return listeners.find((listener) => isReachedBy(target, listener));
}

function isReachedBy({ host, port }: HostPort, listener: ListenAddress): boolean {
  if (listener.port !== port) return false;
  const everywhere = listener.address === '0.0.0.0' || listener.address === '::';
  if (host.kind === 'ip')
    return host.address === listener.address || (everywhere && isLoopback(host.address));
  return host.name === 'localhost' && (everywhere || isLoopback(listener.address));
}

/** The resolvers whose AD bit somebody else could have set, and nobody has said that he would not. */
function beyondTrust(
  { dns: { dnssec, resolvers, trusted } }: Config,
  systemResolvers: readonly Upstream[],
  origin: string,
): readonly (readonly [path: string, message: string])[] {
  if (dnssec !== 'trust') return [];
  const open = 'is not on this host, so who runs it, or is on the way to it, can write the AD bit';
  if (resolvers.length === 0) {
    const far = systemResolvers.find(({ address }) => !isLoopback(address));
    if (far === undefined) return [];
    const advice = 'say "validate", or name the resolver in dns.resolver and say dns.trusted = true';
    return [
      ['dns.dnssec', `cannot be "trust" with the system's resolver: ${showUpstream(far)} ${open}; ${advice}`],
    ];
  }
  // What the file says of its resolvers is not said of one that came with the command line.
  const byFlag = origin === '--resolver';
  if (trusted && !byFlag) return [];
  const advice = byFlag
    ? 'use --dnssec validate, or name it in the configuration and say dns.trusted = true there'
    : 'say dnssec = "validate", or trusted = true if you know that nobody does';
  return resolvers.flatMap((upstream, index) =>
    isLoopback(upstream.address)
      ? []
      : [[`dns.resolver[${index}]`, `${showUpstream(upstream)} ${open}; ${advice}`] as const],
  );
}
