/** From the configuration to what deliveries need; shared by `serve` and `send --direct`. */
import { readFileSync } from 'node:fs';
import { formatHostPort } from '../names/address.ts';
import type { Deadlines } from '../net/deadlines.ts';
import { systemDns } from '../net/dns.ts';
import { patience } from '../net/drive.ts';
import { outgoingContext } from '../net/tls.ts';
import { decide } from '../policies/decide.ts';
import type { Outgoing } from '../relay/settings.ts';
import type { Config } from './config/config.ts';

const DNS_TIMEOUT_MS = 5_000;

/** @throws Error when the file of extra roots cannot be read. */
export function outgoingOf(config: Config, deadlines: Deadlines): Omit<Outgoing, 'isSelf'> {
  const { caFile } = config.tls;
  return {
    hostname: config.hostname,
    routes: config.routes,
    decide: (recipient, route) => decide(recipient, route, config.relay.tls),
    smtpPort: config.relay.smtpPort,
    dns: systemDns(
      config.dns.resolvers.map(({ address, port }) => formatHostPort(address, port)),
      DNS_TIMEOUT_MS,
    ),
    context: outgoingContext(caFile === null ? [] : [readFileSync(caFile, 'utf8')]),
    deadlines,
    patience,
  };
}
