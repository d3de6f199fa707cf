/** Becomes an ordinary user for good, once the ports below 1024 are bound. */
import { chownSync, mkdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

/** A user of this host. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  /** The group that the system has for the user. */
  readonly gid: number;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Finds a user by the system's own look-up, whatever that asks; only root can.
 *
 * Node has no getpwnam(3), but it knows by which name it runs: so it is that user for a moment.
 *
 * @returns undefined where there is none of this name.
 */
export function findUser(name: string): SystemUser | undefined {
  try {
    process.seteuid?.(name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_CREDENTIAL')
      return undefined;
    throw error;
  }
  try {
    const { uid, gid } = userInfo();
    return { name, uid, gid };
  } finally {
    process.seteuid?.(0);
  }
}

/** Whether the system has a user of this name; nobody has to be root to learn it. */
export function hasUser(name: string): boolean {
  if (isRoot()) return findUser(name) !== undefined;
  try {
    // The name is looked up before the system refuses the change; whoever may make it is that user already.
    process.seteuid?.(name);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_CREDENTIAL');
  }
}

/**
 * Makes the folder for its new owner where it is missing (mode 0700), as only root can do that in most places.
 *
 * @throws Error that says what to do where it belongs to somebody else: the process could not read what is in it.
 */
export function ownFolder(path: string, { name, uid, gid }: SystemUser): void {
  mkdirSync(dirname(path), { recursive: true });
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    if (statSync(path).uid === uid) return;
    throw new Error(`the data folder ${path} does not belong to ${name}: chown -R ${name}: ${path}`, {
      cause: error,
    });
  }
  chownSync(path, uid, gid);
}

/**
 * Gives up root, its groups and its capabilities, in every thread.
 *
 * @throws Error where root could be had back: going on would be a promise that is not kept.
 */
export function giveUpRoot({ name, uid, gid }: SystemUser): void {
  joinGroups(name, gid);
  process.setgid?.(gid);
  process.setuid?.(uid);
  const ids = [process.getuid?.(), process.geteuid?.()];
  if (ids.some((id) => id !== uid) || !isRefused(() => process.setuid?.(0))) {
    throw new Error(`root could not be given up for ${name}`);
  }
}

/** Node has it, its types do not know it. */
function joinGroups(name: string, gid: number): void {
  if (!('initgroups' in process) || typeof process.initgroups !== 'function') {
    throw new Error(`the groups of ${name} cannot be had on this system`);
  }
  Reflect.apply(process.initgroups, process, [name, gid]);
}

function isRefused(work: () => void): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}
