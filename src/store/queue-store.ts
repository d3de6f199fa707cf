/**
 * What the relay asks of whatever keeps its queue.
 *
 * Every call may be answered together with others (one commit for many callers). A promise that resolves is
 * durable: the data has been flushed to the medium. No SQL, row number or transaction shows.
 */
import type { DeliveryEvent, EventTls } from '../events/delivery-event.ts';
import type { MessageTerms } from '../names/message-terms.ts';
import type { RecipientWishes, SenderWishes } from '../names/wishes.ts';
import type { Release } from '../policies/overrides/release.ts';
import type { Delivery, EpochMs } from '../queue/delivery.ts';

/** A message as it is handed over for keeping. */
export interface NewMessage {
  /**
   * Unique, chosen by the caller; appears in Received and in every event. 1 to 64 of `A-Z a-z 0-9 _ -`: it may name
   * a file.
   */
  readonly id: string;
  readonly receivedAt: EpochMs;
  /** Empty for the null sender. */
  readonly sender: string;
  /** What the sender asked to be told (RFC 3461). */
  readonly wishes: SenderWishes;
  /** Without it: {@link noTerms}. */
  readonly terms?: MessageTerms;
  /** At least one; an address named twice is one recipient. */
  readonly recipients: readonly NewRecipient[];
  readonly body: NewBody;
  readonly properties: MessageProperties;
  /** The events of its arrival, the first part of its trail. */
  readonly events: readonly DeliveryEvent[];
  /** Kept in the same commit; absent: whoever sent it does not ask whether it was taken. */
  readonly receipt?: Receipt;
  /** Kept in the same commit, or none of them; they have no copies themselves. */
  readonly copies?: readonly NewMessage[];
}

/** What a client says so that a request which it sends twice is carried out once. */
export interface Receipt {
  /** Whose key it is. */
  readonly account: string;
  readonly key: string;
  /** Of all that the request says. */
  readonly digest: string;
}

export interface ReceiptRequest extends Pick<Receipt, 'account' | 'key'> {
  /** One that is older than 24 hours is none. */
  readonly now: EpochMs;
}

export interface KeptReceipt extends Pick<Receipt, 'digest'> {
  /** The message that the request made. */
  readonly id: string;
}

export interface NewRecipient {
  readonly address: string;
  /** Scheduling key: the recipient's domain, or the configured next hop; the queue is served per destination. */
  readonly destination: string;
  readonly wishes: RecipientWishes;
}

/** What a delivery must know about the content without reading it again. */
export interface MessageProperties {
  /** Octets of the stored content. */
  readonly size: number;
  /** Whether any octet is above 127. */
  readonly eightBit: boolean;
  /** Octets of the longest line, CRLF not counted. */
  readonly longestLine: number;
  /** How many Received fields it arrived with. */
  readonly hops: number;
  /** Whether an address or the header takes SMTPUTF8 to be handed on (RFC 6531 §3.4). */
  readonly needsUtf8: boolean;
}

/**
 * The content: whole in memory, or a file that the caller has written and flushed in the store's `incoming` folder
 * and that the store takes over.
 *
 * Bytes are copied; they must not change until the call is answered. Up to 128 KB they are the faster way, above
 * it the file is. A file whose message is not kept is still the caller's.
 */
export type NewBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string };

/** The stored content. A file stays readable until its message is final. */
export type StoredBody = NewBody;

/** Work for one transaction: one message and those of its recipients that share a destination. */
export interface Claim {
  /** Grows with every claim; a settlement under an old number changes nothing. */
  readonly fence: number;
  readonly destination: string;
  readonly message: {
    readonly id: string;
    readonly receivedAt: EpochMs;
    readonly sender: string;
    readonly wishes: SenderWishes;
    readonly terms: MessageTerms;
    readonly properties: MessageProperties;
    /** When the sender was told that the message is late, or null. */
    readonly warnedAt: EpochMs | null;
    /** When the sender was told that the message is held for want of TLS, or null. */
    readonly heldNoticeAt: EpochMs | null;
    /** What an operator said of just this message, also where its time is over; or null. */
    readonly release: Release | null;
  };
  readonly recipients: readonly ClaimedRecipient[];
}

export interface ClaimedRecipient {
  readonly address: string;
  readonly wishes: RecipientWishes;
  readonly attempts: number;
  /** Why it was last blocked, so that the same cause is announced once; null where it was not. */
  readonly blockedBecause: string | null;
  /** Why it is held, as the sender was told; null where he was not. */
  readonly toldCause: string | null;
}

export interface ClaimRequest {
  readonly now: EpochMs;
  readonly leaseEnds: EpochMs;
  /** How many claims at most. */
  readonly most: number;
  /** How many claims a single destination may have out at once, those of earlier calls included. */
  readonly perDestination: number;
  /** How many recipients a claim may hold. */
  readonly recipientsPerClaim: number;
}

/**
 * How one claimed recipient ended.
 *
 * `delivery` must follow from the attempt by `next`: delivered, bounced, waiting or held by tls with one attempt
 * more, or, for a claim given back unused, waiting or held by tls with as many as before.
 */
export interface Settlement {
  readonly fence: number;
  readonly id: string;
  readonly address: string;
  readonly delivery: Delivery;
  readonly blockedBecause: string | null;
  /** Why it is held, as the sender is told now; absent: he is not. */
  readonly toldCause?: string | null;
  /** Appended to the trail. */
  readonly events: readonly DeliveryEvent[];
  /** What was said on the wire, kept for an attempt that did not deliver; null otherwise. */
  readonly transcript: readonly string[] | null;
}

/**
 * Messages to create in the same commit as settlements: a bounce must not be lost, nor sent twice.
 *
 * Where there are settlements and none of them counts, `messages` and `warned` do not either: whoever has the work
 * by now says what is to be said. So one request is about one claim.
 */
export interface SettleRequest {
  readonly settlements: readonly Settlement[];
  readonly messages: readonly NewMessage[];
  /** Messages whose sender has now been warned of the delay. */
  readonly warned: readonly { readonly id: string; readonly at: EpochMs }[];
  /** Messages whose sender has now been told that they are held for want of TLS. */
  readonly heldNotices?: readonly { readonly id: string; readonly at: EpochMs }[];
}

export interface ListedMessage {
  readonly id: string;
  readonly receivedAt: EpochMs;
  readonly sender: string;
  readonly size: number;
  readonly terms: MessageTerms;
  readonly recipients: readonly ListedRecipient[];
}

export interface ListedRecipient {
  readonly address: string;
  readonly destination: string;
  readonly delivery: Delivery;
  /** The reason that the newest event of an attempt gave; null where there is none yet. */
  readonly lastWord: string | null;
  /** The cause for which it was last blocked; null where it was not. */
  readonly blockedBecause: string | null;
  /** Set while the operator lets nothing go to its destination. */
  readonly pause: Pause | null;
}

/** Everything known about one message. */
export interface MessageTrail extends ListedMessage {
  readonly events: readonly DeliveryEvent[];
  /** Of the newest attempt of each recipient that did not deliver. */
  readonly transcripts: readonly {
    readonly address: string;
    readonly at: EpochMs;
    readonly lines: readonly string[];
  }[];
}

/** In the order of ids. */
export interface ListRequest {
  /** `open` = not final. */
  readonly which: 'open' | 'all';
  readonly most: number;
  /** Continue after this id, whether or not its message is still there. */
  readonly after?: string;
}

/**
 * A change asked for by an operator; applies to every recipient whose state allows it.
 *
 * One that is being attempted is never touched: it may be delivered at this very moment.
 */
export interface Nudge {
  readonly what: 'retry' | 'hold' | 'release' | 'cancel';
  readonly now: EpochMs;
  /** One message, one destination together with whose address is in a domain, or everything. */
  readonly of: { readonly id: string } | { readonly destination: string; readonly domain?: string } | 'all';
  /** Where the step before ended; absent for the first one. */
  readonly after?: string;
  /**
   * With `release` only: the level under which the messages may go, and what their trail has of it. Mail is meant then that
   * is held for want of TLS, too; not that with REQUIRETLS, which is its sender's to take back.
   */
  readonly release?: { readonly terms: Release; readonly tls: EventTls };
  /**
   * With `retry` only: the clock was set back by so many ms. What waits is due so much earlier than it was, and what was
   * never tried is due now.
   */
  readonly earlierBy?: number;
}

export interface HeldDestinationsRequest {
  /** Those behind it in the order of their names; empty: all. */
  readonly after: string;
  readonly most: number;
}

export interface HeldRequest {
  readonly destination: string;
  readonly most: number;
}

/** A recipient whose mail is held for want of TLS, with what decides about its way. */
export interface HeldMail {
  readonly id: string;
  readonly sender: string;
  readonly terms: MessageTerms;
  readonly address: string;
  /** Also where its time is over. */
  readonly release: Release | null;
}

export interface FreeRequest {
  readonly destination: string;
  readonly now: EpochMs;
  /** What its trail has of it. */
  readonly tls: EventTls;
}

/** Where mail is held for want of TLS. */
export interface HeldDestination {
  readonly destination: string;
  /** null: nothing is known of it yet. */
  readonly look: Look | null;
}

/** What was seen at a destination with held mail. */
export interface Look {
  readonly destination: string;
  /** How many times somebody has looked. */
  readonly looks: number;
  /** When to look next. */
  readonly dueAt: EpochMs;
  /** null: nobody has looked yet, or it was open. */
  readonly found: { readonly at: EpochMs /** One sentence. */; readonly because: string } | null;
}

export interface FreedStep {
  readonly changed: readonly Nudged[];
  readonly more: boolean;
}

export interface NudgeStep {
  /** The recipients that changed, with the state they are in now. */
  readonly changed: readonly Nudged[];
  /** How many recipients were left as they are because they are being attempted; a release is not for them. */
  readonly underWay: number;
  /** How many recipients were left as they are because their message has REQUIRETLS. */
  readonly bound: number;
  /** Where to go on; null: everything has been looked at. */
  readonly next: string | null;
}

export interface Nudged {
  readonly id: string;
  readonly address: string;
  readonly delivery: Delivery;
  /** What its trail has of this; null for a retry, which is no event. */
  readonly event: DeliveryEvent | null;
}

/** An operator's word that nothing goes to a destination for now. Mail for it is taken, and grows old, as ever. */
export interface Pause {
  readonly destination: string;
  /** null: until it is ended. */
  readonly until: EpochMs | null;
}

/** A claim of which nothing was attempted. */
export interface Unused {
  readonly fence: number;
  /** Those that wait under another destination from now on: the routes have changed since they were queued. */
  readonly moved: readonly { readonly address: string; readonly destination: string }[];
  /** Its other recipients wait until then, with the reason; absent: they are due as before. */
  readonly postponed?: { readonly until: EpochMs /** One sentence. */; readonly because: string };
}

/** What a backup holds. */
export interface BackedUp {
  readonly messages: number;
  /** How many of them are not final. */
  readonly open: number;
  /** Content kept as files. */
  readonly files: number;
  /** Whether policies and overrides are in it, too. */
  readonly policies: boolean;
  /** Requests of webhooks that wait, or were given up; null: there is no outbox in it. */
  readonly webhooks: number | null;
}

/** Every call rejects with a StoreError; then nothing of it is kept. */
export interface QueueStore {
  /** Rejects with code `full` where the medium has no room, `refused` where the id or the receipt is taken or bad. */
  accept(message: NewMessage): Promise<void>;
  /** What was kept with a message; undefined where there is none. */
  receipt(request: ReceiptRequest): Promise<KeptReceipt | undefined>;
  /** Oldest due destination first, in each the oldest due recipient first. */
  claim(request: ClaimRequest): Promise<readonly Claim[]>;
  /**
   * Rejects with code `refused` where a state cannot follow from an attempt.
   *
   * @returns how many settlements counted; those under an old fence did not.
   */
  settle(request: SettleRequest): Promise<number>;
  /** Ends claims as if they had never been made; one that has ended already does not matter. */
  giveBack(claims: readonly Unused[]): Promise<void>;
  /** @returns undefined where the message is unknown or its content is no longer kept. */
  body(id: string): Promise<StoredBody | undefined>;
  list(request: ListRequest): Promise<readonly ListedMessage[]>;
  show(id: string): Promise<MessageTrail | undefined>;
  /** One step of a change; other calls are served between two steps. */
  nudge(request: Nudge): Promise<NudgeStep>;
  /** Destinations with mail that is held for want of TLS. */
  heldDestinations(request: HeldDestinationsRequest): Promise<readonly HeldDestination[]>;
  /** Keeps what is known of these; of those without held mail nothing is kept. */
  noteLooks(looks: readonly Look[]): Promise<void>;
  /** Some of the recipients that are held for want of TLS at a destination, the oldest first. */
  heldMail(request: HeldRequest): Promise<readonly HeldMail[]>;
  /** One step of letting go what is held for want of TLS at a destination. */
  free(request: FreeRequest): Promise<FreedStep>;
  /**
   * Claims nothing more for the destination until then; takes the place of a pause before.
   *
   * @returns how many of its recipients are being attempted, which goes on.
   */
  pause(pause: Pause): Promise<number>;
  /** @returns whether it was paused. */
  unpause(destination: string): Promise<boolean>;
  /** Those in force at `now`, in the order of their names. */
  pauses(now: EpochMs): Promise<readonly Pause[]>;
  /**
   * When the next claim could find work: the oldest due time, past or future, of a destination with fewer than
   * `perDestination` claims out, or the end of the first lease. Undefined while nothing is scheduled.
   *
   * @param perDestination as in {@link ClaimRequest}; without it a full destination counts too, and a caller who
   * waits for the time returned would wake at once, for nothing.
   */
  nextDue(perDestination?: number): Promise<EpochMs | undefined>;
  /** Forgets messages that have been final since before `olderThan`. @returns how many. */
  purge(olderThan: EpochMs): Promise<number>;
  /**
   * Writes everything that is kept, as it is at one moment, into a new folder at an absolute path, while the queue
   * goes on. `restoreQueue` makes a queue of it.
   */
  backup(path: string): Promise<BackedUp>;
  close(): Promise<void>;
}
