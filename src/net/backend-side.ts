/** The side of the backend: its connection, and how it comes about. */
import type { Socket } from 'node:net';
import type { Upstream } from '../wire/gateway-session.ts';
import { Leg, type LegEvents } from './leg.ts';

/** What came of asking for the backend; `because` begins with its name. */
export type BackendAnswer =
  | {
      readonly kind: 'connected';
      /** Paused and without listeners for data; half-open. */
      readonly socket: Socket;
      /** What came and was not used. */
      readonly unread: Uint8Array;
      readonly upstream: Upstream | undefined;
    }
  | {
      readonly kind: 'unreachable';
      readonly because: string;
      /** What the client hears in place of that, where it quotes a server that nobody has proved. */
      readonly forClient?: string;
    };

/** How a backend is reached. */
export interface BackendWays {
  /** Opens a fresh connection. Never rejects; ends early once `signal` is aborted. */
  readonly connect: (name: string | null, signal: AbortSignal) => Promise<BackendAnswer>;
  /** Brings TLS up on one that stands, given away paused. Never rejects. */
  readonly secure: (socket: Socket, signal: AbortSignal) => Promise<BackendAnswer>;
}

export interface BackendEvents extends Pick<LegEvents, 'onWork'> {
  /** The answer to the last question; that of one which was given up is not told. */
  readonly onAnswer: (answer: BackendAnswer) => void;
}

/** At most one connection stands or is under way; asking for another one leaves it. */
export class BackendSide {
  /** The connection that stands. */
  leg: Leg | undefined;
  readonly #ways: BackendWays;
  readonly #events: BackendEvents;
  #asking: AbortController | undefined;

  constructor(ways: BackendWays, events: BackendEvents) {
    this.#ways = ways;
    this.#events = events;
  }

  /** What an earlier connection said is forgotten. */
  connect(name: string | null): void {
    this.leave();
    this.#ask((signal) => this.#ways.connect(name, signal));
  }

  /** What was said and not used is plaintext before a handshake: nothing goes on from there. */
  secure(): void {
    const { leg } = this;
    this.leg = undefined;
    if (leg === undefined || leg.unread.length > 0) {
      leg?.destroy();
      const because = 'the backend spoke in clear where TLS should begin';
      this.#ask(() => Promise.resolve({ kind: 'unreachable', because }));
      return;
    }
    this.#ask((signal) => this.#ways.secure(leg.release(), signal));
  }

  /** Nobody waits for an answer any more. */
  giveUp(): void {
    this.#asking?.abort();
    this.#asking = undefined;
  }

  leave(): void {
    this.giveUp();
    const { leg } = this;
    this.leg = undefined;
    leg?.destroy();
  }

  #ask(question: (signal: AbortSignal) => Promise<BackendAnswer>): void {
    const asking = new AbortController();
    this.#asking = asking;
    void question(asking.signal).then((answer) => {
      if (this.#asking !== asking) {
        if (answer.kind === 'connected') answer.socket.destroy();
        return;
      }
      this.#asking = undefined;
      if (answer.kind === 'connected') this.#take(answer.socket, answer.unread);
      this.#events.onAnswer(answer);
    });
  }

  #take(socket: Socket, unread: Uint8Array): void {
    const tell = (): void => {
      if (this.leg === leg) this.#events.onWork();
    };
    const leg = new Leg(socket, { onWork: tell, onEnd: tell, onClosed: tell }, unread);
    this.leg = leg;
    leg.listen();
  }
}
