/** Carries out server sessions on a socket. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ContentScanner } from '../wire/dots.ts';
import type { SessionEffect, SessionInput } from '../wire/session.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import { wordsOf } from './error.ts';
import type { BodySink, Session } from './server-session.ts';
import { factsOfClient } from './tls.ts';

/** Wraps a socket in TLS; rejects when the handshake fails. */
export type Upgrade = (socket: Socket) => Promise<TLSSocket>;

export interface Attended {
  /** Says goodbye and closes, once the message under way is done. */
  shutdown(): void;
  close(): void;
  readonly closed: Promise<void>;
}

/** Replies that the client has not read; beyond this it gets no further answer until it does. */
const MAX_UNREAD_REPLY_BYTES = 65_536;
/** Commands that wait behind one that is being worked on; beyond this the socket is paused. */
const MAX_WAITING_BYTES = 65_536;
/** How long a client may leave our last reply unread before the connection is dropped, ms. */
const LINGER = 5_000;

const LF = 0x0a;
const CR = 0x0d;

/** Attends to one connection until it ends. `tls`: do the handshake first (implicit TLS). */
export function attend<State, Question, Answer>(
  socket: Socket,
  session: Session<State, Question, Answer>,
  upgrade: Upgrade,
  deadlines: Deadlines,
  tls: 'starttls' | 'implicit',
): Attended {
  const attendant = new Attendant(socket, session, upgrade, deadlines);
  attendant.start(tls);
  return attendant;
}

/** What the connection is doing: reading commands, reading content, or waiting for something that answers. */
type Mode<Answer> =
  | { readonly kind: 'commands' }
  | { readonly kind: 'content'; readonly content: Content<Answer> }
  | { readonly kind: 'busy' }
  /** The socket belongs to the TLS engine. */
  | { readonly kind: 'securing' }
  | { readonly kind: 'closing' };

interface Content<Answer> {
  readonly scanner: ContentScanner;
  readonly sink: BodySink<Answer>;
  readonly maxBytes: number;
  readonly startedAt: number;
  /** Octets that came, framing included. */
  received: number;
  abandoned: boolean;
  /** The sink's wish to pause, of the chunk being scanned. */
  waitFor: Promise<void> | undefined;
  /** The sink is waited for. */
  pausing: boolean;
}

class Attendant<State, Question, Answer> implements Attended {
  readonly closed: Promise<void>;
  readonly #session: Session<State, Question, Answer>;
  readonly #upgrade: Upgrade;
  readonly #deadline: Deadline;
  readonly #onClosed: () => void;
  #socket: Socket;
  #state: State;
  #mode: Mode<Answer> = { kind: 'busy' };
  #unread: Buffer = Buffer.alloc(0);
  #replies = '';
  /** The end of a line that was too long has not come yet. */
  #lineTooLong = false;
  /** We are to stop once the message under way is answered. */
  #stopping = false;
  /** The client closed its side; it may still wait for an answer. */
  #clientDone = false;

  constructor(
    socket: Socket,
    session: Session<State, Question, Answer>,
    upgrade: Upgrade,
    deadlines: Deadlines,
  ) {
    this.#socket = socket;
    this.#session = session;
    this.#upgrade = upgrade;
    this.#state = session.initial;
    this.#deadline = deadlines.add(() => this.#onDeadline());
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#onClosed = resolve;
    socket.once('close', () => this.#gone());
    // Every socket keeps an error listener for life: an unheard error would end the process.
    socket.on('error', () => socket.destroy());
  }

  start(tls: 'starttls' | 'implicit'): void {
    if (tls === 'implicit') {
      this.#startTls('opened');
      return;
    }
    this.#listen();
    this.#open({ kind: 'opened', tls: undefined });
  }

  shutdown(): void {
    this.#stopping = true;
    this.#work();
  }

  close(): void {
    this.#socket.destroy();
  }

  #open(input: SessionInput<Answer>): void {
    this.#mode = { kind: 'commands' };
    this.#step(input);
    this.#work();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#work());
  }

  #onData(bytes: Buffer): void {
    if (this.#mode.kind === 'closing') return;
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    this.#work();
  }

  /** Uses what was read as far as the mode allows, then sends the answers in one write. */
  #work(): void {
    for (;;) {
      // Content under way is finished and answered first; the turn of the next command ends the session.
      if (this.#stopping && this.#mode.kind === 'commands') this.#step({ kind: 'shutdown' });
      if (this.#socket.writableLength > MAX_UNREAD_REPLY_BYTES) break;
      const mode = this.#mode;
      if (
        mode.kind === 'commands'
          ? !this.#readCommand()
          : mode.kind !== 'content' || !this.#readContent(mode.content)
      ) {
        break;
      }
    }
    this.#flush();
    this.#balance();
  }

  /** @returns whether there was one. */
  #readCommand(): boolean {
    const end = this.#unread.indexOf(LF);
    const length = end === -1 ? this.#unread.length : end + 1;
    if (this.#lineTooLong || length > this.#session.maxLineBytes) {
      // Dropped as it comes, to its very end: its tail must not run as a command.
      this.#lineTooLong = end === -1;
      this.#unread = this.#unread.subarray(length);
      if (end !== -1) this.#step({ kind: 'badLine', what: 'too-long' });
      return end !== -1;
    }
    if (end === -1) return false;
    const raw = this.#unread.subarray(0, end);
    this.#unread = this.#unread.subarray(end + 1);
    const line = raw[raw.length - 1] === CR ? raw.subarray(0, -1) : raw;
    const bare = line === raw && this.#session.bareLineEnding === 'refuse';
    if (bare) this.#step({ kind: 'badLine', what: 'bare-lf' });
    else if (line.includes(CR)) this.#step({ kind: 'badLine', what: 'bare-cr' });
    else if (line.includes(0)) this.#step({ kind: 'badLine', what: 'nul' });
    else this.#step({ kind: 'line', line: line.toString('latin1') });
    return true;
  }

  /** @returns whether the content ended and more can be done at once. */
  #readContent(content: Content<Answer>): boolean {
    const chunk = this.#unread;
    if (content.pausing || chunk.length === 0) return false;
    this.#unread = chunk.subarray(0, 0);
    content.received += chunk.length;
    const scan = content.scanner.push(chunk);
    if (content.scanner.facts.size > content.maxBytes) this.#abandon(content);
    if (scan.kind === 'end') {
      this.#unread = Buffer.from(scan.rest.buffer, scan.rest.byteOffset, scan.rest.byteLength);
      return this.#endContent(content);
    }
    if (content.received > 2 * content.maxBytes + MAX_WAITING_BYTES) {
      // It was told its limit in EHLO and has now sent twice that: it will not stop.
      this.#session.onOddity(`content of more than ${content.received} octets, twice the limit, was cut off`);
      this.#socket.destroy();
      return false;
    }
    const { waitFor } = content;
    if (waitFor !== undefined) {
      content.waitFor = undefined;
      content.pausing = true;
      void waitFor.then(() => {
        content.pausing = false;
        if (this.#mode.kind !== 'content') return;
        this.#work();
        if (this.#clientDone) this.#onEnd();
      });
    }
    return false;
  }

  #abandon(content: Content<Answer>): void {
    if (content.abandoned) return;
    content.abandoned = true;
    content.sink.abandon();
  }

  /** @returns whether the next command can be read at once. */
  #endContent(content: Content<Answer>): boolean {
    const { facts } = content.scanner;
    const because = facts.size > content.maxBytes ? 'too-big' : facts.fault;
    if (because !== undefined) {
      this.#abandon(content);
      if (because !== 'too-big') this.#session.onOddity(`a message with ${because} was refused`);
      this.#mode = { kind: 'commands' };
      this.#step({ kind: 'notTaken', because });
      return true;
    }
    this.#mode = { kind: 'busy' };
    this.#deadline.clear();
    void content.sink.finish(facts).then((answer) => {
      if (this.#mode.kind !== 'busy') return;
      this.#mode = { kind: 'commands' };
      this.#step({ kind: 'taken', answer });
      this.#work();
      if (this.#clientDone) this.#onEnd();
    });
    return false;
  }

  #step(input: SessionInput<Answer>): void {
    const { state, effects } = this.#session.reducer(this.#state, input);
    this.#state = state;
    this.#deadline.set(this.#session.patience.command);
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: SessionEffect<Question>): void {
    switch (effect.kind) {
      case 'send':
        this.#replies += effect.text;
        return;
      case 'takeBody':
        this.#takeBody(effect.question, effect.maxBytes);
        return;
      case 'startTls':
        this.#startTls('secured');
        return;
      case 'close':
        this.#finish();
        return;
    }
  }

  #takeBody(question: Question, maxBytes: number): void {
    const sink = this.#session.openBody(question);
    const content: Content<Answer> = {
      scanner: new ContentScanner(this.#session.bareLineEnding, (slice) => {
        if (!content.abandoned) content.waitFor = sink.write(slice) ?? content.waitFor;
      }),
      sink,
      maxBytes,
      startedAt: performance.now(),
      received: 0,
      abandoned: false,
      waitFor: undefined,
      pausing: false,
    };
    this.#mode = { kind: 'content', content };
    this.#deadline.set(this.#session.patience.dataGrace);
  }

  /** The go-ahead leaves, then everything that comes belongs to TLS. */
  #startTls(then: 'opened' | 'secured'): void {
    this.#flush();
    const plain = this.#socket;
    const rest = this.#unread;
    this.#unread = Buffer.alloc(0);
    this.#mode = { kind: 'securing' };
    plain.pause();
    plain.removeAllListeners('data');
    plain.removeAllListeners('end');
    plain.removeAllListeners('drain');
    if (rest.length > 0) {
      // 0x16 is a TLS handshake record: an eager ClientHello. Anything else is command injection (CVE-2011-0411).
      if (rest[0] !== 0x16)
        this.#session.onOddity('plaintext followed STARTTLS; it goes to the TLS engine, which refuses it');
      plain.unshift(rest);
    }
    this.#deadline.set(this.#session.patience.handshake);
    this.#upgrade(plain).then(
      (secure) => {
        this.#socket = secure;
        secure.on('error', () => secure.destroy());
        secure.once('close', () => plain.destroy());
        this.#listen();
        const facts = factsOfClient(secure);
        this.#open(then === 'opened' ? { kind: 'opened', tls: facts } : { kind: 'secured', facts });
      },
      (error: unknown) => {
        this.#session.onOddity(`TLS handshake failed: ${wordsOf(error)}`);
        plain.destroy();
      },
    );
  }

  #onEnd(): void {
    // A client that closes its side after its last command still gets the answer (half-open sockets).
    this.#clientDone = true;
    const mode = this.#mode;
    if (mode.kind === 'commands' || (mode.kind === 'content' && !mode.content.pausing)) this.#finish();
  }

  #finish(): void {
    this.#flush();
    if (this.#mode.kind === 'content') this.#abandon(this.#mode.content);
    this.#mode = { kind: 'closing' };
    this.#socket.end();
    this.#deadline.set(LINGER);
  }

  #onDeadline(): void {
    const mode = this.#mode;
    if (mode.kind !== 'commands' && mode.kind !== 'content') {
      this.#socket.destroy();
      return;
    }
    if (mode.kind === 'content') {
      const seconds = (performance.now() - mode.content.startedAt) / 1000;
      if (mode.content.received / seconds >= this.#session.patience.minimumRate) {
        this.#deadline.set(this.#session.patience.dataGrace / 4);
        return;
      }
      this.#abandon(mode.content);
    }
    this.#step({ kind: 'timeout' });
    this.#flush();
  }

  #flush(): void {
    if (this.#replies === '') return;
    this.#socket.write(this.#replies, 'latin1');
    this.#replies = '';
  }

  /** Stops reading while more is waiting than we will keep, and goes on when it is used up. */
  #balance(): void {
    if (this.#mode.kind === 'securing') return;
    if (this.#unread.length > MAX_WAITING_BYTES) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #gone(): void {
    if (this.#mode.kind === 'content') this.#abandon(this.#mode.content);
    this.#mode = { kind: 'closing' };
    this.#deadline.drop();
    this.#onClosed();
  }
}
