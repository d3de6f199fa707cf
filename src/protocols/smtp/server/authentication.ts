/**
 * AUTH: a login inside TLS, by the mechanisms that the rules name.
 *
 * RFC 4954. The session never keeps a password; it goes out with the query and is gone. In clear nothing is
 * accepted, and what the client gave away there is put on record.
 */
import { decodeBase64Text, encodeBase64Text } from '../../sasl/base64.ts';
import { loginChallenges, parseLoginAnswer, parsePlain } from '../../sasl/password.ts';
import { beginScram, checkClientFinal, parseClientFirst } from '../../sasl/scram.ts';
import { userShown } from '../../sasl/user-shown.ts';
import { farewell, mistake, reply } from './answers.ts';
import { mechanismsFor } from './hello.ts';
import type { AuthCommand } from './parse.ts';
import type {
  Asked,
  LoginExchange,
  Refusal,
  SessionRules,
  SmtpAnswer,
  SmtpNote,
  SmtpQuery,
  SmtpState,
  SmtpStep,
} from './state.ts';

/** Octets of the name of a user. */
const MAX_ACT_AS = 1024;

const wrong: Refusal = { code: 535, enhanced: '5.7.8', text: 'authentication credentials invalid' };

export function onAuth(rules: SessionRules, state: SmtpState, auth: AuthCommand): SmtpStep {
  if (rules.mechanisms.length === 0) return mistake(rules, state, 502, '5.5.1', 'AUTH is not implemented');
  if (state.tls === undefined)
    return mistake(rules, state, 538, '5.7.11', 'encryption is required before a login');
  if (state.hello?.extended !== true) return mistake(rules, state, 503, '5.5.1', 'send EHLO first');
  // RFC 4954 §4: after a login, and during a mail transaction, AUTH is answered with 503.
  if (state.account !== null) return mistake(rules, state, 503, '5.5.1', 'you are logged in already');
  if (state.transaction !== undefined)
    return mistake(rules, state, 503, '5.5.1', 'a transaction is open: RSET ends it');
  const offered = mechanismsFor(rules, state.tls);
  const exchange = beginning(offered.find((mechanism) => mechanism === auth.mechanism));
  if (exchange === undefined) return mistake(rules, state, 504, '5.5.4', 'this mechanism is not offered');
  if (auth.initial !== undefined) return onResponse(rules, state, exchange, auth.initial);
  return challenge(state, exchange, exchange.mechanism === 'LOGIN' ? loginChallenges.user : '');
}

function beginning(mechanism: SessionRules['mechanisms'][number] | undefined): LoginExchange | undefined {
  switch (mechanism) {
    case 'PLAIN':
    case 'EXTERNAL':
      return { mechanism };
    case 'LOGIN':
      return { mechanism, user: undefined };
    case 'SCRAM-SHA-256':
      return { mechanism, at: 'first' };
    case undefined:
      return undefined;
  }
}

/**
 * What a login that was begun in clear has shown to everyone on the path.
 *
 * @param command undefined where it could not be read: a password may stand in it all the same.
 */
export function exposure(command: AuthCommand | undefined): SmtpNote {
  const user = command === undefined ? null : userShown(command.mechanism, command.initial ?? '');
  return { kind: 'credential-exposed', user, mechanism: command?.mechanism ?? null };
}

/** The client's answer to a challenge, in base64. */
export function onResponse(
  rules: SessionRules,
  state: SmtpState,
  exchange: LoginExchange,
  text: string,
): SmtpStep {
  // RFC 4954 §4: "If the client wishes to cancel the authentication exchange, it issues a line with a single '*'".
  if (text === '*') return mistake(rules, state, 501, '5.7.0', 'the login was cancelled');
  switch (exchange.mechanism) {
    case 'EXTERNAL':
      return onExternal(rules, state, text);
    case 'PLAIN': {
      const login = parsePlain(text);
      if (login.kind !== 'ok') return malformed(rules, state, login.because);
      return askLogin(state, 'PLAIN', login.value.user, login.value.password);
    }
    case 'LOGIN': {
      const part = parseLoginAnswer(text);
      if (part.kind !== 'ok') return malformed(rules, state, part.because);
      if (exchange.user !== undefined) return askLogin(state, 'LOGIN', exchange.user, part.value);
      return challenge(state, { mechanism: 'LOGIN', user: part.value }, loginChallenges.password);
    }
    case 'SCRAM-SHA-256':
      return onScram(rules, state, exchange, text);
  }
}

/** RFC 4422 appendix A: the one message is the user that the client wants to be, or nothing. */
function onExternal(rules: SessionRules, state: SmtpState, text: string): SmtpStep {
  const actAs = decodeBase64Text(text);
  if (actAs === undefined || actAs.includes('\0') || Buffer.byteLength(actAs) > MAX_ACT_AS) {
    return malformed(rules, state, 'not a message of EXTERNAL');
  }
  const { tls } = state;
  if (tls === undefined) throw new Error('EXTERNAL is offered inside TLS only');
  return ask(state, { kind: 'external' }, { kind: 'external', actAs, tls });
}

function onScram(
  rules: SessionRules,
  state: SmtpState,
  exchange: Extract<LoginExchange, { mechanism: 'SCRAM-SHA-256' }>,
  text: string,
): SmtpStep {
  const message = decodeBase64Text(text);
  if (message === undefined) return malformed(rules, state, 'not base64 of UTF-8');
  switch (exchange.at) {
    case 'first': {
      const first = parseClientFirst(message);
      if (first.kind !== 'ok') return malformed(rules, state, first.because);
      return ask(
        state,
        { kind: 'verifier', first: first.value },
        { kind: 'verifier', user: first.value.user },
      );
    }
    case 'final': {
      const { user, known, scram } = exchange;
      const proof = checkClientFinal(scram, message);
      const serverFinal = known && proof.kind === 'proved' ? proof.serverFinal : undefined;
      const outcome = serverFinal === undefined ? 'no' : 'yes';
      return ask(state, { kind: 'proved', user, serverFinal }, { kind: 'proved', user, outcome });
    }
    case 'end':
      return message === ''
        ? loggedIn(state, exchange.user)
        : malformed(rules, state, 'nothing is left to say');
  }
}

type AskedForLogin = Extract<Asked, { kind: 'login' | 'external' | 'verifier' | 'proved' }>;

/** What was asked about a login is answered. */
export function onLoginAnswered(
  rules: SessionRules,
  state: SmtpState,
  about: AskedForLogin,
  answer: SmtpAnswer,
): SmtpStep {
  if (answer.kind === 'no') return refuseLogin(rules, state, answer);
  if (about.kind === 'verifier') {
    if (answer.kind !== 'verifier') throw new Error('SCRAM cannot go on without a verifier');
    const scram = beginScram(about.first, answer.verifier, answer.nonce);
    const { user } = about.first;
    const next: LoginExchange = {
      mechanism: 'SCRAM-SHA-256',
      at: 'final',
      user,
      known: answer.known,
      scram,
    };
    return challenge(state, next, encodeBase64Text(scram.serverFirst));
  }
  if (about.kind === 'external') {
    if (answer.kind !== 'account') throw new Error('a certificate proves an account, or none');
    return loggedIn(state, answer.account);
  }
  if (about.kind === 'login') return loggedIn(state, about.user);
  if (about.serverFinal === undefined) return refuseLogin(rules, state, wrong);
  const end: LoginExchange = { mechanism: 'SCRAM-SHA-256', at: 'end', user: about.user };
  return challenge(state, end, encodeBase64Text(about.serverFinal));
}

/** RFC 4954 §6: 454 where the fault is ours and may pass. */
export function loginUnanswered(state: SmtpState): SmtpStep {
  return reply(state, 454, '4.7.0', 'logins cannot be checked for now; try again later');
}

function refuseLogin(rules: SessionRules, state: SmtpState, { code, enhanced, text }: Refusal): SmtpStep {
  if (code === 421) return farewell(state, code, enhanced, text);
  return code < 500 ? reply(state, code, enhanced, text) : mistake(rules, state, code, enhanced, text);
}

function loggedIn(state: SmtpState, account: string): SmtpStep {
  return reply({ ...state, account }, 235, '2.7.0', 'logged in');
}

function challenge(state: SmtpState, exchange: LoginExchange, text: string): SmtpStep {
  return reply({ ...state, phase: { kind: 'challenged', exchange } }, 334, null, text);
}

function askLogin(state: SmtpState, mechanism: 'PLAIN' | 'LOGIN', user: string, password: string): SmtpStep {
  return ask(state, { kind: 'login', user }, { kind: 'login', mechanism, user, password });
}

function ask(state: SmtpState, about: AskedForLogin, query: SmtpQuery): SmtpStep {
  return { state: { ...state, phase: { kind: 'asking', about } }, effects: [{ kind: 'ask', query }] };
}

function malformed(rules: SessionRules, state: SmtpState, because: string): SmtpStep {
  return mistake(rules, state, 501, '5.5.2', because);
}
