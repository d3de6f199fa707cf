/** Plays the client's side of a transcript to the server session, in place of the socket. */
import assert from 'node:assert/strict';
import { parseDomain } from '../../../../../src/names/domain.ts';
import type { MailDomain } from '../../../../../src/names/mailbox.ts';
import {
  type Envelope,
  type Intake,
  initialState,
  type SessionRules,
  type SmtpState,
  smtpSession,
} from '../../../../../src/protocols/smtp/server/session.ts';
import { ContentScanner } from '../../../../../src/wire/dots.ts';
import type { SessionEffect, SessionInput } from '../../../../../src/wire/session.ts';
import { cut, type Entry, type Transcript, tlsFacts, unescaped } from '../../../../support/transcript.ts';

const domain = parseDomain('mx.example.test');
assert.equal(domain.kind, 'ok');
const ourDomain: MailDomain = { kind: 'domain', domain: domain.value };

/** What a session is told unless a test says otherwise. */
export const usualRules: SessionRules = {
  hostname: 'mx.example.test',
  postmasterDomain: ourDomain,
  startTls: 'offered',
  tls: 'optional',
  relaying: { kind: 'allowed' },
  maxMessageBytes: 1000,
  maxRecipients: 3,
  maxErrors: 10,
};

const MAX_LINE_BYTES = 2048;
const CR = 0x0d;
const LF = 0x0a;

/** Plays a transcript with the client's bytes cut at `size`; fails where the server does not what it says. */
export function replayServer(transcript: Transcript, size: number): void {
  const where = `${transcript.name}, cut at ${size}`;
  const entries = transcript.entries.filter(
    (entry) => !('side' in entry && entry.side === 'C' && entry.kind !== 'bytes'),
  );
  const first = entries[0];
  const host = new Host(
    first?.kind === 'do' && first.text.startsWith('rules') ? first.text.split(' ').slice(1) : [],
  );
  for (let at = 0; at < entries.length; ) {
    const entry = entries[at];
    if (entry === undefined) return;
    const turn = turnFrom(entries, at, entry);
    at += Math.max(1, turn.entries);
    if (entry.kind === 'bytes' && entry.side === 'C') {
      assert.equal(host.takeReplies(), '', `${where}, line ${entry.line}: said before the client spoke`);
      for (const piece of cut(turn.bytes, size)) host.receive(piece);
    } else if (entry.kind === 'bytes') {
      assert.equal(host.takeReplies(), turn.bytes.toString('latin1'), `${where}, line ${entry.line}`);
    } else if (entry.kind === 'outcome') {
      assert.equal(host.takeMessage(), entry.text, `${where}, line ${entry.line}`);
    } else happen(host, entry.kind === 'mark' ? entry.what : entry.text, `${where}, line ${entry.line}`);
  }
  assert.equal(host.takeReplies(), '', `${where}: said at the end`);
  assert.equal(host.takeMessage(), undefined, `${where}: taken at the end`);
}

/** The bytes of all that one side says from here. */
function turnFrom(entries: readonly Entry[], at: number, first: Entry): { bytes: Buffer; entries: number } {
  const said: Buffer[] = [];
  if (first.kind !== 'bytes') return { bytes: Buffer.alloc(0), entries: 0 };
  for (const entry of entries.slice(at)) {
    if (entry.kind !== 'bytes' || entry.side !== first.side) break;
    said.push(entry.bytes);
  }
  return { bytes: Buffer.concat(said), entries: said.length };
}

function happen(host: Host, what: string, where: string): void {
  const [verb, ...words] = what.split(' ');
  switch (verb) {
    case 'rules':
      return;
    case 'answer':
      host.answer = {
        kind: 'refused',
        code: Number(words[0]),
        enhanced: words[1] ?? '',
        text: unescaped(words.slice(2).join(' ')).toString('latin1'),
      };
      return;
    case 'TLS':
      assert.equal(host.handshake(), words.length === 0 ? 'secured' : 'killed by plaintext', where);
      return;
    case 'close':
      assert.ok(host.closed, `${where}: the server does not close`);
      return;
    case 'timeout':
    case 'shutdown':
      host.step({ kind: verb });
      return;
    default:
      throw new Error(`${where}: a transcript asks the server to ${what}`);
  }
}

/** Carries out the session's effects as the socket's attendant does: commands wait while something is worked on. */
class Host {
  closed = false;
  answer: Intake | undefined;
  readonly #session: ReturnType<typeof smtpSession>;
  readonly #bareLineEnding: 'refuse' | 'normalize';
  #state: SmtpState = initialState;
  #unread = Buffer.alloc(0);
  #replies = '';
  #tlsAwaited = false;
  #content: { scanner: ContentScanner; envelope: Envelope; maxBytes: number } | undefined;
  #message: string | undefined;
  #kept = 0;

  constructor(words: readonly string[]) {
    const given = new Map(words.map((word) => [word.split('=')[0], word.split('=')[1] ?? '']));
    const number = (key: string, usual: number): number => Number(given.get(key) ?? usual);
    this.#bareLineEnding = given.has('normalize') ? 'normalize' : 'refuse';
    this.#session = smtpSession({
      ...usualRules,
      startTls: given.get('startTls') === 'absent' ? 'absent' : 'offered',
      tls: given.get('tls') === 'required' ? 'required' : 'optional',
      relaying: given.has('denied') ? { kind: 'denied', because: 'no mail from you' } : { kind: 'allowed' },
      maxErrors: number('maxErrors', usualRules.maxErrors),
      maxRecipients: number('maxRecipients', usualRules.maxRecipients),
    });
    this.step({ kind: 'opened', tls: given.has('implicit') ? tlsFacts : undefined });
  }

  takeReplies(): string {
    const replies = this.#replies;
    this.#replies = '';
    return replies;
  }

  takeMessage(): string | undefined {
    const message = this.#message;
    this.#message = undefined;
    return message;
  }

  receive(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    while (this.#readContent() || this.#readLine());
  }

  handshake(): 'secured' | 'killed by plaintext' | 'not asked for' {
    if (!this.#tlsAwaited) return 'not asked for';
    if (this.#unread.length > 0) return 'killed by plaintext';
    this.#tlsAwaited = false;
    this.step({ kind: 'secured', facts: tlsFacts });
    return 'secured';
  }

  step(input: SessionInput<Intake>): void {
    const { state, effects } = this.#session(this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: SessionEffect<Envelope>): void {
    assert.ok(!this.closed, 'nothing follows the close');
    switch (effect.kind) {
      case 'send':
        this.#replies += effect.text;
        return;
      case 'startTls':
        this.#tlsAwaited = true;
        return;
      case 'takeBody': {
        const scanner = new ContentScanner(this.#bareLineEnding, () => undefined);
        this.#content = { scanner, envelope: effect.question, maxBytes: effect.maxBytes };
        return;
      }
      case 'close':
        this.closed = true;
    }
  }

  #readLine(): boolean {
    if (this.closed || this.#tlsAwaited || this.#content !== undefined) return false;
    const end = this.#unread.indexOf(LF);
    if (end === -1) return false;
    const line = this.#unread.subarray(0, end);
    this.#unread = this.#unread.subarray(end + 1);
    this.step(lineInput(line));
    return true;
  }

  #readContent(): boolean {
    const content = this.#content;
    if (content === undefined || this.#unread.length === 0) return false;
    const scan = content.scanner.push(this.#unread);
    this.#unread = Buffer.from(scan.kind === 'end' ? scan.rest : []);
    if (scan.kind === 'more') return false;
    this.#content = undefined;
    const { facts } = content.scanner;
    const because = facts.size > content.maxBytes ? 'too-big' : facts.fault;
    if (because !== undefined) {
      this.step({ kind: 'notTaken', because });
      return true;
    }
    this.#message = describe(content.envelope, facts);
    this.#kept += 1;
    this.step({ kind: 'taken', answer: this.answer ?? { kind: 'kept', id: `message-${this.#kept}` } });
    return true;
  }
}

function lineInput(raw: Buffer): SessionInput<Intake> {
  if (raw.length >= MAX_LINE_BYTES) return { kind: 'badLine', what: 'too-long' };
  if (raw.at(-1) !== CR) return { kind: 'badLine', what: 'bare-lf' };
  const line = raw.subarray(0, -1);
  if (line.includes(CR)) return { kind: 'badLine', what: 'bare-cr' };
  if (line.includes(0)) return { kind: 'badLine', what: 'nul' };
  return { kind: 'line', line: line.toString('latin1') };
}

function describe(envelope: Envelope, facts: ContentScanner['facts']): string {
  const sender = envelope.sender?.text ?? '<>';
  const recipients = envelope.recipients.map(({ text }) => text).join(',');
  const way = `${envelope.extended ? '' : 'plain '}${envelope.hello} in ${envelope.tls === undefined ? 'clear' : 'TLS'}`;
  const content = `${facts.size} octets, longest line ${facts.longestLine}${facts.eightBit ? ', 8-bit' : ''}`;
  return `took from ${way}: ${sender} to ${recipients}, ${content}`;
}
