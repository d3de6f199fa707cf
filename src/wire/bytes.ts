/** The vocabulary of bytes: what a dialogue with a stream peer can ask of its driver. */
import type { Dialogue } from './dialogue.ts';
import type { TlsFacts } from './tls-facts.ts';

/** A dialogue over a byte stream. */
export type Talk<Outcome> = Dialogue<Bytes, Outcome>;

interface Bytes {
  readonly effect: ByteEffect;
  readonly reaction: ByteReaction;
}

/** What is being waited for. The driver owns the milliseconds (RFC 5321 §4.5.3.2 for SMTP). */
export type Phase = 'greeting' | 'reply' | 'data-start' | 'data-end' | 'goodbye';

/** The content of a message: in memory, or readable in pieces as often as asked. */
export type BodySource =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly open: () => AsyncIterable<Uint8Array> };

/**
 * How the peer finds the end of a content.
 *
 * `dots`: lines starting with a dot get a second one, and the end is marked (RFC 5321 §4.5.2). `octets`: it was told
 * their number beforehand; the driver sends exactly so many, or never the last of them.
 */
export type Framing = 'dots' | { readonly octets: number };

export type ByteEffect =
  /** `shown` is what a transcript may say in place of the bytes. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array; readonly shown: string }
  | { readonly kind: 'sendBody'; readonly source: BodySource; readonly framing: Framing }
  /** `begins`: the first wait for this answer, from which its deadline counts. */
  | { readonly kind: 'receive'; readonly within: Phase; readonly begins: boolean }
  /** Upgrade now, unless plaintext is already waiting. */
  | { readonly kind: 'startTls' };

export type ByteReaction =
  | { readonly kind: 'done' }
  /** `early`: bytes arrived before the end of the body had been handed to the connection. */
  | { readonly kind: 'bodySent'; readonly early: boolean }
  /** `bytes` is undefined once the peer has closed its side. */
  | { readonly kind: 'received'; readonly bytes: Uint8Array | undefined }
  | { readonly kind: 'secured'; readonly facts: TlsFacts }
  | { readonly kind: 'stray'; readonly bytes: Uint8Array }
  /**
   * `alert`: the one that the peer sent, by its name; undefined where it sent none. `closed`: the peer ended the connection, and
   * had not said an octet to our hello.
   */
  | {
      readonly kind: 'tlsFailed';
      readonly because: string;
      readonly alert?: string | undefined;
      readonly closed?: boolean;
    };

/** Sends bytes; the driver may write them together with what follows. */
export function* send(bytes: Uint8Array, shown: string): Talk<void> {
  yield { kind: 'send', bytes, shown };
}

/** Sends a message's content to its end. @returns whether the peer spoke before that end. */
export function* sendBody(source: BodySource, framing: Framing): Talk<'in-turn' | 'early'> {
  const reaction = yield { kind: 'sendBody', source, framing };
  if (reaction.kind !== 'bodySent') throw unexpected('sendBody', reaction);
  return reaction.early ? 'early' : 'in-turn';
}

/** @returns the next bytes, or undefined once the peer has closed its side. */
export function* receive(within: Phase, begins: boolean): Talk<Uint8Array | undefined> {
  const reaction = yield { kind: 'receive', within, begins };
  if (reaction.kind !== 'received') throw unexpected('receive', reaction);
  return reaction.bytes;
}

export type Upgrade = Extract<ByteReaction, { kind: 'secured' | 'stray' | 'tlsFailed' }>;

/** Hands the connection to TLS. */
export function* upgrade(): Talk<Upgrade> {
  const reaction = yield { kind: 'startTls' };
  if (reaction.kind !== 'secured' && reaction.kind !== 'stray' && reaction.kind !== 'tlsFailed') {
    throw unexpected('startTls', reaction);
  }
  return reaction;
}

function unexpected(effect: ByteEffect['kind'], reaction: ByteReaction): Error {
  return new Error(`the driver answered ${effect} with ${reaction.kind}`);
}
