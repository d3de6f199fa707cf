/** Opens a connection to one address. */
import { connect } from 'node:net';
import { formatHostPort } from '../names/address.ts';
import { Connection, type ConnectionOptions } from './drive.ts';
import { NetworkError, networkError } from './error.ts';

export interface DialTarget {
  /** IP address without brackets. */
  readonly address: string;
  readonly port: number;
  /** Local address to connect from; the system's choice where undefined. */
  readonly source?: string | undefined;
}

/** @throws NetworkError when no connection stands within `options.patience.connect`. */
export function dial(target: DialTarget, options: ConnectionOptions): Promise<Connection> {
  const attempt = `connecting to ${options.peer} at ${formatHostPort(target.address, target.port)}`;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: target.address,
      port: target.port,
      noDelay: true,
      ...(target.source === undefined ? {} : { localAddress: target.source }),
    });
    const deadline = options.deadlines.add(() => {
      const seconds = options.patience.connect / 1000;
      socket.destroy(new NetworkError('timeout', `${attempt}: no answer within ${seconds} s`));
    });
    deadline.set(options.patience.connect);
    const onError = (error: Error): void => {
      deadline.drop();
      reject(error instanceof NetworkError ? error : networkError(attempt, error));
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      deadline.drop();
      socket.removeListener('error', onError);
      resolve(new Connection(socket, options));
    });
  });
}
