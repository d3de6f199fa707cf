/**
 * The gateway inside TLS, before anybody is logged in. RFC 9051 §3.1, §6.2.
 *
 * One command at a time goes to the backend: so the answers keep their order, and what is a command, a literal or a
 * response of a login is known of every octet. The client may say them all at once.
 */
import type { GatewayEffect } from '../../wire/gateway-session.ts';
import { badLineWords, nextLine } from '../../wire/next-line.ts';
import { isHttpRequest } from '../http-request.ts';
import { disablesLogin, withoutUpgrade } from './capabilities.ts';
import { type CommandLine, idLine, literalAt, logsIn, parseCommandLine } from './command.ts';
import {
  bye,
  type ImapFrontState,
  type ImapFrontStep,
  type Inside,
  type Next,
  type Pending,
  say,
  waits,
} from './state.ts';

/** Logins with tickets and tokens on their first line are long. */
const MAX_LINE_BYTES = 16_384;

const LF = 0x0a;
const BACKEND = 'the server behind the gateway';

const fresh: Inside = {
  at: 'inside',
  greeted: false,
  begun: false,
  command: undefined,
  reply: { kind: 'response' },
  warned: false,
};

/** The first line of the backend, which the client sees only where it has had no greeting yet. */
export function onGreeting(
  state: Extract<ImapFrontState, { at: 'connecting' | 'greeting' }>,
  unread: Buffer,
): ImapFrontStep {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  const [, status] = (next.kind === 'line' ? /^\* (OK|PREAUTH|BYE)(?: |$)/i.exec(next.line) : null) ?? [];
  if (next.kind === 'bad' || status === undefined) return noImap(state);
  const { line, used } = next;
  const seen = toClient(line);
  switch (status.toUpperCase()) {
    case 'BYE':
      return {
        state,
        used,
        effects: [seen, { kind: 'close', because: `${BACKEND} refuses the connection` }],
      };
    case 'PREAUTH':
      // The client still has to log in, as it was told in clear; the backend would take its login for a mistake.
      if (state.greeted)
        return bye(state, used, '[UNAVAILABLE] No login is possible here', `${BACKEND} greets with PREAUTH`);
      return { state, used, effects: [seen, { kind: 'splice' }] };
    default: {
      const warning = warningOf(fresh, line);
      const inside: Inside = { ...fresh, greeted: state.greeted, warned: warning.length > 0 };
      return { state: inside, used, effects: state.greeted ? warning : [...warning, seen] };
    }
  }
}

function noImap(state: ImapFrontState): ImapFrontStep {
  return bye(state, 0, '[UNAVAILABLE] The mail server does not answer', `${BACKEND} does not speak IMAP`);
}

export function onClientInside(state: Inside, unread: Buffer): ImapFrontStep {
  const { command } = state;
  if (command === undefined) return onCommand(state, unread);
  switch (command.next.kind) {
    case 'backend':
      return waits(state);
    case 'literal': {
      const used = Math.min(command.next.octets, unread.length);
      return pass(state, command, afterLiteral(command.next.octets - used), unread.subarray(0, used));
    }
    case 'rest': {
      const next = nextLine(unread, MAX_LINE_BYTES);
      if (next.kind === 'more') return waits(state);
      if (next.kind === 'bad') return badLine(state, badLineWords[next.what]);
      return pass(state, command, afterLine(next.line), unread.subarray(0, next.used));
    }
    case 'response': {
      const end = unread.indexOf(LF);
      if (end === -1) return pass(state, command, { kind: 'response', begun: true }, unread);
      return pass(state, command, { kind: 'backend', literal: undefined }, unread.subarray(0, end + 1));
    }
  }
}

function onCommand(state: Inside, unread: Buffer): ImapFrontStep {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') return badLine(state, badLineWords[next.what]);
  const { line, used } = next;
  if (!state.begun && isHttpRequest(line))
    return { state, used, effects: [{ kind: 'close', because: 'sent an HTTP request' }] };
  const begun = { ...state, begun: true };
  const command = parseCommandLine(line);
  if (command === undefined) return { state: begun, used, effects: [say('* BAD No tag or no command')] };
  // RFC 9051 §6.2.1: "BAD - STARTTLS received after a successful TLS negotiation or arguments invalid".
  if (command.name === 'STARTTLS')
    return { state: begun, used, effects: [say(`${command.tag} BAD TLS is active already`)] };
  if (command.name === 'ID') return onId(begun, command, line, used);
  const pending: Pending = {
    tag: command.tag,
    logsIn: logsIn(command),
    next: afterLine(line),
    answered: false,
  };
  return pass(begun, pending, pending.next, unread.subarray(0, used));
}

function onId(state: Inside, command: CommandLine, line: string, used: number): ImapFrontStep {
  // Nobody writes a name or a version so, and what is in a literal would be seen only with all of it.
  if (literalAt(line) !== undefined)
    return bye(state, used, 'You sent ID with a literal', 'sent ID with a literal');
  const next: Next = { kind: 'backend', literal: undefined };
  const effect = { kind: 'toBackend', bytes: Buffer.from(`${idLine(command)}\r\n`, 'latin1') } as const;
  return {
    state: { ...state, command: { tag: command.tag, logsIn: false, next, answered: false } },
    used,
    effects: [effect],
  };
}

function afterLine(line: string): Next {
  const literal = literalAt(line);
  if (literal === undefined) return { kind: 'backend', literal: undefined };
  return literal.waits ? { kind: 'backend', literal: literal.octets } : afterLiteral(literal.octets);
}

function afterLiteral(octets: number): Next {
  return octets === 0 ? { kind: 'rest' } : { kind: 'literal', octets };
}

/** Octets of the client for the backend; a command that has its answer is over once it is complete. */
function pass(state: Inside, command: Pending, next: Next, bytes: Buffer): ImapFrontStep {
  const over = command.answered && next.kind === 'backend';
  return {
    state: { ...state, command: over ? undefined : { ...command, next } },
    used: bytes.length,
    effects: [{ kind: 'toBackend', bytes }],
  };
}

function badLine(state: Inside, what: string): ImapFrontStep {
  return bye(state, 0, `You sent a line ${what}`, `sent a line ${what}`);
}

export function onBackendInside(state: Inside, unread: Buffer): ImapFrontStep {
  const { reply } = state;
  if (reply.kind === 'literal') {
    const used = Math.min(reply.octets, unread.length);
    const left = reply.octets - used;
    return {
      state: { ...state, reply: left === 0 ? { kind: 'rest' } : { kind: 'literal', octets: left } },
      used,
      effects: [{ kind: 'toClient', bytes: unread.subarray(0, used) }],
    };
  }
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad')
    return bye(
      state,
      0,
      '[UNAVAILABLE] The mail server is out of step',
      `${BACKEND} sent a line ${badLineWords[next.what]}`,
    );
  const { line, used } = next;
  // Dovecot may greet twice. A client that takes what it did not ask for inside TLS for an attack has to be spared it.
  if (state.greeted && !state.begun && !/^\* BYE(?: |$)/i.test(line)) return waits(state);
  if (reply.kind === 'rest' || isData(line)) {
    const literal = literalAt(line);
    const after: Inside['reply'] =
      literal === undefined
        ? { kind: 'response' }
        : literal.octets === 0
          ? { kind: 'rest' }
          : { kind: 'literal', octets: literal.octets };
    return {
      state: { ...state, reply: after },
      used,
      effects: [{ kind: 'toClient', bytes: unread.subarray(0, used) }],
    };
  }
  return onResponse(state, line, used);
}

/** Responses that are neither a status nor capabilities may have literals in them. */
function isData(line: string): boolean {
  return line.startsWith('* ') && !/^\* (?:OK|NO|BAD|BYE|PREAUTH|CAPABILITY)(?: |$)/i.test(line);
}

function onResponse(state: Inside, line: string, used: number): ImapFrontStep {
  const { command } = state;
  const warning = warningOf(state, line);
  const seen = [...warning, toClient(line)];
  const heard: Inside = { ...state, warned: state.warned || warning.length > 0 };
  if (command === undefined) return { state: heard, used, effects: seen };
  if (line === '+' || line.startsWith('+ '))
    return { state: { ...heard, command: goAhead(command) }, used, effects: seen };
  if (!line.startsWith(`${command.tag} `)) return { state: heard, used, effects: seen };
  if (command.logsIn && /^OK(?: |$)/i.test(line.slice(command.tag.length + 1)))
    return { state: heard, used, effects: [...seen, { kind: 'splice' }] };
  return { state: { ...heard, command: answered(command) }, used, effects: seen };
}

function goAhead(command: Pending): Pending {
  if (command.next.kind !== 'backend') return command;
  const { literal } = command.next;
  const next: Next = literal === undefined ? { kind: 'response', begun: false } : afterLiteral(literal);
  return { ...command, next };
}

/** What of the command is still on its way goes to the backend, whatever it answered already. */
function answered(command: Pending): Pending | undefined {
  const { next } = command;
  const complete = next.kind === 'backend' || (next.kind === 'response' && !next.begun);
  return complete ? undefined : { ...command, answered: true };
}

function toClient(line: string): GatewayEffect {
  return say(withoutUpgrade(line));
}

/** A backend that takes no LOGIN in clear has to be told that it may from us; the client could only guess. */
function warningOf({ warned }: Inside, line: string): GatewayEffect[] {
  if (warned || !disablesLogin(line)) return [];
  return [{ kind: 'oddity', what: `${BACKEND} says LOGINDISABLED: it may refuse every login` }];
}
