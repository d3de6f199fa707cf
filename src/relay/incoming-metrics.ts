/** Counts sessions of clients, for Prometheus. No label comes from a peer: each has a few fixed words. */
import { Counter, type Registry } from 'prom-client';
import { formatHostPort } from '../names/address.ts';
import type { IncomingNote } from './incoming-watch.ts';

const VERSIONS: readonly string[] = ['TLSv1.2', 'TLSv1.3'];
/** What our replies have; a backend, whose word about a recipient is passed on, may say anything. */
const STATUSES: readonly string[] = `4.3.0 4.3.1 4.3.2 4.4.2 4.4.3 4.5.3 4.7.0 4.7.1
   5.0.0 5.1.1 5.1.2 5.1.3 5.1.7 5.3.4 5.4.6 5.5.1 5.5.2 5.5.3 5.5.4 5.5.6
   5.6.0 5.6.7 5.7.0 5.7.1 5.7.8 5.7.10 5.7.11 5.7.23 5.7.26 5.7.30`.split(/\s+/);

export function incomingMetrics(registry: Registry): (note: IncomingNote) => void {
  const registers = [registry];
  const sessions = new Counter({
    name: 'waxwing_incoming_sessions_total',
    help: 'Sessions of clients that have ended, by listener, its role, and the version of TLS (none: in clear to the end).',
    labelNames: ['listener', 'role', 'tls'],
    registers,
  });
  const away = new Counter({
    name: 'waxwing_incoming_turned_away_total',
    help: 'Connections that were sent away before anything was said, by listener, its role, and the limit.',
    labelNames: ['listener', 'role', 'reason'],
    registers,
  });
  const refused = new Counter({
    name: 'waxwing_incoming_refusals_total',
    help: 'Replies that refuse a command, a recipient or a message, by listener, its role, and their enhanced status code.',
    labelNames: ['listener', 'role', 'status'],
    registers,
  });
  return (note) => {
    const { role, address, port } = note.listener;
    const listener = formatHostPort(address, port);
    switch (note.kind) {
      case 'session':
        sessions.inc({ listener, role, tls: note.tls === null ? 'none' : among(VERSIONS, note.tls) });
        return;
      case 'turned-away':
        away.inc({ listener, role, reason: note.reason });
        return;
      case 'refused':
        refused.inc({ listener, role, status: among(STATUSES, note.status ?? 'other') });
    }
  };
}

function among(known: readonly string[], value: string): string {
  return known.includes(value) ? value : 'other';
}
