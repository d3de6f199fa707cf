/**
 * The server's side of the control connection as far as AUTH TLS goes; nobody can log in or transfer anything.
 *
 * It shows the upgrade to clients. There is no gateway for FTP: who stands between would have to follow the data
 * connections as well. RFC 4217, RFC 2228 §3, RFC 2389 §3, RFC 959 §4.
 */
import type { GatewayEffect, GatewayInput, GatewaySession, GatewayStep } from '../../wire/gateway-session.ts';
import { badLineWords, nextLine } from '../../wire/next-line.ts';
import { isHttpRequest } from '../http-request.ts';

export type FtpState =
  | { readonly phase: 'clear'; readonly commands: number; readonly user: string | null }
  | { readonly phase: 'starting-tls' }
  /** `sized`: PBSZ was said, without which there is no PROT (RFC 2228 §3). */
  | { readonly phase: 'inside'; readonly commands: number; readonly sized: boolean }
  | { readonly phase: 'over' };

type Step = GatewayStep<FtpState>;
type Talking = Extract<FtpState, { commands: number }>;

const MAX_LINE_BYTES = 2048;
const MAX_COMMANDS = 100;

/** @param hostname printable ASCII. */
export function ftpServer({ hostname }: { readonly hostname: string }): GatewaySession<FtpState> {
  return {
    initial: { phase: 'clear', commands: 0, user: null },
    step: (state, input) => step(hostname, state, input),
  };
}

function step(hostname: string, state: FtpState, input: GatewayInput): Step {
  switch (input.kind) {
    case 'opened':
      return {
        state: input.tls === undefined ? state : inside,
        used: 0,
        effects: [say(`220 ${hostname} ready`)],
      };
    case 'secured':
      // RFC 4217 §12.1: there is no second greeting.
      return { state: inside, used: 0, effects: [] };
    case 'client':
      if (state.phase === 'clear' || state.phase === 'inside') return onLine(hostname, state, input.unread);
      return { state, used: 0, effects: [] };
    case 'timeout':
      return farewell(state, hostname, 'was silent or too slow for too long');
    case 'shutdown':
      return farewell(state, hostname, 'we are stopping');
    case 'backend':
    case 'connected':
    case 'unreachable':
      return { state, used: 0, effects: [] };
  }
}

const inside: FtpState = { phase: 'inside', commands: 0, sized: false };

/** RFC 959 §4.2: 421 where the connection is closed; behind the go-ahead nothing is said in clear. */
function farewell({ phase }: FtpState, hostname: string, because: string): Step {
  return over(0, because, phase === 'starting-tls' ? undefined : `421 ${hostname} closing`);
}

function over(used: number, because: string, line?: string): Step {
  const effects: GatewayEffect[] = line === undefined ? [] : [say(line)];
  return { state: { phase: 'over' }, used, effects: [...effects, { kind: 'close', because }] };
}

function say(...lines: readonly string[]): GatewayEffect {
  return { kind: 'toClient', bytes: Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1') };
}

function onLine(hostname: string, state: Talking, unread: Buffer): Step {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return { state, used: 0, effects: [] };
  if (next.kind === 'bad') {
    const what = `a line ${badLineWords[next.what]}`;
    return over(unread.length, `sent ${what}`, `421 ${hostname} closing: ${what}`);
  }
  const { line, used } = next;
  if (isHttpRequest(line)) return over(unread.length, 'sent an HTTP request');
  const commands = state.commands + 1;
  if (commands > MAX_COMMANDS)
    return over(used, 'sent too many commands', `421 ${hostname} closing: too many commands`);
  const [verb = '', ...rest] = line.split(' ');
  const argument = rest.join(' ');
  const counted = { ...state, commands };
  const name = verb.toUpperCase();
  if (name === 'QUIT') return over(used, 'QUIT', `221 ${hostname} goodbye`);
  if (name === 'NOOP') return { state: counted, used, effects: [say('200 ok')] };
  if (counted.phase === 'clear') return { used, ...inClear(counted, name, argument) };
  return { used, ...inTls(counted, name, argument) };
}

type Answer = Pick<Step, 'state' | 'effects'>;

function inClear(state: Extract<FtpState, { phase: 'clear' }>, name: string, argument: string): Answer {
  const answer = (...effects: readonly GatewayEffect[]): Answer => ({
    state: { ...state, user: null },
    effects,
  });
  switch (name) {
    case 'AUTH':
      if (argument === '') return answer(say('501 AUTH takes the name of a mechanism'));
      // RFC 2228 §3: 504 for a mechanism that is not known.
      if (argument.toUpperCase() !== 'TLS') return answer(say('504 the one mechanism is TLS'));
      return {
        state: { phase: 'starting-tls' },
        effects: [say('234 proceed with negotiation'), { kind: 'startTls' }],
      };
    case 'FEAT':
      return answer(say('211-extensions:', ' AUTH TLS', ' PBSZ', ' PROT', '211 end'));
    case 'PBSZ':
    case 'PROT':
      return answer(say(`503 ${name} comes after AUTH TLS`));
    case 'USER':
      return { state: { ...state, user: argument.slice(0, 256) }, effects: [say(tlsFirst)] };
    case 'PASS':
      return answer({ kind: 'exposed', user: state.user }, say(tlsFirst));
    default:
      return answer(say(tlsFirst));
  }
}

const tlsFirst = '530 AUTH TLS has to come first';

function inTls(state: Extract<FtpState, { phase: 'inside' }>, name: string, argument: string): Answer {
  const answer = (line: string): Answer => ({ state, effects: [say(line)] });
  switch (name) {
    case 'AUTH':
      return answer('503 TLS is active already');
    case 'FEAT':
      return { state, effects: [say('211-extensions:', ' PBSZ', ' PROT', '211 end')] };
    case 'PBSZ':
      // RFC 4217 §9: whatever was asked for, the size is 0.
      if (!/^[0-9]{1,10}$/.test(argument)) return answer('501 PBSZ takes a number');
      return { state: { ...state, sized: true }, effects: [say('200 PBSZ=0')] };
    case 'PROT':
      if (!state.sized) return answer('503 PBSZ has to come first');
      if (argument.toUpperCase() === 'P') return answer('200 data connections are to use TLS');
      // RFC 2228 §3: 534 where policy forbids the level, 536 where the mechanism has no such level, 504 for others.
      if (argument.toUpperCase() === 'C') return answer('534 data connections in clear are not allowed');
      return answer(/^[SE]$/i.test(argument) ? '536 TLS has no such level' : '504 there is no such level');
    default:
      return answer('530 nobody can log in here');
  }
}
