/** The HTTP API of a running relay, where the configuration has one. */
import type { Logger } from 'pino';
import type { DeliveryEvent } from '../events/delivery-event.ts';
import type { Certificates } from '../net/certificates.ts';
import type { Deadlines } from '../net/deadlines.ts';
import type { HttpApiParts } from '../relay/http-api/http-api.ts';
import type { World } from '../relay/settings.ts';
import type { Running } from './reload.ts';
import { version } from './version.ts';

export interface ApiServiceParts {
  /** By what the relay works at the moment. */
  readonly running: () => Running;
  readonly certificates: Certificates;
  readonly deadlines: Deadlines;
  readonly store: HttpApiParts['store'];
  readonly relay: HttpApiParts['relay'];
  readonly suppressions: HttpApiParts['suppressions'];
  readonly world: World;
  readonly onEvents: (events: readonly DeliveryEvent[]) => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly onError: (what: string, error: unknown) => void;
}

export interface ApiService {
  close(graceMs: number): Promise<void>;
}

/** For all look-ups of one explanation. */
const EXPLAIN_MS = 30_000;

/** @throws Node's error when an address cannot be bound. */
export async function startApiService(parts: ApiServiceParts): Promise<ApiService> {
  const { running, log } = parts;
  const { places } = running().config.api;
  if (places.length === 0) return { close: () => Promise.resolve() };
  // Only who has an API pays for it: in memory, and at the start.
  const { openHttpApi } = await import('../relay/http-api/http-api.ts');
  const { learn } = await import('./explain/explain.ts');
  const api = await openHttpApi({
    ...parts,
    places,
    settings() {
      const { config, files } = running();
      const { relay, limits } = config;
      return {
        keys: files.apiKeys,
        maxMessageBytes: relay.maxMessageBytes,
        maxRecipients: relay.maxRecipients,
        sessionsPerAddress: limits.sessionsPerAddress,
        loginFailures: limits.loginFailures,
      };
    },
    explain(domain) {
      const { config, files, effective } = running();
      const subject = { kind: 'recipients', at: { kind: 'domain', domain } } as const;
      return learn({ subject, timeoutMs: EXPLAIN_MS }, { config, effective }, files);
    },
    version: version(),
    onOddity: (what, about) => log.warn(about, what),
  });
  for (const { address, port, tls } of api.places) log.info({ address, port, tls }, 'the HTTP API listens');
  return { close: (graceMs) => api.close(graceMs) };
}
