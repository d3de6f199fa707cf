/** Logins: where they are offered, and whether they could be had without TLS. RFC 4954 §4, §14, RFC 8314 §4.1, RFC 3207 §4. */

import { entryOf } from '../catalogue.ts';
import type { Severity } from '../check.ts';
import type { Finding } from '../finding.ts';
import type { AnswerSeen, Visit } from '../observation.ts';
import { exposingOf, mechanismsOf } from '../offers.ts';
import { exchange, foundAt, isBeside, type Place } from '../place.ts';
import { programOf } from '../program.ts';

export function authFindings(place: Place): readonly Finding[] {
  const { base } = place.observation;
  return [...beforeTls(place, base), ...onMx(place, base), ...mailInClear(place, base)];
}

/**
 * Logins that are offered in clear, of any protocol with SASL.
 *
 * @returns nothing where it is not known what is offered in clear.
 */
export function beforeTls(place: Place, { clear }: Visit): readonly Finding[] {
  const { protocol } = place.observation.endpoint;
  if (clear === null) return [];
  const mechanisms = mechanismsOf(protocol, clear);
  const exposing = exposingOf(mechanisms);
  const evidence = [`In clear it offers: ${clear.join(', ') || 'nothing'}`];
  if (mechanisms.length === 0) return [foundAt(place, 'smtp.auth.before-tls', 'pass', { evidence })];
  if (exposing.length > 0) {
    const severity: Severity = protocol === 'smtp' ? 'medium' : 'high';
    return [foundAt(place, 'smtp.auth.before-tls', 'fail', { evidence, severity })];
  }
  // Nobody learns a password from these at once; whoever is on the path can still take the session over.
  return [foundAt(place, 'smtp.auth.before-tls', 'warn', { evidence, severity: 'low' })];
}

/** Of mail between servers: whoever can log in at an MX host can be guessed at there. */
function onMx(place: Place, { inside, clear }: Visit): readonly Finding[] {
  const { theCase, observation } = place;
  if (theCase.target.kind !== 'domain' || observation.endpoint.protocol !== 'smtp' || isBeside(place))
    return [];
  const offered = inside ?? clear;
  if (offered === null) return [];
  const mechanisms = mechanismsOf('smtp', offered);
  const evidence =
    mechanisms.length === 0 ? ['No login is offered.'] : [`S: 250 AUTH ${mechanisms.join(' ')}`];
  if (mechanisms.length === 0) return [foundAt(place, 'smtp.auth.on-mx', 'pass', { evidence })];
  const { fix } = entryOf('smtp.auth.on-mx');
  const program = programOf(observation);
  const fitting = fix.filter(({ lines }) => lines?.some((line) => line.for === program));
  return [foundAt(place, 'smtp.auth.on-mx', 'warn', { evidence, fix: fitting.length === 0 ? fix : fitting })];
}

/** "Must issue a STARTTLS command first" (RFC 3207 §4). */
const NEEDS_TLS = 530;

function mailInClear(place: Place, base: Visit): readonly Finding[] {
  const answer = base.smtp?.mailInClear ?? null;
  if (answer === null) return [];
  const { protocol } = place.observation.endpoint;
  const evidence = [...evidenceOf(base, answer)];
  if (protocol === 'smtp') {
    if (answer.code === NEEDS_TLS) return [foundAt(place, 'smtp.tls-required-25', 'fail', { evidence })];
    return answer.positive ? [foundAt(place, 'smtp.tls-required-25', 'pass', { evidence })] : [];
  }
  if (protocol !== 'submission') return [];
  if (!answer.positive) return [foundAt(place, 'smtp.tls-not-required-587', 'pass', { evidence })];
  // MAIL alone gets nobody anywhere where no login can be had in clear.
  const canLogIn = mechanismsOf(protocol, base.clear ?? []).length > 0;
  return [
    foundAt(place, 'smtp.tls-not-required-587', canLogIn ? 'fail' : 'warn', {
      evidence,
      severity: canLogIn ? 'high' : 'info',
    }),
  ];
}

function evidenceOf({ transcript }: Visit, { text }: AnswerSeen): readonly string[] {
  const said = exchange(transcript, /^C: MAIL FROM/i);
  return said.length === 0 ? ['C: MAIL FROM:<>', `S: ${text}`] : said;
}
