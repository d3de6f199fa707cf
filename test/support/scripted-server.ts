/** The server's side of a transcript, played to a client dialogue. */
import assert from 'node:assert/strict';
import type { ByteEffect, ByteReaction, Talk } from '../../src/wire/bytes.ts';
import { LostError } from '../../src/wire/dialogue.ts';
import { framerOf } from '../../src/wire/framing.ts';
import { cut, type Entry, type Transcript, tlsFacts } from './transcript.ts';

/** Every outcome that a transcript allows, with the number of its line. */
export function allowedOutcomes({ entries }: Transcript): string[] {
  return entries.flatMap((entry) =>
    entry.kind === 'outcome' && entry.side === 'C'
      ? alternatives(entry.text).map((text) => `${entry.line}: ${text}`)
      : [],
  );
}

function alternatives(outcome: string): string[] {
  return outcome.replace(AND_MORE, '').split(' | ');
}

const AND_MORE = / \(and more\)$/;

/** The far side as the transcript has it. It knows no time: what it says next is there as soon as it may be said. */
export class ScriptedServer {
  readonly #name: string;
  readonly #entries: readonly Entry[];
  readonly #cut: number;
  #at = 0;
  /** Said and not yet received. */
  #inbox: Buffer[] = [];
  #closed = false;
  /** It will never say anything again. */
  #silent = false;

  constructor(name: string, entries: readonly Entry[], size: number) {
    this.#name = name;
    this.#entries = entries;
    this.#cut = size;
  }

  nextTask(): string | undefined {
    const entry = this.#entries[this.#at];
    if (entry === undefined) return undefined;
    if (entry.kind !== 'do') return this.#fail(entry, 'is where the next task should stand');
    this.#at += 1;
    this.#speak();
    return entry.text;
  }

  /** What has to have come of the task. After an error the rest of the conversation was not reached. */
  nextOutcome(came: string): { readonly line: number; readonly expected: readonly string[] } {
    const next = this.#entries.findIndex((entry, index) => index >= this.#at && entry.kind === 'outcome');
    const entry = this.#entries[next];
    assert.ok(entry?.kind === 'outcome', `${this.#name}: a task without an outcome`);
    const expected = alternatives(entry.text);
    if (!came.startsWith('error ') && expected.length === 1) {
      const missed = this.#entries.slice(this.#at, next)[0];
      if (missed !== undefined) this.#fail(missed, 'did not happen');
      if (!AND_MORE.test(entry.text)) {
        assert.deepEqual(this.#inbox, [], `${this.#name}:${entry.line}: the server was not heard to its end`);
      }
    }
    this.#at = next + 1;
    return { line: entry.line, expected };
  }

  play<Outcome>(talk: Talk<Outcome>): Outcome {
    let reaction: ByteReaction | LostError = { kind: 'done' };
    for (;;) {
      const step = reaction instanceof LostError ? talk.throw(reaction) : talk.next(reaction);
      if (step.done) return step.value;
      reaction = this.#reactTo(step.value);
    }
  }

  #reactTo(effect: ByteEffect): ByteReaction | LostError {
    switch (effect.kind) {
      case 'send':
        this.#hear(Buffer.from(effect.bytes), 'in one go');
        return { kind: 'done' };
      case 'sendBody': {
        assert.equal(effect.source.kind, 'bytes');
        const bytes = effect.source.kind === 'bytes' ? effect.source.bytes : Buffer.alloc(0);
        const framer = framerOf(effect.framing);
        const early = this.#inbox.length > 0;
        const interrupted = this.#hear(Buffer.concat([...framer.push(bytes), framer.end()]), 'interrupted');
        return { kind: 'bodySent', early: early || interrupted };
      }
      case 'receive': {
        const bytes = this.#inbox.shift();
        if (bytes === undefined && this.#silent) return new LostError('the answer did not come');
        if (bytes === undefined && !this.#closed) {
          return this.#fail(this.#entries[this.#at], 'comes next, but the client waits');
        }
        return { kind: 'received', bytes };
      }
      case 'startTls':
        return this.#handshake();
    }
  }

  /** Takes what the client says, which has to be what comes next. @returns whether the server spoke meanwhile. */
  #hear(bytes: Buffer, how: 'in one go' | 'interrupted'): boolean {
    const said = bytes.toString('latin1');
    let expected = '';
    let interrupted = false;
    while (expected.length < said.length) {
      const entry = this.#entries[this.#at];
      if (entry?.kind !== 'bytes')
        return this.#fail(entry, `comes next, but the client says ${JSON.stringify(said)}`);
      if (entry.side === 'S' && how === 'in one go')
        this.#fail(entry, `comes before ${JSON.stringify(said)} is complete`);
      this.#at += 1;
      if (entry.side === 'C') expected += entry.bytes.toString('latin1');
      else {
        this.#inbox.push(...cut(entry.bytes, this.#cut));
        interrupted = true;
      }
    }
    assert.equal(said, expected, `${this.#name}: what the client says`);
    this.#speak();
    return interrupted;
  }

  #handshake(): ByteReaction {
    if (this.#inbox.length > 0) return { kind: 'stray', bytes: Buffer.concat(this.#inbox.splice(0)) };
    const entry = this.#entries[this.#at];
    if (entry?.kind !== 'mark') return this.#fail(entry, 'comes next, but the client starts TLS');
    this.#at += 1;
    const because = /^TLS failed: (.*)$/.exec(entry.what)?.[1];
    if (because !== undefined) return { kind: 'tlsFailed', because };
    assert.equal(entry.what, 'TLS');
    this.#speak();
    return { kind: 'secured', facts: tlsFacts };
  }

  /** Says all that the server says before the client has to act again. */
  #speak(): void {
    const said: Buffer[] = [];
    for (let entry = this.#entries[this.#at]; entry !== undefined; entry = this.#entries[this.#at]) {
      if (entry.kind === 'bytes' && entry.side === 'S') said.push(entry.bytes);
      else if (entry.kind === 'mark' && entry.what === 'close') this.#closed = true;
      else if (entry.kind === 'mark' && entry.what === 'timeout') this.#silent = true;
      else break;
      this.#at += 1;
    }
    this.#inbox.push(...cut(Buffer.concat(said), this.#cut));
  }

  #fail(entry: Entry | undefined, message: string): never {
    const what = entry === undefined ? 'the end of the transcript' : `line ${entry.line}`;
    return assert.fail(`${this.#name}, cut at ${this.#cut}: ${what} ${message}`);
  }
}
