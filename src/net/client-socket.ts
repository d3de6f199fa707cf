/** The socket of a client, with what it sent and we have not used, and what we said and have not sent. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Replies that the client has not read; beyond this it gets no further answer until it does. */
const MAX_UNREAD_REPLY_BYTES = 65_536;
/** Commands that wait behind one that is being worked on; beyond this the socket is paused. */
export const MAX_WAITING_BYTES = 65_536;

/** 0x16 is a TLS handshake record: an eager ClientHello. */
const HANDSHAKE_RECORD = 0x16;

export interface ClientSocketEvents {
  /** There may be something to do: octets came, or replies have left. */
  readonly onWork: () => void;
  /** The client closed its side. */
  readonly onEnd: () => void;
  readonly onClosed: () => void;
}

export class ClientSocket {
  /** What came and was not used. */
  unread: Buffer = Buffer.alloc(0);
  readonly #events: ClientSocketEvents;
  #socket: Socket;
  #replies = '';
  /** Octets that came after we closed our side; undefined before that. */
  #ignored: number | undefined;

  constructor(socket: Socket, events: ClientSocketEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.once('close', () => events.onClosed());
    // Every socket keeps an error listener for life: an unheard error would end the process.
    socket.on('error', () => socket.destroy());
  }

  listen(): void {
    const socket = this.#socket;
    socket.on('data', (bytes: Buffer) => {
      if (this.#ignored !== undefined) {
        this.#ignored += bytes.length;
        if (this.#ignored > MAX_WAITING_BYTES) this.#socket.pause();
        return;
      }
      this.unread = this.unread.length === 0 ? bytes : Buffer.concat([this.unread, bytes]);
      this.#events.onWork();
    });
    socket.on('end', () => this.#events.onEnd());
    socket.on('drain', () => this.#events.onWork());
  }

  /** `text` is latin1; it leaves with the next {@link flush}. */
  say(text: string): void {
    this.#replies += text;
  }

  flush(): void {
    if (this.#replies === '') return;
    this.#socket.write(this.#replies, 'latin1');
    this.#replies = '';
  }

  /** Whether the client does not read what we say. */
  get isClogged(): boolean {
    return this.#socket.writableLength > MAX_UNREAD_REPLY_BYTES;
  }

  /** Stops reading while more is waiting than we will keep, and goes on when it is used up. */
  balance(): void {
    if (this.#ignored !== undefined) return;
    if (this.unread.length > MAX_WAITING_BYTES) this.#socket.pause();
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
    const socket = this.#socket;
    const rest = this.unread;
    this.unread = Buffer.alloc(0);
    socket.pause();
    socket.removeAllListeners('data');
    socket.removeAllListeners('end');
    socket.removeAllListeners('drain');
    if (rest.length > 0) socket.unshift(rest);
    return { socket, plaintext: rest.length > 0 && rest[0] !== HANDSHAKE_RECORD };
  }

  /** From here on everything is said and heard inside TLS. */
  continueIn(secure: TLSSocket): void {
    const plain = this.#socket;
    this.#socket = secure;
    secure.on('error', () => secure.destroy());
    secure.once('close', () => plain.destroy());
    this.listen();
  }

  /**
   * Closes our side once everything is sent; nothing that comes is used any more.
   *
   * A little is still read, so that a client in the middle of something gets what we said instead of a reset.
   */
  end(): void {
    this.flush();
    this.#ignored ??= 0;
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
