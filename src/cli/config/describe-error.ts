import type { ConfigError } from './config.ts';

/** The error on one line; one that concerns a whole file has no path. */
export function describeError({ origin, path, message }: ConfigError): string {
  return [origin, path, message].filter((part) => part !== '').join(': ');
}
