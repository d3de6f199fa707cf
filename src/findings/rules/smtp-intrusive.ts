/** What is asked only with the owner's consent: mailboxes looked up, and relaying for anybody. RFC 5321 §3.5, §7.3. */
import type { Finding } from '../finding.ts';
import type { AnswerSeen } from '../observation.ts';
import { foundAt, type Place } from '../place.ts';

export function intrusiveFindings(place: Place): readonly Finding[] {
  const { intrusive } = place.observation.probes;
  if (intrusive === undefined) return [];
  const { vrfy, expn, relay } = intrusive;
  return [
    ...(vrfy === null ? [] : [lookUp(place, 'smtp.vrfy', 'VRFY', vrfy)]),
    ...(expn === null ? [] : [lookUp(place, 'smtp.expn', 'EXPN', expn)]),
    ...(relay === null ? [] : [openRelay(place, relay)]),
  ];
}

/** That there is such a mailbox, or that it is forwarded; 252 tells nothing (RFC 5321 §3.5.3). */
const telling = new Set([250, 251]);
/** That there is none, with the address to blame (RFC 3463 §3.2); 550 alone may refuse the command as well. */
const NO_MAILBOX = /^55[013][ -]5\.1\.\d{1,3}\b/;
const SERVICE_CLOSING = 421;

function lookUp(place: Place, id: 'smtp.vrfy' | 'smtp.expn', verb: string, answer: AnswerSeen): Finding {
  const evidence = [`${verb} was answered: ${answer.text}`];
  if (answer.code === SERVICE_CLOSING) return foundAt(place, id, 'not-tested', { evidence });
  if (answer.code !== null && telling.has(answer.code)) return foundAt(place, id, 'fail', { evidence });
  return foundAt(place, id, NO_MAILBOX.test(answer.text) ? 'warn' : 'pass', { evidence });
}

function openRelay(place: Place, answer: AnswerSeen): Finding {
  const evidence = [`RCPT for a mailbox in example.com was answered: ${answer.text}`];
  if (answer.positive) return foundAt(place, 'smtp.open-relay', 'fail', { evidence });
  // A no for now may turn into a yes, as greylisting does.
  const isFinal = answer.code !== null && answer.code >= 500;
  return foundAt(place, 'smtp.open-relay', isFinal ? 'pass' : 'not-tested', {
    evidence,
    ...(isFinal ? {} : { retryAt: place.observation.at + GREYLISTING_MS }),
  });
}

/** Greylisting waits 5 minutes as a rule, some an hour. */
const GREYLISTING_MS = 60 * 60_000;
