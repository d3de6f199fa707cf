/** The HTTP API as a server: where it listens, inside what, and how much of this host strangers get. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Explanation } from '../../events/explanation.ts';
import { isLoopback } from '../../names/address.ts';
import type { Domain } from '../../names/domain.ts';
import type { Certificates } from '../../net/certificates.ts';
import type { Deadlines } from '../../net/deadlines.ts';
import type { QueueStore } from '../../store/queue-store.ts';
import type { RelayAtControl } from '../control.ts';
import type { World } from '../settings.ts';
import type { ApiKey } from './api-key.ts';
import { type AppParts, apiApp } from './app.ts';
import { type BodyPatience, bodyReader } from './body.ts';
import { boundByAddress } from './connections.ts';
import { gatekeeper } from './gatekeeper.ts';
import { onceEach } from './idempotency.ts';

interface Place {
  readonly address: string;
  /** 0: the system chooses. */
  readonly port: number;
}

/** What a new configuration may change. */
export interface ApiSettings {
  readonly keys: readonly ApiKey[];
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  /** Connections of one address at once; this host itself is bound by the number of all only. */
  readonly sessionsPerAddress: number;
  /** Wrong keys of one address within ten minutes. */
  readonly loginFailures: number;
}

export interface HttpApiParts {
  readonly places: readonly Place[];
  readonly settings: () => ApiSettings;
  readonly certificates: Certificates;
  readonly deadlines: Deadlines;
  readonly store: Pick<QueueStore, 'list' | 'show' | 'nudge' | 'receipt' | 'nextDue'>;
  readonly relay: Pick<RelayAtControl, 'submit' | 'retry' | 'carryOut' | 'wordsOf'>;
  readonly suppressions: AppParts['suppressions'];
  readonly world: World;
  readonly explain: (domain: Domain) => Promise<Explanation | undefined>;
  readonly version: string;
  readonly onEvents: AppParts['onEvents'];
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
  readonly onError: (what: string, error: unknown) => void;
  /** The usual one outside tests. */
  readonly patience?: Partial<HttpPatience>;
}

export interface HttpPatience extends BodyPatience {
  /** Milliseconds for the header of a request, and for all of it. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** At once, at each place. */
  readonly connections: number;
}

export interface HttpApi {
  /** With the ports that they got. */
  readonly places: readonly (Place & { readonly tls: boolean })[];
  /** Takes no more requests, and gives those under way `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const usualPatience: HttpPatience = {
  headersMs: 20_000,
  requestMs: 600_000,
  graceMs: 20_000,
  minimumRate: 1_000,
  connections: 500,
};
const HANDSHAKE_MS = 20_000;
const IDLE_MS = 30_000;
/** For a client that does not read its answer. */
const SILENT_MS = 120_000;
const CHECK_EVERY_MS = 1_000;
/** Of a request, its URL among it: a thousand recipients fit in. */
const MOST_HEADER_BYTES = 64 * 1024;
/** Bodies under way together, in messages of the greatest size. */
const MESSAGES_OF_ROOM = 4;
const EXPLAINED_AT_ONCE = 4;

/** @throws Node's error when an address cannot be bound; nothing is left open then. */
export async function openHttpApi(parts: HttpApiParts): Promise<HttpApi> {
  const patience = { ...usualPatience, ...parts.patience };
  const listener = getRequestListener(apiApp(appParts(parts, patience)).fetch);
  const servers: Server[] = [];
  const close = async (graceMs: number): Promise<void> => {
    await Promise.all(servers.map((server) => closeServer(server, graceMs)));
  };
  try {
    const places = [];
    for (const place of parts.places) {
      const tls = !isLoopback(place.address);
      const server = serverFor(tls, parts, patience, listener);
      boundByAddress(server, () => parts.settings().sessionsPerAddress);
      server.maxConnections = patience.connections;
      server.setTimeout(SILENT_MS);
      servers.push(server);
      places.push({ ...(await listen(server, place, parts)), tls });
    }
    return { places, close };
  } catch (error) {
    await close(0);
    throw error;
  }
}

function appParts(parts: HttpApiParts, patience: BodyPatience): AppParts {
  const { settings, world, store, deadlines, onOddity } = parts;
  let explaining = 0;
  return {
    ...parts,
    limits: settings,
    bodies: bodyReader(deadlines, () => settings().maxMessageBytes * MESSAGES_OF_ROOM, patience),
    once: onceEach(store, world.now),
    gate: gatekeeper({
      keys: () => settings().keys,
      failures: () => settings().loginFailures,
      now: world.now,
      onOddity,
    }),
    async explain(domain) {
      if (explaining >= EXPLAINED_AT_ONCE) return undefined;
      explaining += 1;
      try {
        return await parts.explain(domain);
      } finally {
        explaining -= 1;
      }
    },
    pulse: () => store.nextDue(),
  };
}

/** No key goes over a network in clear: without TLS only this host can come in. */
function serverFor(
  tls: boolean,
  { certificates }: HttpApiParts,
  { headersMs, requestMs }: HttpPatience,
  listener: RequestListener,
): Server {
  const times: ServerOptions = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, headersMs),
    maxHeaderSize: MOST_HEADER_BYTES,
  };
  if (!tls) return createServer(times, listener);
  let options = certificates.fallback;
  const server = createTlsServer(
    {
      ...options,
      ...times,
      handshakeTimeout: HANDSHAKE_MS,
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => {
        const context = certificates.contextFor(name);
        // Left alone the default shows all of its certificates; chosen, only one.
        if (context === certificates.contextFor(null)) done(null);
        else done(null, context);
      },
    },
    listener,
  );
  server.prependListener('connection', () => {
    if (options === certificates.fallback) return;
    options = certificates.fallback;
    server.setSecureContext(options);
  });
  server.on('tlsClientError', (_error: Error, socket: Socket) => {
    // Node leaves the socket open after a failed handshake.
    socket.on('error', () => undefined);
    socket.destroy();
  });
  return server;
}

function listen(server: Server, { address, port }: Place, { onError }: HttpApiParts): Promise<Place> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port }, () => {
      server.off('error', reject);
      server.on('error', (error) => onError('the HTTP API fails', error));
      const at = server.address();
      if (at === null || typeof at === 'string') throw new Error('the HTTP API has no port');
      resolve({ address: at.address, port: at.port });
    });
  });
}

function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), graceMs);
    // Fails only where it never listened.
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}
