/** One of two connections that are tied together: what came and was not used, and what is to be said. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { wordsOf } from './error.ts';
import type { SpliceEnd } from './splice.ts';

/** What is kept of a side while nobody uses it; behind that it is not read. */
export const MAX_UNREAD_BYTES = 65_536;
/** What may wait for a side that does not read. */
const MAX_UNSENT_BYTES = 65_536;
/** Behind so much it is not even listened to: what it says could ask for more. */
const FAR_TOO_MUCH = 4;

/** 0x16 is a TLS handshake record: an eager ClientHello. */
const HANDSHAKE_RECORD = 0x16;

export interface LegEvents {
  /** There may be something to do: octets came, or some have left. */
  readonly onWork: () => void;
  /** The far side will say nothing more. */
  readonly onEnd: () => void;
  readonly onClosed: () => void;
}

export class Leg {
  /** What came and was not used. */
  unread: Buffer = Buffer.alloc(0);
  /** Octets that came, and octets that were said, inside TLS where it is up. */
  received = 0;
  sent = 0;
  /** Whether the far side has ended what it says. */
  ended = false;
  /** By what the connection broke, where it did. */
  broken: string | undefined;
  readonly #events: LegEvents;
  #socket: Socket;
  #unsent: Uint8Array[] = [];
  /** Octets of these. */
  #waiting = 0;
  #onData: ((bytes: Buffer) => void) | undefined;
  readonly #onEnd = (): void => {
    this.ended = true;
    this.#events.onEnd();
  };
  readonly #onDrain = (): void => this.#events.onWork();

  /** @param unread what came before. */
  constructor(socket: Socket, events: LegEvents, unread: Uint8Array = new Uint8Array()) {
    this.#socket = socket;
    this.#events = events;
    if (unread.length > 0) this.#take(Buffer.from(unread));
    this.#keep(socket);
    socket.once('close', () => events.onClosed());
  }

  listen(): void {
    const onData = (bytes: Buffer): void => {
      this.#take(bytes);
      this.#events.onWork();
    };
    this.#onData = onData;
    this.#socket.on('data', onData).on('end', this.#onEnd).on('drain', this.#onDrain);
  }

  /** They leave with the next {@link flush}. */
  say(bytes: Uint8Array): void {
    // Whoever was told the end hears nothing more.
    if (bytes.length === 0 || this.isTold) return;
    this.#unsent.push(bytes);
    this.#waiting += bytes.length;
    this.sent += bytes.length;
  }

  /** @returns whether there was anything. */
  flush(): boolean {
    const [first] = this.#unsent;
    if (first === undefined) return false;
    this.#socket.write(this.#unsent.length === 1 ? first : Buffer.concat(this.#unsent));
    this.#unsent = [];
    this.#waiting = 0;
    return true;
  }

  /** Whether it does not read what it is told. */
  get isClogged(): boolean {
    return this.#behind > MAX_UNSENT_BYTES;
  }

  /** Whether we have ended what we say. */
  get isTold(): boolean {
    return this.#socket.writableEnded;
  }

  /** Whether nothing more can come, though the far side has not ended what it says, or something did not arrive. */
  get isBroken(): boolean {
    return this.#socket.destroyed && (this.broken !== undefined || !this.ended);
  }

  get isHopelesslyClogged(): boolean {
    return this.#behind > FAR_TOO_MUCH * MAX_UNSENT_BYTES;
  }

  /** Stops reading while more is waiting than is kept, and goes on when it is used up. */
  balance(): void {
    if (this.unread.length >= MAX_UNREAD_BYTES) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /**
   * Lets everything that was said leave, and gives what comes to the TLS engine: also what came and was not used,
   * so that plaintext kills the handshake (CVE-2011-0411) and an eager ClientHello begins it.
   *
   * @returns whether there was plaintext.
   */
  handOver(): { readonly socket: Socket; readonly plaintext: boolean } {
    this.flush();
    const rest = this.unread;
    const socket = this.release();
    this.received -= rest.length;
    if (rest.length > 0) socket.unshift(rest);
    return { socket, plaintext: rest.length > 0 && rest[0] !== HANDSHAKE_RECORD };
  }

  /** From here on everything is said and heard inside TLS. */
  continueIn(secure: TLSSocket): void {
    const plain = this.#socket;
    this.#socket = secure;
    this.#keep(secure);
    secure.once('close', () => plain.destroy());
    this.listen();
  }

  /** Lets go of the socket, paused, for whoever goes on with it; what is unread is not kept here any longer. */
  release(): Socket {
    this.flush();
    const socket = this.#socket;
    // In the same turn: what comes while nobody listens would be lost.
    socket.pause();
    if (this.#onData !== undefined) socket.off('data', this.#onData);
    socket.off('end', this.#onEnd).off('drain', this.#onDrain);
    this.unread = Buffer.alloc(0);
    return socket;
  }

  /** As {@link release}, with what is unread, for the splice. @param name for messages. */
  hand(name: string): SpliceEnd {
    const { ended } = this;
    // A copy: the splice lasts, and what Node read into is large.
    const unread = Buffer.from(this.unread);
    return { socket: this.release(), name, unread, ended };
  }

  /** Says nothing more once everything is sent; the far side may go on. */
  end(): void {
    this.flush();
    this.#socket.end();
  }

  /** Ends what we say, and uses nothing that comes any more; what comes is dropped, so that our last words arrive. */
  finish(): void {
    this.end();
    const socket = this.release();
    socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Octets that were said and have not left. */
  get #behind(): number {
    return this.#socket.writableLength + this.#waiting;
  }

  #take(bytes: Buffer): void {
    this.received += bytes.length;
    this.unread = this.unread.length === 0 ? bytes : Buffer.concat([this.unread, bytes]);
  }

  /** Every socket keeps an error listener for life: an unheard error would end the process. */
  #keep(socket: Socket): void {
    socket.on('error', (error) => {
      this.broken ??= wordsOf(error);
      socket.destroy();
    });
  }
}
