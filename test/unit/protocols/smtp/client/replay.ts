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
import { Channel } from '../../../../../src/wire/channel.ts';
import { LostError, PeerError } from '../../../../../src/wire/dialogue.ts';
import { ScriptedServer } from '../../../../support/scripted-server.ts';
import { type Entry, type Transcript, unescaped } from '../../../../support/transcript.ts';

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

/** `send SENDER RECIPIENTS [size=N] [line=N] [8bit] [utf8] [requiretls=must] [ret=full] [envid=X] [notify=never] [orcpt=X]`. */
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
    requireTls: (['pass', 'must'] as const).find((one) => one === text('requiretls')) ?? 'no',
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
    case 'needsRequireTls':
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
