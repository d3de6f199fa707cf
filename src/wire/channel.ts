/** One connection as the dialogues on it see it; it outlives each of them. */
import {
  type BodySource,
  type Framing,
  type Phase,
  receive,
  send,
  sendBody,
  type Talk,
  type Upgrade,
  upgrade,
} from './bytes.ts';
import { PeerError, printable } from './dialogue.ts';
import type { TlsFacts } from './tls-facts.ts';

const LF = 0x0a;
const CR = 0x0d;
const NOTHING = new Uint8Array();

/** How the upgrade ended; plaintext in its way is a {@link PeerError} instead. */
export type Secured =
  | { readonly kind: 'secured'; readonly facts: TlsFacts }
  /**
   * `alert`: the one that the peer sent, as `handshake failure`; undefined where it sent none. `closed`: the peer ended the
   * connection without an octet to our hello.
   */
  | {
      readonly kind: 'failed';
      readonly because: string;
      readonly alert?: string | undefined;
      readonly closed?: boolean;
    };

/**
 * Holds what was read and not yet used, and whether TLS is up.
 *
 * Between commands nothing may be unread: what nobody asked for is an attack or a peer out of step, and either
 * ends the connection.
 */
export class Channel {
  /** Who is at the other end, for messages: `mx.example (192.0.2.1)`. */
  readonly peer: string;
  #unread: Uint8Array = NOTHING;
  #tls: TlsFacts | undefined;
  #awaiting = false;

  constructor(peer: string) {
    this.peer = peer;
  }

  /** The facts of the TLS session, once there is one. */
  get tls(): TlsFacts | undefined {
    return this.#tls;
  }

  /** Sends a command line or a group of them; `text` is latin1 and ends in CRLF. */
  *say(text: string, shown: string = text): Talk<void> {
    this.#assertSilence(shown);
    yield* send(Buffer.from(text, 'latin1'), shown);
  }

  /**
   * Sends a command line where the peer may have spoken meanwhile, as it may at any time in IMAP.
   *
   * @param mayHaveSaid matches all of it that is unread, latin1, its last line perhaps not whole; it is read before the answer.
   */
  *sayBeside(text: string, mayHaveSaid: RegExp): Talk<void> {
    const unread = this.#unread;
    if (!mayHaveSaid.test(Buffer.from(unread).toString('latin1'))) this.#assertSilence(text);
    yield* send(Buffer.from(text, 'latin1'), text);
  }

  /** Sends octets of a protocol that has no lines; `shown` is what a transcript may say of them. */
  *sayBytes(bytes: Uint8Array, shown: string): Talk<void> {
    this.#assertSilence(shown);
    yield* send(bytes, shown);
  }

  /** Sends a message's content. */
  *sayBody(source: BodySource, framing: Framing): Talk<'in-turn' | 'early'> {
    this.#assertSilence('the message');
    return yield* sendBody(source, framing);
  }

  /** The wait that follows is for a new answer: its deadline starts with it. */
  beginAnswer(): void {
    this.#awaiting = false;
  }

  /**
   * Reads one line.
   *
   * @param maxBytes octets allowed, CRLF included.
   * @returns the line as latin1, without its CRLF.
   * @throws PeerError when the peer closes, exceeds the limit, or sends a bare CR, a bare LF or a NUL.
   */
  *readLine(maxBytes: number, within: Phase): Talk<string> {
    for (;;) {
      const end = this.#unread.indexOf(LF);
      if ((end === -1 ? this.#unread.length : end + 1) > maxBytes) {
        throw new PeerError(
          'line-too-long',
          `${this.peer} sent a line longer than ${maxBytes} octets`,
          this.#unread,
        );
      }
      if (end !== -1) {
        const line = this.#unread.subarray(0, end - 1);
        if (this.#unread[end - 1] !== CR || line.includes(CR) || line.includes(0)) {
          const what = printable(this.#unread.subarray(0, Math.min(end + 1, 80)));
          throw new PeerError(
            'malformed',
            `${this.peer} sent a line with a bare CR, bare LF or NUL: ${what}`,
            this.#unread,
          );
        }
        this.#unread = this.#unread.subarray(end + 1);
        return Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('latin1');
      }
      yield* this.#readMore(within);
    }
  }

  /**
   * Reads one unit of a protocol that has no lines, or a literal of one that has.
   *
   * @param measure given all that is unread, says how many octets the unit has; undefined where that cannot be told
   * yet. It throws {@link PeerError} for what can be no unit.
   * @param maxBytes octets allowed.
   * @throws PeerError when the peer closes, or when the unit is longer or cannot be told within the limit.
   */
  *readUnit(
    measure: (unread: Uint8Array) => number | undefined,
    maxBytes: number,
    within: Phase,
  ): Talk<Uint8Array> {
    for (;;) {
      const length = measure(this.#unread);
      if ((length ?? this.#unread.length) > maxBytes) {
        throw new PeerError(
          'reply-too-long',
          `${this.peer} sent a message longer than ${maxBytes} octets`,
          this.#unread,
        );
      }
      if (length !== undefined && length <= this.#unread.length) {
        const unit = this.#unread.subarray(0, length);
        this.#unread = this.#unread.subarray(length);
        return unit;
      }
      yield* this.#readMore(within);
    }
  }

  /** Gives out what was read and is not used, for whoever goes on with the connection after the last dialogue. */
  takeUnread(): Uint8Array {
    const unread = this.#unread;
    this.#unread = NOTHING;
    return unread;
  }

  /**
   * Upgrades to TLS, provided the peer has said nothing more in the clear.
   *
   * @throws PeerError `injected` where plaintext stood in the way (RFC 3207 §4.2, CVE-2021-38371).
   */
  *startTls(): Talk<Secured> {
    if (this.#unread.length > 0) throw this.#injected(this.#unread);
    const result = yield* this.#handshake();
    if (result.kind === 'stray') throw this.#injected(result.bytes);
    return result;
  }

  /** Begins with TLS, before anything is said (RFC 8314 §3); plaintext is a peer that does not speak it there. */
  *beginTls(): Talk<Secured> {
    const result = yield* this.#handshake();
    if (result.kind !== 'stray') return result;
    const what = result.bytes.length === 0 ? '' : `: ${printable(result.bytes.subarray(0, 80))}`;
    return { kind: 'failed', because: `${this.peer} speaks plaintext where TLS should begin${what}` };
  }

  *#readMore(within: Phase): Talk<void> {
    const bytes = yield* receive(within, !this.#awaiting);
    this.#awaiting = true;
    if (bytes === undefined)
      throw new PeerError('closed', `${this.peer} closed the connection`, this.#unread);
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
  }

  *#handshake(): Talk<Secured | Extract<Upgrade, { kind: 'stray' }>> {
    if (this.#tls !== undefined) throw new Error('TLS is already up');
    const result = yield* upgrade();
    if (result.kind === 'stray') return result;
    if (result.kind === 'tlsFailed')
      return {
        kind: 'failed',
        because: result.because,
        ...(result.alert === undefined ? {} : { alert: result.alert }),
        ...(result.closed === undefined ? {} : { closed: result.closed }),
      };
    this.#tls = result.facts;
    return { kind: 'secured', facts: result.facts };
  }

  #injected(bytes: Uint8Array): PeerError {
    const what = printable(bytes.subarray(0, 80));
    return new PeerError(
      'injected',
      `${this.peer} sent plaintext between the go-ahead and the handshake: ${what}`,
      bytes,
    );
  }

  #assertSilence(next: string): void {
    if (this.#unread.length === 0) return;
    const what = printable(this.#unread.subarray(0, 80));
    const before = printable(next.split('\r\n')[0] ?? '');
    throw new PeerError(
      'unsolicited',
      `${this.peer} spoke out of turn before ${before}: ${what}`,
      this.#unread,
    );
  }
}
