/** From the configuration to what deliveries need; shared by `serve` and `send --direct`. */
import { formatHostPort } from '../names/address.ts';
import type { Deadlines } from '../net/deadlines.ts';
import { type Dns, type ReverseDns, systemDns } from '../net/dns.ts';
import { patience } from '../net/drive.ts';
import { outgoingContext } from '../net/tls.ts';
import { decide } from '../policies/decide.ts';
import type { Outgoing } from '../relay/settings.ts';
import type { Config } from './config/config.ts';
import type { OutgoingFiles } from './config/files.ts';

const DNS_TIMEOUT_MS = 5_000;

/** How mail leaves under this configuration; the routes to the backends of domains are not among these. */
export function outgoingOf(
  config: Config,
  { roots, routes }: OutgoingFiles,
  deadlines: Deadlines,
): Omit<Outgoing, 'isSelf'> {
  const { hostname } = config;
  return {
    hostname,
    routes: routes.map((route) => ({ ...route, hello: route.hello ?? hostname })),
    decide: (recipient, route) => decide(recipient, route, config.relay.tls),
    smtpPort: config.relay.smtpPort,
    dns: dnsOf(config),
    context: outgoingContext(roots),
    deadlines,
    patience,
  };
}

/** The resolvers that the configuration names, or the system's own. */
export function dnsOf({ dns }: Config): Dns & ReverseDns {
  return systemDns(
    dns.resolvers.map(({ address, port }) => formatHostPort(address, port)),
    DNS_TIMEOUT_MS,
  );
}
