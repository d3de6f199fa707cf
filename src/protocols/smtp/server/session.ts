/**
 * The server's side of an SMTP session: every command in every state has an answer.
 *
 * RFC 5321 §4.1, §4.3; RFC 3207; RFC 2920; RFC 1870; RFC 6152; RFC 2034; RFC 4954; RFC 3030; RFC 6531; RFC 3461;
 * RFC 9422.
 */
import type { Reducer } from '../../../wire/session.ts';
import { chatter, farewell, mistake, refuse, reply, stay } from './answers.ts';
import { exposure, loginUnanswered, onAuth, onLoginAnswered, onResponse } from './authentication.ts';
import { onBdat, onChunkTaken, onData, onNotTaken, onSkipped, onTaken, skip } from './content.ts';
import { greet, onHello, onStartTls } from './hello.ts';
import { type Command, type ParsedCommand, parseCommand, type SyntaxFault } from './parse.ts';
import {
  type Asked,
  initialState,
  type SessionRules,
  type SmtpAnswer,
  type SmtpInput,
  type SmtpState,
  type SmtpStep,
  type SmtpWords,
} from './state.ts';
import { onMail, onRcpt, takeRecipient, takeSender } from './transaction.ts';
import { introduced, onXclient } from './xclient.ts';

export {
  type Envelope,
  type EnvelopeRecipient,
  type Intake,
  type Introduced,
  initialState,
  type Refusal,
  type SessionRules,
  type SmtpAnswer,
  type SmtpQuery,
  type SmtpState,
  type SmtpWords,
} from './state.ts';

/** Octets of a line, CRLF included: RFC 4954 §4 asks for 12288 in a login, others are refused earlier. */
export const MAX_LINE_BYTES = 12_290;
/** RFC 5321 §4.5.3.1.4 asks for 512, and each extension for some more. */
const MAX_COMMAND_BYTES = 2048;

/** Makes the reducer for one connection. */
export function smtpSession(given: SessionRules): Reducer<SmtpWords> {
  return (state, input) => {
    if (state.phase.kind === 'closed') return stay(state);
    const rules = state.rules ?? given;
    const step = reduce(rules, state, input);
    // Whatever ends a message of which chunks have come, ends those too.
    const dropped = input.kind !== 'taken' && input.kind !== 'notTaken' && hasChunks(state);
    if (!dropped || hasChunks(step.state)) return step;
    return { state: step.state, effects: [{ kind: 'dropChunks' }, ...step.effects] };
  };
}

function hasChunks({ transaction }: SmtpState): boolean {
  return transaction?.chunks?.failed === false;
}

function reduce(rules: SessionRules, state: SmtpState, input: SmtpInput): SmtpStep {
  switch (input.kind) {
    case 'opened':
      return greet(rules, { ...state, tls: input.tls });
    case 'line':
      return onLine(rules, state, input.line);
    case 'badLine':
      return onBadLine(rules, state, input.what);
    case 'secured':
      // RFC 3207 §4.2: "The server MUST discard any knowledge obtained from the client".
      return stay({ ...initialState, tls: input.facts });
    case 'taken':
      return onTaken(state, input.intake);
    case 'chunkTaken':
      return onChunkTaken(state);
    case 'notTaken':
      return onNotTaken(rules, state, input.because);
    case 'skipped':
      return onSkipped(rules, state);
    case 'answered':
    case 'unanswered': {
      const { phase } = state;
      if (phase.kind !== 'asking') throw new Error('nothing was asked');
      const next: SmtpState = { ...state, phase: { kind: 'open' } };
      if (input.kind === 'answered') return onAnswered(rules, next, phase.about, input.answer);
      return onUnanswered(next, phase.about);
    }
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

function onLine(rules: SessionRules, before: SmtpState, line: string): SmtpStep {
  const { phase } = before;
  const speaks = before.introduced !== undefined && !isXclient(line);
  const state: SmtpState = speaks ? { ...before, spoken: true } : before;
  const open: SmtpState = { ...state, phase: { kind: 'open' } };
  if (phase.kind === 'challenged') return onResponse(rules, open, phase.exchange, line);
  // The driver holds commands back while one is worked on; one that slipped through would run before TLS is up.
  if (phase.kind !== 'open') return stay(state);
  if (line.length + 2 > MAX_COMMAND_BYTES && !/^AUTH /i.test(line))
    return onBadLine(rules, state, 'too-long');
  const parsed = parseCommand(line, state.transaction?.smtpUtf8);
  const step = onParsed(rules, state, line, parsed);
  if (state.tls !== undefined || !/^AUTH[ \t]/i.test(line)) return step;
  const note = exposure(
    parsed.kind === 'command' && parsed.command.verb === 'AUTH' ? parsed.command : undefined,
  );
  return { ...step, effects: [{ kind: 'note', note }, ...step.effects] };
}

function onParsed(rules: SessionRules, state: SmtpState, line: string, parsed: ParsedCommand): SmtpStep {
  // To whoever may not speak for others XCLIENT is no command at all, however it is written.
  if (parsed.kind === 'unknown' || (!rules.xclient && isXclient(line)))
    return mistake(rules, state, 500, '5.5.1', 'command not recognized');
  const command = parsed.kind === 'command' ? parsed.command : undefined;
  if (command?.verb === 'HTTP') return farewell(state, 421, '4.7.0', 'this is SMTP, not HTTP');
  if (command?.verb === 'BDAT' && command.octets === null) {
    // Without their number the octets that follow would run as commands.
    return farewell(state, 501, '5.5.4', 'BDAT needs a number of octets, and LAST or nothing; closing');
  }
  if (rules.tls === 'required' && state.tls === undefined && !allowedInClear(line)) {
    const refusal = { code: 530, enhanced: '5.7.0', text: 'must issue a STARTTLS command first' };
    if (command?.verb === 'BDAT') return skip(rules, state, command.octets ?? 0, refusal, 'mistake');
    return mistake(rules, state, refusal.code, refusal.enhanced, refusal.text);
  }
  if (parsed.kind === 'syntax') return onSyntax(rules, state, parsed);
  return isChatter(parsed.command)
    ? chatter(rules, state, (next) => onCommand(rules, next, parsed.command))
    : onCommand(rules, state, parsed.command);
}

function onSyntax(rules: SessionRules, state: SmtpState, { code, enhanced, because }: SyntaxFault): SmtpStep {
  const isAddress = enhanced === '5.1.3' || enhanced === '5.1.7' || enhanced === '5.6.7';
  if (isAddress) return refuse(rules, state, { code, enhanced, text: because });
  return mistake(rules, state, code, enhanced, because);
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

function isXclient(line: string): boolean {
  return /^XCLIENT(?:[ \t]|$)/i.test(line);
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
      return onRcpt(rules, state, command);
    case 'DATA':
      return onData(rules, state);
    case 'BDAT':
      return onBdat(rules, state, command.octets ?? 0, command.last);
    case 'STARTTLS':
      return onStartTls(rules, state);
    case 'AUTH':
      return onAuth(rules, state, command);
    case 'XCLIENT':
      return onXclient(rules, state, command.told);
    case 'RSET':
      return reply({ ...state, transaction: undefined }, 250, '2.0.0', 'ok');
    case 'NOOP':
      return reply(state, 250, '2.0.0', 'ok');
    case 'HELP':
      return reply(
        state,
        214,
        '2.0.0',
        'EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP STARTTLS AUTH QUIT',
      );
    case 'VRFY':
      return reply(state, 252, '2.1.5', 'send it and see: addresses are not verified here');
    case 'EXPN':
      return mistake(rules, state, 502, '5.5.1', 'EXPN is not implemented');
    case 'QUIT':
      return farewell(state, 221, '2.0.0', `${rules.hostname} goodbye`);
    case 'HTTP':
      throw new Error('answered before');
  }
}

function onAnswered(rules: SessionRules, state: SmtpState, about: Asked, answer: SmtpAnswer): SmtpStep {
  if (about.kind !== 'sender' && about.kind !== 'recipient' && about.kind !== 'introduced') {
    return onLoginAnswered(rules, state, about, answer);
  }
  if (answer.kind === 'no') return refuse(rules, state, answer);
  if (about.kind === 'introduced') {
    if (answer.kind !== 'introduced') throw new Error('a client that was introduced has rules');
    return introduced(initialState, state, about.client, answer);
  }
  return about.kind === 'sender'
    ? takeSender(state, about.transaction)
    : takeRecipient(state, about.recipient);
}

function onUnanswered(state: SmtpState, about: Asked): SmtpStep {
  if (about.kind === 'introduced')
    return reply(state, 451, '4.3.0', 'the client could not be looked at for now; try again later');
  if (about.kind !== 'sender' && about.kind !== 'recipient') return loginUnanswered(state);
  return reply(state, 451, '4.3.0', 'the address could not be checked for now; try again later');
}

function onBadLine(
  rules: SessionRules,
  state: SmtpState,
  what: 'too-long' | 'bare-cr' | 'bare-lf' | 'nul',
): SmtpStep {
  const { phase } = state;
  if (phase.kind !== 'open' && phase.kind !== 'challenged') return stay(state);
  if (what === 'too-long') {
    // RFC 4954 §6: in a login it is 5.5.6, and the login is over.
    const enhanced = phase.kind === 'challenged' ? '5.5.6' : '5.5.2';
    return mistake(rules, { ...state, phase: { kind: 'open' } }, 500, enhanced, 'line too long');
  }
  // What follows such a line is in doubt: nothing of it may run.
  const name = { 'bare-cr': 'bare CR', 'bare-lf': 'bare LF', nul: 'NUL' }[what];
  return farewell(state, 500, '5.5.2', `a command line holds a ${name}`);
}
