/** What the writer thread and its owner say to each other. */
import type { FolderPaths } from './data-folder.ts';
import type { Packed } from './packing.ts';
import type { BackedUp } from './queue-store.ts';
import type { StoreErrorCode } from './store-error.ts';

export interface WriterStart {
  readonly folder: FolderPaths;
}

export type ToWriter =
  | { readonly kind: 'commit'; readonly calls: Packed }
  | { readonly kind: 'backup'; readonly path: string }
  /** The writer closes the database and ends. */
  | { readonly kind: 'close' };

/** An error travels as data: structured cloning drops an error's own fields. */
interface Failure {
  readonly code: StoreErrorCode;
  readonly message: string;
}

export type FromWriter =
  | { readonly kind: 'ready' }
  /** The database cannot be opened; the writer ends. */
  | ({ readonly kind: 'refused' } & Failure)
  /** In the order of the calls of the one commit that is out. */
  | { readonly kind: 'answers'; readonly answers: Packed }
  | { readonly kind: 'backedUp'; readonly outcome: BackedUp | Failure };
