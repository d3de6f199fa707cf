/** Questions to one resolver by HTTPS: one session of HTTP/2, many questions on it at once. RFC 8484. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Socket } from 'node:net';
import type { Deadline, Deadlines } from '../deadlines.ts';
import { wordsOf } from '../error.ts';
import { type Carrier, type Delivered, MAX_WAITING, type Parcel } from './carrier.ts';
import { MAX_MESSAGE_OCTETS } from './frames.ts';
import { Line } from './line.ts';
import type { Query } from './query.ts';
import type { Dialled } from './stream-dial.ts';

export interface HttpsOptions {
  readonly dial: () => Dialled;
  readonly authority: string;
  readonly path: string;
  readonly deadlines: Deadlines;
}

/** RFC 9113 §6.5.2 recommends servers to allow no fewer streams. */
const IN_FLIGHT = 100;
const IDLE_MS = 10_000;
/** A session that brings no answer for so long, while one is due, is given up. */
const STALLED_MS = 4_000;

/** RFC 8484 §6. */
const MEDIA_TYPE = 'application/dns-message';

interface Entry extends Parcel {
  readonly query: Query;
  readonly settle: (delivered: Delivered) => void;
  /** A session was lost under it; it is sent once more. */
  again: boolean;
  stream: ClientHttp2Stream | undefined;
  over: boolean;
}

export class HttpsCarrier implements Carrier {
  readonly #options: HttpsOptions;
  readonly #waiting = new Line<Entry>();
  readonly #pending = new Set<Entry>();
  readonly #deadline: Deadline;
  readonly #sockets = new Set<Socket>();
  /** That of the session for new questions. */
  #socket: Socket | undefined;
  #session: ClientHttp2Session | undefined;

  constructor(options: HttpsOptions) {
    this.#options = options;
    this.#deadline = options.deadlines.add(() => this.#lose('it sent nothing more'));
  }

  send(query: Query, settle: (delivered: Delivered) => void): Parcel | undefined {
    if (this.#waiting.length >= MAX_WAITING) return undefined;
    const forget = (): void => this.#forget(entry);
    const entry: Entry = {
      query,
      settle,
      again: false,
      stream: undefined,
      over: false,
      forget,
      get waitsFor() {
        return entry.stream === undefined ? 'a connection' : 'an answer';
      },
    };
    this.#waiting.push(entry);
    if (this.#socket === undefined) this.#connect();
    else this.#pump();
    return entry;
  }

  async close(): Promise<void> {
    this.#deadline.drop();
    this.#waiting.takeAll();
    for (const entry of this.#pending) entry.over = true;
    this.#pending.clear();
    this.#leaveSession();
    const sockets = [...this.#sockets];
    const ends = sockets.map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    for (const socket of sockets) socket.destroy();
    await Promise.all(ends);
  }

  #connect(): void {
    const { socket, ready } = this.#options.dial();
    this.#socket = socket;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.unref();
    // The reason comes with `ready` or `close`.
    socket.on('error', () => undefined);
    ready.then(
      () => this.#onReady(socket),
      (error: unknown) => {
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        for (const entry of this.#waiting.takeAll()) {
          deliver(entry, { kind: 'failed', because: wordsOf(error) });
        }
      },
    );
  }

  #onReady(socket: Socket): void {
    if (this.#socket !== socket) return;
    const session = connect(`https://${this.#options.authority}`, { createConnection: () => socket });
    this.#session = session;
    session.unref();
    session.on('error', () => undefined);
    session.on('close', () => {
      if (this.#session === session) this.#lose('it closed the connection');
    });
    // What is under way may end there; what is new needs another session (RFC 9113 §6.8).
    session.on('goaway', () => {
      if (this.#session === session) this.#leaveSession();
    });
    this.#deadline.set(STALLED_MS);
    this.#pump();
  }

  #pump(): void {
    const session = this.#session;
    if (session === undefined) return;
    for (let entry = this.#waiting.next; entry !== undefined; entry = this.#waiting.next) {
      if (this.#pending.size >= IN_FLIGHT) return;
      this.#waiting.leave();
      if (!entry.over) this.#request(entry, session);
    }
  }

  #request(entry: Entry, session: ClientHttp2Session): void {
    if (this.#pending.size === 0) this.#deadline.set(STALLED_MS);
    this.#pending.add(entry);
    const stream = session.request({
      ':method': 'POST',
      ':path': this.#options.path,
      accept: MEDIA_TYPE,
      'content-type': MEDIA_TYPE,
      'content-length': String(entry.query.bytes.length),
    });
    entry.stream = stream;
    readAnswer(stream, (delivered) => this.#onAnswer(entry, stream, delivered));
    stream.end(entry.query.bytes);
  }

  #onAnswer(entry: Entry, stream: ClientHttp2Stream, delivered: Delivered | 'lost'): void {
    if (entry.stream !== stream) return;
    this.#pending.delete(entry);
    if (delivered === 'lost' && !entry.again && !entry.over) this.#sendAgain(entry);
    else
      deliver(
        entry,
        delivered === 'lost' ? { kind: 'failed', because: 'it closed the connection' } : delivered,
      );
    this.#deadline.set(this.#pending.size + this.#waiting.length > 0 ? STALLED_MS : IDLE_MS);
    this.#pump();
  }

  #sendAgain(entry: Entry): void {
    entry.again = true;
    entry.stream = undefined;
    this.#waiting.push(entry);
    if (this.#socket === undefined) this.#connect();
  }

  /** What was under way goes on in another session, unless it did so before. */
  #lose(because: string): void {
    // Also those of sessions that took no more questions: all that was under way there is under way here.
    const sockets = [...this.#sockets];
    this.#leaveSession();
    this.#deadline.clear();
    const entries = [...this.#pending];
    this.#pending.clear();
    for (const entry of entries) {
      if (!entry.again && !entry.over) this.#sendAgain(entry);
      else deliver(entry, { kind: 'failed', because });
    }
    for (const socket of sockets) socket.destroy();
    if (this.#socket === undefined && this.#waiting.length > 0) this.#connect();
  }

  #leaveSession(): void {
    this.#session = undefined;
    this.#socket = undefined;
  }

  #forget(entry: Entry): void {
    entry.over = true;
    this.#pending.delete(entry);
    entry.stream?.close(constants.NGHTTP2_CANCEL);
  }
}

function deliver(entry: Entry, delivered: Delivered): void {
  if (entry.over) return;
  entry.over = true;
  entry.settle(delivered);
}

/** @param onEnd told once; `lost`: the session ended before the answer did. */
function readAnswer(stream: ClientHttp2Stream, onEnd: (delivered: Delivered | 'lost') => void): void {
  const pieces: Uint8Array[] = [];
  let octets = 0;
  let ageSeconds = 0;
  let ended = false;
  let fault: string | undefined;
  const fail = (because: string): void => {
    fault ??= because;
    stream.close(constants.NGHTTP2_CANCEL);
  };
  stream.on('response', (headers) => {
    const status = headers[':status'] ?? 0;
    const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    // RFC 8484 §4.2.1: only a successful status comes with an answer to the question. Redirects are not followed.
    if (status < 200 || status > 299) fail(`it answered with HTTP status ${status}`);
    else if (type !== MEDIA_TYPE) fail(`it answered with ${type ?? 'no media type'}, not with ${MEDIA_TYPE}`);
    else ageSeconds = ageOf(headers['age']);
  });
  stream.on('data', (piece: Uint8Array) => {
    octets += piece.length;
    if (octets > MAX_MESSAGE_OCTETS) fail(`its answer is longer than ${MAX_MESSAGE_OCTETS} octets`);
    else pieces.push(piece);
  });
  stream.on('end', () => {
    ended = true;
  });
  stream.on('error', () => undefined);
  stream.on('close', () => {
    if (fault !== undefined) onEnd({ kind: 'failed', because: fault });
    else if (!ended || stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR) onEnd('lost');
    else onEnd({ kind: 'reply', message: Buffer.concat(pieces), ageSeconds });
  });
}

/** RFC 9111 §5.1: whole seconds. */
function ageOf(header: string | undefined): number {
  return header !== undefined && /^[0-9]{1,9}$/.test(header) ? Number(header) : 0;
}
