/**
 * One question to one resolver by UDP, and by TCP where UDP does not do.
 *
 * RFC 1035 §4.2.1, RFC 5452 §9, RFC 6891 §7, RFC 7766 §5, RFC 7873 §5.3.
 */
import { decodeMessage, type Message } from '../../dns/message.ts';
import type { Question } from '../../dns/record.ts';
import type { Deadline, Deadlines } from '../deadlines.ts';
import { askByCarrier, type CarriedParts, type Exchange, type Exchanged, refusesEdns } from './carried.ts';
import type { Datagrams } from './datagrams.ts';
import { buildQuery, fitOf, type Manner, type Query } from './query.ts';
import type { Standing } from './standing.ts';
import type { Fault } from './udp-port.ts';

export interface PlainParts extends CarriedParts {
  readonly datagrams: Datagrams;
  readonly standing: Standing;
  readonly deadlines: Deadlines;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/** One query that went out by UDP; each has an id, a port and a spelling of its own. */
interface Try {
  readonly query: Query;
  readonly manner: Manner;
  sentAt: number;
}

const TRIES = 3;
/** So many messages with the right id that do not fit, and the question goes by TCP (RFC 5452 §9.3). */
const MISMATCHES = 3;

const BADCOOKIE = 23;

export class PlainExchange implements Exchange {
  readonly #parts: PlainParts;
  readonly #question: Question;
  readonly #settle: (exchanged: Exchanged) => void;
  readonly #timer: Deadline;
  readonly #startedAt: number;
  /** What of a question's time the first try may use at most: the others need theirs. */
  readonly #longestMs: number;
  #forgets: (() => void)[] = [];
  #tries = 0;
  #mismatches = 0;
  #badCookies = 0;
  #byTcp: Exchange | undefined;
  /** Why answers by UDP are no longer waited for. */
  #leftUdp: string | undefined;
  #tcpFault: string | undefined;
  #over = false;

  /**
   * Starts it.
   *
   * @param withinMs for how long it is wanted; whoever asks then drops it. @param settle called once, and later.
   */
  constructor(
    parts: PlainParts,
    question: Question,
    withinMs: number,
    settle: (exchanged: Exchanged) => void,
  ) {
    this.#parts = parts;
    this.#question = question;
    this.#settle = settle;
    this.#startedAt = parts.now();
    this.#longestMs = withinMs / 5;
    this.#timer = parts.deadlines.add(() => this.#onSilence());
    this.#try();
  }

  soFar(): string {
    const seconds = (this.#parts.now() - this.#startedAt) / 1000;
    const tries = `UDP, ${this.#tries} ${this.#tries === 1 ? 'try' : 'tries'}`;
    const tcp = this.#tcpFault ?? this.#byTcp?.soFar();
    const ways = [this.#leftUdp ?? tries, ...(tcp === undefined ? [] : [tcp])].join('; ');
    return `did not answer within ${Number(seconds.toPrecision(2))} s (${ways})`;
  }

  drop(): void {
    this.#over = true;
    this.#timer.drop();
    this.#forgetUdp();
    this.#byTcp?.drop();
  }

  #try(): void {
    const { habits, datagrams, standing, now } = this.#parts;
    this.#tries += 1;
    const waitMs = Math.min(standing.patienceMs, this.#longestMs) * 2 ** (this.#tries - 1);
    const manner = habits.manner();
    const one: Try = { query: buildQuery(this.#question, this.#parts.wishes(), manner), manner, sentAt: 0 };
    const forget = datagrams.send(one.query, {
      onSent: () => {
        one.sentAt = now();
        this.#timer.set(waitMs);
      },
      onReply: (reply) => this.#onReply(one, reply),
      onFault: (fault) => this.#onFault(fault),
    });
    if (forget !== undefined) this.#forgets.push(forget);
    else queueMicrotask(() => this.#end({ kind: 'failed', because: 'is asked too much at once' }));
  }

  #onSilence(): void {
    if (this.#leftUdp !== undefined || this.#tries >= TRIES) return;
    this.#try();
    // Something on the way may let no UDP through, or none of this size.
    if (this.#tries === TRIES) this.#askByTcp();
  }

  #onReply(one: Try, reply: Uint8Array): 'answer' | 'mismatch' {
    const { habits } = this.#parts;
    const fit = fitOf(one.query, reply);
    if (fit === 'other-case' && one.manner.spelling !== undefined) {
      return this.#mismatch('an answer by UDP did not repeat the case of the question');
    }
    if (fit === 'no-question') return this.#mismatch('an answer by UDP came without the question');
    if (fit === 'other') return this.#mismatch();
    const decoded = decodeMessage(reply);
    if (decoded.kind === 'malformed') {
      return this.#mismatch(`an answer by UDP was malformed: ${decoded.because}`);
    }
    const { message } = decoded;
    if (one.manner.edns && one.manner.cookie !== undefined) {
      const verdict = habits.cookies.judge(one.manner.cookie, message.edns?.cookie, 'udp');
      if (verdict === 'forged') return this.#mismatch();
      if (verdict === 'missing') return this.#mismatch('an answer by UDP came without the cookie');
    }
    this.#parts.standing.answered(this.#parts.now() - one.sentAt);
    this.#onMessage(one, message, reply);
    return 'answer';
  }

  /** @param because where a second opinion is needed at once. */
  #mismatch(because?: string): 'mismatch' {
    this.#mismatches += 1;
    if (because !== undefined) this.#leaveUdp(because);
    else if (this.#mismatches >= MISMATCHES) this.#leaveUdp('answers by UDP did not fit the question');
    return 'mismatch';
  }

  #onMessage({ manner }: Try, message: Message, reply: Uint8Array): void {
    if (message.rcode === BADCOOKIE) {
      // RFC 7873 §5.3: once more with the new cookie, then by TCP.
      this.#badCookies += 1;
      if (this.#badCookies === 1) this.#try();
      else this.#leaveUdp('it refused its own cookie');
    } else if (manner.edns && refusesEdns(message)) {
      this.#parts.habits.refusesEdns();
      this.#try();
    } else if (message.truncated) this.#leaveUdp('its answer is too long for UDP');
    else this.#end({ kind: 'message', message, way: 'UDP', octets: reply, ageSeconds: 0 });
  }

  #onFault(fault: Fault): void {
    if (fault.kind === 'attacked') this.#leaveUdp('forged answers came by UDP');
    else this.#end({ kind: 'failed', because: `cannot be reached: ${fault.because} (UDP)` });
  }

  /** What comes by UDP does not count any more. */
  #leaveUdp(because: string): void {
    if (this.#over || this.#leftUdp !== undefined) return;
    this.#leftUdp = because;
    this.#timer.clear();
    this.#forgetUdp();
    if (this.#tcpFault !== undefined) this.#end({ kind: 'failed', because: this.#failure(this.#tcpFault) });
    else this.#askByTcp();
  }

  #askByTcp(): void {
    this.#byTcp ??= askByCarrier(this.#parts, this.#question, (exchanged) => {
      if (exchanged.kind === 'message') {
        this.#parts.standing.answered(undefined);
        this.#end(exchanged);
        return;
      }
      this.#tcpFault = exchanged.because;
      // Otherwise an answer by UDP may still come.
      if (this.#leftUdp !== undefined)
        this.#end({ kind: 'failed', because: this.#failure(exchanged.because) });
    });
  }

  #failure(tcpFault: string): string {
    return `gave no answer to use: ${this.#leftUdp ?? ''}; ${tcpFault}`;
  }

  #forgetUdp(): void {
    const forgets = this.#forgets;
    this.#forgets = [];
    for (const forget of forgets) forget();
  }

  #end(exchanged: Exchanged): void {
    if (this.#over) return;
    this.drop();
    this.#settle(exchanged);
  }
}
