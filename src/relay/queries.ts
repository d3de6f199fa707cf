/** What a session asks of the relay: whether a login is good, and whether an address may be used. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Verdict } from '../net/admission.ts';
import type {
  Introduced,
  Refusal,
  SessionRules,
  SmtpAnswer,
  SmtpQuery,
} from '../protocols/smtp/server/session.ts';
import type { TlsFacts } from '../wire/tls-facts.ts';
import type { Accounts, LoginFault } from './accounts.ts';
import type { Callouts } from './callout.ts';
import type { LocalDomains } from './domains.ts';
import type { FailedLogin } from './login-log.ts';
import { refusalOfRecipient } from './residence.ts';
import type { Visitor } from './visitor.ts';

export interface QueryParts {
  readonly accounts: Accounts;
  readonly domains: LocalDomains;
  readonly callouts: Callouts;
  readonly visitor: Visitor;
  /** What stands against a sender beside the limits; undefined: nothing. */
  readonly refusalOfSender: (query: Extract<SmtpQuery, { kind: 'sender' }>) => Refusal | undefined;
  /** What stands against one more recipient beside the limits, wherever he is. */
  readonly refusalOfRecipient: (query: RecipientQuery) => Refusal | undefined;
  /** The rules of whoever the visitor is by now. */
  readonly rules: () => SessionRules;
  /** Whether a front may say who has logged in with it. */
  readonly frontLogins: boolean;
  /** Random, printable, without a comma; a new one each time. */
  readonly nonce: () => string;
  /** Ms that the answer to the first failed login takes longer; each further one of the session as much again. */
  readonly failureDelayMs: number;
  /** @param lockedUntil milliseconds since 1970; undefined: the client may go on. */
  readonly onLoginFailed: (login: FailedLogin, lockedUntil: number | undefined) => void;
  readonly onOddity: (what: string) => void;
}

type Answer = SmtpAnswer | Promise<SmtpAnswer>;

/** Above this a failed login is not held back any longer. */
const MAX_DELAYS = 5;

const yes: SmtpAnswer = { kind: 'yes' };
const busy = no(454, '4.7.0', 'too many logins at once; try again later');
/** The directory gave no answer, which says nothing about the login (RFC 4954 §6). */
const unanswered = no(454, '4.7.0', 'logins cannot be checked for now; try again later');
/** One for whatever was wrong: which of user and password it was is nobody's business. */
const wrong = no(535, '5.7.8', 'authentication credentials invalid');

/** Answers the queries of one session. */
export function answerQueries(parts: QueryParts): (query: SmtpQuery) => Answer {
  const { accounts, visitor } = parts;
  let failures = 0;
  /** Why the last proof by SCRAM cannot have been right. */
  let scramFault: LoginFault = { reason: 'password', because: 'the password is wrong' };

  async function failed(login: FailedLogin): Promise<SmtpAnswer> {
    parts.onLoginFailed(login, visitor.pass.loginFailed());
    failures = Math.min(failures + 1, MAX_DELAYS);
    await sleep(failures * parts.failureDelayMs, undefined, { ref: false });
    return wrong;
  }

  async function logIn({ user, password, mechanism }: LoginQuery): Promise<SmtpAnswer> {
    const verdict = await accounts.check(user, password);
    switch (verdict.kind) {
      case 'yes':
        return yes;
      case 'no':
        return failed({ user, mechanism, reason: verdict.reason, because: verdict.because });
      case 'busy':
        return busy;
      case 'unknown':
        return unanswered;
    }
  }

  async function verifierOf(user: string): Promise<SmtpAnswer> {
    const found = await accounts.verifier(user);
    if (found.kind === 'unknown') return unanswered;
    scramFault = found.fault;
    return { kind: 'verifier', verifier: found.verifier, known: found.rights !== null, nonce: parts.nonce() };
  }

  function certified({ actAs, tls }: Extract<SmtpQuery, { kind: 'external' }>): Answer {
    const users = accounts.provenBy(tls);
    // RFC 4422 appendix A: without a name it is whoever the certificate says, which has to be one.
    const user = actAs === '' && users.length === 1 ? users[0] : users.find((one) => one === actAs);
    if (user !== undefined) return { kind: 'account', account: user };
    const named = actAs === '' ? null : actAs;
    return failed({ user: named, mechanism: 'EXTERNAL', ...faultOfCertificate(named, users, tls) });
  }

  return (query) => {
    switch (query.kind) {
      case 'login':
        return refusalOf(visitor.pass.login()) ?? logIn(query);
      case 'verifier':
        return refusalOf(visitor.pass.login()) ?? verifierOf(query.user);
      case 'external':
        return refusalOf(visitor.pass.login()) ?? certified(query);
      case 'introduced':
        return introduce(query.client, parts);
      case 'proved':
        return query.outcome === 'yes'
          ? yes
          : failed({ user: query.user, mechanism: 'SCRAM-SHA-256', ...scramFault });
      case 'sender':
        return refusalOf(visitor.pass.message()) ?? refused(parts.refusalOfSender(query)) ?? yes;
      case 'recipient':
        return refusalOf(visitor.pass.recipient()) ?? answerRecipient(query, parts);
    }
  };
}

type LoginQuery = Extract<SmtpQuery, { kind: 'login' }>;

/** @param proven the accounts that the certificate proves. */
function faultOfCertificate(named: string | null, proven: readonly string[], { path }: TlsFacts): LoginFault {
  const reason = 'certificate';
  if (proven.length > 0) {
    const list = proven.join(', ');
    return named === null
      ? { reason, because: `the certificate proves several accounts, and the client named none: ${list}` }
      : { reason, because: `the certificate proves another account: ${list}` };
  }
  if (path.kind !== 'untrusted') return { reason, because: 'the certificate proves no account' };
  const because = `the certificate proves no account: its digest is not listed, and no root vouches for its names (${path.code})`;
  return { reason, because };
}

/** The front's word is taken for who the client is; for a login only where the operator says so. */
async function introduce(
  client: Introduced,
  { visitor, accounts, frontLogins, rules }: QueryParts,
): Promise<SmtpAnswer> {
  const { login } = client;
  const rights = login !== null && frontLogins ? await accounts.look(login) : undefined;
  if (rights === 'absent') return no(535, '5.7.8', 'there is no account of that LOGIN');
  if (rights === 'unknown') return unanswered;
  const refusal = visitor.introduce(client);
  if (refusal !== undefined) return no(refusal.code, refusal.enhanced, refusal.text);
  return { kind: 'introduced', rules: rules(), account: frontLogins ? login : null };
}

function answerRecipient(query: RecipientQuery, parts: QueryParts): Answer {
  const answer = answerResidence(query, parts);
  const counted = (given: SmtpAnswer): SmtpAnswer =>
    given.kind === 'yes' ? (refused(parts.refusalOfRecipient(query)) ?? given) : given;
  return answer instanceof Promise ? answer.then(counted) : counted(answer);
}

type RecipientQuery = Extract<SmtpQuery, { kind: 'recipient' }>;

function answerResidence({ recipient, sender, account }: RecipientQuery, parts: QueryParts): Answer {
  const { client, pass } = parts.visitor;
  const addressed = {
    recipient,
    sender,
    client: client.address,
    mayRelay: client.trusted || account !== null,
  };
  const said = refusalOfRecipient(addressed, { ...parts, onUnknown: () => pass.recipientUnknown() });
  const answer = (refusal: Refusal | undefined): SmtpAnswer => refused(refusal) ?? yes;
  return said instanceof Promise ? said.then(answer) : answer(said);
}

function refusalOf(verdict: Verdict): SmtpAnswer | undefined {
  return verdict.kind === 'go' ? undefined : no(verdict.code, verdict.enhanced, verdict.text);
}

function refused(refusal: Refusal | undefined): SmtpAnswer | undefined {
  return refusal === undefined ? undefined : { kind: 'no', ...refusal };
}

function no(code: number, enhanced: string, text: string): SmtpAnswer {
  return { kind: 'no', code, enhanced, text };
}
