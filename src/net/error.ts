/** The world's fault: what the network did, with what was attempted. */

export type NetworkFault = 'timeout' | 'refused' | 'unreachable' | 'reset' | 'failed';

/** Wraps Node's error once, at the edge; `cause` holds it. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly code: NetworkFault;

  constructor(code: NetworkFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

const FAULTS: Readonly<Record<string, NetworkFault>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
};

/** @param attempt what was tried, e.g. `connecting to mx.example (192.0.2.1:25)`. */
export function networkError(attempt: string, error: unknown): NetworkError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const said = error instanceof Error ? error.message : String(error);
  return new NetworkError(FAULTS[code] ?? 'failed', `${attempt}: ${said}`, error);
}
