/** A connection in memory, which is driven as a socket is, by a clock that stands still while nobody waits. */
import assert from 'node:assert/strict';
import type { Step } from '../../../src/findings/observation.ts';
import { NetworkError } from '../../../src/net/error.ts';
import { Transcript } from '../../../src/net/transcript.ts';
import { type Connected, endOf, type Talked } from '../../../src/scanner/connection.ts';
import type { ByteEffect, ByteReaction, Talk } from '../../../src/wire/bytes.ts';
import { LostError } from '../../../src/wire/dialogue.ts';
import type { Turn } from './hostile.ts';

/** The other end. */
export interface MemoryServer {
  /** Its turn: at the beginning, behind a handshake, and when the client has said something and waits. */
  readonly turn: (said: Buffer, inside: boolean) => Turn;
  /** What comes of a handshake. */
  readonly handshake: () => Extract<ByteReaction, { kind: 'secured' | 'stray' | 'tlsFailed' }>;
}

export interface Played<Outcome> extends Connected<Outcome> {
  /** That the dialogue has read. */
  readonly octets: number;
}

const GOODBYE_MS = 5_000;
/** More than all that our dialogues say, and wait for: it would go on for ever. */
const MOST_SENT = 40;
const MOST_WAITS_AT_END = 20;
/** No dialogue reads on for so long, be it said as fast as it is read. */
const MOST_OCTETS = 2 ** 20;

/**
 * Runs one dialogue to its end.
 *
 * @param step where the dialogue is.
 * @throws what is no fault of a server: a mistake of ours, or a dialogue without an end.
 */
export function talkInMemory<Outcome>(
  talk: Talk<Outcome>,
  step: () => Step,
  server: MemoryServer,
  timeoutMs: number,
): Played<Outcome> {
  const line = openLine(server, timeoutMs);
  const talked = run(talk, line, step);
  const { now, octets } = line.state();
  const transcript = line.transcript();
  return { connect: { kind: 'connected', ms: 0 }, transcript, talked, ms: now, octets };
}

/** As `Connection` does it with `Run`: a dialogue that has lost its connection may end, and ask for nothing more. */
function run<Outcome>(talk: Talk<Outcome>, line: Line, step: () => Step): Talked<Outcome> {
  let reaction: ByteReaction | Lost = { kind: 'done' };
  try {
    for (;;) {
      if ('lost' in reaction) return lose(talk, reaction, line, step);
      const next: IteratorResult<ByteEffect, Outcome> = talk.next(reaction);
      if (next.done === true) return { kind: 'done', outcome: next.value };
      reaction = line.react(next.value);
    }
  } catch (error) {
    return endOf(error, step(), line.state().now);
  }
}

function lose<Outcome>(
  talk: Talk<Outcome>,
  { lost, isLate }: Lost,
  line: Line,
  step: () => Step,
): Talked<Outcome> {
  const { now } = line.state();
  try {
    const next = talk.throw(lost);
    if (next.done === true) return { kind: 'done', outcome: next.value };
    if (isLate) return { kind: 'ended', end: { kind: 'timeout', at: step(), ms: now } };
    return endOf(lost, step(), now);
  } catch (error) {
    if (isLate && error instanceof LostError)
      return { kind: 'ended', end: { kind: 'timeout', at: step(), ms: now } };
    return endOf(error, step(), now);
  }
}

interface Lost {
  readonly lost: NetworkError;
  /** The time for the whole is up. */
  readonly isLate: boolean;
}

interface Line {
  readonly react: (effect: ByteEffect) => ByteReaction | Lost;
  readonly state: () => { readonly now: number; readonly octets: number };
  readonly transcript: () => readonly string[];
}

function openLine(server: MemoryServer, timeoutMs: number): Line {
  const log = new Transcript();
  let [now, octets, sent, waitsAtEnd] = [0, 0, 0, 0];
  let phaseEnds = timeoutMs;
  let inside = false;
  let said: Buffer[] = [];
  const inbox: Buffer[] = [];
  let turn: Turn | undefined;

  /** What the server says as it is its turn. */
  const listen = (): void => {
    if (turn !== undefined && said.length === 0) return;
    // Who has closed, broken off or fallen silent says nothing more, whatever he is told.
    if (turn !== undefined && turn.finally !== 'wait') return;
    turn = server.turn(Buffer.concat(said), inside);
    said = [];
    inbox.push(...turn.slices);
  };
  const lost = (code: 'timeout' | 'reset' | 'failed', isLate = false): Lost => ({
    lost: new NetworkError(code, `of the test: ${code}`),
    isLate,
  });
  const receive = (effect: Extract<ByteEffect, { kind: 'receive' }>): ByteReaction | Lost => {
    listen();
    if (effect.begins) phaseEnds = now + (effect.within === 'goodbye' ? GOODBYE_MS : timeoutMs);
    const [next] = inbox;
    if (next === undefined) {
      if (turn?.finally === 'reset') return lost('reset');
      if (turn?.finally === 'close') {
        waitsAtEnd += 1;
        assert.ok(waitsAtEnd < MOST_WAITS_AT_END, 'it waits for a server that has closed');
        return { kind: 'received', bytes: undefined };
      }
    }
    now = next === undefined ? Number.POSITIVE_INFINITY : now + (turn?.delayMs ?? 0);
    if (now > timeoutMs || now > phaseEnds) {
      const isLate = timeoutMs <= phaseEnds;
      now = Math.min(timeoutMs, phaseEnds);
      return lost(isLate ? 'failed' : 'timeout', isLate);
    }
    if (turn?.finally !== 'endless' || inbox.length > 1) inbox.shift();
    const bytes = next ?? Buffer.alloc(0);
    octets += bytes.length;
    assert.ok(octets <= MOST_OCTETS, `it has read ${octets} octets and goes on`);
    log.heard(bytes);
    return { kind: 'received', bytes };
  };
  const startTls = (): ByteReaction => {
    listen();
    if (inbox.length > 0) return { kind: 'stray', bytes: Buffer.concat(inbox.splice(0)) };
    const reaction =
      turn === undefined || turn.finally === 'wait'
        ? server.handshake()
        : ({ kind: 'tlsFailed', because: 'the peer closed the connection' } as const);
    log.note(`== TLS ${reaction.kind}`);
    inside = reaction.kind === 'secured';
    if (inside) turn = undefined;
    return reaction;
  };

  return {
    state: () => ({ now, octets }),
    transcript: () => log.take(),
    react(effect) {
      switch (effect.kind) {
        case 'send':
          sent += 1;
          assert.ok(sent <= MOST_SENT, `it has said ${sent} things and goes on`);
          log.said(effect.shown, effect.bytes);
          said.push(Buffer.from(effect.bytes));
          return { kind: 'done' };
        case 'receive':
          return receive(effect);
        case 'startTls':
          return startTls();
        case 'sendBody':
          return assert.fail('a check has no message to send');
      }
    },
  };
}
