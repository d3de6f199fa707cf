/**
 * The gateway in clear: it answers by itself, and there is no backend yet.
 *
 * RFC 9051 §11.7: LOGINDISABLED is advertised, no mechanism is, and every login is an error "even if the password is
 * correct".
 */
import type { FrontRules, GatewayEffect } from '../../wire/gateway-session.ts';
import { badLineWords, nextLine } from '../../wire/next-line.ts';
import { isHttpRequest } from '../http-request.ts';
import { type CommandLine, literalAt, loginShown, parseCommandLine } from './command.ts';
import { bye, type Clear, type ImapFrontStep, say, waits } from './state.ts';

/** Octets of one command, literals that do not wait included. */
const MAX_COMMAND_BYTES = 8_192;
const MAX_COMMANDS = 100;

const CAPABILITIES = 'IMAP4rev1 STARTTLS LOGINDISABLED';

export function greet({ hostname }: FrontRules): GatewayEffect {
  return say(`* OK [CAPABILITY ${CAPABILITIES}] ${hostname} ready, STARTTLS has to come first`);
}

export function onClientInClear(rules: FrontRules, state: Clear, unread: Buffer): ImapFrontStep {
  if (state.skip !== undefined) return skipRest(state, state.skip, unread);
  const next = nextLine(unread, MAX_COMMAND_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') {
    const what = `a line ${badLineWords[next.what]}`;
    return bye(state, 0, `You sent ${what}`, `sent ${what}`);
  }
  const { line, used } = next;
  if (state.commands === 0 && isHttpRequest(line)) return hangUp(state, used);
  if (state.commands >= MAX_COMMANDS)
    return bye(
      state,
      used,
      'Too many commands before STARTTLS',
      `sent more than ${MAX_COMMANDS} commands in clear`,
    );

  const literal = literalAt(line);
  if (literal !== undefined && !literal.waits && used + literal.octets > MAX_COMMAND_BYTES)
    return tooLong(state, used);
  const skip =
    literal === undefined || literal.waits
      ? undefined
      : { literal: literal.octets, allowed: MAX_COMMAND_BYTES - used };
  const answered: Clear = { at: 'clear', commands: state.commands + 1, skip };
  const command = parseCommandLine(line);
  if (command === undefined) return { state: answered, used, effects: [say('* BAD No tag or no command')] };
  return answer(rules, answered, used, command);
}

function answer(rules: FrontRules, state: Clear, used: number, command: CommandLine): ImapFrontStep {
  const { tag, name, args } = command;
  const reply = (...lines: readonly string[]): ImapFrontStep => ({ state, used, effects: lines.map(say) });
  const login = loginShown(command);
  if (login !== undefined || name === 'AUTHENTICATE') {
    // RFC 9051 §7.1: PRIVACYREQUIRED, "the operation is not permitted due to a lack of data confidentiality". To a
    // literal that waits, this no takes the place of the request to go on (RFC 9051 §4.3).
    const refusal = say(`${tag} NO [PRIVACYREQUIRED] STARTTLS has to come first`);
    return {
      state,
      used,
      effects: login === undefined ? [refusal] : [{ kind: 'exposed', ...login }, refusal],
    };
  }
  if (args !== '')
    return reply(`${tag} BAD ${isKnown(name) ? `${name} takes no arguments` : 'STARTTLS has to come first'}`);
  switch (name) {
    case 'CAPABILITY':
      return reply(`* CAPABILITY ${CAPABILITIES}`, `${tag} OK Done`);
    case 'NOOP':
      return reply(`${tag} OK Done`);
    case 'LOGOUT': {
      const goodbye = [say(`* BYE ${rules.hostname} goodbye`), say(`${tag} OK Done`)];
      return { state, used, effects: [...goodbye, { kind: 'close', because: 'LOGOUT' }] };
    }
    case 'STARTTLS': {
      const goAhead = say(`${tag} OK Begin TLS now`);
      return { state: { at: 'starting-tls' }, used, effects: [goAhead, { kind: 'startTls' }] };
    }
    default:
      return reply(`${tag} BAD STARTTLS has to come first`);
  }
}

function isKnown(name: string): boolean {
  return ['CAPABILITY', 'NOOP', 'LOGOUT', 'STARTTLS'].includes(name);
}

/** The rest of a command that has its answer: it is read to its end, for what stands behind it is the next one. */
function skipRest(state: Clear, skip: NonNullable<Clear['skip']>, unread: Buffer): ImapFrontStep {
  const { literal, allowed } = skip;
  if (literal > 0) {
    const used = Math.min(literal, unread.length);
    return {
      state: { ...state, skip: { literal: literal - used, allowed: allowed - used } },
      used,
      effects: [],
    };
  }
  const next = nextLine(unread, allowed);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') return tooLong(state, 0);
  const more = literalAt(next.line);
  if (more === undefined || more.waits)
    return { state: { ...state, skip: undefined }, used: next.used, effects: [] };
  if (next.used + more.octets > allowed) return tooLong(state, next.used);
  const left = { literal: more.octets, allowed: allowed - next.used };
  return { state: { ...state, skip: left }, used: next.used, effects: [] };
}

function tooLong(state: Clear, used: number): ImapFrontStep {
  const what = 'a command that is too long or malformed';
  return bye(state, used, `You sent ${what}`, `sent ${what}`);
}

/** Nothing is said back. */
function hangUp(state: Clear, used: number): ImapFrontStep {
  return { state, used, effects: [{ kind: 'close', because: 'sent an HTTP request' }] };
}
