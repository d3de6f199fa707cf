/** Questions to one resolver on a stream: one connection that is used again, many questions on it at once. RFC 7766 §6.2. */
import type { Socket } from 'node:net';
import type { Deadline, Deadlines } from '../deadlines.ts';
import { wordsOf } from '../error.ts';
import { type Carrier, type Delivered, MAX_WAITING, type Parcel } from './carrier.ts';
import type { Entropy } from './entropy.ts';
import { framed, frameReader } from './frames.ts';
import { Line } from './line.ts';
import { fitOf, type Query } from './query.ts';
import type { Dialled } from './stream-dial.ts';

export interface StreamOptions {
  readonly dial: () => Dialled;
  readonly entropy: Entropy;
  readonly deadlines: Deadlines;
}

const IN_FLIGHT = 100;
/** RFC 7766 §6.2.3: a client closes what it does not use. */
const IDLE_MS = 10_000;
/** A connection that brings no whole message for so long, while one is due, is given up. */
const STALLED_MS = 4_000;
/** Messages that answer nothing: more of them, and this is no resolver. */
const STRAYS = 16;

interface Entry extends Parcel {
  readonly query: Query;
  readonly settle: (delivered: Delivered) => void;
  /** A connection was lost under it; RFC 7766 §6.2.4 wants it sent again, once is enough. */
  again: boolean;
  /** Its id while it is on the connection. */
  id: number | undefined;
  over: boolean;
}

export class Streams implements Carrier {
  readonly #options: StreamOptions;
  readonly #pending = new Map<number, Entry>();
  readonly #waiting = new Line<Entry>();
  readonly #deadline: Deadline;
  #socket: Socket | undefined;
  #stands = false;
  #owed = 0;
  #strays = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#deadline = options.deadlines.add(() => this.#onSilence());
  }

  send(query: Query, settle: (delivered: Delivered) => void): Parcel | undefined {
    if (this.#waiting.length >= MAX_WAITING) return undefined;
    const forget = (): void => this.#forget(entry);
    const entry: Entry = {
      query,
      settle,
      again: false,
      id: undefined,
      over: false,
      forget,
      get waitsFor() {
        return entry.id === undefined ? 'a connection' : 'an answer';
      },
    };
    this.#waiting.push(entry);
    if (this.#socket === undefined) this.#connect();
    else this.#pump();
    return entry;
  }

  close(): Promise<void> {
    this.#deadline.drop();
    this.#waiting.takeAll();
    this.#pending.clear();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.closed) return Promise.resolve();
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      socket.destroy();
    });
  }

  #connect(): void {
    const { socket, ready } = this.#options.dial();
    this.#socket = socket;
    this.#stands = false;
    this.#owed = 0;
    this.#strays = 0;
    socket.unref();
    // The reason comes with `ready` or `close`.
    socket.on('error', () => undefined);
    ready.then(
      () => this.#onReady(socket),
      (error: unknown) => this.#onNoConnection(socket, wordsOf(error)),
    );
  }

  #onReady(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#stands = true;
    const read = frameReader((message) => this.#onMessage(socket, message));
    socket.on('data', (piece: Uint8Array) => read(piece));
    socket.on('close', () => this.#lose(socket, 'it closed the connection'));
    this.#deadline.set(this.#waiting.length > 0 ? STALLED_MS : IDLE_MS);
    this.#pump();
  }

  #onNoConnection(socket: Socket, because: string): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    for (const entry of this.#waiting.takeAll()) deliver(entry, { kind: 'failed', because });
  }

  #pump(): void {
    const socket = this.#socket;
    if (socket === undefined || !this.#stands) return;
    for (let entry = this.#waiting.next; entry !== undefined; entry = this.#waiting.next) {
      if (this.#pending.size >= IN_FLIGHT) return;
      this.#waiting.leave();
      if (!entry.over) this.#put(entry, socket);
    }
  }

  #put(entry: Entry, socket: Socket): void {
    const { entropy } = this.#options;
    let id = entropy.uint16();
    while (this.#pending.has(id)) id = entropy.uint16();
    const { bytes } = entry.query;
    bytes[0] = id >> 8;
    bytes[1] = id & 0xff;
    entry.id = id;
    if (this.#pending.size === 0) this.#deadline.set(STALLED_MS);
    this.#pending.set(id, entry);
    socket.write(framed(bytes));
  }

  #onMessage(socket: Socket, message: Uint8Array): 'more' | 'stop' {
    if (this.#socket !== socket) return 'stop';
    const id = (message[0] ?? 0) * 256 + (message[1] ?? 0);
    const entry = this.#pending.get(id);
    if (entry === undefined || fitOf(entry.query, message) === 'other') {
      if (this.#owed > 0) this.#owed -= 1;
      else this.#strays += 1;
      if (this.#strays < STRAYS) return 'more';
      this.#lose(socket, 'it sent messages that answer nothing');
      return 'stop';
    }
    this.#pending.delete(id);
    this.#deadline.set(this.#pending.size + this.#waiting.length > 0 ? STALLED_MS : IDLE_MS);
    deliver(entry, { kind: 'reply', message, ageSeconds: 0 });
    this.#pump();
    return this.#socket === socket ? 'more' : 'stop';
  }

  #onSilence(): void {
    if (this.#socket === undefined) return;
    const idle = this.#pending.size === 0;
    this.#lose(this.#socket, idle ? 'we closed the connection' : 'it sent nothing more');
  }

  /** What was on the connection goes on another one, unless it did so before. */
  #lose(socket: Socket, because: string): void {
    socket.destroy();
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#deadline.clear();
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    const waiting = this.#waiting.takeAll();
    for (const entry of lost.filter(({ again }) => !again)) {
      entry.again = true;
      entry.id = undefined;
      this.#waiting.push(entry);
    }
    for (const entry of waiting) if (!entry.over) this.#waiting.push(entry);
    const given = lost.filter(({ id }) => id !== undefined);
    if (this.#waiting.length > 0) this.#connect();
    for (const entry of given) deliver(entry, { kind: 'failed', because });
  }

  #forget(entry: Entry): void {
    entry.over = true;
    if (entry.id === undefined || this.#pending.get(entry.id) !== entry) return;
    this.#pending.delete(entry.id);
    this.#owed += 1;
    this.#pump();
  }
}

function deliver(entry: Entry, delivered: Delivered): void {
  if (entry.over) return;
  entry.over = true;
  entry.settle(delivered);
}
