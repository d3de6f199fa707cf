/** Opens a connection on which nothing is said yet, to an address or to a unix socket. */
import { connect, type Socket } from 'node:net';
import { formatHostPort } from '../names/address.ts';
import type { Deadlines } from './deadlines.ts';
import { NetworkError, networkError } from './error.ts';

export type PlainTarget =
  /** IP address without brackets. */
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

export interface PlainDialOptions {
  readonly deadlines: Deadlines;
  /** Milliseconds. */
  readonly within: number;
  /** Nobody wants the connection any more. */
  readonly signal: AbortSignal;
}

/** How long a connection may be silent before the system looks whether the far side is still there, ms. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Connects, half-open: an end of one side leaves the other as it is.
 *
 * @returns the socket, paused, with a listener for errors.
 * @throws NetworkError when no connection stands in time; it names the target.
 */
export function dialPlain(
  target: PlainTarget,
  { deadlines, within, signal }: PlainDialOptions,
): Promise<Socket> {
  const name = showTarget(target);
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...(target.kind === 'unix' ? { path: target.path } : { host: target.address, port: target.port }),
      allowHalfOpen: true,
      noDelay: true,
    });
    const fail = (error: NetworkError): void => {
      deadline.drop();
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(new NetworkError('failed', `${name}: nobody waits for it any more`));
    const deadline = deadlines.add(() => {
      fail(new NetworkError('timeout', `${name}: no answer within ${within / 1000} s`));
    });
    deadline.set(within);
    signal.addEventListener('abort', onAbort);
    // It stays: an unheard error would end the process.
    socket.on('error', (error) => fail(networkError(name, error)));
    socket.once('connect', () => {
      deadline.drop();
      signal.removeEventListener('abort', onAbort);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.pause();
      resolve(socket);
    });
    if (signal.aborted) onAbort();
  });
}

/** As messages name it: `127.0.0.1:143`, `unix:/run/imap`. */
export function showTarget(target: PlainTarget): string {
  return target.kind === 'unix' ? `unix:${target.path}` : formatHostPort(target.address, target.port);
}
