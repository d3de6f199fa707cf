/** Plays the server's side of a transcript to the client dialogues. */
import assert from 'node:assert/strict';
import {
  type LmtpDone,
  type LmtpOutcome,
  sendContent as sendLmtpContent,
} from '../../../../../src/protocols/lmtp/content.ts';
import {
  type Done,
  type EnvelopeOutcome,
  type GoAhead,
  type Standing,
  sendContent,
  sendEnvelope,
} from '../../../../../src/protocols/smtp/client/deliver.ts';
import { type OpenOutcome, type OpenRequest, open } from '../../../../../src/protocols/smtp/client/open.ts';
import { quit } from '../../../../../src/protocols/smtp/client/quit.ts';
import { settle } from '../../../../../src/protocols/smtp/client/settle.ts';
import type { Transaction } from '../../../../../src/protocols/smtp/client/transaction.ts';
import { noOffers, type Offers } from '../../../../../src/protocols/smtp/offers.ts';
import type { ByteEffect, ByteReaction, Talk } from '../../../../../src/wire/bytes.ts';
import { Channel } from '../../../../../src/wire/channel.ts';
import { LostError, PeerError } from '../../../../../src/wire/dialogue.ts';
import { framerOf } from '../../../../../src/wire/framing.ts';
import { cut, type Entry, type Transcript, tlsFacts, unescaped } from '../../../../support/transcript.ts';

/**
 * Plays a transcript with the server's bytes cut at `size`; fails where the client does not what it says.
 *
 * An outcome may have alternatives, ` | ` between them: what came depends on the cuts where a server says more than
 * it was asked. `(and more)` behind an outcome: the server has said more than was heard so far.
 *
 * @returns the outcomes that came, with the number of their line.
 */
export function replayClient(transcript: Transcript, size: number): string[] {
  const entries = transcript.entries.filter(
    (entry) => !('side' in entry && entry.side === 'S' && isDirective(entry)),
  );
  const server = new ScriptedServer(transcript.name, entries, size);
  const client: Client = {
    channel: new Channel('mx.example.test'),
    offers: noOffers,
    protocol: 'smtp',
    goAhead: undefined,
    standing: 'spent',
  };
  const seen: string[] = [];
  for (let task = server.nextTask(); task !== undefined; task = server.nextTask()) {
    const came = outcomeOf(client, task, server);
    const { line, expected } = server.nextOutcome(came);
    const where = `${transcript.name}:${line}, cut at ${size}`;
    assert.ok(expected.includes(came), `${where}: ${came} instead of ${expected.join(' or ')}`);
    seen.push(`${line}: ${came}`);
    if (came.startsWith('error ')) break;
  }
  return seen;
}

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

interface Client {
  readonly channel: Channel;
  offers: Offers;
  protocol: 'smtp' | 'lmtp';
  goAhead: GoAhead | undefined;
  standing: Standing;
}

function isDirective(entry: Entry): boolean {
  return entry.kind === 'do' || entry.kind === 'outcome';
}

function outcomeOf(client: Client, task: string, server: ScriptedServer): string {
  try {
    return perform(client, task, server);
  } catch (error) {
    if (error instanceof PeerError) return `error ${error.code}`;
    if (error instanceof LostError) return 'error lost';
    throw error;
  }
}

function perform(client: Client, task: string, server: ScriptedServer): string {
  const { channel } = client;
  const [verb = '', ...words] = task.split(' ');
  switch (verb) {
    case 'open': {
      const request = openRequest(words);
      const outcome = server.play(open(channel, request));
      if (outcome.kind === 'ready')
        Object.assign(client, { offers: outcome.offers, protocol: request.protocol });
      return describeOpen(outcome);
    }
    case 'send': {
      const outcome = server.play(sendEnvelope(channel, client.offers, transactionOf(words)));
      if (outcome.kind === 'goAhead') client.goAhead = outcome;
      if (outcome.kind === 'done') client.standing = outcome.connection;
      return describeEnvelope(outcome);
    }
    case 'content': {
      const bytes = unescaped(task.slice('content '.length));
      assert.ok(client.goAhead !== undefined, 'there was no go-ahead');
      const send = client.protocol === 'lmtp' ? sendLmtpContent : sendContent;
      const outcome = server.play<Done | LmtpDone>(send(channel, client.goAhead, { kind: 'bytes', bytes }));
      client.standing = outcome.connection;
      return describeEnvelope(outcome);
    }
    case 'settle':
      return server.play(settle(channel, client.standing));
    case 'quit':
      server.play(quit(channel));
      return 'goodbye';
    default:
      throw new Error(`a transcript asks the client to ${task}`);
  }
}

/** `open MODE [implicit] [lmtp] [login] [unproved|unacceptable]`: the user is `user`, the password `pencil`. */
function openRequest(words: readonly string[]): OpenRequest<string> {
  const tls = words.includes('implicit') ? 'implicit' : 'starttls';
  const startTls = (['never', 'if-offered', 'required'] as const).find((mode) => words.includes(mode));
  assert.ok(startTls !== undefined || tls === 'implicit', `open ${words.join(' ')} names no mode`);
  const identity = words.includes('unproved') ? 'unproved' : 'proved';
  return {
    helloName: 'client.example.test',
    protocol: words.includes('lmtp') ? 'lmtp' : 'smtp',
    tls,
    startTls: startTls ?? 'required',
    judge: () =>
      words.includes('unacceptable')
        ? { kind: 'unacceptable', proof: 'judged' }
        : { kind: 'acceptable', proof: 'judged', identity },
    // The nonce of the example in RFC 7677 §3.
    login: words.includes('login')
      ? { user: 'user', password: 'pencil', nonce: 'rOprNGfwEbeRWgbNEkqO' }
      : null,
  };
}

/** `send SENDER RECIPIENTS [size=N] [line=N] [8bit] [utf8] [ret=full] [envid=X] [notify=never] [orcpt=X]`. */
function transactionOf(words: readonly string[]): Transaction {
  const [sender = '', recipients = '', ...properties] = words.map((word) => unescaped(word).toString('utf8'));
  const text = (name: string): string | null =>
    properties.find((property) => property.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  const number = (name: string): number => Number(text(name) ?? 100);
  const notify = text('notify')?.split(',') ?? null;
  return {
    sender: sender === '<>' ? '' : sender,
    senderWishes: {
      ret: (['full', 'headers'] as const).find((ret) => ret === text('ret')) ?? null,
      envelopeId: text('envid'),
    },
    needsUtf8: properties.includes('utf8'),
    recipients: recipients.split(',').map((address) => ({
      address,
      wishes: {
        notify:
          notify &&
          (['success', 'failure', 'delay'] as const).filter((condition) => notify.includes(condition)),
        originalRecipient: text('orcpt'),
      },
    })),
    size: number('size'),
    longestLine: number('line'),
    eightBit: properties.includes('8bit'),
  };
}

function describeOpen(outcome: OpenOutcome<string>): string {
  switch (outcome.kind) {
    case 'ready':
      return `ready ${outcome.proof === undefined ? 'in clear' : 'in TLS'}, offers ${[...outcome.offers.keys()].join(' ') || 'nothing'}`;
    case 'refused':
      return `refused at ${outcome.at} ${outcome.reply.code}`;
    case 'startTlsRefused':
    case 'loginRefused':
      return `${outcome.kind} ${outcome.reply.code}`;
    case 'tlsFailed':
      return `tlsFailed ${outcome.because}`;
    case 'notOffered':
    case 'loginNotOffered':
    case 'unacceptable':
      return outcome.kind;
  }
}

function describeEnvelope(outcome: EnvelopeOutcome | LmtpDone | Done): string {
  switch (outcome.kind) {
    case 'goAhead':
      return `goAhead ${outcome.replies.map(({ code }) => code).join(' ')}`;
    case 'tooBig':
      return `tooBig ${outcome.limit}`;
    case 'needsSevenBit':
    case 'needsUtf8':
      return outcome.kind;
    case 'done':
      return `${outcome.connection}: ${outcome.recipients.map(describeRecipient).join(', ')}`;
  }
}

function describeRecipient(outcome: LmtpOutcome): string {
  if (outcome.kind === 'unanswered') return outcome.kind;
  if (outcome.kind === 'refused') return `refused at ${outcome.at} ${outcome.reply.code}`;
  return outcome.dsn === 'passed-on' ? 'accepted with DSN' : 'accepted';
}

/** The far side as the transcript has it. It knows no time: what it says next is there as soon as it may be said. */
class ScriptedServer {
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
