/** Carries out server sessions on a socket. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { SessionEffect, SessionInput, SessionWords } from '../wire/session.ts';
import type { Attended } from './accept.ts';
import { ClientSocket, MAX_WAITING_BYTES } from './client-socket.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import { wordsOf } from './error.ts';
import { Arrival, IncomingContent } from './incoming-content.ts';
import { IncomingLines } from './incoming-lines.ts';
import type { Session } from './server-session.ts';
import { factsOfClient } from './tls.ts';

/** Wraps a socket in TLS; rejects when the handshake fails. */
export type Upgrade = (socket: Socket) => Promise<TLSSocket>;

/** How long a client may leave our last reply unread before the connection is dropped, ms. */
const LINGER = 5_000;

/**
 * Attends to one connection until it ends. `tls`: do the handshake first (implicit TLS).
 *
 * Its shutdown says goodbye and closes, once the message under way is done.
 */
export function attend<Words extends SessionWords>(
  socket: Socket,
  session: Session<Words>,
  upgrade: Upgrade,
  deadlines: Deadlines,
  tls: 'starttls' | 'implicit',
): Attended {
  const attendant = new Attendant(socket, session, upgrade, deadlines);
  attendant.start(tls);
  return attendant;
}

/** What the connection is doing: reading commands, reading content, or waiting for something that answers. */
type Mode<Intake> =
  | { readonly kind: 'commands' }
  | { readonly kind: 'content'; readonly content: IncomingContent<Intake> }
  /** A chunk that is not wanted comes in. */
  | { readonly kind: 'skipping'; readonly arrival: Arrival; readonly octets: number }
  /** Somebody was asked who has not answered yet. */
  | { readonly kind: 'asking' }
  /** The sink has the whole content and keeps it. */
  | { readonly kind: 'busy' }
  /** The socket belongs to the TLS engine. */
  | { readonly kind: 'securing' }
  | { readonly kind: 'closing' };

class Attendant<Words extends SessionWords> implements Attended {
  readonly closed: Promise<void>;
  readonly #session: Session<Words>;
  readonly #upgrade: Upgrade;
  readonly #deadline: Deadline;
  readonly #onClosed: () => void;
  readonly #client: ClientSocket;
  readonly #lines: IncomingLines;
  #state: Words['state'];
  #mode: Mode<Words['intake']> = { kind: 'busy' };
  /** The message whose chunks come in, also while commands are read between them. */
  #chunks: IncomingContent<Words['intake']> | undefined;
  /** We are to stop once the message under way is answered. */
  #stopping = false;
  /** The client closed its side; it may still wait for an answer. */
  #clientDone = false;

  constructor(socket: Socket, session: Session<Words>, upgrade: Upgrade, deadlines: Deadlines) {
    this.#session = session;
    this.#upgrade = upgrade;
    this.#lines = new IncomingLines(session.maxLineBytes, session.bareLineEnding);
    this.#state = session.initial;
    this.#deadline = deadlines.add(() => this.#onDeadline());
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#onClosed = resolve;
    this.#client = new ClientSocket(socket, {
      onWork: () => this.#work(),
      onEnd: () => this.#onEnd(),
      onClosed: () => this.#gone(),
    });
  }

  start(tls: 'starttls' | 'implicit'): void {
    if (tls === 'implicit') {
      this.#startTls('opened');
      return;
    }
    this.#client.listen();
    this.#open({ kind: 'opened', tls: undefined });
  }

  shutdown(): void {
    this.#stopping = true;
    this.#work();
  }

  /** RFC 5321 §3.8: 421 may be said "asynchronously from command receipt"; whoever is at content hears why it ends. */
  close(): void {
    if (this.#mode.kind === 'content') {
      this.#abandonContent();
      this.#step({ kind: 'shutdown' });
      this.#client.flush();
    }
    this.#client.destroy();
  }

  #open(input: SessionInput<Words>): void {
    this.#mode = { kind: 'commands' };
    this.#step(input);
    this.#work();
  }

  /** Uses what was read as far as the mode allows, then sends the answers in one write. */
  #work(): void {
    for (;;) {
      // Content under way is finished and answered first; the turn of the next command ends the session.
      if (this.#stopping && this.#mode.kind === 'commands' && this.#chunks === undefined) {
        this.#step({ kind: 'shutdown' });
      }
      if (this.#client.isClogged || !this.#useUnread(this.#mode)) break;
    }
    this.#client.flush();
    if (this.#mode.kind !== 'securing') this.#client.balance();
  }

  /** @returns whether more can be done at once. */
  #useUnread(mode: Mode<Words['intake']>): boolean {
    switch (mode.kind) {
      case 'commands':
        return this.#readCommand();
      case 'content':
        return this.#readContent(mode.content);
      case 'skipping':
        return this.#skip(mode);
      default:
        return false;
    }
  }

  /** @returns whether there was one. */
  #readCommand(): boolean {
    const next = this.#lines.next(this.#client.unread);
    if (next.kind === 'endless') {
      this.#session.onOddity('a command line without end was cut off');
      this.#step({ kind: 'badLine', what: 'too-long' });
      this.#finish();
      return false;
    }
    this.#client.unread = next.rest;
    if (next.kind === 'line') this.#step(next.input);
    return next.kind === 'line';
  }

  /** @returns whether it ended and more can be done at once. */
  #readContent(content: IncomingContent<Words['intake']>): boolean {
    if (content.pausing) return false;
    this.#client.unread = content.take(this.#client.unread);
    if (content.ended === 'content') return this.#endContent(content);
    if (content.arrival.octets > 2 * content.maxBytes + MAX_WAITING_BYTES) {
      // It was told its limit in EHLO and has now sent twice that: it will not stop.
      const { octets } = content.arrival;
      this.#session.onOddity(`content of more than ${octets} octets, twice the limit, was cut off`);
      this.#client.destroy();
      return false;
    }
    const pause = content.takePause();
    if (pause === undefined) return content.ended === 'chunk' && this.#endContent(content);
    content.pausing = true;
    void pause.then(() => {
      content.pausing = false;
      if (this.#mode.kind !== 'content') return;
      this.#work();
      if (this.#clientDone) this.#onEnd();
    });
    return false;
  }

  /** @returns whether the next command can be read at once. */
  #endContent(content: IncomingContent<Words['intake']>): boolean {
    const because = content.trouble;
    if (because !== undefined) {
      content.abandon();
      this.#chunks = undefined;
      if (because !== 'too-big') this.#session.onOddity(`a message with ${because} was refused`);
      this.#mode = { kind: 'commands' };
      this.#step({ kind: 'notTaken', because });
      return true;
    }
    if (content.ended === 'chunk') {
      this.#mode = { kind: 'commands' };
      this.#step({ kind: 'chunkTaken' });
      return true;
    }
    this.#chunks = undefined;
    const busy = { kind: 'busy' } as const;
    this.#mode = busy;
    this.#deadline.clear();
    void content.finish().then((intake) => this.#goOn(busy, { kind: 'taken', intake }));
    return false;
  }

  /** @returns whether it is through. */
  #skip(skipping: { readonly arrival: Arrival; readonly octets: number }): boolean {
    const { arrival, octets } = skipping;
    const skipped = Math.min(octets - arrival.octets, this.#client.unread.length);
    arrival.octets += skipped;
    this.#client.unread = this.#client.unread.subarray(skipped);
    if (arrival.octets < octets) return false;
    this.#mode = { kind: 'commands' };
    this.#step({ kind: 'skipped' });
    return true;
  }

  /** What was waited for is there; what has become of the connection since may make it worthless. */
  #goOn(waiting: Mode<Words['intake']>, input: SessionInput<Words>): void {
    if (this.#mode !== waiting) return;
    this.#mode = { kind: 'commands' };
    this.#step(input);
    this.#work();
    if (this.#clientDone) this.#onEnd();
  }

  #step(input: SessionInput<Words>): void {
    const { state, effects } = this.#session.reducer(this.#state, input);
    this.#state = state;
    this.#awaitCommand();
    for (const effect of effects) this.#carryOut(effect);
  }

  /** A message that has begun is content under way: commands between its chunks give it no further time. */
  #awaitCommand(): void {
    const { patience } = this.#session;
    const left = this.#chunks?.arrival.timeLeft(patience) ?? Number.POSITIVE_INFINITY;
    this.#deadline.set(Math.min(patience.command, left));
  }

  #carryOut(effect: SessionEffect<Words>): void {
    switch (effect.kind) {
      case 'send':
        this.#client.say(effect.text);
        return;
      case 'note':
        this.#session.onNote(effect.note);
        return;
      case 'ask':
        this.#ask(effect.query);
        return;
      case 'takeBody':
        this.#receive(this.#sinkFor(effect, 'dots'));
        return;
      case 'takeChunk':
        this.#takeChunk(effect);
        return;
      case 'dropChunks':
        this.#chunks?.abandon();
        this.#chunks = undefined;
        this.#awaitCommand();
        return;
      case 'skip':
        this.#mode = { kind: 'skipping', arrival: new Arrival(), octets: effect.octets };
        this.#deadline.set(this.#session.patience.dataGrace);
        return;
      case 'startTls':
        this.#startTls('secured');
        return;
      case 'close':
        this.#finish();
        return;
    }
  }

  /** An answer that is there at once is used at once, so that a pipelined group is still answered in one write. */
  #ask(query: Words['query']): void {
    const asking = { kind: 'asking' } as const;
    this.#mode = asking;
    const answer = this.#session.answer(query);
    if (!(answer instanceof Promise)) {
      this.#mode = { kind: 'commands' };
      this.#step({ kind: 'answered', answer });
      return;
    }
    this.#deadline.set(this.#session.patience.answer);
    answer.then(
      (given: Words['answer']) => this.#goOn(asking, { kind: 'answered', answer: given }),
      (error: unknown) => {
        this.#session.onOddity(`a question about this client was not answered: ${wordsOf(error)}`);
        this.#goOn(asking, { kind: 'unanswered' });
      },
    );
  }

  #takeChunk({ octets, last, first }: Extract<SessionEffect<Words>, { kind: 'takeChunk' }>): void {
    if (first !== undefined) this.#chunks = this.#sinkFor(first, 'octets');
    if (this.#chunks === undefined) throw new Error('a chunk belongs to no message');
    this.#chunks.beginChunk(octets, last);
    this.#receive(this.#chunks);
  }

  #sinkFor(
    { envelope, maxBytes }: { readonly envelope: Words['envelope']; readonly maxBytes: number },
    framing: 'dots' | 'octets',
  ): IncomingContent<Words['intake']> {
    const sink = this.#session.openBody(envelope);
    return new IncomingContent(sink, maxBytes, this.#session.bareLineEnding, framing);
  }

  #receive(content: IncomingContent<Words['intake']>): void {
    this.#mode = { kind: 'content', content };
    this.#deadline.set(content.arrival.timeLeft(this.#session.patience));
  }

  /** The go-ahead leaves, then everything that comes belongs to TLS. */
  #startTls(then: 'opened' | 'secured'): void {
    this.#mode = { kind: 'securing' };
    const { socket, plaintext } = this.#client.handOver();
    if (plaintext)
      this.#session.onOddity('plaintext followed STARTTLS; it goes to the TLS engine, which refuses it');
    this.#deadline.set(this.#session.patience.handshake);
    this.#upgrade(socket).then(
      (secure) => {
        this.#client.continueIn(secure);
        const facts = factsOfClient(secure);
        this.#open(then === 'opened' ? { kind: 'opened', tls: facts } : { kind: 'secured', facts });
      },
      (error: unknown) => {
        this.#session.onOddity(`TLS handshake failed: ${wordsOf(error)}`);
        socket.destroy();
      },
    );
  }

  #onEnd(): void {
    // A client that closes its side after its last command still gets the answer (half-open sockets).
    this.#clientDone = true;
    const mode = this.#mode;
    const waits = mode.kind === 'content' ? mode.content.pausing : !isReading(mode);
    if (!waits) this.#finish();
  }

  #finish(): void {
    this.#abandonContent();
    this.#mode = { kind: 'closing' };
    this.#client.end();
    this.#deadline.set(LINGER);
  }

  #onDeadline(): void {
    const mode = this.#mode;
    if (mode.kind === 'asking') {
      this.#session.onOddity('a question about this client was not answered in time');
      this.#goOn(mode, { kind: 'unanswered' });
      return;
    }
    if (!isReading(mode)) {
      this.#client.destroy();
      return;
    }
    const arrival =
      mode.kind === 'content' ? mode.content.arrival : 'arrival' in mode ? mode.arrival : undefined;
    const left = arrival?.timeLeft(this.#session.patience) ?? 0;
    if (left > 0) {
      this.#deadline.set(left);
      return;
    }
    this.#abandonContent();
    this.#step({ kind: 'timeout' });
    this.#client.flush();
  }

  #abandonContent(): void {
    if (this.#mode.kind === 'content') this.#mode.content.abandon();
    this.#chunks?.abandon();
  }

  #gone(): void {
    this.#abandonContent();
    this.#mode = { kind: 'closing' };
    this.#deadline.drop();
    this.#onClosed();
  }
}

/** Whether the client's octets are waited for. */
function isReading<Intake>(
  mode: Mode<Intake>,
): mode is Extract<Mode<Intake>, { kind: 'commands' | 'content' | 'skipping' }> {
  return mode.kind === 'commands' || mode.kind === 'content' || mode.kind === 'skipping';
}
