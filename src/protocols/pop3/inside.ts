/**
 * The gateway inside TLS, before anybody is logged in. RFC 1939 §4, RFC 5034 §4.
 *
 * One command at a time goes to the backend: so the answers keep their order, and of every line it is known what it is.
 * The client may say them all at once.
 */
import type { GatewayEffect } from '../../wire/gateway-session.ts';
import { badLineWords, nextLine } from '../../wire/next-line.ts';
import { isHttpRequest } from '../http-request.ts';
import { lists, logsIn, parseCommand } from './command.ts';
import {
  closing,
  type Inside,
  type Pending,
  type Pop3FrontState,
  type Pop3FrontStep,
  say,
  waits,
} from './state.ts';

/** Logins with tickets and tokens on their first line are long. */
const MAX_LINE_BYTES = 16_384;

const LF = 0x0a;
const BACKEND = 'the server behind the gateway';

/** RFC 3206 §4: "a problem which is likely to be temporary in nature", of which no user needs to be told yet. */
export const UNREACHABLE = '-ERR [SYS/TEMP] The mail server cannot be reached';

/** The first line of the backend, which the client sees only where it has had no greeting yet. */
export function onGreeting(
  state: Extract<Pop3FrontState, { at: 'connecting' | 'greeting' }>,
  unread: Buffer,
): Pop3FrontStep {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  const line = next.kind === 'line' && /^(?:\+OK|-ERR)(?: |$)/.test(next.line) ? next.line : undefined;
  const used = next.kind === 'line' ? next.used : 0;
  if (line === undefined) return gone(state, used, UNREACHABLE, `${BACKEND} does not speak POP3`);
  if (line.startsWith('-ERR')) return gone(state, used, line, `${BACKEND} refuses the connection`);
  const inside: Inside = { at: 'inside', begun: false, command: undefined };
  return { state: inside, used, effects: state.greeted ? [] : [say(greetingFor(line))] };
}

/** In place of the greeting it is said at once; behind STLS only once the client has asked for something. */
export function gone(
  state: Extract<Pop3FrontState, { at: 'connecting' | 'greeting' }>,
  used: number,
  text: string,
  because: string,
): Pop3FrontStep {
  if (!state.greeted) return closing(state, used, text, because);
  return { state: { at: 'gone', answer: text, because }, used, effects: [] };
}

/**
 * Without what is between the backend and us (Dovecot's `[XCLIENT]`), and without a timestamp.
 *
 * RFC 1939 §7: the timestamp of APOP is a challenge, and stands in a greeting that most clients here never see. None
 * of them does: what a login looks like must not depend on how TLS began.
 */
function greetingFor(line: string): string {
  return line.replace(/^\+OK \[XCLIENT\]/i, '+OK').replace(/ ?<[^<>]*>/g, '');
}

export function onClientInside(state: Inside, unread: Buffer): Pop3FrontStep {
  const { command } = state;
  if (command === undefined) return onCommand(state, unread);
  if (command.next === 'answer' || command.next === 'list') return waits(state);
  const end = unread.indexOf(LF);
  if (end === -1) return pass(state, { ...command, next: 'responding' }, unread);
  const bytes = unread.subarray(0, end + 1);
  return pass(state, command.answered ? undefined : { ...command, next: 'answer' }, bytes);
}

function onCommand(state: Inside, unread: Buffer): Pop3FrontStep {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') {
    const what = `a line ${badLineWords[next.what]}`;
    return closing(state, 0, `-ERR You sent ${what}`, `sent ${what}`);
  }
  const { line, used } = next;
  if (!state.begun && isHttpRequest(line)) return closing(state, used, undefined, 'sent an HTTP request');
  const begun = { ...state, begun: true };
  const command = parseCommand(line);
  // RFC 2595 §4: "-ERR Command not permitted when TLS active".
  if (command.name === 'STLS') return { state: begun, used, effects: [say('-ERR TLS is active already')] };
  // Dovecot takes somebody else's address so from whom it trusts (login_trusted_networks): from us, not through us.
  if (command.name === 'XCLIENT')
    return { state: begun, used, effects: [say('-ERR XCLIENT is not available here')] };
  const pending: Pending = {
    name: command.name,
    logsIn: logsIn(command),
    lists: lists(command),
    next: 'answer',
    answered: false,
  };
  return pass(begun, pending, unread.subarray(0, used));
}

function pass(state: Inside, command: Pending | undefined, bytes: Buffer): Pop3FrontStep {
  return { state: { ...state, command }, used: bytes.length, effects: [{ kind: 'toBackend', bytes }] };
}

export function onBackendInside(state: Inside, unread: Buffer): Pop3FrontStep {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') return outOfStep(state, `sent a line ${badLineWords[next.what]}`);
  const { line, used } = next;
  const { command } = state;
  const seen: GatewayEffect = { kind: 'toClient', bytes: unread.subarray(0, used) };
  const done = (after: Pending | undefined, ...effects: readonly GatewayEffect[]): Pop3FrontStep => ({
    state: { ...state, command: after },
    used,
    effects,
  });
  if (command?.next === 'list') {
    if (line === '.') return done(undefined, seen);
    return isUpgrade(command, line) ? done(command) : done(command, seen);
  }
  // Unasked, as some servers say why they close.
  if (command === undefined) return done(undefined, seen);
  if (/^\+OK(?: |$)/.test(line)) {
    if (command.logsIn) return done(command, seen, { kind: 'splice' });
    return command.lists ? done({ ...command, next: 'list' }, seen) : done(undefined, seen);
  }
  if (/^-ERR(?: |$)/.test(line))
    return done(command.next === 'responding' ? { ...command, answered: true } : undefined, seen);
  const isChallenge = command.name === 'AUTH' && command.logsIn && /^\+(?: |$)/.test(line);
  if (!isChallenge) return outOfStep(state, 'sent what is no answer of POP3');
  return done(command.next === 'answer' ? { ...command, next: 'response' } : command, seen);
}

/** RFC 2449 §5: "CAPA response tags are case-insensitive." */
function isUpgrade({ name }: Pending, line: string): boolean {
  return name === 'CAPA' && /^STLS(?:[ \t]|$)/i.test(line);
}

function outOfStep(state: Inside, what: string): Pop3FrontStep {
  const text = state.command?.next === 'list' ? undefined : '-ERR [SYS/TEMP] The mail server is out of step';
  return closing(state, 0, text, `${BACKEND} ${what}`);
}
