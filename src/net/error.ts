/** The world's fault: what the network did, with what was attempted. */
import type { Phase } from '../wire/bytes.ts';
import { LostError } from '../wire/dialogue.ts';

export type NetworkFault = 'timeout' | 'refused' | 'unreachable' | 'reset' | 'failed';

/** Wraps Node's error once, at the edge; `cause` holds it. */
export class NetworkError extends LostError {
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
  return new NetworkError(FAULTS[code] ?? 'failed', `${attempt}: ${wordsOf(error)}`, error);
}

/**
 * A wait that is over.
 *
 * @param what `hello`: for the first octet of the answer to a ClientHello; `content`: for more of it to leave us.
 * @param ms how long it was.
 */
export function lateness(
  peer: string,
  what: Phase | 'handshake' | 'hello' | 'content',
  ms: number,
): NetworkError {
  const seconds = `${ms / 1000} s`;
  const text = (): string => {
    if (what === 'handshake') return `the TLS handshake with ${peer} was not done after ${seconds}`;
    if (what === 'hello') return `${peer} said nothing within ${seconds} of our ClientHello`;
    const missing = what === 'content' ? 'take more of the message' : `answer (${what})`;
    return `${peer} did not ${missing} within ${seconds}`;
  };
  return new NetworkError('timeout', text());
}

/** What an error says, on one line: the message of OpenSSL is a line of its log, its reason can be read. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}

/** Whether OpenSSL found a first record that is none: the peer speaks in clear where TLS should begin. */
export function isPlaintext({ cause }: Error): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_SSL_WRONG_VERSION_NUMBER';
}

/** Whether the peer ended the connection, in order or not. */
export function isReset(error: Error): boolean {
  return error instanceof NetworkError && error.code === 'reset';
}

/** The alert of TLS that the peer sent, in OpenSSL's words, as `handshake failure`; undefined where the error is none. */
export function alertOf({ cause }: Error): string | undefined {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const [, name] = /^ERR_SSL_(?:SSLV3|SSL\/TLS|TLSV1|TLSV13)_(?:ALERT_)?([A-Z_]+)$/.exec(code) ?? [];
  return name?.toLowerCase().replaceAll('_', ' ');
}
