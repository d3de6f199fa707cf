/** What a session asks of the relay: whether a login is good, and whether an address may be used. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mailbox } from '../names/mailbox.ts';
import type { Pass, Verdict } from '../net/admission.ts';
import { describeReply, type Reply } from '../protocols/smtp/reply.ts';
import type { SmtpAnswer, SmtpQuery } from '../protocols/smtp/server/session.ts';
import type { Accounts } from './accounts.ts';
import type { Callouts } from './callout.ts';
import type { LocalDomains } from './domains.ts';
import type { Client } from './session-rules.ts';

export interface QueryParts {
  readonly accounts: Accounts;
  readonly domains: LocalDomains;
  readonly callouts: Callouts;
  readonly client: Client;
  readonly pass: Pass;
  /** Random, printable, without a comma; a new one each time. */
  readonly nonce: () => string;
  /** Ms that the answer to the first failed login takes longer; each further one of the session as much again. */
  readonly failureDelayMs: number;
  readonly onOddity: (what: string) => void;
}

type Answer = SmtpAnswer | Promise<SmtpAnswer>;

/** Above this a failed login is not held back any longer. */
const MAX_DELAYS = 5;

const yes: SmtpAnswer = { kind: 'yes' };
const busy = no(454, '4.7.0', 'too many logins at once; try again later');
const unknown = no(550, '5.1.1', 'no such mailbox here');
const undecided = no(451, '4.4.3', 'whether the mailbox exists cannot be found out now; try again later');
/** One for whatever was wrong: which of user and password it was is nobody's business. */
const wrong = no(535, '5.7.8', 'authentication credentials invalid');

/** Answers the queries of one session. */
export function answerQueries(parts: QueryParts): (query: SmtpQuery) => Answer {
  const { accounts, pass } = parts;
  let failures = 0;

  async function failed(): Promise<SmtpAnswer> {
    pass.loginFailed();
    failures = Math.min(failures + 1, MAX_DELAYS);
    await sleep(failures * parts.failureDelayMs, undefined, { ref: false });
    return wrong;
  }

  async function logIn(user: string, password: string): Promise<SmtpAnswer> {
    const verdict = await accounts.check(user, password);
    if (verdict === 'no') return failed();
    return verdict === 'yes' ? yes : busy;
  }

  return (query) => {
    switch (query.kind) {
      case 'login':
        return refusalOf(pass.login()) ?? logIn(query.user, query.password);
      case 'verifier':
        return (
          refusalOf(pass.login()) ?? {
            kind: 'verifier',
            ...accounts.verifier(query.user),
            nonce: parts.nonce(),
          }
        );
      case 'proved':
        return query.outcome === 'yes' ? yes : failed();
      case 'sender':
        return refusalOf(pass.message()) ?? yes;
      case 'recipient':
        return refusalOf(pass.recipient()) ?? answerRecipient(query.recipient, query.account, parts);
    }
  };
}

function answerRecipient(recipient: Mailbox, account: string | null, parts: QueryParts): Answer {
  const { domains, client } = parts;
  const mayRelay = client.trusted || account !== null;
  const residence = domains.residence(recipient);
  switch (residence.kind) {
    case 'elsewhere':
      return mayRelay ? yes : no(550, '5.7.1', `relaying is not allowed for ${client.address}`);
    case 'known':
      return yes;
    case 'unknown':
      return unknown;
    case 'callout':
      return parts.callouts.ask(residence.domain, recipient).then((answer) => {
        if (answer.kind === 'known') return yes;
        if (answer.kind === 'unknown') return unknown;
        if (answer.kind === 'refused') return passedOn(answer.reply, recipient, parts);
        parts.onOddity(`whether ${recipient.text} exists could not be found out: ${answer.because}`);
        // Who may relay hands in his mail and goes; it can wait here for the backend.
        return mayRelay ? yes : undecided;
      });
  }
}

/** In the backend's own words, as they are about more than whether the mailbox is there. */
function passedOn(reply: Reply, recipient: Mailbox, { onOddity }: QueryParts): SmtpAnswer {
  onOddity(`the backend refuses ${recipient.text}: ${describeReply(reply)}`);
  return no(reply.code, reply.enhanced ?? '5.0.0', reply.lines.join(' '));
}

function refusalOf(verdict: Verdict): SmtpAnswer | undefined {
  return verdict.kind === 'go' ? undefined : no(verdict.code, verdict.enhanced, verdict.text);
}

function no(code: number, enhanced: string, text: string): SmtpAnswer {
  return { kind: 'no', code, enhanced, text };
}
