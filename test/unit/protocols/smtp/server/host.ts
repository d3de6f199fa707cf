/** Carries out what a server session asks for, in place of the socket and of the relay behind it. */
import assert from 'node:assert/strict';
import { parseDomain } from '../../../../../src/names/domain.ts';
import type { MailDomain } from '../../../../../src/names/mailbox.ts';
import { saslMechanisms } from '../../../../../src/protocols/sasl/mechanisms.ts';
import { deriveVerifier } from '../../../../../src/protocols/sasl/scram.ts';
import {
  type Envelope,
  type EnvelopeRecipient,
  type Intake,
  initialState,
  MAX_LINE_BYTES,
  type SessionRules,
  type SmtpAnswer,
  type SmtpQuery,
  type SmtpState,
  type SmtpWords,
  smtpSession,
} from '../../../../../src/protocols/smtp/server/session.ts';
import type { ServerMechanism } from '../../../../../src/protocols/smtp/server/state.ts';
import { type ContentFacts, ContentScanner } from '../../../../../src/wire/dots.ts';
import type { SessionEffect, SessionInput } from '../../../../../src/wire/session.ts';
import type { TlsFacts } from '../../../../../src/wire/tls-facts.ts';
import { tlsFacts } from '../../../../support/transcript.ts';

const domain = parseDomain('mx.example.test');
assert.equal(domain.kind, 'ok');
const ourDomain: MailDomain = { kind: 'domain', domain: domain.value };

/** What a session is told unless a test says otherwise. */
export const usualRules: SessionRules = {
  role: 'mx',
  hostname: 'mx.example.test',
  postmasterDomain: ourDomain,
  startTls: 'offered',
  tls: 'optional',
  mechanisms: [],
  requireTls: 'absent',
  xclient: false,
  relaying: { kind: 'anyone' },
  asks: { sender: false, recipient: false },
  maxMessageBytes: 1000,
  maxRecipients: 3,
  maxMessages: 100,
  maxErrors: 10,
};

/** The account of the example in RFC 7677 §3. */
export const account = { user: 'user', password: 'pencil' };
const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
export const verifier = await deriveVerifier(account.password, salt, 4096);
/** The server's part of that example's nonce. */
export const serverNonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';

const CR = 0x0d;
const LF = 0x0a;

/** The rules that a transcript names, `key=value` or `key`. */
export function rulesOf(words: readonly string[]): SessionRules {
  const given = new Map(words.map((word) => [word.split('=')[0], word.split('=')[1] ?? '']));
  const number = (key: string, usual: number): number => Number(given.get(key) ?? usual);
  const asked = (given.get('asks') ?? '').split(',');
  const offered = (given.get('auth') ?? '').split(',');
  const isOffered = (name: string): name is ServerMechanism =>
    name === 'EXTERNAL' || saslMechanisms.some((known) => known === name);
  return {
    ...usualRules,
    role: given.has('submission') ? 'submission' : 'mx',
    startTls: given.get('startTls') === 'absent' ? 'absent' : 'offered',
    tls: given.get('tls') === 'required' ? 'required' : 'optional',
    xclient: given.has('front'),
    mechanisms: offered.filter(isOffered),
    requireTls: given.has('requiretls') ? 'offered' : 'absent',
    relaying: given.has('denied')
      ? { kind: 'denied', because: 'no mail from you' }
      : { kind: given.has('accounts') ? 'accounts' : 'anyone' },
    asks: { sender: asked.includes('sender'), recipient: asked.includes('recipient') },
    maxErrors: number('maxErrors', usualRules.maxErrors),
    maxRecipients: number('maxRecipients', usualRules.maxRecipients),
    maxMessages: number('maxMessages', usualRules.maxMessages),
  };
}

interface Content {
  readonly scanner: ContentScanner;
  readonly envelope: Envelope;
  readonly maxBytes: number;
}

/** Takes the client's octets; commands wait while something is worked on. */
export class Host {
  closed = false;
  /** What becomes of messages; undefined: they are kept. */
  intake: Intake | undefined;
  /** What the next questions are answered with; `undefined` in it is no answer at all. */
  readonly answers: (SmtpAnswer | undefined)[] = [];
  readonly #session: ReturnType<typeof smtpSession>;
  readonly #bareLineEnding: 'refuse' | 'normalize';
  readonly #outcomes: string[] = [];
  #state: SmtpState = initialState;
  #unread = Buffer.alloc(0);
  #replies = '';
  #tlsAwaited = false;
  /** Content that comes in now. */
  #content: Content | undefined;
  /** The message that comes in chunks. */
  #chunks: Content | undefined;
  #chunk: { left: number; readonly last: boolean; readonly skipped: boolean } | undefined;
  #kept = 0;

  readonly #tls: TlsFacts;

  constructor(
    rules: SessionRules,
    how: {
      readonly normalize?: boolean;
      readonly implicit?: boolean;
      /** Whether the client shows a certificate in its handshakes. */
      readonly certificate?: boolean;
    } = {},
  ) {
    this.#tls =
      how.certificate === true
        ? { ...tlsFacts, chain: [new Uint8Array(1)], path: { kind: 'trusted' } }
        : tlsFacts;
    this.#bareLineEnding = how.normalize === true ? 'normalize' : 'refuse';
    this.#session = smtpSession(rules);
    this.step({ kind: 'opened', tls: how.implicit === true ? this.#tls : undefined });
  }

  takeReplies(): string {
    const replies = this.#replies;
    this.#replies = '';
    return replies;
  }

  /** What came of it: a message taken, a note. */
  takeOutcome(): string | undefined {
    return this.#outcomes.shift();
  }

  receive(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    while (this.#readChunk() || this.#readContent() || this.#readLine());
  }

  handshake(): 'secured' | 'killed by plaintext' | 'not asked for' {
    if (!this.#tlsAwaited) return 'not asked for';
    if (this.#unread.length > 0) return 'killed by plaintext';
    this.#tlsAwaited = false;
    this.step({ kind: 'secured', facts: this.#tls });
    return 'secured';
  }

  step(input: SessionInput<SmtpWords>): void {
    const { state, effects } = this.#session(this.#state, input);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: SessionEffect<SmtpWords>): void {
    assert.ok(!this.closed, 'nothing follows the close');
    switch (effect.kind) {
      case 'send':
        this.#replies += effect.text;
        return;
      case 'startTls':
        this.#tlsAwaited = true;
        return;
      case 'takeBody':
        this.#content = this.#contentFor(effect, 'dots');
        return;
      case 'takeChunk':
        if (effect.first !== undefined) this.#chunks = this.#contentFor(effect.first, 'octets');
        this.#chunk = { left: effect.octets, last: effect.last, skipped: false };
        return;
      case 'skip':
        this.#chunk = { left: effect.octets, last: false, skipped: true };
        return;
      case 'dropChunks':
        assert.ok(this.#chunks !== undefined, 'there are chunks to drop');
        this.#chunks = undefined;
        this.#outcomes.push('dropped chunks');
        return;
      case 'note':
        this.#outcomes.push(`noted ${effect.note.kind}: ${effect.note.user} by ${effect.note.mechanism}`);
        return;
      case 'ask': {
        const answer = this.answers.length > 0 ? this.answers.shift() : usualAnswer(effect.query);
        this.step(answer === undefined ? { kind: 'unanswered' } : { kind: 'answered', answer });
        return;
      }
      case 'close':
        this.closed = true;
    }
  }

  #contentFor({ envelope, maxBytes }: Omit<Content, 'scanner'>, framing: 'dots' | 'octets'): Content {
    return {
      scanner: new ContentScanner(this.#bareLineEnding, () => undefined, framing),
      envelope,
      maxBytes,
    };
  }

  #readLine(): boolean {
    if (this.closed || this.#tlsAwaited || this.#content !== undefined || this.#chunk !== undefined)
      return false;
    const end = this.#unread.indexOf(LF);
    if (end === -1) return false;
    const line = this.#unread.subarray(0, end);
    this.#unread = this.#unread.subarray(end + 1);
    this.step(lineInput(line));
    return true;
  }

  #readChunk(): boolean {
    const chunk = this.#chunk;
    if (chunk === undefined) return false;
    const mine = this.#unread.subarray(0, chunk.left);
    this.#unread = this.#unread.subarray(mine.length);
    chunk.left -= mine.length;
    if (!chunk.skipped) this.#chunks?.scanner.push(mine);
    if (chunk.left > 0) return false;
    this.#chunk = undefined;
    if (chunk.skipped) {
      this.step({ kind: 'skipped' });
      return true;
    }
    const content = this.#chunks;
    assert.ok(content !== undefined, 'a chunk belongs to a message');
    if (chunk.last) content.scanner.end();
    if (chunk.last || troubleOf(content) !== undefined) {
      this.#chunks = undefined;
      this.#end(content);
    } else this.step({ kind: 'chunkTaken' });
    return true;
  }

  #readContent(): boolean {
    const content = this.#content;
    if (content === undefined || this.#unread.length === 0) return false;
    const scan = content.scanner.push(this.#unread);
    this.#unread = Buffer.from(scan.kind === 'end' ? scan.rest : []);
    if (scan.kind === 'more') return false;
    this.#content = undefined;
    this.#end(content);
    return true;
  }

  #end(content: Content): void {
    const because = troubleOf(content);
    if (because !== undefined) {
      this.step({ kind: 'notTaken', because });
      return;
    }
    this.#outcomes.push(describe(content.envelope, content.scanner.facts));
    this.#kept += 1;
    this.step({ kind: 'taken', intake: this.intake ?? { kind: 'kept', id: `message-${this.#kept}` } });
  }
}

function troubleOf({ scanner, maxBytes }: Content): 'too-big' | ContentFacts['fault'] {
  return scanner.facts.size > maxBytes ? 'too-big' : scanner.facts.fault;
}

function usualAnswer(query: SmtpQuery): SmtpAnswer {
  switch (query.kind) {
    case 'login':
      return query.user === account.user && query.password === account.password
        ? { kind: 'yes' }
        : { kind: 'no', code: 535, enhanced: '5.7.8', text: 'authentication credentials invalid' };
    case 'verifier':
      return { kind: 'verifier', verifier, known: query.user === account.user, nonce: serverNonce };
    case 'external':
      return query.actAs === '' || query.actAs === account.user
        ? { kind: 'account', account: account.user }
        : { kind: 'no', code: 535, enhanced: '5.7.8', text: 'authentication credentials invalid' };
    case 'introduced': {
      const rules: SessionRules = {
        ...usualRules,
        xclient: true,
        mechanisms: ['PLAIN', 'EXTERNAL'],
        relaying: { kind: 'accounts' },
      };
      return { kind: 'introduced', rules, account: query.client.login };
    }
    default:
      return { kind: 'yes' };
  }
}

function lineInput(raw: Buffer): SessionInput<SmtpWords> {
  if (raw.length >= MAX_LINE_BYTES) return { kind: 'badLine', what: 'too-long' };
  if (raw.at(-1) !== CR) return { kind: 'badLine', what: 'bare-lf' };
  const line = raw.subarray(0, -1);
  if (line.includes(CR)) return { kind: 'badLine', what: 'bare-cr' };
  if (line.includes(0)) return { kind: 'badLine', what: 'nul' };
  return { kind: 'line', line: line.toString('latin1') };
}

function describe(envelope: Envelope, facts: ContentFacts): string {
  const { wishes, smtpUtf8, requireTls, tls, extended, hello } = envelope;
  const sender = [
    envelope.sender?.text ?? '<>',
    ...(smtpUtf8 ? ['SMTPUTF8'] : []),
    ...(requireTls ? ['REQUIRETLS'] : []),
    ...(wishes.ret === null ? [] : [`ret=${wishes.ret}`]),
    ...(wishes.envelopeId === null ? [] : [`envid=${wishes.envelopeId}`]),
  ].join(' ');
  const who = envelope.account === null ? '' : ` as ${envelope.account}`;
  const way = `${extended ? '' : 'plain '}${hello} in ${tls === undefined ? 'clear' : 'TLS'}${who}`;
  const recipients = envelope.recipients.map(describeRecipient).join(',');
  const content = `${facts.size} octets, longest line ${facts.longestLine}${facts.eightBit ? ', 8-bit' : ''}`;
  return `took from ${way}: ${sender} to ${recipients}, ${content}`;
}

function describeRecipient({ mailbox, wishes }: EnvelopeRecipient): string {
  const notify = wishes.notify === null ? [] : [`notify=${wishes.notify.join('/') || 'never'}`];
  const original = wishes.originalRecipient === null ? [] : [`orcpt=${wishes.originalRecipient}`];
  return [mailbox.text, ...notify, ...original].join(' ');
}
