/** What gateways count, for Prometheus. */
import { Counter, Gauge, type Registry } from 'prom-client';
import { connectionEnds } from '../events/connection-event.ts';
import type { Counters } from './visit.ts';

/** What a handshake can come to; a version that OpenSSL adds one day counts as `other`, so that labels stay few. */
const VERSIONS = ['TLSv1.2', 'TLSv1.3', 'failed'] as const;

/**
 * Counters whose labels are the names of gateways and a few fixed words: nothing that a client says makes a new one.
 *
 * @param gateways those that are there from the beginning show zeros before anything happened.
 * @param registry where they are shown, maybe beside those of others.
 */
export function gatewayMetrics(gateways: readonly string[], registry: Registry): Counters {
  const registers = [registry];
  const open = new Gauge({
    name: 'waxwing_gateway_connections_open',
    help: 'Connections of clients that are open.',
    labelNames: ['gateway'],
    registers,
  });
  const ended = new Counter({
    name: 'waxwing_gateway_connections_total',
    help: 'Connections of clients that have ended, by who or what ended them.',
    labelNames: ['gateway', 'ended_by'],
    registers,
  });
  const refused = new Counter({
    name: 'waxwing_gateway_connections_refused_total',
    help: 'Connections that were closed at once, as there were too many.',
    labelNames: ['gateway'],
    registers,
  });
  const handshakes = new Counter({
    name: 'waxwing_gateway_handshakes_total',
    help: 'TLS handshakes with clients, by version, or failed.',
    labelNames: ['gateway', 'version'],
    registers,
  });
  const octets = new Counter({
    name: 'waxwing_gateway_octets_total',
    help: 'Octets of connections that have ended, without those of TLS itself.',
    labelNames: ['gateway', 'direction'],
    registers,
  });
  const exposed = new Counter({
    name: 'waxwing_gateway_logins_exposed_total',
    help: 'Logins that clients sent in clear; they were refused.',
    labelNames: ['gateway'],
    registers,
  });
  for (const gateway of gateways) {
    open.set({ gateway }, 0);
    refused.inc({ gateway }, 0);
    exposed.inc({ gateway }, 0);
    for (const end of connectionEnds) ended.inc({ gateway, ended_by: end }, 0);
    for (const version of VERSIONS) handshakes.inc({ gateway, version }, 0);
    for (const direction of ['from_client', 'to_client']) octets.inc({ gateway, direction }, 0);
  }
  return {
    opened: (gateway) => open.inc({ gateway }),
    refused: (gateway) => refused.inc({ gateway }),
    handshake: (gateway, version) => handshakes.inc({ gateway, version: versionOf(version) }),
    exposed: (gateway) => exposed.inc({ gateway }),
    closed(gateway, { by, fromClient, toClient }) {
      open.dec({ gateway });
      ended.inc({ gateway, ended_by: by });
      octets.inc({ gateway, direction: 'from_client' }, fromClient);
      octets.inc({ gateway, direction: 'to_client' }, toClient);
    },
  };
}

function versionOf(version: string | null): string {
  if (version === null) return 'failed';
  return VERSIONS.some((known) => known === version) ? version : 'other';
}
