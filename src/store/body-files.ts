/** Content kept as files: taken over before the commit that names it, removed after the one that forgets it. */
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type FolderPaths, flushFolder } from './data-folder.ts';
import { StoreError } from './store-error.ts';

export interface BodyFiles {
  pathOf(id: string): string;
  /** Moves a flushed file out of `incoming`. The caller has made sure that no message has this id yet. */
  take(path: string, id: string): void;
  /** Removes the file once the current transaction is committed. */
  drop(id: string): void;
  /** No file is removed until what this returns is called. */
  keep(): () => void;
  /** Makes every move of this transaction durable; called before its commit. */
  flush(): void;
  committed(): void;
  rolledBack(): void;
  /** Removes whatever no message names: what a crash left between two steps. */
  sweep(isNamed: (id: string) => boolean): void;
}

export function bodyFiles(folder: FolderPaths): BodyFiles {
  let taken: { readonly from: string; readonly to: string }[] = [];
  let dropped: string[] = [];
  /** What is to be removed when nobody asks for it to be kept any more. */
  let kept: string[] = [];
  let keepers = 0;
  const pathOf = (id: string): string => join(folder.bodies, id);

  return {
    pathOf,
    take(path, id) {
      const from = resolve(path);
      if (dirname(from) !== folder.incoming) {
        throw new StoreError('refused', `the content of ${id} is not in ${folder.incoming}: ${path}`);
      }
      const to = pathOf(id);
      renameSync(from, to);
      taken.push({ from, to });
    },
    drop(id) {
      dropped.push(pathOf(id));
    },
    keep() {
      keepers += 1;
      return () => {
        keepers -= 1;
        if (keepers > 0) return;
        for (const path of kept.splice(0)) removeIfPossible(path);
      };
    },
    flush() {
      if (taken.length === 0) return;
      flushFolder(folder.bodies);
      flushFolder(folder.incoming);
    },
    committed() {
      if (keepers > 0) kept.push(...dropped);
      else for (const path of dropped) removeIfPossible(path);
      taken = [];
      dropped = [];
    },
    rolledBack() {
      // The caller still owns the file: it is put back where it was, for the next try or for its own removal.
      for (const { from, to } of taken.toReversed()) renameIfPossible(to, from);
      taken = [];
      dropped = [];
    },
    sweep(isNamed) {
      for (const name of readdirSync(folder.incoming)) removeIfPossible(join(folder.incoming, name));
      for (const name of readdirSync(folder.bodies)) {
        if (!isNamed(name)) removeIfPossible(join(folder.bodies, name));
      }
    },
  };
}

// What cannot be moved or removed is named by no message, so the next sweep tries again; mail must not stop for it.
function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true, recursive: true });
  } catch {}
}

function renameIfPossible(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {}
}
