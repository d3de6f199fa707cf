/** Two connections as one: octets, ends and aborts are passed on as they come, in both directions. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isMarkedAsUntransferable } from 'node:worker_threads';
import type { Deadlines } from './deadlines.ts';
import { wordsOf } from './error.ts';

/** One of the two, paused and without listeners for data. */
export interface SpliceEnd {
  readonly socket: Socket;
  /** For messages: `the client`. */
  readonly name: string;
  /** What came before and was not used; it comes first. */
  readonly unread: Uint8Array;
  /** Whether it had ended what it says before. */
  readonly ended: boolean;
}

export interface SpliceOptions {
  readonly deadlines: Deadlines;
  /** Milliseconds without an octet in either direction after which both are closed. */
  readonly idleMs: number;
}

interface Spliced {
  /** Octets of the first one that were passed on, and of the second. */
  readonly octets: { readonly first: number; readonly second: number };
  /** Who ended it; `neither` where nobody said anything for too long, or it was broken off. */
  readonly by: 'first' | 'second' | 'neither';
  readonly because: string;
}

export interface Splice {
  /** Breaks both off. */
  abort(because: string): void;
  readonly done: Promise<Spliced>;
}

/**
 * Ties two connections together.
 *
 * An end is passed on as an end, and the other direction goes on: with TLS, close_notify and FIN. A connection that
 * breaks breaks the other one: a reset, or inside TLS an end without close_notify, so that neither side takes half for
 * the whole. What Node does not tell is whether a FIN inside TLS came without close_notify (tried on 26): it is
 * passed on as an end.
 *
 * A side that does not read stops the other: what waits for it is bounded by the buffer of its socket and one chunk.
 */
export function splice(first: SpliceEnd, second: SpliceEnd, options: SpliceOptions): Splice {
  const { promise, resolve } = Promise.withResolvers<Spliced>();
  const octets = { first: 0, second: 0 };
  let cause: Pick<Spliced, 'by' | 'because'> | undefined;
  let open = 2;
  let lastAt = performance.now();
  const deadline = options.deadlines.add(() => {
    const left = lastAt + options.idleMs - performance.now();
    if (left > 0) deadline.set(left);
    else abort('neither', `nothing came from either side for ${options.idleMs / 1000} s`);
  });
  deadline.set(options.idleMs);

  const abort = (by: Spliced['by'], because: string): void => {
    cause ??= { by, because };
    for (const { socket } of [first, second]) breakOff(socket);
  };
  const pass = (from: SpliceEnd, to: SpliceEnd, which: 'first' | 'second'): void => {
    const write = pump(from.socket, to.socket, (length) => {
      octets[which] += length;
      lastAt = performance.now();
    });
    const onEnd = (): void => {
      cause ??= { by: which, because: `${from.name} closed the connection` };
      to.socket.end();
    };
    from.socket.on('end', onEnd);
    from.socket.on('error', (error) =>
      abort(which, `the connection of ${from.name} broke: ${wordsOf(error)}`),
    );
    const onClosed = (): void => {
      // Whatever closed it without an end: the other side must not take this for one.
      if (!from.socket.readableEnded && !from.ended) abort(which, `the connection of ${from.name} broke`);
      open -= 1;
      if (open > 0) return;
      deadline.drop();
      resolve({ octets, ...(cause ?? { by: 'neither', because: 'both sides closed the connection' }) });
    };
    // Of one that was closed before we listened nothing will be heard any more.
    if (from.socket.closed) onClosed();
    else from.socket.once('close', onClosed);
    if (from.unread.length > 0 && !to.socket.writableEnded) write(Buffer.from(from.unread));
    if (from.ended) onEnd();
    else if (!to.socket.writableNeedDrain) from.socket.resume();
  };
  pass(first, second, 'first');
  pass(second, first, 'second');
  for (const [which, { socket, name }] of [
    ['first', first],
    ['second', second],
  ] as const)
    if (socket.destroyed && socket.errored !== null) abort(which, `the connection of ${name} broke`);
  return { abort: (because) => abort('neither', because), done: promise };
}

/**
 * Passes octets on, with a pause while the other side has enough of them.
 *
 * TLS hands out its records one by one, though several come with one read: they leave together when all of them are
 * there. At the end of each callback would be too early: Node makes one for each record.
 */
function pump(from: Socket, to: Socket, onOctets: (length: number) => void): (bytes: Buffer) => void {
  let corked = false;
  const uncork = (): void => {
    corked = false;
    to.uncork();
  };
  const write = (bytes: Buffer): void => {
    // It is closed, both ways and in order: what still comes has nobody to go to.
    if (to.destroyed) return;
    onOctets(bytes.length);
    if (!corked) {
      corked = true;
      to.cork();
      setImmediate(uncork);
    }
    const sent = (error: Error | null | undefined): void => {
      if (error === null || error === undefined) giveBack(bytes);
    };
    if (!to.write(bytes, sent)) from.pause();
  };
  from.on('data', write);
  // Attaching a listener makes it flow at once.
  from.pause();
  to.on('drain', () => from.resume());
  return write;
}

/**
 * Gives the memory of octets that have left back at once. Node reads into 64 KiB of its own, and V8 collects all garbage for
 * each 64 MB of those, which takes half of the time that octets take to pass.
 *
 * Only what fills its memory is given back: what is smaller shares it with others, also with those of other connections.
 */
function giveBack({ buffer, byteLength }: Buffer): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== byteLength) return;
  if (byteLength > 0 && !isMarkedAsUntransferable(buffer)) buffer.transfer(0);
}

/** A reset, or inside TLS an end without close_notify: never what looks like an orderly end. */
function breakOff(socket: Socket): void {
  if (socket.destroyed) return;
  // Only TCP has a reset, and a socket of it an address.
  if (socket instanceof TLSSocket || socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
