/** Gateways: TLS in front of servers that have none, and verified TLS for clients that have none. */
import type { Socket } from 'node:net';
import { formatHostPort } from '../names/address.ts';
import { type Accepted, type Attended, accept, type Listener } from '../net/accept.ts';
import { type Admission, type Limits, startAdmission } from '../net/admission.ts';
import type { Upgrade } from '../net/attend.ts';
import type { Doors } from '../net/door.ts';
import { handshakes } from '../net/handshake.ts';
import { openListeners } from '../net/listeners.ts';
import { alpnOf } from './protocols.ts';
import type { GatewayLimits, GatewaySettings, ListenPlace } from './settings.ts';
import { type VisitParts, visit } from './visit.ts';

export interface GatewayParts extends VisitParts {
  readonly gateways: readonly GatewaySettings[];
  /** What opens the doors; absent: they are bound here. */
  readonly doors?: Doors | undefined;
  readonly onError: (what: string, error: unknown) => void;
}

/** Where one listens, with the port that it got, and for which gateway. */
interface OpenPlace extends ListenPlace {
  readonly gateway: string;
}

export interface Gateways {
  readonly listeners: readonly OpenPlace[];
  /**
   * New connections go by these; those that are open end as they began. A listener that keeps its place stays bound.
   *
   * @throws Node's error when an address cannot be bound; everything else is as it was then.
   */
  reload(gateways: readonly GatewaySettings[]): Promise<void>;
  /** Takes no new connections, and lets those that have a backend go on for at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** A gateway under its present settings. */
interface Gate {
  readonly settings: GatewaySettings;
  readonly upgrade: Upgrade;
  readonly admission: Admission;
}

/** Where one listens, and for whom. */
interface Door extends ListenPlace {
  readonly gate: Gate;
}

/** @throws Node's error when an address cannot be bound; nothing is left open then. */
export async function startGateways(parts: GatewayParts): Promise<Gateways> {
  /** Whoever is in stays counted when the settings change. */
  const admissions = new Map<string, Admission>();
  const listeners = openListeners<Door>((door) => bind(door, parts));

  const doorsOf = (gateways: readonly GatewaySettings[]): readonly Door[] =>
    gateways.flatMap((settings) => {
      const gate = gateOf(settings, admissions, parts.now);
      return settings.places.map((place) => ({ ...place, gate }));
    });

  const reload = async (gateways: readonly GatewaySettings[]): Promise<void> => {
    const doors = doorsOf(gateways);
    await listeners.change(doors);
    for (const { gate } of doors) {
      const { settings, admission } = gate;
      admission.change(limitsOf(settings.limits));
      admissions.set(settings.name, admission);
    }
    for (const name of admissions.keys()) {
      if (!gateways.some((settings) => settings.name === name)) admissions.delete(name);
    }
  };
  try {
    await reload(parts.gateways);
  } catch (error) {
    await listeners.close(0);
    throw error;
  }
  return {
    get listeners() {
      return listeners.bound.map(({ listener: { address, port }, settings: { tls, gate } }) => ({
        address,
        port,
        tls,
        gateway: gate.settings.name,
      }));
    },
    reload,
    close: (graceMs) => listeners.close(graceMs),
  };
}

function gateOf(
  settings: GatewaySettings,
  admissions: ReadonlyMap<string, Admission>,
  now: () => number,
): Gate {
  const { name, protocol, mode } = settings;
  const admission = admissions.get(name) ?? startAdmission(limitsOf(settings.limits), now);
  const upgrade: Upgrade =
    mode.kind === 'front'
      ? handshakes(mode.certificates, alpnOf(protocol), {
          clientCertificate: mode.clientCertificates !== null,
        })
      : () => Promise.reject(new Error('clients of this gateway are plain ones'));
  return { settings, upgrade, admission };
}

/** What else there is to count belongs to mail. */
function limitsOf({ connections, connectionsPerAddress, connectionsPerMinute }: GatewayLimits): Limits {
  const none = Number.POSITIVE_INFINITY;
  return {
    sessions: connections,
    reserved: 0,
    sessionsPerAddress: connectionsPerAddress,
    connectionsPerMinute,
    messagesPerMinute: none,
    recipientsPerMinute: none,
    loginFailures: none,
  };
}

function bind(door: () => Door, parts: GatewayParts): Promise<Listener> {
  const { address, port } = door();
  return accept({
    address,
    port,
    doors: parts.doors,
    deadlines: parts.deadlines,
    proxies: (client) => door().gate.settings.isProxy(client),
    receive: (socket, accepted) => receive(socket, accepted, door(), parts),
    onOddity: (what, { remoteAddress: client, localPort }) =>
      parts.onOddity(what, {
        gateway: door().gate.settings.name,
        client,
        listener: formatHostPort(address, localPort),
      }),
    onError: parts.onError,
  });
}

/** How long a connection may be silent before the system looks whether the client is still there, ms. */
const KEEP_ALIVE_MS = 60_000;

function receive(
  socket: Socket,
  accepted: Accepted,
  { gate, ...place }: Door,
  parts: GatewayParts,
): Attended | undefined {
  const { settings, admission, upgrade } = gate;
  const pass = admission.enter(accepted.remoteAddress, {
    // These are all of this host.
    exempt: settings.mode.kind === 'reverse',
  });
  if (pass.kind === 'refused') {
    // Nothing is said: what it would have to be depends on the protocol, and a flood is not worth an answer.
    socket.on('error', () => socket.destroy());
    socket.destroy();
    parts.counters.refused(settings.name);
    return undefined;
  }
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  const attended = visit(socket, accepted, place, settings, upgrade, parts);
  void attended.closed.then(() => pass.leave());
  return attended;
}
