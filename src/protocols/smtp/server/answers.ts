/** The steps that most commands end in: an answer, a mistake that counts, a goodbye. */
import { formatReply } from '../reply.ts';
import type { Refusal, SessionRules, SmtpEffect, SmtpState, SmtpStep } from './state.ts';

/** So many NOOP, RSET, VRFY, HELP and EHLO between two messages are free; each further one counts as an error. */
const MAX_CHATTER = 100;

export function reply(
  state: SmtpState,
  code: number,
  enhanced: string | null,
  text: string,
  ...then: readonly SmtpEffect[]
): SmtpStep {
  return { state, effects: [{ kind: 'send', text: formatReply(code, enhanced, text) }, ...then] };
}

/** The client did what it should not have; after too many of these the session ends. */
export function mistake(
  rules: SessionRules,
  state: SmtpState,
  code: number,
  enhanced: string,
  text: string,
): SmtpStep {
  const errors = state.errors + 1;
  if (errors < rules.maxErrors) return reply({ ...state, errors }, code, enhanced, text);
  const last = formatReply(code, enhanced, text);
  const bye = formatReply(421, '4.7.0', `${rules.hostname} closing: too many errors`);
  return {
    state: { ...state, phase: { kind: 'closed' } },
    effects: [{ kind: 'send', text: last + bye }, { kind: 'close' }],
  };
}

/** Something that is no error and leads to no message; too much of it is one. */
export function chatter(
  rules: SessionRules,
  state: SmtpState,
  then: (state: SmtpState) => SmtpStep,
): SmtpStep {
  if (state.chatter < MAX_CHATTER) return then({ ...state, chatter: state.chatter + 1 });
  return mistake(rules, state, 450, '4.7.1', `more than ${MAX_CHATTER} commands that lead to no message`);
}

/**
 * A refusal of what was asked for in good faith, such as an address in a list.
 *
 * A list of recipients with bad addresses in it is no attack: it must not end the session for the good ones.
 */
export function refuse(rules: SessionRules, state: SmtpState, { code, enhanced, text }: Refusal): SmtpStep {
  if (code === 421) return farewell(state, code, enhanced, text);
  if (state.chatter >= MAX_CHATTER) return mistake(rules, state, code, enhanced, text);
  return reply({ ...state, chatter: state.chatter + 1 }, code, enhanced, text);
}

export function farewell(state: SmtpState, code: number, enhanced: string, text: string): SmtpStep {
  return reply({ ...state, phase: { kind: 'closed' } }, code, enhanced, text, { kind: 'close' });
}

export function stay(state: SmtpState): SmtpStep {
  return { state, effects: [] };
}
