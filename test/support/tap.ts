/** The plain bytes of a conversation, as someone on the path between client and server sees them. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** An address and port on the loopback network. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What went over one connection. */
export interface Tapped {
  readonly client: Buffer;
  readonly server: Buffer;
}

/** A forwarder that notes all that passes. */
export interface Tap {
  readonly port: number;
  /** One entry for each connection so far, in the order of their beginning. */
  plainBytes(): Tapped[];
  close(): Promise<void>;
}

/** Forwards every connection to `target`, recording both directions. */
export async function startTap(options: { listen?: Endpoint; target: Endpoint }): Promise<Tap> {
  const { listen = { host: '127.0.0.1', port: 0 }, target } = options;
  const sockets = new Set<Socket>();
  const seen: { client: Buffer[]; server: Buffer[] }[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: target.host, port: target.port, allowHalfOpen: true });
    const notes = { client: [] as Buffer[], server: [] as Buffer[] };
    seen.push(notes);
    join(client, upstream, notes.client, sockets);
    join(upstream, client, notes.server, sockets);
  });
  server.listen(listen.port, listen.host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the tap has no port');
  return {
    port: address.port,
    plainBytes: () =>
      seen.map((one) => ({ client: Buffer.concat(one.client), server: Buffer.concat(one.server) })),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function join(from: Socket, to: Socket, notes: Buffer[], sockets: Set<Socket>): void {
  sockets.add(from);
  from.on('data', (chunk: Buffer) => notes.push(chunk));
  from.on('close', () => sockets.delete(from));
  // A broken side breaks the other too: a tap hides nothing from either.
  from.on('error', () => to.destroy());
  from.pipe(to);
}
