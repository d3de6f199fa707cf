/** Carries out gateway sessions: a client, a backend, and the session that stands between them. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { GatewayEffect, GatewayInput } from '../wire/gateway-session.ts';
import { type BackendAnswer, BackendSide } from './backend-side.ts';
import type { Deadline } from './deadlines.ts';
import { wordsOf } from './error.ts';
import { Leg, MAX_UNREAD_BYTES } from './leg.ts';
import type { EndedBy, Mediated, MediateEnd, MediateOptions } from './mediation.ts';
import { type Splice, splice } from './splice.ts';
import { factsOfClient } from './tls.ts';

/** How long our last words may stay unread before the connection is dropped, ms; shorter where everything stops. */
const LINGER_MS = 5_000;
const LAST_WORDS_MS = 1_000;

/** Not an empty view of what came: that would keep the 64 KiB that Node read it into, for as long as nobody says more. */
const NOTHING = Buffer.alloc(0);

/** Attends to one connection until it ends. */
export function mediate(socket: Socket, options: MediateOptions): Mediated {
  const mediator = new Mediator(socket, options);
  mediator.start();
  return mediator;
}

/** Whom the connection belongs to at the moment. */
type Mode = 'stepping' | 'securing' | 'connecting' | 'splicing' | 'closing' | 'closed';

class Mediator implements Mediated {
  readonly ended: Promise<MediateEnd>;
  readonly closed: Promise<void>;
  readonly #options: MediateOptions;
  readonly #resolve: (end: MediateEnd) => void;
  readonly #client: Leg;
  readonly #backend: BackendSide;
  /** For what is under way. */
  readonly #deadline: Deadline;
  /** For the whole of it. */
  readonly #lifetime: Deadline;
  #mode: Mode = 'securing';
  #splice: Splice | undefined;
  /** The client is inside TLS, or uses the connection in clear: once it has its backend, only silence ends it. */
  #settled = false;
  /** The first that ended it; what follows is its consequence. */
  #cause: Pick<MediateEnd, 'by' | 'because'> | undefined;
  #octets = { fromClient: 0, toClient: 0 };

  constructor(socket: Socket, options: MediateOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<MediateEnd>();
    this.ended = promise;
    this.closed = promise.then(() => undefined);
    this.#resolve = resolve;
    this.#deadline = options.deadlines.add(() => this.#onDeadline());
    this.#lifetime = options.deadlines.add(() =>
      this.#breakOff('timeout', 'the connection was as old as it may get'),
    );
    this.#client = new Leg(socket, {
      onWork: () => this.#onOctets(),
      onEnd: () => this.#onOctets(),
      onClosed: () => this.#onClientClosed(),
    });
    this.#backend = new BackendSide(options.backend, {
      onWork: () => this.#onOctets(),
      onAnswer: (answer) => this.#onAnswer(answer),
    });
  }

  start(): void {
    const { tls, patience } = this.#options;
    if (Number.isFinite(patience.session)) this.#lifetime.set(patience.session);
    if (tls === 'implicit') return this.#startTls('opened');
    this.#deadline.set(patience.clear);
    this.#client.listen();
    this.#goOn({ kind: 'opened', tls: undefined });
  }

  /** Whoever has a backend may finish; all others are told now. */
  shutdown(): void {
    if (this.#mode === 'stepping' && this.#backend.leg === undefined) this.#mention({ kind: 'shutdown' });
  }

  close(): void {
    if (this.#mode === 'stepping') {
      this.#mention({ kind: 'shutdown' });
    }
    if (this.#mode === 'closing') this.#deadline.set(LAST_WORDS_MS);
    else this.#breakOff('stop', 'the gateway stopped');
  }

  #goOn(input: GatewayInput): void {
    if (this.#mode === 'closing' || this.#mode === 'closed') return;
    this.#mode = 'stepping';
    this.#step(input);
    this.#work();
  }

  /** Tells the session that it has to end; where it does not, we end it. */
  #mention(input: Extract<GatewayInput, { kind: 'timeout' | 'shutdown' }>): void {
    const [by, because] =
      input.kind === 'timeout'
        ? (['timeout', 'the client was silent for too long'] as const)
        : (['stop', 'the gateway stopped'] as const);
    this.#cause ??= { by, because };
    this.#step(input);
    if (this.#mode === 'stepping') this.#finish(by, because);
  }

  #onOctets(): void {
    if (this.#mode === 'stepping' && this.#settled && this.#backend.leg !== undefined) this.#awaitOctets();
    this.#work();
  }

  /** A client that has ended what it says, and of which something is left, is waited for no longer than one in clear. */
  #awaitOctets(): void {
    const { idle, clear } = this.#options.patience;
    this.#deadline.set(this.#isLeaving() ? Math.min(idle, clear) : idle);
  }

  /** What it said last may have to wait for the backend's answers to what it said before. */
  #isLeaving(): boolean {
    return this.#client.ended && this.#client.unread.length > 0;
  }

  /** Uses what came as far as the session can, then sends all that it said in one write for each side. */
  #work(): void {
    for (let go = true; go; ) {
      const backend = this.#useBackend();
      const client = this.#useClient();
      go = backend || client || this.#flush();
    }
    if (this.#mode === 'stepping' && !this.#isStuck()) this.#passEnds();
    // Whoever has the socket of a side looks after it.
    if (this.#mode === 'stepping' || this.#mode === 'connecting') this.#client.balance();
    if (this.#mode === 'stepping' || this.#mode === 'securing') this.#backend.leg?.balance();
  }

  /** @returns whether anything left: what was held up by it can go on. */
  #flush(): boolean {
    if (this.#mode !== 'stepping' && this.#mode !== 'connecting') return false;
    const backend = this.#backend.leg?.flush() === true;
    return this.#client.flush() || backend;
  }

  /** @returns whether more can be done at once. */
  #useBackend(): boolean {
    const { leg } = this.#backend;
    if (this.#mode !== 'stepping' || leg === undefined || leg.unread.length === 0) return false;
    if (this.#client.isClogged) return false;
    return this.#use(leg, { kind: 'backend', unread: leg.unread });
  }

  /** @returns whether more can be done at once. A client that reads nothing is not heard for ever. */
  #useClient(): boolean {
    const client = this.#client;
    const { leg } = this.#backend;
    if (this.#mode !== 'stepping' || client.unread.length === 0 || leg?.isClogged === true) return false;
    if (leg === undefined ? client.isClogged : client.isHopelesslyClogged) return false;
    return this.#use(client, { kind: 'client', unread: client.unread });
  }

  #use(leg: Leg, input: Extract<GatewayInput, { kind: 'client' | 'backend' }>): boolean {
    const { used, effects, changed } = this.#options.run.next(input);
    // Before the effects: one of them may hand over what is left.
    leg.unread = used === leg.unread.length ? NOTHING : leg.unread.subarray(used);
    for (const effect of effects) this.#carryOut(effect);
    return changed;
  }

  #step(input: GatewayInput): void {
    for (const effect of this.#options.run.next(input).effects) this.#carryOut(effect);
  }

  #carryOut(effect: GatewayEffect): void {
    const { watch } = this.#options;
    switch (effect.kind) {
      case 'toClient':
        return this.#client.say(effect.bytes);
      case 'toBackend':
        return this.#backend.leg?.say(effect.bytes);
      case 'startTls':
        return this.#startTls('secured');
      case 'connect':
        this.#awaitBackend();
        return this.#backend.connect(effect.name);
      case 'secureBackend':
        this.#awaitBackend();
        return this.#backend.secure();
      case 'exposed':
        return watch.onExposed(effect.user);
      case 'inClear':
        this.#settled = true;
        if (this.#backend.leg !== undefined) this.#awaitOctets();
        return watch.onClear();
      case 'oddity':
        return watch.onOddity(effect.what);
      case 'splice':
        return this.#startSplice();
      case 'close':
        return this.#finish('protocol', effect.because);
    }
  }

  /** The go-ahead leaves, then everything that comes belongs to TLS. */
  #startTls(then: 'opened' | 'secured'): void {
    const { upgrade, patience, watch } = this.#options;
    this.#mode = 'securing';
    const { socket, plaintext } = this.#client.handOver();
    if (plaintext) watch.onOddity('plaintext stood before the handshake; it goes to TLS, which refuses it');
    this.#deadline.set(patience.handshake);
    upgrade(socket).then(
      (secure) => this.#onSecured(secure, then),
      (error: unknown) => {
        const because = wordsOf(error);
        watch.onHandshakeFailed(because);
        this.#cause ??= { by: 'tls', because: `the TLS handshake failed: ${because}` };
        socket.destroy();
      },
    );
  }

  #onSecured(secure: TLSSocket, then: 'opened' | 'secured'): void {
    const { admit, patience, watch } = this.#options;
    this.#client.continueIn(secure);
    const facts = factsOfClient(secure);
    watch.onSecured(facts);
    const refused = admit(facts);
    if (refused !== undefined) return this.#breakOff('tls', refused);
    this.#settled = true;
    this.#deadline.set(patience.clear);
    this.#goOn(then === 'opened' ? { kind: 'opened', tls: facts } : { kind: 'secured', facts });
  }

  #awaitBackend(): void {
    this.#mode = 'connecting';
    this.#deadline.set(this.#options.patience.connect);
  }

  #onAnswer(answer: BackendAnswer): void {
    const { patience, watch } = this.#options;
    this.#deadline.set(patience.clear);
    if (answer.kind === 'unreachable') {
      const { because, forClient = because } = answer;
      this.#cause ??= { by: 'unreachable', because };
      return this.#goOn({ kind: 'unreachable', because: forClient });
    }
    const { upstream } = answer;
    if (upstream !== undefined) watch.onUpstream(upstream);
    if (this.#settled) this.#awaitOctets();
    this.#goOn({ kind: 'connected', upstream });
  }

  /**
   * An end is passed on behind all that was said; whoever has no backend needs nobody for its end.
   *
   * Behind all: a client may say its commands at once and end, and the session passes them on one by one.
   */
  #passEnds(): void {
    const client = this.#client;
    const { leg } = this.#backend;
    if (client.isClogged || leg?.isClogged === true) return;
    if (leg === undefined) {
      if (client.ended) this.#finish('client', 'the client closed the connection');
      return;
    }
    if (leg.isBroken) return this.#breakOff('backend', `the connection of the backend broke${reasonOf(leg)}`);
    if (client.ended && !leg.isTold && (leg.ended || !this.#isLeaving())) {
      this.#cause ??= { by: 'client', because: 'the client closed the connection' };
      leg.end();
    }
    if (leg.ended && !client.isTold) {
      this.#cause ??= { by: 'backend', because: 'the backend closed the connection' };
      client.end();
    }
  }

  /**
   * A session that uses nothing of all that is kept will not use more.
   *
   * Other than that of a client whose commands wait for answers of the backend: it is not read for so long, and its
   * sessions have limits of their own for what is no whole message.
   */
  #isStuck(): boolean {
    const client = this.#client;
    const { leg } = this.#backend;
    // Where somebody does not read, what comes from the other has to wait.
    if (client.isClogged || leg?.isClogged === true) return false;
    const isFull = (one: Leg | undefined): boolean => (one?.unread.length ?? 0) >= MAX_UNREAD_BYTES;
    const who = isFull(leg) ? 'the backend' : leg === undefined && isFull(client) ? 'the client' : undefined;
    if (who === undefined) return false;
    const what = `${who} sent ${MAX_UNREAD_BYTES} octets that are no whole message`;
    this.#options.watch.onOddity(what);
    this.#finish('protocol', what);
    return true;
  }

  #startSplice(): void {
    const client = this.#client;
    const { leg } = this.#backend;
    if (leg === undefined) throw new Error('there is no backend to pass octets to');
    const { deadlines, patience } = this.#options;
    this.#mode = 'splicing';
    this.#deadline.drop();
    // What is unread was counted when it came, and is counted again as it passes.
    this.#octets = { fromClient: client.received - client.unread.length, toClient: client.sent };
    const [first, second] = [client.hand('the client'), leg.hand('the backend')];
    const one = splice(first, second, { deadlines, idleMs: patience.idle });
    this.#splice = one;
    void one.done.then(({ octets, by, because }) => {
      const { fromClient, toClient } = this.#octets;
      this.#octets = { fromClient: fromClient + octets.first, toClient: toClient + octets.second };
      this.#cause ??= { by: by === 'first' ? 'client' : by === 'second' ? 'backend' : 'timeout', because };
      this.#end();
    });
  }

  /** Closes both sides once everything is sent. */
  #finish(by: EndedBy, because: string): void {
    this.#cause ??= { by, because };
    this.#mode = 'closing';
    this.#client.finish();
    this.#backend.giveUp();
    this.#backend.leg?.finish();
    this.#deadline.set(LINGER_MS);
  }

  #breakOff(by: EndedBy, because: string): void {
    this.#cause ??= { by, because };
    if (this.#splice !== undefined) return this.#splice.abort(because);
    this.#client.destroy();
    this.#backend.leave();
  }

  #onDeadline(): void {
    const { patience } = this.#options;
    switch (this.#mode) {
      case 'securing':
        return this.#breakOff(
          'timeout',
          `the TLS handshake was not done after ${patience.handshake / 1000} s`,
        );
      case 'connecting': {
        this.#backend.leave();
        const because = `the backend was not there after ${patience.connect / 1000} s`;
        return this.#onAnswer({ kind: 'unreachable', because });
      }
      case 'stepping':
        return this.#mention({ kind: 'timeout' });
      default:
        return this.#breakOff('timeout', 'our last words were not read');
    }
  }

  #onClientClosed(): void {
    if (this.#mode === 'splicing') return;
    const { received, sent, broken } = this.#client;
    this.#cause ??= {
      by: 'client',
      because: broken === undefined ? 'the client closed the connection' : `the client broke off: ${broken}`,
    };
    this.#octets = { fromClient: received, toClient: sent };
    this.#backend.leave();
    this.#end();
  }

  #end(): void {
    if (this.#mode === 'closed') return;
    this.#mode = 'closed';
    this.#deadline.drop();
    this.#lifetime.drop();
    this.#resolve({ ...(this.#cause ?? { by: 'client', because: 'the connection ended' }), ...this.#octets });
  }
}

function reasonOf({ broken }: Leg): string {
  return broken === undefined ? '' : `: ${broken}`;
}
