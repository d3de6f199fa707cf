/** How a serving process comes to its sockets, and stops being root. */
import { userInfo } from 'node:os';
import type { Logger } from 'pino';
import { type InheritedSocket, inheritedSockets } from '../net/inherited.ts';
import { openPlaces, type PlaceSource, type Places, type Reading } from '../net/places.ts';
import type { Config, ConfigError } from './config/config.ts';
import type { LoadedConfig } from './config/load.ts';
import { findUser, giveUpRoot, hasUser, isRoot, ownFolder, type SystemUser } from './give-up-root.ts';
import { privilegedPlaces } from './places.ts';
import { messageOf } from './usage.ts';

/** Whom the process stays or becomes, found out before anything is opened. */
export type Becoming =
  | { readonly kind: 'stay' }
  | { readonly kind: 'become'; readonly user: SystemUser }
  | { readonly kind: 'refused'; readonly error: ConfigError };

/** @param origin of the key `user`. */
export function whoToBecome({ user }: Pick<Config, 'user'>, origin: string): Becoming {
  if (user === null) return { kind: 'stay' };
  const refused = (message: string): Becoming => ({
    kind: 'refused',
    error: { path: 'user', origin, message },
  });
  if (isRoot()) {
    const found = findUser(user);
    return found === undefined ? refused(noSuchUser(user)) : { kind: 'become', user: found };
  }
  const name = ownName();
  return name === user ? { kind: 'stay' } : refused(`only root can become ${user}; this process is ${name}`);
}

/** What of {@link whoToBecome} is wrong whoever starts the relay. */
export function faultsOfUser({ config: { user }, effective }: CheckedConfig): readonly ConfigError[] {
  if (user === null || hasUser(user)) return [];
  const origin = effective.find(({ path }) => path === 'user')?.origin ?? 'default';
  return [{ path: 'user', origin, message: noSuchUser(user) }];
}

type CheckedConfig = Pick<Extract<LoadedConfig, { kind: 'ok' }>, 'effective'> & {
  readonly config: Pick<Config, 'user'>;
};

function noSuchUser(user: string): string {
  return `this host has no user ${user}`;
}

export interface SettlingIn {
  readonly becoming: Exclude<Becoming, { kind: 'refused' }>;
  readonly config: Config;
  /** Of connections that come in at sockets that stand. */
  readonly reading: Reading;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  /** What of the configuration cannot be read from now on. */
  readonly unreadable: () => Promise<readonly string[]>;
}

/**
 * Binds what takes root and gives it up, so that no octet of a peer is ever read as root.
 *
 * @returns how to come to the sockets that stand already.
 * @throws Error where an address cannot be bound, or root cannot be given up.
 */
export async function settleIn(parts: SettlingIn): Promise<() => Promise<Places>> {
  const { becoming, config, reading, log } = parts;
  const handedOver = inherited();
  if (becoming.kind === 'stay') {
    if (isRoot()) {
      log.warn('this process is root and stays it: set user, or have the service manager start it as one');
    }
    return () => openPlaces(handedOver, reading);
  }
  const { user } = becoming;
  ownFolder(config.dataFolder, user);
  const places = await openPlaces([...handedOver, ...privilegedPlaces(config)], reading);
  giveUpRoot(user);
  log.info({ user: user.name, uid: user.uid, gid: user.gid }, 'root was given up');
  for (const fault of await parts.unreadable()) {
    log.warn(
      `${user.name} could not read this anew: reloads will fail, and a renewed certificate is not taken over: ${fault}`,
    );
  }
  return () => Promise.resolve(places);
}

/** @throws Error where what the service manager says makes no sense. */
function inherited(): readonly PlaceSource[] {
  const read = inheritedSockets(process.env, process.pid);
  if (read.kind === 'invalid') throw new Error(read.because);
  return read.value.map((one: InheritedSocket) => ({ kind: 'inherited', ...one }));
}

/** A user without an entry has a number only. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    return `${process.getuid?.() ?? messageOf(error)}`;
  }
}
