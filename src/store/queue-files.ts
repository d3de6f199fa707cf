/** Where each of several queues of a data folder is: the first has the names that a single one has. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FolderPaths } from './data-folder.ts';
import type { DatabaseKind } from './migrate.ts';
import { queueDatabase } from './migrations.ts';

/** `queue.db` is that of the first, `queue-2.db` that of the second. */
export function numbered(name: string, queue: number): string {
  if (queue === 1) return name;
  const dot = name.lastIndexOf('.');
  return dot === -1 ? `${name}-${queue}` : `${name.slice(0, dot)}-${queue}${name.slice(dot)}`;
}

/** The database of one of the queues. */
export function queueDatabaseOf({ queue }: Pick<FolderPaths, 'queue'>): DatabaseKind {
  return { ...queueDatabase, file: numbered(queueDatabase.file, queue) };
}

/** @param folder absolute. */
export function pathsOf(folder: string, queue: number): FolderPaths {
  return {
    path: folder,
    queue,
    incoming: join(folder, numbered('incoming', queue)),
    bodies: join(folder, numbered('bodies', queue)),
  };
}

/** The numbers of the queues that a data folder has, in their order; none where the folder is not there. */
export function queuesIn(folder: string): readonly number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const read = /^queue(?:-([1-9][0-9]{0,3}))?\.db$/.exec(name);
      const number = read === null ? undefined : Number(read[1] ?? 1);
      return number !== undefined && numbered('queue.db', number) === name ? [number] : [];
    })
    .toSorted((a, b) => a - b);
}

/** Removes a queue that nobody has open; its database last, so that what a crash leaves is found again. */
export function removeQueue(folder: string, queue: number): void {
  const { incoming, bodies } = pathsOf(folder, queue);
  const { file } = queueDatabaseOf({ queue });
  for (const path of [incoming, bodies]) rmSync(path, { force: true, recursive: true });
  for (const name of [`${file}-wal`, `${file}-shm`, file]) rmSync(join(folder, name), { force: true });
}
