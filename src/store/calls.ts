/** What travels between the callers of the store and the one who carries their calls out. */
import type { EpochMs } from '../queue/delivery.ts';
import type {
  BackedUp,
  Claim,
  ClaimRequest,
  FreedStep,
  FreeRequest,
  HeldDestination,
  HeldDestinationsRequest,
  HeldMail,
  HeldRequest,
  KeptReceipt,
  ListedMessage,
  ListRequest,
  Look,
  MessageTrail,
  NewMessage,
  Nudge,
  NudgeStep,
  Pause,
  ReceiptRequest,
  Settlement,
  SettleRequest,
  StoredBody,
  Unused,
} from './queue-store.ts';
import type { StoreErrorCode } from './store-error.ts';

/** A message with its events as the JSON text of an array, as they are stored: they are made into text once. */
export interface PreparedMessage extends Omit<NewMessage, 'events' | 'copies'> {
  readonly events: string;
  readonly copies?: readonly PreparedMessage[];
}

export interface PreparedSettlement extends Omit<Settlement, 'events'> {
  readonly events: string;
  /** The reason that the newest event gave; null where none did. */
  readonly lastWord: string | null;
}

export interface PreparedSettle extends Omit<SettleRequest, 'settlements' | 'messages'> {
  readonly settlements: readonly PreparedSettlement[];
  readonly messages: readonly PreparedMessage[];
}

/** The calls of a QueueStore, each done when it returns; one commit is made around many of them. */
interface Done {
  accept(message: PreparedMessage): void;
  receipt(request: ReceiptRequest): KeptReceipt | undefined;
  claim(request: ClaimRequest): readonly Claim[];
  settle(request: PreparedSettle): number;
  giveBack(claims: readonly Unused[]): void;
  body(id: string): StoredBody | undefined;
  list(request: ListRequest): readonly ListedMessage[];
  show(id: string): MessageTrail | undefined;
  nudge(request: Nudge): NudgeStep;
  heldDestinations(request: HeldDestinationsRequest): readonly HeldDestination[];
  noteLooks(looks: readonly Look[]): void;
  heldMail(request: HeldRequest): readonly HeldMail[];
  free(request: FreeRequest): FreedStep;
  pause(request: Pause): number;
  unpause(destination: string): boolean;
  pauses(now: EpochMs): readonly Pause[];
  nextDue(perDestination: number | undefined): EpochMs | undefined;
  /** Forgets at most {@link PURGE_STEP} messages. */
  purge(olderThan: EpochMs): number;
}

type Operation = keyof Done;

export type Operations = {
  readonly [Name in Operation]: (argument: Parameters<Done[Name]>[0]) => ReturnType<Done[Name]>;
};

/** One call, as plain data. */
export type Call<Name extends Operation = Operation> = {
  readonly [Each in Name]: { readonly name: Each; readonly argument: Parameters<Operations[Each]>[0] };
}[Name];

/** What some operation returns. */
export type Answered = ReturnType<Operations[Operation]>;

/** What became of a call. An error travels as data: structured cloning drops an error's own fields. */
export type Answer =
  | { readonly kind: 'done'; readonly value: Answered }
  | { readonly kind: 'failed'; readonly code: StoreErrorCode; readonly message: string };

/** Carries out calls in their order, in one commit, and answers each in its place. */
export interface Committer {
  /** @throws StoreError when no call of this batch, and none after it, can be carried out. */
  commit(calls: readonly Call[]): Promise<readonly Answer[]>;
  /** May run beside commits. @throws StoreError */
  backup(path: string): Promise<BackedUp>;
  close(): Promise<void>;
}

/** How many messages one `purge` call forgets at most: new mail must not wait behind a million deletions. */
export const PURGE_STEP = 500;

/** How many messages one step of a nudge looks at, and about how many recipients it changes at most. */
export const NUDGE_STEP = 1_000;
