/** EHLO, HELO and STARTTLS: what is offered, and the way into TLS. RFC 5321 §4.1.1.1, RFC 3207. */
import { formatReply } from '../reply.ts';
import { mistake, reply } from './answers.ts';
import type { ServerMechanism, SessionRules, SmtpState, SmtpStep } from './state.ts';

export function greet(rules: SessionRules, state: SmtpState): SmtpStep {
  const service = rules.role === 'submission' ? 'ESMTP Waxwing, submission' : 'ESMTP Waxwing';
  return reply(state, 220, null, `${rules.hostname} ${service}`);
}

export function onHello(
  rules: SessionRules,
  state: SmtpState,
  verb: 'EHLO' | 'HELO',
  name: string,
): SmtpStep {
  // RFC 5321 §4.1.4: EHLO in the middle of a session has the effect of RSET.
  const next = { ...state, hello: { name, extended: verb === 'EHLO' }, transaction: undefined };
  if (verb === 'HELO') return reply(next, 250, null, rules.hostname);
  return {
    state: next,
    effects: [{ kind: 'send', text: formatReply(250, null, rules.hostname, ...offersOf(rules, state)) }],
  };
}

function offersOf(rules: SessionRules, { tls, introduced, spoken }: SmtpState): string[] {
  const offers = [
    'PIPELINING',
    `SIZE ${rules.maxMessageBytes}`,
    '8BITMIME',
    'SMTPUTF8',
    'CHUNKING',
    'DSN',
    'ENHANCEDSTATUSCODES',
    `LIMITS MAILMAX=${limit(rules.maxMessages)} RCPTMAX=${limit(rules.maxRecipients)}`,
  ];
  // RFC 3207 §4.2: STARTTLS MUST NOT be offered inside TLS. AUTH is offered nowhere else.
  if (tls === undefined && rules.startTls === 'offered' && introduced === undefined) offers.push('STARTTLS');
  const mechanisms = mechanismsFor(rules, tls);
  if (mechanisms.length > 0) offers.push(`AUTH ${mechanisms.join(' ')}`);
  if (offersRequireTls(rules, tls)) offers.push('REQUIRETLS');
  if (rules.verp !== undefined) offers.push('XVERP');
  if (rules.xclient && !spoken) offers.push('XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT');
  return offers;
}

/** RFC 9422 §4: numbers of one to six digits. */
function limit(count: number): number {
  return Math.min(count, 999_999);
}

/** By what a login is possible here and now: EXTERNAL where the client has shown a certificate, whoever it proves. */
export function mechanismsFor(
  { mechanisms }: SessionRules,
  tls: SmtpState['tls'],
): readonly ServerMechanism[] {
  if (tls === undefined) return [];
  return tls.chain.length > 0 ? mechanisms : mechanisms.filter((mechanism) => mechanism !== 'EXTERNAL');
}

/** Whether a login is possible here and now. */
export function offersAuth(rules: SessionRules, tls: SmtpState['tls']): boolean {
  return mechanismsFor(rules, tls).length > 0;
}

/** RFC 8689 §2: REQUIRETLS is offered in answer to an EHLO inside TLS, and is no parameter of MAIL elsewhere. */
export function offersRequireTls({ requireTls }: SessionRules, tls: SmtpState['tls']): boolean {
  return tls !== undefined && requireTls === 'offered';
}

export function onStartTls(rules: SessionRules, state: SmtpState): SmtpStep {
  if (state.tls !== undefined) return mistake(rules, state, 503, '5.5.1', 'TLS is active already');
  // What the front said in clear would be forgotten with the upgrade (RFC 3207 §4.2), and the client's session with it.
  if (state.introduced !== undefined)
    return mistake(rules, state, 503, '5.5.1', 'STARTTLS goes before XCLIENT');
  if (rules.startTls === 'absent')
    return mistake(rules, state, 502, '5.5.1', 'STARTTLS is not available here');
  return reply({ ...state, phase: { kind: 'starting-tls' } }, 220, '2.0.0', 'ready to start TLS', {
    kind: 'startTls',
  });
}
