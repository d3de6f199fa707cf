/** From the backend to the client: replies are counted, so that what we answer ourselves comes in its turn. */
import type { GatewayEffect } from '../../../wire/gateway-session.ts';
import { nextLine } from '../../../wire/next-line.ts';
import { formatReply } from '../reply.ts';
import { offersThrough } from './command.ts';
import { beginning } from './content.ts';
import {
  type Between,
  type Pending,
  type SmtpFrontState,
  type SmtpFrontStep,
  say,
  to,
  waits,
} from './state.ts';

const MAX_LINE_BYTES = 2_048;
const MAX_HELLO_LINES = 100;

/** One line of a reply. */
export interface ReplyLine {
  readonly code: number;
  readonly last: boolean;
  /** Behind the code. */
  readonly text: string;
  /** With its CRLF. */
  readonly bytes: Buffer;
}

export type NextReplyLine =
  | { readonly kind: 'line'; readonly line: ReplyLine }
  | { readonly kind: 'more' }
  | { readonly kind: 'bad' };

export function nextReplyLine(unread: Buffer): NextReplyLine {
  const next = nextLine(unread, MAX_LINE_BYTES);
  if (next.kind !== 'line') return next.kind === 'more' ? next : { kind: 'bad' };
  const match = /^([2-5][0-9]{2})(?:([ -])(.*))?$/s.exec(next.line);
  if (match === null) return { kind: 'bad' };
  const bytes = unread.subarray(0, next.used);
  return {
    kind: 'line',
    line: { code: Number(match[1]), last: match[2] !== '-', text: match[3] ?? '', bytes },
  };
}

export function onBackendBetween(
  hostname: string,
  state: SmtpFrontState,
  between: Between,
  unread: Buffer,
): SmtpFrontStep {
  const next = nextReplyLine(unread);
  if (next.kind === 'more') return waits(state);
  if (next.kind === 'bad') return outOfStep(hostname, state, 'sent what is not a reply');
  const { line } = next;
  const [head, ...others] = between.pending;
  if (head === undefined || head.kind === 'own' || head.kind === 'starttls') {
    // RFC 5321 §3.8: 421 may come at any time, to say that it closes.
    if (line.code !== 421) return outOfStep(hostname, state, 'answered what was not asked');
    const effects: GatewayEffect[] = [
      { kind: 'toClient', bytes: line.bytes },
      ...(line.last ? [{ kind: 'close', because: 'the backend closed with 421' } as const] : []),
    ];
    return { state, used: line.bytes.length, effects };
  }
  const used = line.bytes.length;
  if (head.kind === 'hello') return onHello(hostname, state, between, line);
  const passed: GatewayEffect = { kind: 'toClient', bytes: line.bytes };
  if (!line.last) return { state, used, effects: [passed] };
  const step = settlePending(
    state,
    answered({ ...between, pending: others }, head, line.code, state.protocol),
    used,
  );
  return { ...step, effects: [passed, ...step.effects] };
}

/** What an answer changes; `between` has it behind itself. */
function answered(
  between: Between,
  head: Pending,
  code: number,
  protocol: SmtpFrontState['protocol'],
): Between {
  const positive = code >= 200 && code < 300;
  switch (head.kind) {
    case 'mail':
    case 'reset':
      return positive ? { ...between, recipients: 0 } : between;
    case 'recipient':
      return positive ? { ...between, recipients: between.recipients + 1 } : between;
    case 'data':
      return {
        ...between,
        reading: code === 354 ? { kind: 'content', tail: beginning } : { kind: 'commands' },
      };
    case 'auth':
      return { ...between, reading: { kind: code === 334 ? 'response' : 'commands' } };
    case 'last-chunk': {
      const left = between.recipients - 1;
      // RFC 2033 §4.2: one answer for each recipient that was accepted.
      if (protocol === 'smtp' || left <= 0) return { ...between, recipients: 0 };
      return { ...between, recipients: left, pending: [head, ...between.pending] };
    }
    default:
      return between;
  }
}

function onHello(hostname: string, state: SmtpFrontState, between: Between, line: ReplyLine): SmtpFrontStep {
  const used = line.bytes.length;
  const hello = [...between.hello, line.text];
  if (hello.length > MAX_HELLO_LINES) return outOfStep(hostname, state, 'answered EHLO without end');
  if (!line.last) return { state: to(state, { ...between, hello }), used, effects: [] };
  const [first = '', ...others] = line.code === 250 ? offersThrough(hello, state.tls === 'no') : hello;
  const next: Between = { ...between, hello: [], pending: between.pending.slice(1), recipients: 0 };
  const step = settlePending(state, next, used);
  return { ...step, effects: [say(formatReply(line.code, null, first, ...others)), ...step.effects] };
}

/** Says what is ours to say by now. */
export function settlePending(state: SmtpFrontState, between: Between, used: number): SmtpFrontStep {
  const effects: GatewayEffect[] = [];
  let { pending } = between;
  for (;;) {
    const [head] = pending;
    if (head?.kind === 'own') {
      effects.push(say(head.reply));
      if (head.closes !== undefined) {
        effects.push({ kind: 'close', because: head.closes });
        break;
      }
    } else if (head?.kind === 'starttls') {
      effects.push(say(formatReply(220, '2.0.0', 'ready to start TLS')), { kind: 'startTls' });
      return { state: to(state, { kind: 'starting-tls' }), used, effects };
    } else break;
    pending = pending.slice(1);
  }
  return { state: to(state, { ...between, pending }), used, effects };
}

function outOfStep(hostname: string, state: SmtpFrontState, what: string): SmtpFrontStep {
  const because = `the backend ${what}`;
  const text = `${hostname} closing: the server behind it is out of step`;
  return {
    state,
    used: 0,
    effects: [
      { kind: 'oddity', what: because },
      say(formatReply(421, '4.3.0', text)),
      { kind: 'close', because },
    ],
  };
}
