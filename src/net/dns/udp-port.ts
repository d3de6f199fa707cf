/** One UDP port from which one resolver is asked. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { wordsOf } from '../error.ts';
import type { Entropy } from './entropy.ts';
import type { Query } from './query.ts';

/** Who waits for the answer to one query. */
export interface Listener {
  /** It has left: only now the wait for its answer begins. */
  onSent(): void;
  /** @param reply a message with the id of the query, from the address and port that it went to. */
  onReply(reply: Uint8Array): 'answer' | 'mismatch';
  /** Nothing more will come. */
  onFault(fault: Fault): void;
}

export type Fault =
  /** The host, or one on the way, says that nothing gets there; or this host cannot send. */
  | { readonly kind: 'unreachable'; readonly because: string }
  /** Messages come in that answer nothing: somebody is guessing. */
  | { readonly kind: 'attacked' };

export interface PortOptions {
  readonly address: string;
  readonly port: number;
  readonly entropy: Entropy;
  /** Told of our own address once it is known. */
  readonly onLocalAddress: (address: string) => void;
}

/** How a port tells whoever has several of them. */
interface PortEvents {
  /** A query has left: there is room for another one. */
  readonly onRoom: () => void;
  /** It takes no more queries. */
  readonly onRetired: () => void;
  readonly onClosed: () => void;
}

/** Answers of 1232 octets to so many queries fit the receive buffer of a socket as Linux makes it. */
export const IN_FLIGHT_PER_PORT = 64;
/** What a socket asks for; the system may give less. */
const RECEIVE_BUFFER_OCTETS = 1 << 20;
/** So many messages that answer nothing, and somebody is guessing. */
const STRAYS = 16;

export class UdpPort {
  /** Queries that it was given so far. */
  uses = 0;
  readonly #options: PortOptions;
  readonly #events: PortEvents;
  readonly #socket: Socket;
  readonly #pending = new Map<number, { readonly query: Query; readonly listener: Listener }>();
  /** What leaves at the end of this turn of the event loop. */
  #outbox: Query[] = [];
  /** Where answers come from; undefined until the socket is connected. */
  #peer: string | undefined;
  /** Queries that were forgotten, whose answers may still come. */
  #owed = 0;
  #strays = 0;
  /** The id of the query whose answer is being looked at. */
  #answering: number | undefined;
  #state: 'in use' | 'retired' | 'closed' = 'in use';

  constructor(options: PortOptions, events: PortEvents) {
    this.#options = options;
    this.#events = events;
    const socket = createSocket({
      type: isIPv6(options.address) ? 'udp6' : 'udp4',
      recvBufferSize: RECEIVE_BUFFER_OCTETS,
    });
    this.#socket = socket;
    socket.on('error', (error) => this.#fail({ kind: 'unreachable', because: wordsOf(error) }));
    socket.on('message', (bytes, from) => this.#receive(bytes, from));
    socket.on('close', () => events.onClosed());
    // The system chooses the port at random (RFC 5452 §9.2). Connected, the socket hears of nobody else, and of refusals.
    socket.on('connect', () => this.#onConnected());
    socket.connect(options.port, options.address);
    // Whoever waits for an answer keeps the process, not whoever may ask again.
    socket.unref();
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Sends it now, or once the socket is ready. @returns its id on this port. */
  put(query: Query, listener: Listener): number {
    const { entropy } = this.#options;
    let id = entropy.uint16();
    while (this.#pending.has(id)) id = entropy.uint16();
    query.bytes[0] = id >> 8;
    query.bytes[1] = id & 0xff;
    this.#pending.set(id, { query, listener });
    this.uses += 1;
    if (this.#peer !== undefined) this.#transmit(query, listener);
    return id;
  }

  /** Nobody waits for it any more. */
  forget(id: number, query: Query): void {
    if (this.#pending.get(id)?.query !== query) return;
    if (id !== this.#answering) this.#owed += 1;
    this.#remove(id);
  }

  /** What is under way goes on, then it is closed. */
  retire(): void {
    if (this.#state !== 'in use') return;
    this.#state = 'retired';
    this.#events.onRetired();
    this.#closeWhereDone();
  }

  close(): void {
    this.#pending.clear();
    this.retire();
    this.#closeWhereDone();
  }

  #onConnected(): void {
    if (this.#state === 'closed') return;
    this.#peer = withoutZone(this.#socket.remoteAddress().address);
    this.#options.onLocalAddress(this.#socket.address().address);
    for (const { query, listener } of this.#pending.values()) this.#transmit(query, listener);
  }

  /** Together with others: to wake a resolver on this host for each of them takes longer than to ask it. */
  #transmit(query: Query, listener: Listener): void {
    if (this.#outbox.length === 0) setImmediate(() => this.#flush());
    this.#outbox.push(query);
    listener.onSent();
  }

  #flush(): void {
    const queries = this.#outbox;
    this.#outbox = [];
    if (this.#state === 'closed') return;
    for (const { bytes } of queries) this.#socket.send(bytes);
  }

  #isPeer(address: string): boolean {
    return address === this.#peer || withoutZone(address) === this.#peer;
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    // Between the binding of the port and the connection anybody could have sent something.
    if (from.port !== this.#options.port || !this.#isPeer(from.address)) return;
    const id = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
    const entry = bytes.length < 2 ? undefined : this.#pending.get(id);
    if (entry === undefined) {
      if (this.#owed > 0) this.#owed -= 1;
      else this.#strays += 1;
    } else {
      this.#answering = id;
      const verdict = entry.listener.onReply(bytes);
      this.#answering = undefined;
      if (verdict === 'mismatch') this.#strays += 1;
      else if (this.#pending.get(id) === entry) this.#remove(id);
    }
    if (this.#strays >= STRAYS) this.#fail({ kind: 'attacked' });
  }

  #remove(id: number): void {
    this.#pending.delete(id);
    this.#closeWhereDone();
    this.#events.onRoom();
  }

  /** All that waits here has to go another way. */
  #fail(fault: Fault): void {
    const entries = [...this.#pending.values()];
    this.close();
    for (const { listener } of entries) listener.onFault(fault);
    if (entries.length > 0) this.#events.onRoom();
  }

  #closeWhereDone(): void {
    if (this.#state !== 'retired' || this.#pending.size > 0) return;
    this.#state = 'closed';
    this.#socket.close();
  }
}

/** `fe80::1%eth0` is the same address as `fe80::1`, as far as a connected socket is concerned. */
function withoutZone(address: string): string {
  return address.split('%')[0] ?? address;
}
