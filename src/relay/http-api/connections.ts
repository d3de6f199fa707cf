/** No stranger takes all connections of a server. */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { isLoopback } from '../../names/address.ts';
import { clientOf } from '../../net/clients.ts';

/**
 * Closes what comes from an address that has as many connections open as it may; an IPv6 one counts by its /64. This host is
 * bound by the number of all only: a proxy of the operator's may stand there.
 *
 * @param most asked for each connection.
 */
export function boundByAddress(server: EventEmitter, most: () => number): void {
  const open = new Map<string, number>();
  // In front of the listener that would begin with TLS or HTTP.
  server.prependListener('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    if (isLoopback(address)) return;
    const client = clientOf(address);
    const before = open.get(client) ?? 0;
    if (before >= most()) {
      socket.destroy();
      return;
    }
    open.set(client, before + 1);
    socket.once('close', () => {
      const left = (open.get(client) ?? 1) - 1;
      if (left === 0) open.delete(client);
      else open.set(client, left);
    });
  });
}
