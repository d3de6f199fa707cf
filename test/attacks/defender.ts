/** Attacks by a hostile client, or by somebody on the way of one: on our servers, on the gateway in front, on mail in. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../support/certificates.ts';
import { type Assailant, assail } from './assailant.ts';
import { type Cell, type Verdict, withstood } from './cell.ts';
import { type Dialect, type Offers, type Protocol, protocols, SECRET } from './dialect.ts';
import { dialects } from './dialects.ts';
import { frontRole } from './roles/front.ts';
import { receptionRole } from './roles/reception.ts';
import { serverRole } from './roles/server.ts';
import { type FrontWeakness, startSloppyFront } from './twins/sloppy-front.ts';
import { type Conversation, type Lies, startToyServer, type ToyServer } from './twins/toy-server.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ names: ['server.test'] });

/** Who is attacked. */
export interface Defender {
  /** Begins in clear. */
  readonly port: number;
  /** TLS from the first octet; 0 where there is no such port. */
  readonly tlsPort: number;
  /** Messages that it took for good; where they go to a backend, that tells. */
  readonly taken: readonly string[];
  close(): Promise<void> | void;
}

export interface DefenderOptions {
  readonly dialect: Dialect;
  readonly certificate: { readonly certPem: string; readonly keyPem: string };
  /** Port of a server without TLS. */
  readonly backend: number;
  /** Milliseconds for what a client has to do in clear, and for the handshake. */
  readonly patienceMs: number;
  /** At once, from one address. */
  readonly maxConnections: number;
}

export interface DefenderRole {
  readonly ours: (options: DefenderOptions) => Promise<Defender>;
  readonly speaks: (protocol: Protocol) => boolean;
  /** Whether there is a backend to which everything is passed on. */
  readonly hasBackend: (protocol: Protocol) => boolean;
}

/** What an attacker finds. */
export interface Scene {
  readonly dialect: Dialect;
  readonly defender: Defender;
  /** Connections that the backend had, in clear all of them; none where there is no backend. */
  readonly backend: readonly Conversation[];
  readonly hasBackend: boolean;
  /** Milliseconds. */
  readonly patienceMs: number;
  readonly maxConnections: number;
  /** Comes to the port that begins in clear, or to another one. */
  readonly come: (port?: number) => Promise<Assailant>;
}

type ServerSide = 'server' | 'front' | 'relay';

export interface Assault {
  readonly how: string;
  /** @returns what the attacker got, undefined where that was nothing. @throws Error where the scene is not as it should be. */
  readonly attack: (scene: Scene) => Promise<string | undefined>;
  /** Whether the protocol gives occasion to it; by default it does. */
  readonly occasion?: (dialect: Dialect, role: ServerSide) => boolean;
  /** What the twin is weak in. */
  readonly weak: readonly FrontWeakness[];
  /** What the server behind does otherwise than a plain one that offers nothing of TLS; asked for each time. */
  readonly behind?: (dialect: Dialect) => Lies;
  readonly patienceMs?: number;
  readonly maxConnections?: number;
  readonly roles?: readonly ServerSide[];
}

/** Enough for a busy machine. */
const PATIENCE_MS = 5_000;
const NO_LIMIT = 1_000;
/** A server without TLS that has logins. */
const plainOffers: Offers = { startTls: 'absent', extra: '' };

const defenderRoles: Readonly<Record<ServerSide, DefenderRole>> = {
  server: serverRole,
  front: frontRole,
  relay: receptionRole,
};
const serverSides = ['server', 'front', 'relay'] as const;

/** The cells of some assaults, for each protocol and role that gives an occasion. */
export function assaults(list: readonly Assault[]): Cell[] {
  return list.flatMap((assault) =>
    occasions(assault).map(([role, protocol]) => cellOf(assault, role, protocol)),
  );
}

function occasions({ roles = serverSides, occasion }: Assault): [ServerSide, Protocol][] {
  return roles.flatMap((role) =>
    protocols
      .filter((protocol) => defenderRoles[role].speaks(protocol))
      .filter((protocol) => occasion?.(dialects[protocol], role) ?? true)
      .map((protocol): [ServerSide, Protocol] => [role, protocol]),
  );
}

function cellOf(assault: Assault, role: ServerSide, protocol: Protocol): Cell {
  const { ours, hasBackend } = defenderRoles[role];
  const setting = { assault, dialect: dialects[protocol] };
  return {
    role,
    protocol,
    how: assault.how,
    ours: () => verdictOf({ ...setting, start: ours, hasBackend: hasBackend(protocol) }),
    twin: () => verdictOf({ ...setting, start: sloppy(assault.weak), hasBackend: true }),
    sound: () => verdictOf({ ...setting, start: sloppy([]), hasBackend: true }),
  };
}

/** The same without an attack: a login inside TLS gets through. */
export function serverControls() {
  return occasions({ how: 'none', weak: [], attack: () => Promise.resolve(undefined) }).map(
    ([role, protocol]) => {
      const { ours, twin } = cellOf({ how: 'none', weak: [], attack: logIn }, role, protocol);
      const through = async (run: () => Promise<Verdict>): Promise<string> => {
        const verdict = await run();
        return verdict.kind === 'hit' ? verdict.how : verdict.kind;
      };
      return { role, protocol, ours: () => through(ours), twin: () => through(twin) };
    },
  );
}

async function logIn({ dialect, come, backend, hasBackend }: Scene): Promise<string> {
  const client = await come();
  await client.upgrade();
  if (dialect.greetsInside) await client.answer('greeting');
  if (dialect.askInside !== null) {
    client.say(dialect.askInside);
    await client.answer('offers');
  }
  client.say(dialect.loginInside);
  await client.answer('login');
  if (!hasBackend) return 'through';
  const until = performance.now() + 2_000;
  while (!heardBy(backend).includes(SECRET) && performance.now() < until) await sleep(5);
  return heardBy(backend).includes(SECRET) ? 'through' : `nothing came: ${heardBy(backend)}`;
}

/** All that a backend was told. */
export function heardBy(backend: readonly Conversation[]): string {
  return backend.map(({ plain }) => plain).join('\n');
}

function sloppy(weaknesses: readonly FrontWeakness[]): DefenderRole['ours'] {
  return async (options) => ({ ...(await startSloppyFront({ ...options, weaknesses })), taken: [] });
}

interface Setting {
  readonly assault: Assault;
  readonly dialect: Dialect;
  readonly start: DefenderRole['ours'];
  readonly hasBackend: boolean;
}

async function verdictOf({ assault, dialect, start, hasBackend }: Setting): Promise<Verdict> {
  const { patienceMs = PATIENCE_MS, maxConnections = NO_LIMIT } = assault;
  const backend: ToyServer = await startToyServer(dialect, certificate, {
    offersInClear: plainOffers,
    ...assault.behind?.(dialect),
  });
  const clients: Assailant[] = [];
  const defender = await start({ dialect, certificate, backend: backend.port, patienceMs, maxConnections });
  try {
    const how = await assault.attack({
      dialect,
      defender,
      backend: backend.conversations,
      hasBackend,
      patienceMs,
      maxConnections,
      async come(port = defender.port) {
        const client = await assail(dialect, port);
        clients.push(client);
        return client;
      },
    });
    return how === undefined ? withstood : { kind: 'hit', how };
  } finally {
    for (const client of clients) client.close();
    await defender.close();
    backend.close();
  }
}
