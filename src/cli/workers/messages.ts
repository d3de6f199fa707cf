/** What the primary and its workers say to each other; both are of the same build. */
import type { DoorAnswer, DoorName } from '../../net/handed-over.ts';
import type { Part, PeerWord } from '../../relay/workers/peer-word.ts';

/** Where the primary asks the worker of this number, below the data folder. */
export function callSocketOf(number: number): string {
  return `control-${number}.sock`;
}

/** `drain`: it takes no connections, and ends once its queue is empty. */
export type Role = 'serve' | 'drain';

export type ToWorker =
  | {
      readonly kind: 'begin';
      readonly number: number;
      readonly role: Role;
      readonly part: Part;
      /** Absolute. */
      readonly folder: string;
      /** How long its end may take. */
      readonly mostMs: number;
      /** A {@link Running}, packed. */
      readonly running: unknown;
    }
  | { readonly kind: 'reload'; readonly part: Part; readonly running: unknown }
  /** The files of certificates may be new. */
  | { readonly kind: 'look' }
  | { readonly kind: 'door'; readonly request: number; readonly answer: DoorAnswer }
  /** With a socket. */
  | { readonly kind: 'connection'; readonly name: DoorName }
  /** Events of so many characters have been taken. */
  | { readonly kind: 'taken'; readonly characters: number }
  | { readonly kind: 'word'; readonly word: PeerWord }
  | { readonly kind: 'stop' };

export type FromWorker =
  /** It works. */
  | { readonly kind: 'ready' }
  /** It could not begin, and ends. */
  | { readonly kind: 'failed'; readonly because: string }
  /** null: it works by the new configuration. */
  | { readonly kind: 'reloaded'; readonly because: string | null }
  | { readonly kind: 'open'; readonly request: number; readonly name: DoorName }
  | { readonly kind: 'close'; readonly name: DoorName }
  /** Lines of the event log. */
  | { readonly kind: 'events'; readonly lines: string }
  | { readonly kind: 'word'; readonly word: PeerWord }
  /** Somebody has told it to stop. */
  | { readonly kind: 'leaving' }
  /** Its queue, which it had to empty, is empty. */
  | { readonly kind: 'empty' };
