/** From the client to the backend: commands are looked at, content is counted or scanned and passed on as it is. */
import type { FrontRules, GatewayEffect } from '../../../wire/gateway-session.ts';
import { badLineWords, nextLine } from '../../../wire/next-line.ts';
import { isHttpRequest } from '../../http-request.ts';
import { formatReply } from '../reply.ts';
import { exposedBy, isHidden, isVerb, verbOf } from './command.ts';
import { scanContent } from './content.ts';
import { settlePending } from './replies.ts';
import {
  type Between,
  type Pending,
  type Reading,
  type SmtpFrontState,
  type SmtpFrontStep,
  to,
  waits,
} from './state.ts';

/** With an AUTH of the longest kind (RFC 4954 §4), and responses to challenges as long. */
const MAX_LINE_BYTES = 12_290;
/** Commands that may wait for an answer; further ones wait unread. */
const MAX_PENDING = 1_000;

export function onClientBetween(
  rules: FrontRules,
  state: SmtpFrontState,
  between: Between,
  unread: Buffer,
): SmtpFrontStep {
  const { reading } = between;
  switch (reading.kind) {
    case 'commands':
      return onCommandLine(rules, state, between, unread);
    case 'content':
      return onContent(state, between, reading.tail, unread);
    case 'chunk': {
      const used = Math.min(reading.left, unread.length);
      const left = reading.left - used;
      const next: Reading = left === 0 ? { kind: 'commands' } : { kind: 'chunk', left };
      return pass(to(state, { ...between, reading: next }), used, unread);
    }
    case 'response':
      return onResponse(state, between, unread);
    case 'waiting':
    case 'stopped':
      return waits(state);
  }
}

/** Passes on what was used, between `before` and `after`. */
function pass(
  state: SmtpFrontState,
  used: number,
  unread: Buffer,
  before: readonly GatewayEffect[] = [],
  after: readonly GatewayEffect[] = [],
): SmtpFrontStep {
  const passed: readonly GatewayEffect[] =
    used === 0 ? [] : [{ kind: 'toBackend', bytes: unread.subarray(0, used) }];
  return { state, used, effects: [...before, ...passed, ...after] };
}

function onCommandLine(
  rules: FrontRules,
  state: SmtpFrontState,
  between: Between,
  unread: Buffer,
): SmtpFrontStep {
  if (between.pending.length >= MAX_PENDING) return waits(state);
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') {
    // What follows such a line is in doubt: nothing of it may run.
    const what = badLineWords[next.what];
    return last(
      state,
      between,
      0,
      formatReply(500, '5.5.2', `a command line ${what}; closing`),
      `sent a line ${what}`,
    );
  }
  const { line, used } = next;
  if (!between.begun && isHttpRequest(line)) {
    const reply = formatReply(421, '4.7.0', 'this is SMTP, not HTTP');
    return last(state, between, used, reply, 'sent an HTTP request');
  }
  return onCommand(rules, state, { ...between, begun: true }, line, used, unread);
}

function onCommand(
  rules: FrontRules,
  state: SmtpFrontState,
  between: Between,
  line: string,
  used: number,
  unread: Buffer,
): SmtpFrontStep {
  const verb = verbOf(line);
  const send = (kind: Exclude<Pending['kind'], 'own'>, reading: Reading): SmtpFrontStep =>
    pass(to(state, { ...awaiting(between, { kind }), reading }), used, unread);
  const commands: Reading = { kind: 'commands' };
  const waiting: Reading = { kind: 'waiting' };
  switch (verb) {
    case 'EHLO':
    case 'LHLO':
      return send('hello', commands);
    case 'STARTTLS':
      return onStartTls(state, between, line, used);
    case 'AUTH': {
      if (state.tls !== 'no') return send('auth', waiting);
      const exposed = exposedBy(line);
      const refusal = formatReply(538, '5.7.11', 'encryption is required before a login');
      return own(state, between, used, refusal, ...(exposed === undefined ? [] : [exposed]));
    }
    case 'MAIL': {
      if (state.tls !== 'no' || between.mailInClear) return send('mail', commands);
      const begun = { ...awaiting(between, { kind: 'mail' }), mailInClear: true };
      return pass(to(state, begun), used, unread, [{ kind: 'inClear' }]);
    }
    case 'RCPT':
      return send('recipient', commands);
    case 'RSET':
      return send('reset', commands);
    case 'DATA':
      return send('data', waiting);
    case 'BDAT':
      return onChunk(rules, state, between, line, used, unread);
    default:
      if (isHidden(verb))
        return own(state, between, used, formatReply(502, '5.5.1', `${verb} is not available here`));
      if (isVerb(verb)) return send('plain', commands);
      return own(state, between, used, formatReply(500, '5.5.2', 'this is not a command'));
  }
}

/** RFC 3207 §4: 501 where there are parameters; §4.2: never twice. */
function onStartTls(state: SmtpFrontState, between: Between, line: string, used: number): SmtpFrontStep {
  if (state.tls !== 'no')
    return own(state, between, used, formatReply(503, '5.5.1', 'TLS is active already'));
  if (line.trimEnd().length > 'STARTTLS'.length)
    return own(state, between, used, formatReply(501, '5.5.4', 'STARTTLS takes no parameters'));
  return settlePending(
    state,
    { ...awaiting(between, { kind: 'starttls' }), reading: { kind: 'stopped' } },
    used,
  );
}

/** RFC 3030 §2: without their number, the octets that follow would run as commands. */
function onChunk(
  { hostname }: FrontRules,
  state: SmtpFrontState,
  between: Between,
  line: string,
  used: number,
  unread: Buffer,
): SmtpFrontStep {
  const [, octets = '', isLast] = /^BDAT +([0-9]{1,15})( +LAST)?[ \t]*$/i.exec(line) ?? [];
  if (octets === '') {
    const reply = formatReply(
      501,
      '5.5.4',
      `${hostname}: BDAT needs a number of octets, and LAST or nothing`,
    );
    return last(state, between, used, reply, 'sent BDAT without a number of octets');
  }
  const left = Number(octets);
  const pending: Pending = { kind: isLast === undefined ? 'plain' : 'last-chunk' };
  const reading: Reading = left === 0 ? { kind: 'commands' } : { kind: 'chunk', left };
  return pass(to(state, { ...awaiting(between, pending), reading }), used, unread);
}

function onContent(
  state: SmtpFrontState,
  between: Between,
  tail: readonly [number, number],
  unread: Buffer,
): SmtpFrontStep {
  const scan = scanContent(unread, tail);
  switch (scan.kind) {
    case 'more':
      if (scan.used === 0) return waits(state);
      return pass(
        to(state, { ...between, reading: { kind: 'content', tail: scan.tail } }),
        scan.used,
        unread,
      );
    case 'end': {
      const done: Between = { ...awaiting(between, { kind: 'last-chunk' }), reading: { kind: 'commands' } };
      return pass(to(state, done), scan.used, unread);
    }
    case 'ambiguous': {
      // The backend has not seen an end, so it takes nothing of this message when its connection closes.
      const what = 'a dot alone between line ends that are not CRLF';
      const reply = formatReply(550, '5.6.11', `the message has ${what}; closing`);
      const step = last(state, between, scan.used, reply, `sent a message with ${what}`);
      return pass(step.state, scan.used, unread, [], step.effects);
    }
  }
}

function onResponse(state: SmtpFrontState, between: Between, unread: Buffer): SmtpFrontStep {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') {
    const what = badLineWords[next.what];
    return last(
      state,
      between,
      0,
      formatReply(500, '5.5.6', `a response ${what}; closing`),
      `sent a response ${what}`,
    );
  }
  return pass(
    to(state, { ...awaiting(between, { kind: 'auth' }), reading: { kind: 'waiting' } }),
    next.used,
    unread,
  );
}

function awaiting(between: Between, pending: Pending): Between {
  return { ...between, pending: [...between.pending, pending] };
}

/** Our own answer, in its turn. */
function own(
  state: SmtpFrontState,
  between: Between,
  used: number,
  reply: string,
  ...before: readonly GatewayEffect[]
): SmtpFrontStep {
  const step = settlePending(state, awaiting(between, { kind: 'own', reply, closes: undefined }), used);
  return { ...step, effects: [...before, ...step.effects] };
}

/** Our own answer, in its turn, and then the end. */
function last(
  state: SmtpFrontState,
  between: Between,
  used: number,
  reply: string,
  closes: string,
): SmtpFrontStep {
  const stopped: Between = {
    ...awaiting(between, { kind: 'own', reply, closes }),
    reading: { kind: 'stopped' },
  };
  return settlePending(state, stopped, used);
}
