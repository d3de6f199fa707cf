/** Questions to one resolver by UDP: from several ports that change, and so many at once as no buffer loses. */
import { MAX_WAITING } from './carrier.ts';
import { Line } from './line.ts';
import type { Query } from './query.ts';
import { IN_FLIGHT_PER_PORT, type Listener, type PortOptions, UdpPort } from './udp-port.ts';

export interface DatagramOptions extends PortOptions {
  /** Milliseconds. */
  readonly now: () => number;
}

/** Ports in use at the same time. */
const PORTS = 8;
/** More at once overflows the receive buffer that Linux gives a resolver: 277 small datagrams, in 208 KiB. */
const IN_FLIGHT = 192;
/** After so many queries, or so long, a port is left for another one that nobody can know of (RFC 5452 §9.2). */
const USES_OF_PORT = 256;
const AGE_OF_PORT_MS = 30_000;

/** A query and where it is. */
interface Entry {
  readonly query: Query;
  readonly listener: Listener;
  place: 'waiting' | 'over' | { readonly port: UdpPort; readonly id: number };
}

export class Datagrams {
  readonly #options: DatagramOptions;
  readonly #slots: ({ readonly port: UdpPort; readonly openedAt: number } | undefined)[] = [];
  readonly #open = new Set<UdpPort>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #waiting = new Line<Entry>();
  #closing = false;

  constructor(options: DatagramOptions) {
    this.#options = options;
  }

  /**
   * Sends a query, or has it wait until there is room.
   *
   * @returns what makes it be forgotten; undefined: too many wait already.
   */
  send(query: Query, listener: Listener): (() => void) | undefined {
    if (this.#waiting.length >= MAX_WAITING) return undefined;
    const entry: Entry = { query, listener, place: 'waiting' };
    if (this.#waiting.length > 0 || !this.#tryToPlace(entry)) this.#waiting.push(entry);
    return () => this.#forget(entry);
  }

  /** Nobody is told anything any more. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#waiting.takeAll();
    if (this.#open.size === 0) return;
    for (const port of this.#open) port.close();
    await this.#closed.promise;
  }

  #tryToPlace(entry: Entry): boolean {
    let inFlight = 0;
    for (const port of this.#open) inFlight += port.inFlight;
    if (inFlight >= IN_FLIGHT) return false;
    const start = this.#options.entropy.octet();
    for (let step = 0; step < PORTS; step += 1) {
      const port = this.#portAt((start + step) % PORTS);
      if (port.inFlight >= IN_FLIGHT_PER_PORT) continue;
      entry.place = 'over';
      const id = port.put(entry.query, entry.listener);
      entry.place = { port, id };
      return true;
    }
    return false;
  }

  #portAt(slot: number): UdpPort {
    const now = this.#options.now();
    const before = this.#slots[slot];
    if (before !== undefined && before.port.uses < USES_OF_PORT && now - before.openedAt <= AGE_OF_PORT_MS) {
      return before.port;
    }
    before?.port.retire();
    const port = new UdpPort(this.#options, {
      onRoom: () => this.#pump(),
      onRetired: () => {
        if (this.#slots[slot]?.port === port) this.#slots[slot] = undefined;
      },
      onClosed: () => {
        this.#open.delete(port);
        if (this.#closing && this.#open.size === 0) this.#closed.resolve();
      },
    });
    this.#slots[slot] = { port, openedAt: now };
    this.#open.add(port);
    return port;
  }

  #forget(entry: Entry): void {
    const { place } = entry;
    entry.place = 'over';
    if (typeof place === 'object') place.port.forget(place.id, entry.query);
  }

  #pump(): void {
    for (let entry = this.#waiting.next; entry !== undefined; entry = this.#waiting.next) {
      if (entry.place === 'waiting' && !this.#tryToPlace(entry)) return;
      this.#waiting.leave();
    }
  }
}
