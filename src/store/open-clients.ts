/** Opens what is kept of clients. */
import type { ClientStore } from './client-store.ts';
import type { FolderPaths } from './data-folder.ts';
import { inboundTable } from './inbound-table.ts';
import { openDatabase } from './open-database.ts';
import { policyDatabase } from './policy-migrations.ts';
import { quotasTable } from './quotas-table.ts';
import { shapingErrors } from './store-error.ts';
import { suppressionsTable } from './suppressions-table.ts';

const shaped = shapingErrors(policyDatabase.what);

/**
 * Opens it in a folder that this process holds: tables of the file that has the policies, by a connection of their own.
 *
 * @throws StoreError when the database cannot be opened, is damaged, or a newer Waxwing has written it.
 */
export function openClients(folder: Pick<FolderPaths, 'path'>): ClientStore {
  return shaped(() => {
    const database = openDatabase(folder, policyDatabase);
    const quotas = quotasTable(database);
    const inbound = inboundTable(database);
    const suppressions = suppressionsTable(database);
    return {
      quotas: {
        list: () => shaped(() => quotas.list()),
        add: (counted, now) => shaped(() => quotas.add(counted, now)),
      },
      inbound: {
        list: () => shaped(() => inbound.list()),
        seenSince: (at) => shaped(() => inbound.seenSince(at)),
        write: (changed, gone, merged) => shaped(() => inbound.write(changed, gone, merged)),
      },
      suppressions: {
        of: (address) => shaped(() => suppressions.of(address)),
        add: (bounces, rule) => shaped(() => suppressions.add(bounces, rule)),
        list: (request) => shaped(() => suppressions.list(request)),
        count: () => shaped(() => suppressions.count()),
        lift: (address) => shaped(() => suppressions.lift(address)),
        forget: (before) => shaped(() => suppressions.forget(before)),
      },
      close: () => database.close(),
    };
  });
}
