/** What an operator has to hear of the policy list that is kept before mail goes without it, each thing once for each list. */
import { endIsNearFrom, isInForce, type ListHead } from '../policies/list/facts.ts';
import type { EpochMs } from '../policies/words.ts';

export interface ListNoticeParts {
  /** The list that was accepted last, whoever has signed it. */
  readonly kept: () => ListHead | undefined;
  /** Whether one of the keys that may sign has signed it. */
  readonly isTrusted: (head: ListHead) => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => EpochMs;
  /** The list ends soon, and there is no newer one. */
  readonly onEndNear: (head: ListHead) => void;
  /** None of the keys that may sign now has signed the list, which is not over. */
  readonly onKeyGone: (head: ListHead) => void;
}

export interface ListNotices {
  /** For when the keys that may sign can be others. */
  ofKeys(): void;
  /** For after a look. @param lookedAt when a newer list was looked for last: one that is to come may be there since then. */
  ofEnd(lookedAt: EpochMs): void;
}

export function listNotices({ kept, isTrusted, now, onEndNear, onKeyGone }: ListNoticeParts): ListNotices {
  /** Digests of the lists that were told of. */
  let ending: string | null = null;
  let withoutKey: string | null = null;

  function inForce(): ListHead | undefined {
    const head = kept();
    return head !== undefined && isInForce(head, now()) ? head : undefined;
  }

  return {
    ofKeys() {
      const head = inForce();
      if (head === undefined) return;
      const stranger = isTrusted(head) ? null : head.digest;
      if (stranger !== null && stranger !== withoutKey) onKeyGone(head);
      withoutKey = stranger;
    },
    ofEnd(lookedAt) {
      const head = inForce();
      if (head === undefined || head.digest === ending || !isTrusted(head)) return;
      if (Math.min(now(), lookedAt) < endIsNearFrom(head)) return;
      ending = head.digest;
      onEndNear(head);
    },
  };
}
