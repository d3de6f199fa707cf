/** Settles what depends on the host or on other values, and says what an operator may not have meant. */
import { isAbsolute, join } from 'node:path';
import { isLoopback } from '../../names/address.ts';
import { parseDomain, quote } from '../../names/domain.ts';
import { formatMailDomain, type MailDomain } from '../../names/mailbox.ts';
import type { Route } from '../../policies/overrides/route.ts';
import { defaultSchedule } from '../../queue/schedule.ts';
import type { Config, Listener, RelaySettings } from './config.ts';
import type { ParsedConfig } from './schema.ts';
import type { Environment, Sources } from './sources.ts';
import { formatPattern, isLoopbackNetwork, patternsAround } from './values.ts';

/** What defaults depend on. */
export interface HostFacts {
  readonly hostname: string;
  readonly isRoot: boolean;
  readonly home: string;
  /** Read where neither a flag nor the environment names a file. */
  readonly systemFile: string;
}

export interface Settled {
  readonly config: Config;
  /** What was settled here, by path, as the operator would write it. */
  readonly settled: ReadonlyMap<string, unknown>;
  readonly warnings: readonly string[];
}

/** Makes the configuration in force out of checked values. */
export function settle(parsed: ParsedConfig, sources: Sources, env: Environment, host: HostFacts): Settled {
  const pathAt = (path: string, written: string | undefined): string | null =>
    written === undefined ? null : sources.absolute(path, written);
  const certFile = pathAt('tls.cert', parsed.tls.cert);
  const keyFile = pathAt('tls.key', parsed.tls.key);
  const hostname = parsed.hostname ?? defaultHostname(host.hostname);
  const dataFolder = pathAt('data', parsed.data) ?? defaultDataFolder(env, host);
  const eventFile =
    parsed.events.file === '-'
      ? '-'
      : (pathAt('events.file', parsed.events.file) ?? join(dataFolder, 'events.ndjson'));
  const config: Config = {
    hostname,
    dataFolder,
    tls: {
      certificate: certFile === null || keyFile === null ? null : { certFile, keyFile },
      caFile: pathAt('tls.ca', parsed.tls.ca),
    },
    dns: { resolvers: parsed.dns.resolver ?? [] },
    listeners: parsed.listener,
    routes: parsed.route.map((route) => toRoute(route, hostname)),
    relay: toRelay(parsed.relay),
    limits: parsed.limits,
    events: { log: eventFile === '-' ? { kind: 'stdout' } : { kind: 'file', path: eventFile } },
  };
  const settled = new Map<string, unknown>([
    ['hostname', formatMailDomain(hostname)],
    ['data', dataFolder],
    ['tls.cert', certFile],
    ['tls.key', keyFile],
    ['tls.ca', config.tls.caFile],
    ['events.file', eventFile],
    ...config.listeners.map(
      ({ requireTls }, index) => [`listener[${index}].require_tls`, requireTls] as const,
    ),
  ]);
  const warnings = [
    ...(parsed.hostname === undefined ? warnAboutHostname(host.hostname, hostname) : []),
    ...config.listeners.flatMap(warnAboutListener),
    ...warnAboutRoutes(config),
  ];
  return { config: freeze(config), settled, warnings };
}

function defaultHostname(name: string): MailDomain {
  const domain = parseDomain(name);
  return domain.kind === 'ok'
    ? { kind: 'domain', domain: domain.value }
    : { kind: 'literal', address: '127.0.0.1' };
}

function defaultDataFolder(env: Environment, host: HostFacts): string {
  if (host.isRoot) return '/var/lib/waxwing';
  const state = env['XDG_STATE_HOME'];
  // The XDG specification has relative paths ignored.
  return join(
    state !== undefined && isAbsolute(state) ? state : join(host.home, '.local', 'state'),
    'waxwing',
  );
}

function toRoute(route: ParsedConfig['route'][number], hostname: MailDomain): Route {
  return {
    match: route.match,
    to: route.to ?? null,
    tls: route.tls ?? null,
    names: route.names ?? [],
    hello: route.hello ?? hostname,
    source: route.source ?? null,
  };
}

function toRelay(relay: ParsedConfig['relay']): RelaySettings {
  return {
    tls: relay.tls,
    smtpPort: relay.smtp_port,
    schedule: {
      retryAfterMs: relay.retry,
      jitter: defaultSchedule.jitter,
      giveUpAfterMs: relay.give_up_after,
      warnAfterMs: relay.warn_after,
    },
    keepFinalMs: relay.keep_final,
    connections: relay.connections,
    connectionsPerDestination: relay.connections_per_destination,
    maxMessageBytes: relay.max_message_size,
    maxRecipients: relay.max_recipients,
    maxHops: relay.max_hops,
  };
}

function warnAboutHostname(name: string, hostname: MailDomain): readonly string[] {
  if (hostname.kind === 'literal') {
    return [`hostname: the system calls this host ${quote(name)}, which is not a domain; set hostname`];
  }
  if (hostname.domain.includes('.')) return [];
  return [`hostname: ${hostname.domain} is not fully qualified, and others may refuse it; set hostname`];
}

function warnAboutListener(listener: Listener, index: number): readonly string[] {
  const path = `listener[${index}]`;
  if (isLoopback(listener.address)) return [];
  const warnings: string[] = [];
  if (!listener.requireTls) {
    warnings.push(`${path}.require_tls: mail may come over the network to ${listener.address} in clear`);
  }
  if (listener.networks.every(isLoopbackNetwork)) {
    warnings.push(`${path}.networks: only this host may relay, yet ${listener.address} is open to others`);
  }
  if (listener.networks.some(({ prefix }) => prefix === 0)) {
    warnings.push(`${path}.networks: everyone may relay; such a host is soon used for spam`);
  }
  return warnings;
}

function warnAboutRoutes({ routes, relay }: Config): readonly string[] {
  const warnings: string[] = [];
  const seen = new Map<string, number>();
  for (const [index, route] of routes.entries()) {
    const path = `route[${index}]`;
    const earlier = patternsAround(route.match).find((text) => seen.has(text));
    if (earlier !== undefined) {
      warnings.push(`${path}: is never used, route[${seen.get(earlier)}] matches everything that it does`);
    }
    seen.set(formatPattern(route.match), index);
    const level = route.tls ?? relay.tls;
    if (route.names.length > 0 && level !== 'authenticate') {
      warnings.push(`${path}.names: is not used, the TLS level is ${level}`);
    }
  }
  return warnings;
}

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}
