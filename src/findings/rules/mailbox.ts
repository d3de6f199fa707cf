/** What is special to servers of mailboxes and scripts. RFC 8314 §3, RFC 9051 §6.2.1, §7.1.4, §11.7, RFC 2595 §4, RFC 5804 §1.7. */
import type { CheckCase } from '../case.ts';
import type { CheckProtocol } from '../endpoint.ts';
import type { Finding } from '../finding.ts';
import type { MailboxSeen, Observation, Visit } from '../observation.ts';
import { exposingOf, mechanismsOf, offers } from '../offers.ts';
import { foundAt, isBeside, isSeen, nonEmpty, type Place, placesOf } from '../place.ts';
import { beforeTls } from './smtp-auth.ts';

/** Protocols by which people read and send their mail, which RFC 8314 is about. */
const forPeople: readonly CheckProtocol[] = ['submission', 'imap', 'pop3'];

export function mailboxFindings(theCase: CheckCase): readonly Finding[] {
  return placesOf(theCase).flatMap((place) => {
    const { base, endpoint } = place.observation;
    return [
      ...(endpoint.tls === 'starttls' && base.mailbox !== null && isSeen(base)
        ? inClear(place, base, base.mailbox)
        : []),
      ...implicitPort(place),
    ];
  });
}

function inClear(place: Place, base: Visit, mailbox: MailboxSeen): readonly Finding[] {
  switch (place.observation.endpoint.protocol) {
    case 'imap':
      return [
        ...preauth(place, base, mailbox),
        ...loginDisabled(place, base),
        ...logins(place, base),
        ...clearPort(place, 'legacy.imap143-plaintext'),
      ];
    case 'pop3':
      return [
        ...user(place, base, mailbox),
        ...logins(place, base),
        ...clearPort(place, 'legacy.pop3-110-plaintext'),
      ];
    case 'sieve':
      return sasl(place, base, mailbox);
    default:
      return [];
  }
}

function preauth(place: Place, { greeting }: Visit, mailbox: MailboxSeen): readonly Finding[] {
  const evidence = nonEmpty(
    (greeting?.lines ?? []).map((line) => `S: ${line}`),
    'There was no greeting.',
  );
  return [foundAt(place, 'imap.preauth', mailbox.preauth ? 'fail' : 'pass', { evidence })];
}

/** "a server implementation MUST implement a configuration in which it advertises the LOGINDISABLED capability" (RFC 9051 §6.2.3). */
function loginDisabled(place: Place, { clear, mailbox }: Visit): readonly Finding[] {
  if (clear === null || mailbox?.preauth === true) return [];
  const evidence = [`In clear it offers: ${clear.join(', ')}`];
  const state = offers(clear, 'LOGINDISABLED') ? 'pass' : 'fail';
  return [foundAt(place, 'imap.logindisabled-missing', state, { evidence })];
}

/** SASL in clear, by what is listed and by what became of a login that was begun. */
function logins(place: Place, base: Visit): readonly Finding[] {
  const listed = beforeTls(place, base);
  const answer = base.mailbox?.loginInClear ?? null;
  if (answer?.positive !== true || listed.some(({ state }) => state === 'fail')) return listed;
  const evidence = [`A login that was begun in clear was answered: ${answer.text}`];
  return [foundAt(place, 'smtp.auth.before-tls', 'fail', { evidence })];
}

function user(place: Place, { clear }: Visit, { loginInClear }: MailboxSeen): readonly Finding[] {
  if (clear === null && loginInClear === null) return [];
  const listed = clear !== null && offers(clear, 'USER');
  // A login by AUTH is told of with the mechanisms.
  const began = loginInClear?.positive === true && mechanismsOf('pop3', clear ?? []).length === 0;
  const evidence = [
    `In clear it offers: ${(clear ?? []).join(', ') || 'nothing'}`,
    ...(loginInClear === null ? [] : [`A login that was begun in clear was answered: ${loginInClear.text}`]),
  ];
  if (listed || began) return [foundAt(place, 'pop3.user-before-tls', 'fail', { evidence })];
  return [foundAt(place, 'pop3.user-before-tls', 'pass', { evidence })];
}

function sasl(place: Place, { clear }: Visit, { loginInClear }: MailboxSeen): readonly Finding[] {
  if (clear === null) return [];
  const mechanisms = mechanismsOf('sieve', clear);
  const began = loginInClear?.positive === true;
  const evidence = [
    `In clear it offers: ${clear.join(', ')}`,
    ...(loginInClear === null ? [] : [`A login that was begun in clear was answered: ${loginInClear.text}`]),
  ];
  if (began || exposingOf(mechanisms).length > 0)
    return [foundAt(place, 'sieve.sasl-before-tls', 'fail', { evidence })];
  const isEmpty = mechanisms.length === 0;
  return [
    foundAt(place, 'sieve.sasl-before-tls', isEmpty ? 'pass' : 'warn', {
      evidence,
      severity: isEmpty ? 'high' : 'low',
    }),
  ];
}

/** RFC 8314 §4.1: services in clear are to be given up; at a port with STARTTLS nothing is lost as long as it has TLS. */
function clearPort(
  place: Place,
  id: 'legacy.imap143-plaintext' | 'legacy.pop3-110-plaintext',
): readonly Finding[] {
  const { base, endpoint } = place.observation;
  const beside = besideOf(place);
  if (beside === undefined || beside.base.tls === null || base.connect.kind !== 'connected') return [];
  const evidence = [
    `Port ${endpoint.port} is open; TLS from the first octet works at port ${beside.endpoint.port}.`,
  ];
  return base.upgrade.kind === 'not-offered'
    ? [foundAt(place, id, 'fail', { evidence: [...evidence, `No TLS is offered at port ${endpoint.port}.`] })]
    : [foundAt(place, id, 'pass', { evidence })];
}

/** The door of the same host where TLS comes first, if it was visited. */
function besideOf({ host, observation: { endpoint } }: Place): Observation | undefined {
  return host.observations.find(
    (other) =>
      other.endpoint.address === endpoint.address &&
      other.endpoint.protocol === endpoint.protocol &&
      other.endpoint.tls === 'implicit',
  );
}

function implicitPort(place: Place): readonly Finding[] {
  if (!isBeside(place)) return [];
  const { base, endpoint } = place.observation;
  const severity = forPeople.includes(endpoint.protocol) ? 'medium' : 'info';
  if (base.connect.kind === 'failed') {
    // Where nothing at all is reached at the address, that says nothing about this port.
    if (!place.host.observations.some((other) => isReached(other, endpoint.address))) return [];
    const evidence = [`Port ${endpoint.port}: ${base.connect.because}`];
    return [foundAt(place, 'implicit-tls.missing', 'absent', { evidence, severity })];
  }
  if (base.tls === null) return [];
  const evidence = [`At port ${endpoint.port}: ${base.tls.version}, ${base.tls.cipher}.`];
  return [foundAt(place, 'implicit-tls.missing', 'pass', { evidence, severity })];
}

function isReached({ endpoint, base }: Observation, address: string): boolean {
  return endpoint.address === address && base.connect.kind === 'connected';
}
