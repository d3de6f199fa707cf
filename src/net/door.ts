/** Where connections come in: a socket of this process, or one at which another process listens for it. */
import type { Server, Socket } from 'node:net';

export interface Door {
  readonly address: string;
  readonly port: number;
  /** It stood before: once it is closed, this process cannot bind it again. */
  readonly stood: boolean;
  /** @param tell hears of connections that could not be accepted. */
  onError(tell: (error: Error) => void): void;
  /** Lets nobody in any more. Resolves once all who came in are gone. */
  close(): Promise<void>;
}

/** What opens doors. */
export interface Doors {
  /**
   * @param port 0: the system chooses.
   * @param receive gets each connection.
   * @throws Node's error when the address cannot be bound.
   */
  open(address: string, port: number, receive: (socket: Socket) => void): Promise<Door>;
}

/** @throws Error where the server listens at no IP address. */
export function doorOf(server: Server, stood: boolean): Door {
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('a listener has no IP address');
  return {
    address: at.address,
    port: at.port,
    stood,
    onError: (tell) => void server.on('error', tell),
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
