/** Inside TLS, until the login is done: what the backend says of STARTTLS is hidden. RFC 5804 §2.1, §2.2. */
import type { GatewayEffect } from '../../wire/gateway-session.ts';
import { isHttpRequest } from '../http-request.ts';
import { capabilityOf, isStartTls } from './capabilities.ts';
import { conditionOf, nameOf, parseLine, type Word } from './line.ts';
import { bye, hangUp, pass, type SieveState, type SieveStep, say, waits } from './state.ts';

/** Tickets and tokens of a login are long; scripts come after it. */
const MAX_BYTES = 32_768;

type Answering = Extract<SieveState, { phase: 'answering' }>['command'];

/** The client speaks, and it is its turn: one command, or one message of its login. */
export function onClientInside(state: SieveState, unread: Buffer): SieveStep {
  if (state.phase !== 'idle' && state.phase !== 'challenged') return waits(state);
  const firstLine = unread.toString('latin1', 0, unread.indexOf('\r\n'));
  // A browser's TLS was led here (ALPACA): nothing of it is passed on, and nothing said back.
  if (state.phase === 'idle' && isHttpRequest(firstLine))
    return hangUp(unread.length, 'sent an HTTP request');
  const parsed = parseLine(unread, 'client', MAX_BYTES);
  if (parsed.kind === 'more') return waits(state);
  if (parsed.kind === 'bad') {
    const what = parsed.what === 'too-long' ? 'a command that is too long' : 'a malformed command';
    return bye(unread.length, `That is ${what}.`, `sent ${what}`);
  }
  const { words, used } = parsed;
  const name = state.phase === 'idle' ? nameOf(words) : undefined;
  if (name === 'STARTTLS') return { state, used, effects: [say('NO "TLS is active already."')] };
  // Dovecot takes somebody else's address so from whom it trusts (login_trusted_networks): from us, not through us.
  if (name === 'XCLIENT') return { state, used, effects: [say('NO "XCLIENT is not available here."')] };
  const command = state.phase === 'challenged' ? 'login' : commandOf(name);
  const effects = [pass('toBackend', unread.subarray(0, used))];
  return { state: { phase: 'answering', command }, used, effects };
}

function commandOf(name: string | undefined): Answering {
  if (name === 'AUTHENTICATE') return 'login';
  return name === 'CAPABILITY' ? 'capability' : 'other';
}

/** One line of the backend. */
export function onBackendInside(state: SieveState, unread: Buffer): SieveStep {
  const parsed = parseLine(unread, 'server', MAX_BYTES);
  if (parsed.kind === 'more') return waits(state);
  if (parsed.kind === 'bad') return unfit(`sent a line that is ${parsed.what}`);
  const { words, used } = parsed;
  const line = pass('toClient', unread.subarray(0, used));
  const condition = conditionOf(words);
  if (condition?.name === 'BYE') {
    const because = 'the server behind said BYE';
    return { state: { phase: 'over' }, used, effects: [line, { kind: 'close', because }] };
  }
  switch (state.phase) {
    case 'greeting':
      if (condition?.name === 'NO') return unfit('greeted with NO');
      if (condition === undefined && capabilityOf(words) === undefined)
        return unfit('greeted with no capability');
      return {
        state: condition === undefined ? state : { phase: 'idle' },
        used,
        effects: unlessStartTls(words, line),
      };
    case 'answering':
    case 'challenged': {
      const command = state.phase === 'answering' ? state.command : 'login';
      if (condition === undefined) return onContent(state, command, words, used, line);
      // From here on there is no STARTTLS any more (RFC 5804 §2.2: "only valid in non-authenticated state").
      if (command === 'login' && condition.name === 'OK')
        return { state: { phase: 'over' }, used, effects: [line, { kind: 'splice' }] };
      return { state: { phase: 'idle' }, used, effects: [line] };
    }
    default:
      return unfit('spoke out of turn');
  }
}

function onContent(
  state: SieveState,
  command: Answering,
  words: readonly Word[],
  used: number,
  line: GatewayEffect,
): SieveStep {
  if (command === 'capability') return { state, used, effects: unlessStartTls(words, line) };
  return { state: command === 'login' ? { phase: 'challenged' } : state, used, effects: [line] };
}

function unlessStartTls(words: readonly Word[], line: GatewayEffect): GatewayEffect[] {
  const capability = capabilityOf(words);
  return capability !== undefined && isStartTls(capability) ? [] : [line];
}

function unfit(what: string): SieveStep {
  return bye(0, 'The server behind is not fit to be used.', `the server behind ${what}`, '(TRYLATER) ');
}
