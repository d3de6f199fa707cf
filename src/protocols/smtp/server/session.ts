/**
 * The server's side of an SMTP session: every command in every state has an answer.
 *
 * RFC 5321 §4.1, §4.3; RFC 3207; RFC 2920; RFC 1870; RFC 6152; RFC 2034.
 */

import { formatMailDomain, type Mailbox, type MailDomain } from '../../../names/mailbox.ts';
import type { Reducer, SessionEffect, SessionInput, Step } from '../../../wire/session.ts';
import type { TlsFacts } from '../../../wire/tls-facts.ts';
import { formatReply } from '../reply.ts';
import { type BodyType, type Command, type ParsedCommand, parseCommand } from './parse.ts';

export interface SessionRules {
  /** Our name, in the greeting and in EHLO. */
  readonly hostname: string;
  /** The domain of a bare `<postmaster>`. */
  readonly postmasterDomain: MailDomain;
  readonly startTls: 'offered' | 'absent';
  /** 530 for everything but NOOP, EHLO, STARTTLS, QUIT until TLS is up; never on a public port 25 (RFC 3207 §4). */
  readonly tls: 'required' | 'optional';
  /** Whether this client may send mail to anyone. */
  readonly relaying: { readonly kind: 'allowed' } | { readonly kind: 'denied'; readonly because: string };
  readonly maxMessageBytes: number;
  readonly maxRecipients: number;
  /** After so many errors the connection ends. */
  readonly maxErrors: number;
}

/** What a session knows; re-created, not cleared, at STARTTLS. */
export interface SmtpState {
  readonly phase: 'open' | 'starting-tls' | 'taking' | 'closed';
  readonly tls: TlsFacts | undefined;
  readonly hello: { readonly name: string; readonly extended: boolean } | undefined;
  readonly transaction: PendingMail | undefined;
  readonly errors: number;
  /** Commands since the last message that brought none nearer. */
  readonly chatter: number;
}

interface PendingMail {
  readonly sender: Mailbox | null;
  readonly recipients: readonly Mailbox[];
  readonly body: BodyType;
}

/** The message whose content is to be taken. */
export interface Envelope {
  readonly hello: string;
  readonly extended: boolean;
  readonly tls: TlsFacts | undefined;
  readonly sender: Mailbox | null;
  readonly recipients: readonly Mailbox[];
}

/** What became of it. */
export type Intake =
  | { readonly kind: 'kept'; readonly id: string }
  | { readonly kind: 'refused'; readonly code: number; readonly enhanced: string; readonly text: string };

type SmtpStep = Step<SmtpState, Envelope>;
type Effect = SessionEffect<Envelope>;

export const initialState: SmtpState = {
  phase: 'open',
  tls: undefined,
  hello: undefined,
  transaction: undefined,
  errors: 0,
  chatter: 0,
};

/** So many NOOP, RSET, VRFY, HELP and EHLO between two messages are free; each further one counts as an error. */
const MAX_CHATTER = 100;

/** Makes the reducer for one connection. */
export function smtpSession(rules: SessionRules): Reducer<SmtpState, Envelope, Intake> {
  return (state, input) => (state.phase === 'closed' ? stay(state) : reduce(rules, state, input));
}

function reduce(rules: SessionRules, state: SmtpState, input: SessionInput<Intake>): SmtpStep {
  switch (input.kind) {
    case 'opened':
      return reply({ ...state, tls: input.tls }, 220, null, `${rules.hostname} ESMTP Waxwing`);
    case 'line':
    case 'badLine':
      // The driver holds commands back while one is worked on; one that slipped through would run before TLS is up.
      if (state.phase !== 'open') return stay(state);
      return input.kind === 'line' ? onLine(rules, state, input.line) : onBadLine(rules, state, input.what);
    case 'secured':
      // RFC 3207 §4.2: "The server MUST discard any knowledge obtained from the client".
      return { state: { ...initialState, tls: input.facts }, effects: [] };
    case 'taken':
      return onTaken(state, input.answer);
    case 'notTaken':
      return onNotTaken(rules, state, input.because);
    case 'timeout':
      return farewell(
        state,
        421,
        '4.4.2',
        `${rules.hostname} closing: you were silent or too slow for too long`,
      );
    case 'shutdown':
      return farewell(state, 421, '4.3.2', `${rules.hostname} closing: the service is stopping`);
  }
}

function onLine(rules: SessionRules, state: SmtpState, line: string): SmtpStep {
  const parsed = parseCommand(line);
  if (parsed.kind === 'unknown') return mistake(rules, state, 500, '5.5.1', 'command not recognized');
  if (parsed.kind === 'command' && parsed.command.verb === 'HTTP') {
    return farewell(state, 421, '4.7.0', 'this is SMTP, not HTTP');
  }
  if (rules.tls === 'required' && state.tls === undefined && !allowedInClear(line)) {
    return mistake(rules, state, 530, '5.7.0', 'must issue a STARTTLS command first');
  }
  if (parsed.kind === 'syntax') return onSyntax(rules, state, parsed);
  const { command } = parsed;
  if (!isChatter(command)) return onCommand(rules, state, command);
  if (state.chatter >= MAX_CHATTER) {
    return mistake(rules, state, 450, '4.7.1', `more than ${MAX_CHATTER} commands that lead to no message`);
  }
  return onCommand(rules, { ...state, chatter: state.chatter + 1 }, command);
}

function onSyntax(
  rules: SessionRules,
  state: SmtpState,
  { code, enhanced, because }: Extract<ParsedCommand, { kind: 'syntax' }>,
): SmtpStep {
  // A list of recipients with bad addresses in it is no attack: it must not end the session for the good ones.
  const isAddress = enhanced === '5.1.3' || enhanced === '5.1.7' || enhanced === '5.6.7';
  if (!isAddress || state.chatter >= MAX_CHATTER) return mistake(rules, state, code, enhanced, because);
  return reply({ ...state, chatter: state.chatter + 1 }, code, enhanced, because);
}

function isChatter({ verb }: Command): boolean {
  return (
    verb === 'NOOP' ||
    verb === 'RSET' ||
    verb === 'VRFY' ||
    verb === 'HELP' ||
    verb === 'EHLO' ||
    verb === 'HELO'
  );
}

/** RFC 3207 §4: the commands that a server requiring TLS answers in the clear. */
function allowedInClear(line: string): boolean {
  const verb = (line.split(/[ \t]/, 1)[0] ?? '').toUpperCase();
  return verb === 'NOOP' || verb === 'EHLO' || verb === 'STARTTLS' || verb === 'QUIT';
}

function onCommand(rules: SessionRules, state: SmtpState, command: Command): SmtpStep {
  switch (command.verb) {
    case 'EHLO':
    case 'HELO':
      return onHello(rules, state, command.verb, command.name);
    case 'MAIL':
      return onMail(rules, state, command);
    case 'RCPT':
      return onRcpt(rules, state, command.recipient);
    case 'DATA':
      return onData(rules, state);
    case 'STARTTLS':
      return onStartTls(rules, state);
    case 'RSET':
      return reply({ ...state, transaction: undefined }, 250, '2.0.0', 'ok');
    case 'NOOP':
      return reply(state, 250, '2.0.0', 'ok');
    case 'HELP':
      return reply(state, 214, '2.0.0', 'EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP STARTTLS QUIT');
    case 'VRFY':
      return reply(state, 252, '2.1.5', 'send it and see: addresses are not verified here');
    case 'EXPN':
    case 'AUTH':
      return mistake(rules, state, 502, '5.5.1', `${command.verb} is not implemented`);
    case 'QUIT':
      return farewell(state, 221, '2.0.0', `${rules.hostname} goodbye`);
    case 'HTTP':
      throw new Error('answered before');
  }
}

function onHello(rules: SessionRules, state: SmtpState, verb: 'EHLO' | 'HELO', name: string): SmtpStep {
  // RFC 5321 §4.1.4: EHLO in the middle of a session has the effect of RSET.
  const next = { ...state, hello: { name, extended: verb === 'EHLO' }, transaction: undefined };
  if (verb === 'HELO') return reply(next, 250, null, rules.hostname);
  const offers = [
    rules.hostname,
    'PIPELINING',
    `SIZE ${rules.maxMessageBytes}`,
    '8BITMIME',
    'ENHANCEDSTATUSCODES',
  ];
  // RFC 3207 §4.2: STARTTLS MUST NOT be offered inside TLS.
  if (rules.startTls === 'offered' && state.tls === undefined) offers.push('STARTTLS');
  return {
    state: next,
    effects: [{ kind: 'send', text: formatReply(250, null, offers[0] ?? '', ...offers.slice(1)) }],
  };
}

function onMail(rules: SessionRules, state: SmtpState, mail: Extract<Command, { verb: 'MAIL' }>): SmtpStep {
  if (state.hello === undefined) return mistake(rules, state, 503, '5.5.1', 'send EHLO first');
  if (state.transaction !== undefined)
    return mistake(rules, state, 503, '5.5.1', 'a transaction is open: RSET ends it');
  if (rules.relaying.kind === 'denied') return mistake(rules, state, 550, '5.7.1', rules.relaying.because);
  if (mail.size !== undefined && mail.size > rules.maxMessageBytes) return tooBig(rules, state);
  const transaction = { sender: mail.sender, recipients: [], body: mail.body };
  return reply({ ...state, transaction }, 250, '2.1.0', 'sender ok');
}

function onRcpt(rules: SessionRules, state: SmtpState, recipient: Mailbox | 'postmaster'): SmtpStep {
  const { transaction } = state;
  if (transaction === undefined) return mistake(rules, state, 503, '5.5.1', 'send MAIL first');
  if (transaction.recipients.length >= rules.maxRecipients) {
    return reply(state, 452, '4.5.3', `too many recipients, the limit is ${rules.maxRecipients}`);
  }
  const mailbox = recipient === 'postmaster' ? postmaster(rules.postmasterDomain) : recipient;
  const recipients = [...transaction.recipients, mailbox];
  return reply({ ...state, transaction: { ...transaction, recipients } }, 250, '2.1.5', 'recipient ok');
}

function postmaster(at: MailDomain): Mailbox {
  return { local: 'postmaster', at, text: `postmaster@${formatMailDomain(at)}` };
}

function onData(rules: SessionRules, state: SmtpState): SmtpStep {
  const { hello, tls, transaction } = state;
  if (hello === undefined || transaction === undefined)
    return mistake(rules, state, 503, '5.5.1', 'send MAIL first');
  if (transaction.recipients.length === 0) return mistake(rules, state, 554, '5.5.1', 'no valid recipients');
  const { sender, recipients } = transaction;
  return {
    state: { ...state, phase: 'taking' },
    effects: [
      { kind: 'send', text: formatReply(354, null, 'end with <CRLF>.<CRLF>') },
      {
        kind: 'takeBody',
        question: { hello: hello.name, extended: hello.extended, tls, sender, recipients },
        maxBytes: rules.maxMessageBytes,
      },
    ],
  };
}

function onStartTls(rules: SessionRules, state: SmtpState): SmtpStep {
  if (state.tls !== undefined) return mistake(rules, state, 503, '5.5.1', 'TLS is active already');
  if (rules.startTls === 'absent')
    return mistake(rules, state, 502, '5.5.1', 'STARTTLS is not available here');
  return {
    state: { ...state, phase: 'starting-tls' },
    effects: [{ kind: 'send', text: formatReply(220, '2.0.0', 'ready to start TLS') }, { kind: 'startTls' }],
  };
}

function onTaken(state: SmtpState, answer: Intake): SmtpStep {
  const next: SmtpState = { ...state, phase: 'open', transaction: undefined, chatter: 0 };
  // A connection that brings mail all day long may make a mistake now and then.
  if (answer.kind === 'kept') return reply({ ...next, errors: 0 }, 250, '2.0.0', `kept as ${answer.id}`);
  return reply(next, answer.code, answer.enhanced, answer.text);
}

function onNotTaken(
  rules: SessionRules,
  state: SmtpState,
  because: Extract<SessionInput<Intake>, { kind: 'notTaken' }>['because'],
): SmtpStep {
  const next: SmtpState = { ...state, phase: 'open', transaction: undefined };
  switch (because) {
    case 'too-big':
      return tooBig(rules, next);
    case 'nul':
      return mistake(rules, next, 554, '5.6.0', 'the message holds a NUL octet');
    case 'bare-cr':
    case 'bare-lf':
      // RFC 5321 §2.3.8: CR and LF "MUST NOT" appear apart in a message.
      return mistake(
        rules,
        next,
        554,
        '5.6.0',
        `the message holds a bare ${because === 'bare-cr' ? 'CR' : 'LF'}`,
      );
  }
}

function onBadLine(
  rules: SessionRules,
  state: SmtpState,
  what: 'too-long' | 'bare-cr' | 'bare-lf' | 'nul',
): SmtpStep {
  if (what === 'too-long') return mistake(rules, state, 500, '5.5.2', 'line too long');
  // What follows such a line is in doubt: nothing of it may run.
  const name = { 'bare-cr': 'bare CR', 'bare-lf': 'bare LF', nul: 'NUL' }[what];
  return farewell(state, 500, '5.5.2', `a command line holds a ${name}`);
}

function tooBig(rules: SessionRules, state: SmtpState): SmtpStep {
  return reply(state, 552, '5.3.4', `the message is too big, the limit is ${rules.maxMessageBytes} octets`);
}

function mistake(
  rules: SessionRules,
  state: SmtpState,
  code: number,
  enhanced: string,
  text: string,
): SmtpStep {
  const errors = state.errors + 1;
  if (errors < rules.maxErrors) return reply({ ...state, errors }, code, enhanced, text);
  const last = formatReply(code, enhanced, text);
  const bye = formatReply(421, '4.7.0', `${rules.hostname} closing: too many errors`);
  return {
    state: { ...state, phase: 'closed' },
    effects: [{ kind: 'send', text: last + bye }, { kind: 'close' }],
  };
}

function reply(state: SmtpState, code: number, enhanced: string | null, text: string): SmtpStep {
  return { state, effects: [{ kind: 'send', text: formatReply(code, enhanced, text) }] };
}

function farewell(state: SmtpState, code: number, enhanced: string, text: string): SmtpStep {
  const effects: Effect[] = [{ kind: 'send', text: formatReply(code, enhanced, text) }, { kind: 'close' }];
  return { state: { ...state, phase: 'closed' }, effects };
}

function stay(state: SmtpState): SmtpStep {
  return { state, effects: [] };
}
