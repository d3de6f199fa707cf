/** MAIL and RCPT: the envelope as it grows, each address asked for where the rules say so. RFC 5321 §3.3. */
import { areDelimiters } from '../../../mail/verp.ts';
import { formatMailDomain, type Mailbox, type MailDomain } from '../../../names/mailbox.ts';
import { farewell, mistake, reply } from './answers.ts';
import { offersAuth, offersRequireTls } from './hello.ts';
import type { MailCommand, RcptCommand } from './parse.ts';
import type { EnvelopeRecipient, PendingMail, Refusal, SessionRules, SmtpState, SmtpStep } from './state.ts';

export function onMail(rules: SessionRules, state: SmtpState, mail: MailCommand): SmtpStep {
  const { hello, account, tls } = state;
  if (hello === undefined) return mistake(rules, state, 503, '5.5.1', 'send EHLO first');
  if (state.transaction !== undefined)
    return mistake(rules, state, 503, '5.5.1', 'a transaction is open: RSET ends it');
  const unknown = mail.keywords.find((keyword) => {
    if (!hello.extended) return true;
    if (keyword === 'REQUIRETLS') return !offersRequireTls(rules, tls);
    if (keyword === 'XVERP') return rules.verp === undefined;
    return keyword === 'AUTH' && !offersAuth(rules, tls);
  });
  if (unknown !== undefined)
    return mistake(rules, state, 555, '5.5.4', `the MAIL parameter ${unknown} is not supported`);
  if (state.messages >= rules.maxMessages) {
    const text = `${rules.hostname} closing: ${rules.maxMessages} messages are the limit of one connection`;
    return farewell(state, 421, '4.7.0', text);
  }
  if (rules.relaying.kind === 'denied') return mistake(rules, state, 550, '5.7.1', rules.relaying.because);
  if (rules.relaying.kind === 'accounts' && account === null)
    return mistake(rules, state, 530, '5.7.0', 'authentication is required');
  if (mail.size !== undefined && mail.size > rules.maxMessageBytes) return tooBig(rules, state);
  const verp = readVerpWish(rules, mail);
  if (verp.kind === 'bad') return mistake(rules, state, verp.code, '5.5.4', verp.because);
  const { sender, smtpUtf8, requireTls, wishes, size } = mail;
  const transaction = {
    sender,
    smtpUtf8,
    requireTls,
    wishes,
    recipients: [],
    chunks: undefined,
    ...verp.wish,
  };
  if (!rules.asks.sender) return takeSender(state, transaction);
  return {
    state: { ...state, phase: { kind: 'asking', about: { kind: 'sender', transaction } } },
    effects: [{ kind: 'ask', query: { kind: 'sender', sender, account, tls, size } }],
  };
}

type VerpWish =
  | { readonly kind: 'read'; readonly wish: Pick<PendingMail, 'verp'> }
  | { readonly kind: 'bad'; readonly code: 501 | 503; readonly because: string };

/** The same demands as Postfix makes: a sender that can be varied, and delimiters that the operator allows. */
function readVerpWish({ verp: offer }: SessionRules, { verp, sender }: MailCommand): VerpWish {
  if (verp === undefined || offer === undefined) return { kind: 'read', wish: {} };
  if (sender === null) return { kind: 'bad', code: 503, because: 'XVERP needs a sender that is not empty' };
  const wanted = verp === '' ? offer.delimiters : verp;
  return areDelimiters(wanted, offer.filter)
    ? { kind: 'read', wish: { verp: wanted } }
    : { kind: 'bad', code: 501, because: `XVERP needs two characters of ${offer.filter}` };
}

export function takeSender(state: SmtpState, transaction: PendingMail): SmtpStep {
  return reply({ ...state, transaction, messages: state.messages + 1 }, 250, '2.1.0', 'sender ok');
}

export function onRcpt(rules: SessionRules, state: SmtpState, rcpt: RcptCommand): SmtpStep {
  const { transaction, account, hello } = state;
  if (transaction === undefined) return mistake(rules, state, 503, '5.5.1', 'send MAIL first');
  if (transaction.chunks !== undefined)
    return mistake(rules, state, 503, '5.5.1', 'the content has begun: RSET ends it');
  const [unknown] = hello?.extended === true ? [] : rcpt.keywords;
  if (unknown !== undefined)
    return mistake(rules, state, 555, '5.5.4', `the RCPT parameter ${unknown} is not supported`);
  if (transaction.recipients.length >= rules.maxRecipients) {
    return reply(state, 452, '4.5.3', `too many recipients, the limit is ${rules.maxRecipients}`);
  }
  const mailbox = rcpt.recipient === 'postmaster' ? postmaster(rules.postmasterDomain) : rcpt.recipient;
  const recipient = { mailbox, wishes: rcpt.wishes };
  if (!rules.asks.recipient) return takeRecipient(state, recipient);
  const { sender } = transaction;
  return {
    state: { ...state, phase: { kind: 'asking', about: { kind: 'recipient', recipient } } },
    effects: [{ kind: 'ask', query: { kind: 'recipient', recipient: mailbox, sender, account } }],
  };
}

function postmaster(at: MailDomain): Mailbox {
  return { local: 'postmaster', at, text: `postmaster@${formatMailDomain(at)}` };
}

export function takeRecipient(state: SmtpState, recipient: EnvelopeRecipient): SmtpStep {
  const { transaction } = state;
  if (transaction === undefined) throw new Error('a recipient is asked for in a transaction only');
  const recipients = [...transaction.recipients, recipient];
  return reply({ ...state, transaction: { ...transaction, recipients } }, 250, '2.1.5', 'recipient ok');
}

export function tooBig(rules: SessionRules, state: SmtpState): SmtpStep {
  const { code, enhanced, text } = tooBigRefusal(rules);
  return reply(state, code, enhanced, text);
}

export function tooBigRefusal({ maxMessageBytes }: SessionRules): Refusal {
  return {
    code: 552,
    enhanced: '5.3.4',
    text: `the message is too big, the limit is ${maxMessageBytes} octets`,
  };
}
