/** How the outbox is asked from another thread. */
import type { OutboxTable } from './outbox.ts';
import type { StoreErrorCode } from './store-error.ts';

type NameOf = keyof OutboxTable;

/** One call by its name, with what it is given. */
export type OutboxCall = {
  [Name in NameOf]: { readonly name: Name; readonly given: Parameters<OutboxTable[Name]> };
}[NameOf];

export type ToOutbox = { readonly kind: 'call'; readonly call: OutboxCall } | { readonly kind: 'close' };

export type FromOutbox =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly code: StoreErrorCode; readonly message: string };

export interface OutboxStart {
  /** As in `FolderPaths`. */
  readonly folder: { readonly path: string };
}

export function carryOut(table: OutboxTable, call: OutboxCall): unknown {
  switch (call.name) {
    case 'add':
      return table.add(...call.given);
    case 'head':
      return table.head(...call.given);
    case 'done':
      return table.done(...call.given);
    case 'defer':
      return table.defer(...call.given);
    case 'bury':
      return table.bury(...call.given);
    case 'revive':
      return table.revive(...call.given);
    case 'end':
      return table.end(...call.given);
    case 'resume':
      return table.resume(...call.given);
    case 'kept':
      return table.kept(...call.given);
    case 'dead':
      return table.dead(...call.given);
    case 'forget':
      return table.forget(...call.given);
    case 'left':
      return table.left(...call.given);
    case 'begin':
      return table.begin(...call.given);
    case 'complete':
      return table.complete(...call.given);
  }
}
