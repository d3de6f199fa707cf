/**
 * One connection of a client that looks things up: requests in, answers out in the same order, as many at once as the client sends.
 *
 * Its memory is bounded: no more is read while so many answers are awaited, or while the client does not take those that
 * are there.
 */
import type { Socket } from 'node:net';
import type { Attended } from '../net/accept.ts';
import type { Deadlines } from '../net/deadlines.ts';
import type { Dialect } from './dialect.ts';

/** Milliseconds. */
export interface Patience {
  /** For the next request. */
  readonly idle: number;
  /** For the rest of a request that has begun: in all, not from one octet to the next. */
  readonly request: number;
  /** For the client to take what it has asked for. */
  readonly taking: number;
}

const usualPatience: Patience = { idle: 300_000, request: 20_000, taking: 30_000 };

/** Answers that may be awaited at once on one connection. */
const MOST_AWAITED = 128;
/** So many octets of answers are put together before the client has to take them. */
const WRITE_OCTETS = 64 * 1024;

/** A request whose answer is awaited, or waits for those before it. */
interface Slot {
  text: string | undefined;
}

type Wait = keyof Patience | 'answer';

/** @param onFault called with what the client did wrong, before the connection is closed. */
export function converse(
  socket: Socket,
  dialect: Dialect,
  deadlines: Deadlines,
  onFault: (because: string) => void,
  patience: Patience = usualPatience,
): Attended {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const reader = dialect.reader();
  const awaited: Slot[] = [];
  const deadline = deadlines.add(() => socket.destroy());
  let waitsFor: Wait = 'idle';
  /** Nothing more is taken: the client has broken the protocol, or has had its one answer, or we stop. */
  let isOver = false;
  /** The client sends no more; what it has sent is answered. */
  let isEnded = false;
  let isBlocked = false;
  /** Answers to be written, one character for each octet. */
  let ready = '';

  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    deadline.drop();
    resolve();
  });
  socket.on('data', (chunk: Buffer) => {
    if (isOver) return;
    reader.feed(chunk);
    pump(false);
  });
  socket.once('end', () => {
    isEnded = true;
    pump(false);
  });
  socket.on('drain', () => {
    isBlocked = false;
    pump(false);
  });
  deadline.set(patience.idle);

  function take(request: string): void {
    const answer = dialect.answer(request);
    if (dialect.single) isOver = true;
    if (typeof answer === 'string' && awaited.length === 0) {
      put(answer);
      return;
    }
    const slot: Slot = { text: undefined };
    awaited.push(slot);
    if (typeof answer === 'string') slot.text = answer;
    else
      void answer.then((text) => {
        slot.text = text;
        pump(true);
      });
  }

  function put(text: string): void {
    ready += text;
    if (ready.length >= WRITE_OCTETS) write();
  }

  /** Takes in and answers what can be. @param answered whether an answer has just come. */
  function pump(answered: boolean): void {
    if (answered) release();
    let took = false;
    let isDry = false;
    while (!isOver && !isDry && !isBlocked && awaited.length < MOST_AWAITED) {
      const request = reader.next();
      if (request === undefined) isDry = true;
      else if (typeof request === 'string') {
        took = true;
        take(request);
      } else {
        isOver = true;
        onFault(request.because);
      }
    }
    write();
    if ((isOver || (isEnded && isDry)) && awaited.length === 0) finish();
    else if (isOver) wait('answer', false);
    else follow(took);
  }

  /** What still comes is read and dropped, so that the end of the client is seen. */
  function finish(): void {
    isOver = true;
    socket.end();
    socket.resume();
    wait('taking', false);
  }

  /** What stands behind an answer that is awaited goes out with it, and not before. */
  function release(): void {
    let done = 0;
    for (const { text } of awaited) {
      if (text === undefined) break;
      put(text);
      done += 1;
    }
    awaited.splice(0, done);
  }

  function write(): void {
    if (ready === '' || socket.destroyed) return;
    if (!socket.write(ready, 'latin1')) isBlocked = true;
    ready = '';
  }

  /** Reads on or not, and says what is waited for now. */
  function follow(took: boolean): void {
    const isFull = isBlocked || awaited.length >= MOST_AWAITED;
    if (isFull !== socket.isPaused()) {
      if (isFull) socket.pause();
      else socket.resume();
    }
    if (isBlocked) wait('taking', false);
    else if (awaited.length > 0) wait('answer', false);
    else wait(reader.midway ? 'request' : 'idle', took);
  }

  /** @param anew whether it begins anew where it is the same as before. */
  function wait(what: Wait, anew: boolean): void {
    if (what === waitsFor && !anew) return;
    waitsFor = what;
    // An answer comes in its time, whatever the client does.
    if (what === 'answer') deadline.clear();
    else deadline.set(patience[what]);
  }

  return {
    shutdown() {
      isOver = true;
      pump(false);
    },
    close: () => socket.destroy(),
    closed,
  };
}
