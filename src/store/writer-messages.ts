/** What the writer thread and its owner say to each other. */
import type { EpochMs } from '../queue/delivery.ts';
import type { Answer, Call } from './calls.ts';
import type { FolderPaths } from './data-folder.ts';
import type { StoreErrorCode } from './store-error.ts';

export interface WriterStart {
  readonly folder: FolderPaths;
  readonly now: EpochMs;
}

export type ToWriter =
  | { readonly kind: 'commit'; readonly calls: readonly Call[] }
  /** The writer closes the database and ends. */
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'ready' }
  /** The database cannot be opened; the writer ends. */
  | { readonly kind: 'refused'; readonly code: StoreErrorCode; readonly message: string }
  /** In the order of the calls of the one commit that is out. */
  | { readonly kind: 'answers'; readonly answers: readonly Answer[] };
