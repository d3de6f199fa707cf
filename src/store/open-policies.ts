/** Opens the policy store of a data folder. */
import type { DatabaseSync } from 'node:sqlite';
import type { FolderPaths } from './data-folder.ts';
import { listTable } from './list-table.ts';
import { memoryTable } from './memory-table.ts';
import { openDatabase, openToRead } from './open-database.ts';
import { overridesTable } from './overrides-table.ts';
import { policyDatabase } from './policy-migrations.ts';
import type { PolicyReader, PolicyStore } from './policy-store.ts';
import { promotionsTable } from './promotions-table.ts';
import { shapingErrors } from './store-error.ts';
import { stsTable } from './sts-table.ts';

const shaped = shapingErrors(policyDatabase.what);

/**
 * Opens, and where it is missing creates, the policy store in a folder that this process holds.
 *
 * @throws StoreError when the database cannot be opened, is damaged, or a newer Waxwing has written it.
 */
export function openPolicies(folder: Pick<FolderPaths, 'path'>): PolicyStore {
  return shaped(() => storeOver(openDatabase(folder, policyDatabase)));
}

/**
 * Opens the policy store of a data folder to read it, whether or not somebody serves the folder.
 *
 * @returns undefined where there is none: nothing was ever kept there.
 * @throws StoreError as {@link openPolicies}.
 */
export function openPoliciesToRead(dataFolder: string): PolicyReader | undefined {
  return shaped(() => {
    const database = openToRead(dataFolder, policyDatabase);
    return database === undefined ? undefined : storeOver(database);
  });
}

function storeOver(database: DatabaseSync): PolicyStore {
  const sts = stsTable(database);
  const overrides = overridesTable(database);
  const list = listTable(database);
  const memory = memoryTable(database);
  const promotions = promotionsTable(database);
  return {
    sts: {
      get: (domain) => shaped(() => sts.get(domain)),
      list: (page) => shaped(() => sts.list(page)),
      put: (entry) => shaped(() => sts.put(entry)),
      remove: (domain) => shaped(() => sts.remove(domain)),
      due: (now, limit) => shaped(() => sts.due(now, limit)),
      forget: (before) => shaped(() => sts.forget(before)),
    },
    overrides: {
      get: (domain) => shaped(() => overrides.get(domain)),
      about: (domain) => shaped(() => overrides.about(domain)),
      list: () => shaped(() => overrides.list()),
      put: (override) => shaped(() => overrides.put(override)),
      remove: (domain) => shaped(() => overrides.remove(domain)),
    },
    list: {
      head: () => shaped(() => list.head()),
      listed: (domain) => shaped(() => list.listed(domain)),
      signings: () => shaped(() => list.signings()),
      put: (...accepted) => shaped(() => list.put(...accepted)),
      end: () => shaped(() => list.end()),
    },
    memory: {
      of: (domain) => shaped(() => memory.of(domain)),
      purge: (domain) => shaped(() => memory.purge(domain)),
    },
    promotions: {
      get: (domain) => shaped(() => promotions.get(domain)),
      list: () => shaped(() => promotions.list()),
      put: (promotion) => shaped(() => promotions.put(promotion)),
      block: (domain, recipients) => shaped(() => promotions.block(domain, recipients)),
      end: (domain, at, because) => shaped(() => promotions.end(domain, at, because)),
    },
    close: () => database.close(),
  };
}
