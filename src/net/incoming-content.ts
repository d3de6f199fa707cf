/** A message's content on its way from a client into its sink. */
import { ContentScanner } from '../wire/dots.ts';
import type { BodySink, ServerPatience } from './server-session.ts';

/** How much has come since when. */
export class Arrival {
  octets = 0;
  readonly #since = performance.now();

  /** Milliseconds until it is too slow where nothing more comes; none are left where it is. */
  timeLeft({ dataGrace, minimumRate }: Pick<ServerPatience, 'dataGrace' | 'minimumRate'>): number {
    const allowed = Math.max(dataGrace, (this.octets / minimumRate) * 1000);
    return this.#since + allowed - performance.now();
  }
}

/** What is wrong with content that has come to an end. */
export type ContentTrouble = 'too-big' | NonNullable<ContentScanner['facts']['fault']>;

/** Content that ends at a dot (DATA), or that comes in chunks of known size (BDAT). */
export class IncomingContent<Intake> {
  readonly maxBytes: number;
  /** Of all of it, the time between chunks included: small chunks must not buy time. */
  readonly arrival = new Arrival();
  /** The sink is waited for. */
  pausing = false;
  /** What the octets that came last have brought to an end. */
  ended: 'nothing' | 'chunk' | 'content' = 'nothing';
  readonly #sink: BodySink<Intake>;
  readonly #scanner: ContentScanner;
  #chunk: { left: number; readonly last: boolean } | undefined;
  #abandoned = false;
  #pause: Promise<void> | undefined;

  constructor(
    sink: BodySink<Intake>,
    maxBytes: number,
    bareLineEnding: 'refuse' | 'normalize',
    framing: 'dots' | 'octets',
  ) {
    this.maxBytes = maxBytes;
    this.#sink = sink;
    const write = (slice: Uint8Array): void => {
      if (!this.#abandoned) this.#pause = sink.write(slice) ?? this.#pause;
    };
    this.#scanner = new ContentScanner(bareLineEnding, write, framing);
  }

  beginChunk(octets: number, last: boolean): void {
    this.#chunk = { left: octets, last };
    this.ended = 'nothing';
  }

  /** @returns what follows the end, or nothing. */
  take(bytes: Buffer): Buffer {
    const rest = this.#chunk === undefined ? this.#takeToDot(bytes) : this.#takeOctets(bytes, this.#chunk);
    this.arrival.octets += bytes.length - rest.length;
    // What is too big already needs no further place in the sink.
    if (this.#scanner.facts.size > this.maxBytes) this.abandon();
    return rest;
  }

  #takeToDot(bytes: Buffer): Buffer {
    const scan = this.#scanner.push(bytes);
    if (scan.kind === 'more') return bytes.subarray(bytes.length);
    this.ended = 'content';
    return Buffer.from(scan.rest.buffer, scan.rest.byteOffset, scan.rest.byteLength);
  }

  #takeOctets(bytes: Buffer, chunk: { left: number; readonly last: boolean }): Buffer {
    const mine = bytes.subarray(0, chunk.left);
    chunk.left -= mine.length;
    this.#scanner.push(mine);
    if (chunk.left === 0) {
      this.ended = chunk.last ? 'content' : 'chunk';
      if (chunk.last) this.#scanner.end();
    }
    return bytes.subarray(mine.length);
  }

  /** The sink's wish to pause, of what came last. */
  takePause(): Promise<void> | undefined {
    const pause = this.#pause;
    this.#pause = undefined;
    return pause;
  }

  /** What forbids to use it. */
  get trouble(): ContentTrouble | undefined {
    const { size, fault } = this.#scanner.facts;
    return size > this.maxBytes ? 'too-big' : fault;
  }

  finish(): Promise<Intake> {
    return this.#sink.finish(this.#scanner.facts);
  }

  abandon(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    this.#sink.abandon();
  }
}
