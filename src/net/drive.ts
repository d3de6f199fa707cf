/** Carries out dialogues on a socket. */
import type { Socket } from 'node:net';
import type { ByteEffect, ByteReaction, Phase, Talk } from '../wire/bytes.ts';
import { Channel } from '../wire/channel.ts';
import { PeerError, printable } from '../wire/dialogue.ts';
import { framerOf } from '../wire/framing.ts';
import { beginHandshake, type ClientHandshake, type HandshakeOptions } from './client-handshake.ts';
import type { Deadline, Deadlines } from './deadlines.ts';
import { alertOf, isPlaintext, isReset, lateness, NetworkError, networkError } from './error.ts';
import { asError, type Run, startRun } from './run.ts';
import { ONE_WRITE_BYTES, type Outlet, streamBody } from './stream-body.ts';
import { factsOfPeer } from './tls.ts';
import { Transcript } from './transcript.ts';

/** Milliseconds for each wait. */
export interface Patience {
  readonly phases: Readonly<Record<Phase, number>>;
  readonly connect: number;
  readonly handshake: number;
  /** For each piece of a message to leave us (RFC 5321 §4.5.3.2.5: 3 minutes). */
  readonly dataBlock: number;
}

/** RFC 5321 §4.5.3.2: none of the SMTP phases is shorter than it asks. */
export const patience: Patience = {
  phases: { greeting: 300_000, reply: 300_000, 'data-start': 120_000, 'data-end': 600_000, goodbye: 10_000 },
  connect: 30_000,
  handshake: 60_000,
  dataBlock: 180_000,
};

export interface ConnectionOptions extends HandshakeOptions {
  /** For messages: `mx.example (192.0.2.1)`. */
  readonly peer: string;
  readonly patience: Patience;
  readonly deadlines: Deadlines;
  /** The first octet of the answer to our ClientHello comes within so many ms, or the handshake has failed. */
  readonly answerToHello?: number;
}

/** What the peer may send while we are not reading it; more is not an answer to anything. */
const MAX_INBOX_BYTES = 65_536;

/**
 * One connection, on which dialogues run one after the other.
 *
 * Between dialogues it goes on reading: a byte or an end that nobody asked for closes it.
 */
export class Connection {
  readonly channel: Channel;
  readonly #options: ConnectionOptions;
  readonly #deadline: Deadline;
  readonly #transcript = new Transcript();
  #socket: Socket;
  #run: Run | undefined;
  #inbox: Uint8Array[] = [];
  #outbox: Uint8Array[] = [];
  #ended = false;
  #failure: Error | undefined;
  #handshake: ClientHandshake | undefined;
  #onDrain: (() => void) | undefined;
  #deafen: () => void = () => undefined;

  /** @param socket connected and without listeners for data. */
  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#deadline = options.deadlines.add(() => this.#onDeadline());
    this.channel = new Channel(options.peer);
    this.#listen(socket);
  }

  /** Whether another dialogue may start. */
  get usable(): boolean {
    return !this.#ended && this.#failure === undefined && this.#run === undefined;
  }

  /** Whether a handshake has begun of which the peer has not said an octet. */
  get helloUnanswered(): boolean {
    return this.#handshake?.unanswered === true;
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  forgetTranscript(): void {
    this.#transcript.forget();
  }

  /** What was said since the last call, both sides, secrets left out by whoever sent them; bounded. */
  takeTranscript(): readonly string[] {
    return this.#transcript.take();
  }

  /**
   * Runs a dialogue to its outcome.
   *
   * @throws PeerError what the dialogue throws; NetworkError when the connection fails or a wait is over.
   */
  run<Outcome>(talk: Talk<Outcome>): Promise<Outcome> {
    if (this.#run !== undefined) throw new Error('a dialogue is running on this connection');
    const { run, outcome } = startRun(talk, {
      onDone: () => {
        this.#run = undefined;
        this.#deadline.clear();
        this.#flush();
      },
      onBroken: () => {
        this.#run = undefined;
        this.close();
      },
    });
    this.#run = run;
    if (this.#failure !== undefined) run.lose(this.#failure);
    else this.#advance({ kind: 'done' });
    return outcome;
  }

  /** A dialogue that runs loses the connection; it may still end with what it knows. */
  close(): void {
    this.#deadline.drop();
    this.#ended = true;
    this.#socket.destroy();
    const run = this.#run;
    this.#run = undefined;
    run?.lose(new NetworkError('failed', `we closed the connection to ${this.#options.peer}`));
  }

  /**
   * Gives the connection away between two dialogues, paused, to whoever goes on with it.
   *
   * One listener for errors stays: an unheard error would end the process.
   *
   * @param unread what came and was not used by a dialogue; it comes before all that the socket still has.
   * @throws what the connection failed by, or an Error while a dialogue runs.
   */
  detach(): { readonly socket: Socket; readonly unread: Uint8Array } {
    if (this.#run !== undefined) throw new Error('a dialogue is running on this connection');
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#ended) throw new NetworkError('reset', `${this.#options.peer} closed the connection`);
    this.#deadline.drop();
    const socket = this.#socket;
    socket.pause();
    this.#deafen();
    socket.on('error', () => socket.destroy());
    // Whoever has it now hears the end; what this object might still be told does not concern it.
    this.#ended = true;
    return { socket, unread: Buffer.concat([this.channel.takeUnread(), ...this.#inbox]) };
  }

  #advance(first: ByteReaction): void {
    let reaction: ByteReaction | undefined = first;
    while (reaction !== undefined) {
      const run = this.#run;
      const effect = run?.next(reaction);
      if (run === undefined || effect === undefined) return;
      reaction = this.#carryOut(effect, run);
    }
  }

  /** @returns the reaction where there is one at once. */
  #carryOut(effect: ByteEffect, run: Run): ByteReaction | undefined {
    switch (effect.kind) {
      case 'send':
        this.#outbox.push(effect.bytes);
        this.#transcript.said(effect.shown, effect.bytes);
        return { kind: 'done' };
      case 'receive':
        return this.#receive(effect, run);
      case 'sendBody':
        return this.#sendBody(effect, run);
      case 'startTls':
        this.#startTls(run);
        return undefined;
    }
  }

  #receive(effect: Extract<ByteEffect, { kind: 'receive' }>, run: Run): ByteReaction | undefined {
    this.#flush();
    // It runs until the whole answer is there: octets that come in between do not move it.
    if (effect.begins) this.#deadline.set(this.#options.patience.phases[effect.within]);
    if (this.#inbox.length > 0) return this.#take();
    if (this.#ended) return { kind: 'received', bytes: undefined };
    run.waitingFor = effect.within;
    return undefined;
  }

  #take(): ByteReaction {
    const bytes = this.#inbox.length === 1 ? this.#inbox[0] : Buffer.concat(this.#inbox);
    this.#inbox = [];
    return { kind: 'received', bytes };
  }

  #sendBody(
    { source, framing }: Extract<ByteEffect, { kind: 'sendBody' }>,
    run: Run,
  ): ByteReaction | undefined {
    this.#deadline.clear();
    const size = source.kind === 'bytes' ? source.bytes.length : undefined;
    this.#transcript.note(size === undefined ? 'C: (the message)' : `C: (the message, ${size} octets)`);
    const framer = framerOf(framing);
    if (source.kind === 'bytes' && source.bytes.length <= ONE_WRITE_BYTES) {
      const early = this.#inbox.length > 0;
      try {
        this.#outbox.push(...framer.push(source.bytes), framer.end());
      } catch (error) {
        // It is not what was announced. The announcement has not left yet, and now it never does.
        this.#outbox = [];
        run.lose(asError(error));
        return undefined;
      }
      this.#flush();
      return { kind: 'bodySent', early };
    }
    this.#flush();
    streamBody(source, framer, this.#outlet(run)).then(
      (early) => this.#advance({ kind: 'bodySent', early }),
      (error: unknown) => this.#fail(asError(error)),
    );
    return undefined;
  }

  #outlet(run: Run): Outlet {
    return {
      interrupted: () => {
        if (this.#run !== run) throw new Error('the dialogue is over');
        // What the peer said waits in the inbox.
        return this.#ended || this.#inbox.length > 0;
      },
      write: (bytes) => this.#socket.write(bytes),
      drained: () => this.#drained(),
    };
  }

  #drained(): Promise<void> {
    if (this.#ended || this.#inbox.length > 0) return Promise.resolve();
    this.#deadline.set(this.#options.patience.dataBlock);
    return new Promise((resolve) => {
      this.#onDrain = () => {
        this.#onDrain = undefined;
        this.#deadline.clear();
        resolve();
      };
    });
  }

  #startTls(run: Run): void {
    this.#flush();
    const plain = this.#socket;
    // Paused and silent in this very tick: what comes from here on reaches the TLS engine and nobody else.
    plain.pause();
    plain.removeAllListeners('data');
    plain.removeAllListeners('end');
    const buffered: Uint8Array | null = plain.read();
    const stray = buffered ?? (this.#inbox.length > 0 ? Buffer.concat(this.#inbox) : null);
    if (stray !== null) {
      this.#advance({ kind: 'stray', bytes: stray });
      return;
    }
    const { serverName, patience: limits, answerToHello } = this.#options;
    this.#handshake = beginHandshake(plain, this.#options, limits.handshake);
    this.#deadline.set(Math.min(limits.handshake, answerToHello ?? limits.handshake));
    run.waitingFor = 'handshake';
    const { socket: secure } = this.#handshake;
    this.#socket = secure;
    secure.once('secureConnect', () => {
      run.waitingFor = undefined;
      this.#deadline.clear();
      const facts = factsOfPeer(secure, serverName);
      this.#transcript.note(
        `== TLS ${facts.version} ${facts.cipher}${facts.group === null ? '' : ` ${facts.group}`}`,
      );
      this.#advance({ kind: 'secured', facts });
    });
    this.#listen(secure);
  }

  #listen(socket: Socket): void {
    const onData = (bytes: Buffer): void => this.#onData(bytes);
    const onEnd = (): void => this.#onEnd();
    const onDrain = (): void => this.#onDrain?.();
    const onError = (error: Error): void => this.#onError(error);
    const onClose = (): void => {
      // The plain socket under TLS closes with it; only the one in use counts.
      if (socket === this.#socket || socket.destroyed) this.#onEnd();
      this.#onDrain?.();
    };
    socket.on('data', onData).on('end', onEnd).on('drain', onDrain).on('error', onError).on('close', onClose);
    // Only our own: Node has listeners of its own on each socket.
    this.#deafen = () => {
      socket.off('data', onData).off('end', onEnd).off('drain', onDrain);
      socket.off('error', onError).off('close', onClose);
    };
  }

  #onData(bytes: Buffer): void {
    this.#transcript.heard(bytes);
    const run = this.#run;
    if (run === undefined) {
      const error = new PeerError(
        'unsolicited',
        `${this.#options.peer} spoke out of turn: ${printable(bytes.subarray(0, 80))}`,
        bytes,
      );
      this.#failure = error;
      this.close();
      return;
    }
    this.#inbox.push(bytes);
    if (run.waitingFor !== undefined && run.waitingFor !== 'handshake') {
      run.waitingFor = undefined;
      this.#advance(this.#take());
    } else if (this.#inbox.reduce((sum, part) => sum + part.length, 0) > MAX_INBOX_BYTES) {
      this.#fail(
        new PeerError(
          'unsolicited',
          `${this.#options.peer} sent more than ${MAX_INBOX_BYTES} octets that nobody asked for`,
        ),
      );
    } else {
      // It may have stopped reading the message that it answers.
      this.#onDrain?.();
    }
  }

  #onEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#transcript.note('== the peer closed');
    const run = this.#run;
    if (run?.waitingFor === 'handshake')
      return this.#fail(new NetworkError('reset', 'the peer closed the connection'));
    if (run?.waitingFor === undefined) {
      // Between dialogues nobody is left to close our side.
      if (run === undefined) this.close();
      this.#onDrain?.();
      return;
    }
    run.waitingFor = undefined;
    this.#deadline.clear();
    this.#advance({ kind: 'received', bytes: undefined });
  }

  #onError(error: Error): void {
    const sendingBody = this.#run !== undefined && this.#run.waitingFor === undefined;
    if (sendingBody && this.#inbox.length > 0) {
      // The peer said why it stopped reading before it reset the connection: that reply is what counts.
      this.#ended = true;
      this.#onDrain?.();
      return;
    }
    this.#fail(networkError(`talking to ${this.#options.peer}`, error));
  }

  #fail(error: Error): void {
    const run = this.#run;
    this.#failure ??= error;
    this.#onDrain?.();
    if (run?.waitingFor === 'handshake') {
      run.waitingFor = undefined;
      this.#transcript.note(`== TLS failed: ${printable(error.message)}`);
      // What came is no TLS at all. Had it come a moment earlier it would have been seen as plaintext: the outcome
      // must not depend on how the path cuts the bytes.
      if (isPlaintext(error)) this.#advance({ kind: 'stray', bytes: new Uint8Array() });
      else {
        const closed = isReset(error) && this.helloUnanswered;
        this.#advance({ kind: 'tlsFailed', because: error.message, alert: alertOf(error), closed });
      }
      this.close();
      return;
    }
    if (run === undefined) this.close();
    else run.lose(error);
  }

  #onDeadline(): void {
    const { peer, patience: limits, answerToHello } = this.#options;
    const within = this.#run?.waitingFor;
    if (within === 'handshake' && answerToHello !== undefined) {
      const left = this.#handshake?.left() ?? 0;
      if (left > 0 && !this.helloUnanswered) return this.#deadline.set(left);
      if (left > 0) return this.#fail(lateness(peer, 'hello', answerToHello));
    }
    const ms = within === 'handshake' ? limits.handshake : within && limits.phases[within];
    this.#fail(lateness(peer, within ?? 'content', ms ?? limits.dataBlock));
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    const bytes = this.#outbox.length === 1 ? this.#outbox[0] : Buffer.concat(this.#outbox);
    this.#outbox = [];
    if (bytes !== undefined && !this.#ended) this.#socket.write(bytes);
  }
}
