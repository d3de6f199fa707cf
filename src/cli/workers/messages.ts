/** What the primary and its workers say to each other; both are of the same build. */
import type { DoorAnswer, DoorName } from '../../net/handed-over.ts';
import type { Part, PeerWord } from '../../relay/workers/peer-word.ts';

/** Where the primary asks the worker of this number, below the data folder. */
export function callSocketOf(number: number): string {
  return `control-${number}.sock`;
}

/** `drain`: it takes no connections, and ends once its queue is empty. */
export type Role = 'serve' | 'drain';

export interface Begin {
  readonly kind: 'begin';
  readonly number: number;
  readonly role: Role;
  readonly part: Part;
  /** Absolute. */
  readonly folder: string;
  /** The same for all of them, as long as the primary lives. */
  readonly hidden: Uint8Array;
  /** How long its end may take. */
  readonly mostMs: number;
  /** A {@link Running}, packed. */
  readonly running: unknown;
}

export interface Reload {
  readonly kind: 'reload';
  readonly part: Part;
  /** A {@link Running}, packed. */
  readonly running: unknown;
}

/** What comes at any time, also before a worker works. */
export type Signal =
  | { readonly kind: 'door'; readonly request: number; readonly answer: DoorAnswer }
  /** With a socket. */
  | { readonly kind: 'connection'; readonly name: DoorName }
  /** Events of so many characters have been taken. */
  | { readonly kind: 'taken'; readonly characters: number }
  | { readonly kind: 'word'; readonly word: PeerWord };

export type ToWorker =
  | Begin
  | Reload
  /** The files of certificates may be new. */
  | { readonly kind: 'look' }
  | { readonly kind: 'stop' }
  | Signal;

/** What a worker says of its own life. */
type Turn =
  /** It works. */
  | { readonly kind: 'ready' }
  /** It could not begin, and ends. */
  | { readonly kind: 'failed'; readonly because: string }
  /** null: it works by the new configuration. */
  | { readonly kind: 'reloaded'; readonly because: string | null }
  /** Somebody has told it to stop. */
  | { readonly kind: 'leaving' }
  /** Its queue, which it had to empty, is empty. */
  | { readonly kind: 'empty' };

/** What it says while it works. */
export type Report =
  | { readonly kind: 'open'; readonly request: number; readonly name: DoorName }
  | { readonly kind: 'close'; readonly name: DoorName }
  /** Lines of the event log. */
  | { readonly kind: 'events'; readonly lines: string }
  | { readonly kind: 'word'; readonly word: PeerWord };

export type FromWorker = Turn | Report;
