/** A pass-through in front of a server that counts who comes: nothing is changed on the way. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Counter {
  readonly connections: () => number;
  readonly close: () => void;
}

interface Place {
  readonly address: string;
  readonly port: number;
}

/** Listens at one place and goes on to another. */
export async function startCounter(at: Place, server: Place): Promise<Counter> {
  let connections = 0;
  const open = new Set<Socket>();
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    connections += 1;
    const onward = connect({ host: server.address, port: server.port, allowHalfOpen: true });
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      open.add(one);
      one.setNoDelay(true);
      one.pipe(other);
      // Whoever breaks off has broken off for the other side, too.
      one.on('error', () => void other.resetAndDestroy());
      one.on('close', () => open.delete(one));
    }
  });
  listener.listen(at.port, at.address);
  await once(listener, 'listening');
  return {
    connections: () => connections,
    close() {
      listener.close();
      for (const one of open) one.destroy();
    },
  };
}
