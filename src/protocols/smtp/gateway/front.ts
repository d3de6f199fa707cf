/**
 * STARTTLS in front of a server of SMTP or LMTP that has none.
 *
 * RFC 3207. The backend's own STARTTLS is hidden, and after TLS it sees a connection on which nothing was said.
 */
import type {
  FrontRules,
  GatewayEffect,
  GatewayInput,
  GatewaySession,
} from '../../../wire/gateway-session.ts';
import { formatReply } from '../reply.ts';
import { onLineAlone } from './alone.ts';
import { onClientBetween } from './commands.ts';
import { introduction, introductionHello } from './introduce.ts';
import { nextReplyLine, onBackendBetween, type ReplyLine } from './replies.ts';
import {
  type Between,
  farewell,
  type SmtpFrontState,
  type SmtpFrontStep,
  say,
  tellBackend,
  to,
  waits,
} from './state.ts';

interface Rules extends FrontRules {
  readonly protocol: 'smtp' | 'lmtp';
}

/** A public MX, which must not require TLS (RFC 3207 §4) unless it is told to. */
export function smtpFront(rules: FrontRules): GatewaySession<SmtpFrontState> {
  return front({ ...rules, protocol: 'smtp' });
}

/** For clients that log in (RFC 6409): TLS is required (RFC 8314 §4.1). */
export function submissionFront(rules: FrontRules): GatewaySession<SmtpFrontState> {
  return front({ ...rules, protocol: 'smtp', requireTls: true });
}

export function lmtpFront(rules: FrontRules): GatewaySession<SmtpFrontState> {
  return front({ ...rules, protocol: 'lmtp', requireTls: true });
}

const between: Between = {
  kind: 'between',
  pending: [],
  reading: { kind: 'commands' },
  hello: [],
  recipients: 0,
  begun: false,
  mailInClear: false,
};

function front(rules: Rules): GatewaySession<SmtpFrontState> {
  const { protocol } = rules;
  const initial: SmtpFrontState = { protocol, tls: 'no', stage: { kind: 'connecting' } };
  return { initial, step: (state, input) => step(rules, state, input) };
}

function step(rules: Rules, state: SmtpFrontState, input: GatewayInput): SmtpFrontStep {
  switch (input.kind) {
    case 'opened':
      if (input.tls !== undefined) return connect(rules, 'implicit');
      return rules.requireTls ? greetAlone(rules, state) : connect(rules, 'no');
    case 'secured':
      return connect(rules, 'starttls');
    case 'connected':
      return waits(to(state, { kind: 'greeting' }));
    case 'unreachable':
      return unreachable(rules, state, input.because);
    case 'client':
      return onClient(rules, state, input.unread);
    case 'backend':
      return onBackend(rules, state, input.unread);
    case 'timeout': {
      const text = `${rules.hostname} closing: you were silent or too slow for too long`;
      return farewell(state, 0, '4.4.2', text, 'was silent or too slow for too long');
    }
    case 'shutdown':
      return farewell(
        state,
        0,
        '4.3.2',
        `${rules.hostname} closing: the service is stopping`,
        'we are stopping',
      );
  }
}

/** RFC 3207 §4.2: nothing from before the upgrade survives, neither here nor at the backend. */
function connect({ protocol }: Rules, tls: SmtpFrontState['tls']): SmtpFrontStep {
  const state: SmtpFrontState = { protocol, tls, stage: { kind: 'connecting' } };
  return { state, used: 0, effects: [{ kind: 'connect', name: null }] };
}

function greetAlone({ hostname, protocol }: Rules, state: SmtpFrontState): SmtpFrontStep {
  const greeting = formatReply(220, null, `${hostname} ${protocol === 'lmtp' ? 'LMTP' : 'ESMTP'}`);
  return { state: to(state, { kind: 'alone', commands: 0 }), used: 0, effects: [say(greeting)] };
}

/** Who had a greeting already hears of it as the answer to the next command: nobody may answer unasked. */
function unreachable({ hostname }: Rules, state: SmtpFrontState, because: string): SmtpFrontStep {
  if (state.tls === 'starttls') return waits(to(state, { kind: 'gone', because }));
  const text = `${hostname} closing: the server behind it cannot be reached`;
  return farewell(state, 0, '4.4.1', text, because);
}

function onClient(rules: Rules, state: SmtpFrontState, unread: Buffer): SmtpFrontStep {
  const { stage } = state;
  switch (stage.kind) {
    case 'alone':
      return onLineAlone(rules, state, unread, stage.commands);
    case 'gone': {
      const text = `${rules.hostname} closing: the server behind it cannot be had`;
      return farewell(state, unread.length, '4.4.1', text, stage.because);
    }
    case 'between':
      return onClientBetween(rules, state, stage, unread);
    case 'starting-tls':
    case 'connecting':
    case 'greeting':
    case 'introducing':
      return waits(state);
  }
}

function onBackend(rules: Rules, state: SmtpFrontState, unread: Buffer): SmtpFrontStep {
  const { stage } = state;
  if (stage.kind === 'between') return onBackendBetween(rules.hostname, state, stage, unread);
  if (stage.kind !== 'greeting' && stage.kind !== 'introducing') {
    // In clear, and the client is on its way into TLS: what this backend says concerns nobody any more.
    return { state, used: unread.length, effects: [] };
  }
  const next = nextReplyLine(unread);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') return unfit(rules, state, 'did not greet as a mail server does', 0);
  if (stage.kind === 'greeting') return onGreeting(rules, state, next.line);
  return onIntroduced(rules, state, stage, next.line);
}

function onGreeting(rules: Rules, state: SmtpFrontState, line: ReplyLine): SmtpFrontStep {
  const used = line.bytes.length;
  if (rules.xclient || state.tls === 'starttls') {
    if (!line.last) return { state, used, effects: [] };
    if (line.code !== 220) return unfit(rules, state, `greeted with ${line.code}`, used);
    if (!rules.xclient) return { state: to(state, between), used, effects: [] };
    const introducing = to(state, { kind: 'introducing', at: 'hello', lines: [] });
    return { state: introducing, used, effects: [tellBackend(introductionHello(rules, rules.protocol))] };
  }
  return showGreeting(state, line);
}

function showGreeting(state: SmtpFrontState, line: ReplyLine): SmtpFrontStep {
  const effects: GatewayEffect[] = [{ kind: 'toClient', bytes: line.bytes }];
  const used = line.bytes.length;
  if (!line.last) return { state, used, effects };
  if (line.code === 220) return { state: to(state, between), used, effects };
  effects.push({ kind: 'close', because: `the backend greeted with ${line.code}` });
  return { state, used, effects };
}

function onIntroduced(
  rules: Rules,
  state: SmtpFrontState,
  stage: Extract<SmtpFrontState['stage'], { kind: 'introducing' }>,
  line: ReplyLine,
): SmtpFrontStep {
  const used = line.bytes.length;
  if (stage.at === 'hello') {
    const lines = [...stage.lines, line.text].slice(0, 100);
    if (!line.last) return { state: to(state, { ...stage, lines }), used, effects: [] };
    const words = line.code === 250 ? introduction(rules, lines) : undefined;
    if (words === undefined) return unfit(rules, state, 'does not take XCLIENT from us', used);
    const next = to(state, { kind: 'introducing', at: 'xclient', lines: [] });
    return { state: next, used, effects: [tellBackend(words)] };
  }
  if (line.code !== 220) {
    if (!line.last) return { state, used, effects: [] };
    return unfit(rules, state, `answered XCLIENT with ${line.code}`, used);
  }
  if (state.tls !== 'starttls') return showGreeting(state, line);
  return { state: line.last ? to(state, between) : state, used, effects: [] };
}

/** The backend is of no use; whoever had a greeting already hears of it as the answer to the next command. */
function unfit(rules: Rules, state: SmtpFrontState, what: string, used: number): SmtpFrontStep {
  const because = `the backend ${what}`;
  const told = unreachable(rules, state, because);
  return { ...told, used, effects: [{ kind: 'oddity', what: because }, ...told.effects] };
}
