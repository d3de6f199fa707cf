/** One connection of a gateway: who stands between client and backend, what is noted, and the event at its end. */
import type { Socket } from 'node:net';
import { type ConnectionTls, connectionEvent } from '../events/connection-event.ts';
import { credentialExposed, type LoggedEvent } from '../events/delivery-event.ts';
import { formatHostPort } from '../names/address.ts';
import type { Accepted, Attended } from '../net/accept.ts';
import type { Upgrade } from '../net/attend.ts';
import { mediate } from '../net/mediate.ts';
import type { GatewayWatch, MediateEnd } from '../net/mediation.ts';
import { proveIdentity } from '../tls/identity.ts';
import type { GatewayRun } from '../wire/gateway-session.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import { type BackendParts, backendWays, showBackend } from './backend.ts';
import { refuseClient, sha256Of } from './client-certificate.ts';
import { beginFront, beginReverse } from './protocols.ts';
import type { GatewaySettings, ListenPlace } from './settings.ts';

/** Who counts what happens. */
export interface Counters {
  opened(gateway: string): void;
  /** Too many connections. */
  refused(gateway: string): void;
  /** `version` is null where the handshake failed. */
  handshake(gateway: string, version: string | null): void;
  exposed(gateway: string): void;
  closed(gateway: string, end: MediateEnd): void;
}

export interface VisitParts extends BackendParts {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Printable, hard to guess, fresh each time. */
  readonly nonce: () => string;
  readonly counters: Counters;
  readonly onEvents: (events: readonly LoggedEvent[]) => void;
  readonly onOddity: (what: string, about: Readonly<Record<string, unknown>>) => void;
}

/** What is known of a connection while it lasts. */
interface Notes {
  client: TlsFacts | undefined;
  upstream: TlsFacts | undefined;
  clear: boolean;
}

/**
 * Attends to one client.
 *
 * @param upgrade the handshakes of the gateway; never asked for where the client is a plain one.
 */
export function visit(
  socket: Socket,
  accepted: Accepted,
  place: ListenPlace,
  settings: GatewaySettings,
  upgrade: Upgrade,
  parts: VisitParts,
): Attended {
  const { name, mode, patience } = settings;
  const { counters } = parts;
  const beganAt = parts.now();
  const notes: Notes = { client: undefined, upstream: undefined, clear: false };
  // Behind a proxy `accepted` has the proxy's own port there; once the connection is closed the socket has none.
  const port = socket.localPort ?? place.port;
  counters.opened(name);
  const certificates = mode.kind === 'front' ? mode.clientCertificates : null;
  const mediated = mediate(socket, {
    run: sessionOf(settings, accepted, parts.nonce()),
    tls: place.tls,
    upgrade,
    admit: (facts) => (certificates === null ? undefined : refuseClient(facts, certificates)),
    backend: backendWays(settings, accepted, parts),
    deadlines: parts.deadlines,
    patience,
    watch: watchOf(notes, settings, accepted, parts),
  });
  void mediated.ended.then((end) => {
    counters.closed(name, end);
    const at = parts.now();
    const { by, because, fromClient, toClient } = end;
    parts.onEvents([
      connectionEvent({
        at: new Date(at).toISOString(),
        gateway: name,
        protocol: settings.protocol,
        mode: mode.kind,
        listener: { address: place.address, port, tls: place.tls },
        address: accepted.remoteAddress,
        port: accepted.remotePort,
        backend: showBackend(settings.backend),
        tls: tlsOf(notes, settings),
        octets: { fromClient, toClient },
        durationMs: Math.max(0, at - beganAt),
        endedBy: by,
        because,
      }),
    ]);
  });
  return mediated;
}

function sessionOf(
  { protocol, mode, hostname, backend }: GatewaySettings,
  { remoteAddress, remotePort }: Accepted,
  nonce: string,
): GatewayRun {
  if (mode.kind === 'reverse') return beginReverse(protocol, { hostname, nonce });
  return beginFront(protocol, {
    hostname,
    requireTls: mode.requireTls,
    client: { address: remoteAddress, port: remotePort },
    xclient: mode.xclient,
    backendIsLocal: backend.kind === 'unix',
    nonce,
  });
}

/** For each connection; all of them are counted. */
const MAX_EXPOSED_EVENTS = 10;

function watchOf(
  notes: Notes,
  { name, protocol }: GatewaySettings,
  { remoteAddress: address, localAddress, localPort }: Accepted,
  { counters, now, onEvents, onOddity }: VisitParts,
): GatewayWatch {
  const about = {
    gateway: name,
    protocol,
    client: address,
    listener: formatHostPort(localAddress, localPort),
  };
  let exposures = 0;
  return {
    onSecured(facts) {
      notes.client = facts;
      counters.handshake(name, facts.version);
    },
    onHandshakeFailed() {
      counters.handshake(name, null);
    },
    onUpstream({ facts }) {
      notes.upstream = facts;
    },
    onExposed(user) {
      counters.exposed(name);
      exposures += 1;
      // Whoever says hundreds of them a second would fill the log: the first tell all there is to know.
      if (exposures > MAX_EXPOSED_EVENTS) return;
      onEvents([credentialExposed(user, address, new Date(now()).toISOString())]);
    },
    onClear() {
      notes.clear = true;
    },
    onOddity: (what) => onOddity(what, about),
  };
}

/** Of the way over the network: in front that of the client, in reverse that of the backend. */
function tlsOf({ client, upstream, clear }: Notes, { mode }: GatewaySettings): ConnectionTls {
  const facts = mode.kind === 'front' ? client : upstream;
  const [shown] = upstream?.chain ?? [];
  const [presented] = client?.chain ?? [];
  return {
    outcome: outcomeOf(facts, clear, mode),
    version: facts?.version ?? null,
    cipher: facts?.cipher ?? null,
    group: facts?.group ?? null,
    serverName: facts?.serverName ?? null,
    alpn: facts?.alpn ?? null,
    certificateSha256: shown === undefined ? null : sha256Of(shown),
    peerName: shown === undefined ? null : peerNameOf(shown, mode),
    clientCertificateSha256: presented === undefined ? null : sha256Of(presented),
  };
}

/** The weakest way that anything was passed on by. */
function outcomeOf(
  facts: TlsFacts | undefined,
  clear: boolean,
  mode: GatewaySettings['mode'],
): ConnectionTls['outcome'] {
  if (clear) return 'cleartext';
  if (facts === undefined) return null;
  return mode.kind === 'reverse' ? 'authenticated' : 'encrypted';
}

function peerNameOf(leaf: Uint8Array, mode: GatewaySettings['mode']): string | null {
  if (mode.kind === 'front') return null;
  const identity = proveIdentity(leaf, [mode.serverName]);
  return identity.kind === 'proved' ? identity.name : null;
}
