/** The content of a message: up to a dot (DATA), or in chunks of known size (BDAT). RFC 5321 §4.1.1.4, RFC 3030. */
import { chatter, farewell, mistake, refuse, reply } from './answers.ts';
import type {
  Envelope,
  Intake,
  PendingMail,
  Refusal,
  SessionRules,
  SmtpInput,
  SmtpState,
  SmtpStep,
} from './state.ts';
import { tooBig, tooBigRefusal } from './transaction.ts';

export function onData(rules: SessionRules, state: SmtpState): SmtpStep {
  const { transaction } = state;
  if (transaction === undefined) return mistake(rules, state, 503, '5.5.1', 'send MAIL first');
  // RFC 3030 §2: DATA and BDAT cannot be used in the same transaction.
  if (transaction.chunks !== undefined)
    return mistake(rules, state, 503, '5.5.1', 'the content comes by BDAT: RSET ends it');
  if (transaction.recipients.length === 0) return mistake(rules, state, 554, '5.5.1', 'no valid recipients');
  const next: SmtpState = { ...state, phase: { kind: 'taking', last: true } };
  return reply(next, 354, null, 'end with <CRLF>.<CRLF>', {
    kind: 'takeBody',
    envelope: envelopeOf(state, transaction),
    maxBytes: rules.maxMessageBytes,
  });
}

/** A chunk that is refused is read all the same: its octets must not run as commands (RFC 3030 §2). */
export function onBdat(rules: SessionRules, state: SmtpState, octets: number, last: boolean): SmtpStep {
  const { transaction, hello } = state;
  if (transaction === undefined || hello?.extended !== true) {
    const text = hello?.extended === false ? 'BDAT needs EHLO' : 'send MAIL first';
    return skip(rules, state, octets, { code: 503, enhanced: '5.5.1', text }, 'mistake');
  }
  if (transaction.recipients.length === 0) {
    const refusal = { code: 554, enhanced: '5.5.1', text: 'no valid recipients' };
    return skip(rules, state, octets, refusal, 'chatter');
  }
  if (transaction.chunks?.failed === true) {
    const refusal = {
      code: 503,
      enhanced: '5.5.1',
      text: 'a chunk before this one was refused: RSET starts over',
    };
    return skip(rules, failed(state, last), octets, refusal, 'chatter');
  }
  const soFar = (transaction.chunks?.octets ?? 0) + octets;
  if (soFar > rules.maxMessageBytes)
    return skip(rules, failed(state, last), octets, tooBigRefusal(rules), 'chatter');
  const first = { envelope: envelopeOf(state, transaction), maxBytes: rules.maxMessageBytes };
  const chunks = { octets: soFar, failed: false };
  const take = (before: SmtpState): SmtpStep => ({
    state: { ...before, transaction: { ...transaction, chunks }, phase: { kind: 'taking', last } },
    effects: [
      { kind: 'takeChunk', octets, last, first: transaction.chunks === undefined ? first : undefined },
    ],
  });
  // Chunks of nothing could go on for ever; others come to an end at the limit of the message.
  return octets === 0 && !last ? chatter(rules, state, take) : take(state);
}

/** Reads a chunk that nobody wants, and answers when it is through. */
export function skip(
  rules: SessionRules,
  state: SmtpState,
  octets: number,
  refusal: Refusal,
  counts: 'mistake' | 'chatter',
): SmtpStep {
  if (octets > 2 * rules.maxMessageBytes) {
    return farewell(state, 552, '5.3.4', `a chunk of ${octets} octets is more than will be read; closing`);
  }
  return {
    state: { ...state, phase: { kind: 'skipping', refusal, counts } },
    effects: [{ kind: 'skip', octets }],
  };
}

export function onSkipped(rules: SessionRules, state: SmtpState): SmtpStep {
  const { phase } = state;
  if (phase.kind !== 'skipping') throw new Error('nothing was to be skipped');
  const next: SmtpState = { ...state, phase: { kind: 'open' } };
  const { code, enhanced, text } = phase.refusal;
  return phase.counts === 'mistake'
    ? mistake(rules, next, code, enhanced, text)
    : refuse(rules, next, phase.refusal);
}

/** What is left of the message after a chunk was refused: with the last chunk it is over. */
function failed(state: SmtpState, last: boolean): SmtpState {
  const { transaction } = state;
  if (transaction === undefined || last) return { ...state, transaction: undefined };
  return { ...state, transaction: { ...transaction, chunks: { octets: 0, failed: true } } };
}

export function onChunkTaken(state: SmtpState): SmtpStep {
  const octets = state.transaction?.chunks?.octets ?? 0;
  return reply({ ...state, phase: { kind: 'open' } }, 250, '2.0.0', `${octets} octets received so far`);
}

export function onTaken(state: SmtpState, intake: Intake): SmtpStep {
  const next: SmtpState = { ...state, phase: { kind: 'open' }, transaction: undefined, chatter: 0 };
  // A connection that brings mail all day long may make a mistake now and then.
  if (intake.kind === 'kept') return reply({ ...next, errors: 0 }, 250, '2.0.0', `kept as ${intake.id}`);
  const { code, enhanced, text } = intake;
  return code === 421 ? farewell(next, code, enhanced, text) : reply(next, code, enhanced, text);
}

export function onNotTaken(
  rules: SessionRules,
  state: SmtpState,
  because: Extract<SmtpInput, { kind: 'notTaken' }>['because'],
): SmtpStep {
  const wasLast = state.phase.kind === 'taking' && state.phase.last;
  const next: SmtpState = { ...failed(state, wasLast), phase: { kind: 'open' } };
  switch (because) {
    case 'too-big':
      return tooBig(rules, next);
    case 'nul':
      return mistake(rules, next, 554, '5.6.0', 'the message holds a NUL octet');
    case 'bare-cr':
      // RFC 5321 §2.3.8: CR and LF "MUST NOT" appear apart in a message. In a chunk they could, but the message may
      // have to leave by DATA.
      return mistake(rules, next, 554, '5.6.0', 'the message holds a bare CR');
    case 'bare-lf':
      return mistake(rules, next, 554, '5.6.0', 'the message holds a bare LF');
  }
}

function envelopeOf({ hello, tls, account }: SmtpState, transaction: PendingMail): Envelope {
  if (hello === undefined) throw new Error('there is no transaction before EHLO');
  const { sender, smtpUtf8, requireTls, wishes, verp, recipients } = transaction;
  const session = { hello: hello.name, extended: hello.extended, tls, account };
  return {
    ...session,
    sender,
    smtpUtf8,
    requireTls,
    wishes,
    recipients,
    ...(verp === undefined ? {} : { verp }),
  };
}
