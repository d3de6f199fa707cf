/**
 * Keeps the policy list: looks for a newer one every now and then, judges what is offered, and ends the one whose time is over.
 *
 * Whatever becomes of a look, the list that was accepted last holds until its time is over.
 * The nearer that is the more often it looks, at least twice in the time that is left, so that no newer list comes too late.
 */
import { type AcceptedList, judgeList, type ListFault, type OfferedList } from '../policies/list/accept.ts';
import { isInForce, type ListHead } from '../policies/list/facts.ts';
import type { ListKey } from '../policies/list/signature.ts';
import type { EpochMs } from '../policies/words.ts';
import type { PolicyStore } from '../store/policy-store.ts';
import { type ListNoticeParts, listNotices } from './list-notices.ts';

/** Where lists come from. */
export interface ListSource {
  /** As the operator has written it. */
  readonly name: string;
  /** Reads both files; the promise never rejects. */
  read(): Promise<ReadList>;
}

export type ReadList =
  | ({ readonly kind: 'read' } & OfferedList)
  /** `tooLarge`: there is more than a list may have. */
  | { readonly kind: 'failed'; readonly tooLarge: boolean; readonly because: string };

/** What the configuration of the moment says. */
export interface ListTerms {
  readonly keys: readonly ListKey[];
  /** null: lists are only imported. */
  readonly source: ListSource | null;
  readonly refreshMs: number;
}

export interface ListKeeperParts extends Pick<ListNoticeParts, 'onEndNear' | 'onKeyGone'> {
  readonly store: Pick<PolicyStore['list'], 'head' | 'signings' | 'put' | 'end'>;
  /** null: there is no list to go by. */
  readonly terms: () => ListTerms | null;
  /** Milliseconds since 1970. */
  readonly now: () => EpochMs;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onLook: (look: ListLook) => void;
  /** The time of the list is over, and there is no newer one. Not called where nobody who is trusted has signed it. */
  readonly onEnd: (head: ListHead) => void;
  readonly onError: (what: string, error: unknown) => void;
}

/** What came of one look. */
export interface ListLook {
  readonly at: EpochMs;
  /** Where the list came from. */
  readonly source: string;
  /** `unchanged`: it is the one that is kept. `failed`: there was nothing to judge. */
  readonly outcome: 'accepted' | 'unchanged' | 'refused' | 'failed';
  /** Why it was refused; else null. */
  readonly fault: ListFault | null;
  /** One sentence. */
  readonly because: string;
}

export interface ListKeeper {
  /** What was accepted last; undefined where nothing was, or nobody who is trusted has signed it. */
  head(): ListHead | undefined;
  readonly lastLook: ListLook | null;
  /** When it looks again; null: never by itself. */
  readonly nextLookAt: EpochMs | null;
  /** Judges a list that somebody hands in, and keeps it where it may be. */
  offer(list: OfferedList, source: string): ListLook;
  /** Does what is due by now. */
  look(): Promise<void>;
  /** Looks for a newer list now: the configuration may be another. */
  refresh(): Promise<void>;
  close(): void;
}

/** After a look that failed; twice as long after each further one that was due, up to the usual time. */
const SHORTEST_WAIT_MS = 60_000;
const LOOK_EVERY_MS = 5_000;

/** What becomes of a list that there was nothing of to judge. */
const REFUSED: readonly [ListLook['outcome'], ListFault] = ['refused', 'size'];
const FAILED: readonly [ListLook['outcome'], null] = ['failed', null];

export function openListKeeper(parts: ListKeeperParts): ListKeeper {
  const { store, terms, now, random, onLook, onEnd, onError } = parts;
  const notices = listNotices({ ...parts, kept: () => store.head(), isTrusted });
  let lastLook: ListLook | null = null;
  let dueAt: EpochMs = now();
  let triedAt: EpochMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let closed = false;
  let busy: Promise<void> | undefined;

  function isTrusted({ signers }: ListHead): boolean {
    const keys = terms()?.keys ?? [];
    return signers.some((signer) => keys.some(({ id }) => id === signer));
  }

  function head(): ListHead | undefined {
    const known = store.head();
    return known !== undefined && isTrusted(known) ? known : undefined;
  }

  function note(found: ListLook): ListLook {
    lastLook = found;
    onLook(found);
    return found;
  }

  function judge(offered: OfferedList, source: string): ListLook {
    const at = now();
    const judged = judgeList(offered, terms()?.keys ?? [], store.signings(), at);
    if (judged.kind === 'refused') {
      const { fault, because } = judged;
      return { at, source, outcome: 'refused', fault, because };
    }
    const known = store.head();
    const signers = allSigners(judged, known);
    if (known?.ended === false && known.digest === judged.digest && known.signers.length === signers.length)
      return { at, source, outcome: 'unchanged', fault: null, because: 'it is the list that is kept' };
    store.put({ ...judged, signers }, source, at);
    const { size } = judged.list.domains;
    const because = `it names ${size} domain${size === 1 ? '' : 's'}, signed by ${signers.join(' and ')}`;
    return { at, source, outcome: 'accepted', fault: null, because };
  }

  function lookAt(read: ReadList, source: string): ListLook {
    if (read.kind === 'read') return judge(read, source);
    const { tooLarge, because } = read;
    const [outcome, fault] = tooLarge ? REFUSED : FAILED;
    return { at: now(), source, outcome, fault, because };
  }

  /** How long the list still holds; for ever where there is none that could end. */
  function leftMs(): number {
    const known = head();
    return known !== undefined && isInForce(known, now()) ? known.expires - now() : Number.POSITIVE_INFINITY;
  }

  async function lookOnce(): Promise<void> {
    const source = terms()?.source ?? null;
    if (source === null || closed) return;
    const wasDue = failures === 0 || now() >= dueAt;
    triedAt = now();
    const read = await source.read();
    if (closed) return;
    const found = lookAt(read, source.name);
    const { refreshMs } = terms() ?? { refreshMs: SHORTEST_WAIT_MS };
    const isGood = found.outcome === 'accepted' || found.outcome === 'unchanged';
    if (isGood) failures = 0;
    else if (wasDue) failures += 1;
    const usual = isGood ? refreshMs : SHORTEST_WAIT_MS * 2 ** Math.min(failures - 1, 16);
    const wait = Math.min(usual, refreshMs, Math.max(SHORTEST_WAIT_MS, leftMs() / 2));
    // Up to a quarter earlier, so that not everybody comes at once to whoever publishes a list.
    dueAt = now() + Math.floor(wait * (1 - random() / 4));
    note(found);
  }

  async function refresh(): Promise<void> {
    const before = busy;
    const turn = (async () => {
      try {
        notices.ofKeys();
        await before;
        await lookOnce();
      } catch (error) {
        dueAt = now() + SHORTEST_WAIT_MS;
        onError('looking for a newer policy list', error);
      }
    })();
    busy = turn;
    await turn;
    if (busy === turn) busy = undefined;
  }

  /** The list whose time is over, unless that is on record. */
  function whatIsOver(): ListHead | undefined {
    const known = store.head();
    return known === undefined || known.ended || isInForce(known, now()) ? undefined : known;
  }

  function endWhatIsOver(): void {
    const over = whatIsOver();
    if (over === undefined) return;
    const isUsed = head() !== undefined;
    store.end();
    if (isUsed) onEnd(over);
  }

  async function look(): Promise<void> {
    if (busy !== undefined) return;
    try {
      const over = whatIsOver();
      const isOver = over !== undefined && triedAt < over.expires;
      if (isOver || now() >= dueAt || (lastLook !== null && now() < lastLook.at)) await refresh();
      endWhatIsOver();
      // Where nobody looks, only an import brings a newer one, and that was told at once.
      notices.ofEnd((terms()?.source ?? null) === null ? now() : triedAt);
    } catch (error) {
      onError('ending the policy list', error);
    }
  }

  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return {
    head,
    get lastLook() {
      return lastLook;
    },
    get nextLookAt() {
      return (terms()?.source ?? null) === null ? null : dueAt;
    },
    offer: (list, source) => note(judge(list, source)),
    look,
    refresh,
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}

/**
 * Ids of all keys that were seen to have signed these octets, once each.
 *
 * The text beside a list is signed by nobody. Who leaves out the line of the new key would otherwise have the list end with
 * the old one.
 */
function allSigners({ digest, signers }: AcceptedList, known: ListHead | undefined): readonly string[] {
  const before = known?.digest === digest ? known.signers : [];
  return [...new Set([...before, ...signers])];
}
