/** What a server of SMTP, submission or LMTP says of itself. RFC 5321 §4.1.1.1, §4.2, RFC 3207 §4, RFC 4954 §4. */

import { parseAddressLiteral } from '../../names/address.ts';
import { parseDomain } from '../../names/domain.ts';
import type { CheckCase } from '../case.ts';
import type { CheckId } from '../catalogue.ts';
import type { CheckProtocol } from '../endpoint.ts';
import type { Finding } from '../finding.ts';
import type { SmtpSeen, Visit } from '../observation.ts';
import { offers } from '../offers.ts';
import { exchange, foundAt, isBeside, isSeen, nonEmpty, type Place, placesOf } from '../place.ts';
import { authFindings } from './smtp-auth.ts';
import { intrusiveFindings } from './smtp-intrusive.ts';

/** Postscreen waits 6 seconds, greet pauses are of 5, those who tarpit need 10 and more. */
const LATE_MS = 15_000;

const family: readonly CheckProtocol[] = ['smtp', 'submission', 'lmtp'];

export function smtpFindings(theCase: CheckCase): readonly Finding[] {
  return placesOf(theCase).flatMap((place) => {
    const { base, endpoint } = place.observation;
    if (!family.includes(endpoint.protocol)) return [];
    // A greeting that is none comes before everything that is kept of SMTP.
    if (base.smtp === null) return greeting(place, base);
    if (!isSeen(base)) return [...greeting(place, base), ...unseen(place, base, base.smtp)];
    return [
      ...greeting(place, base),
      ...hello(place, base, base.smtp),
      ...extensions(place, base),
      ...authFindings(place),
      ...intrusiveFindings(place),
    ];
  });
}

/** Somebody who sends us away owes us nothing more: his greeting is not judged. */
function greeting(place: Place, { greeting: said, end }: Visit): readonly Finding[] {
  if (said === null || end.kind === 'throttled' || end.kind === 'blocked') return [];
  const [first = ''] = said.lines;
  const evidence = [`S: ${said.code ?? ''} ${first}`];
  if (said.code !== 220) return [foundAt(place, 'smtp.banner.code', 'fail', { evidence })];
  const isLate = said.ms > LATE_MS;
  return [
    foundAt(place, 'smtp.banner.code', 'pass', { evidence }),
    foundAt(place, 'smtp.banner.delay', isLate ? 'warn' : 'pass', {
      evidence: [`The greeting was there ${said.ms} ms after the connection was begun.`],
    }),
    foundAt(place, 'smtp.banner.fqdn', namesServer(first) ? 'pass' : 'warn', { evidence }),
    foundAt(place, 'smtp.banner.software-leak', hasVersion(first) ? 'warn' : 'pass', { evidence }),
  ];
}

/** The word that should be the server's own name: a domain of two labels at least, or an address literal. */
function namesServer(text: string): boolean {
  const [first = ''] = text.split(' ');
  if (parseAddressLiteral(first).kind === 'ok') return true;
  const domain = parseDomain(first);
  return domain.kind === 'ok' && domain.value.includes('.');
}

/** A version behind the name of a program; the server's name and the date are none. */
function hasVersion(text: string): boolean {
  const [, ...words] = text.split(' ');
  return words.some((word) => /^[(v/]*\d+\.\d+(?:[.p]\d+)*\b/.test(word) || /[a-z]\/\d+\.\d+/i.test(word));
}

/** A server that has greeted as one of SMTP, and with which it came to nothing more. */
function unseen(place: Place, base: Visit, smtp: SmtpSeen): readonly Finding[] {
  if (base.greeting === null) return [];
  return [...(base.end.kind === 'refused' ? hello(place, base, smtp) : []), ...brokenSyntax(place, base)];
}

function hello(place: Place, base: Visit, smtp: SmtpSeen): readonly Finding[] {
  const { hello: answer, helo } = smtp;
  const evidence = [...exchange(base.transcript, /^C: (?:EHLO|LHLO|HELO)\b/i)];
  if (answer === null) return [];
  if (!answer.positive) {
    const seen = [
      `EHLO was answered: ${answer.text}`,
      ...(helo === null ? [] : [`HELO was answered: ${helo.text}`]),
    ];
    if (helo?.positive === true) return [foundAt(place, 'smtp.ehlo.helo-only', 'fail', { evidence: seen })];
    // Others have better names: what becomes of them is not known.
    const state = isAboutOurName(answer.text) ? 'not-tested' : 'fail';
    return [foundAt(place, 'smtp.ehlo.rejected', state, { evidence: seen })];
  }
  const [, ...words] = answer.text.split(' ');
  const [name = ''] = words.filter((word) => !/^[245]\.\d{1,3}\.\d{1,3}$/.test(word));
  return [
    foundAt(place, 'smtp.ehlo.rejected', 'pass', { evidence: nonEmpty(evidence, `S: ${answer.text}`) }),
    foundAt(place, 'smtp.ehlo.name', namesServer(name) ? 'pass' : 'warn', {
      evidence: [`S: ${answer.text}`],
    }),
    ...syntax(place, base),
  ];
}

/** As Postfix, Exim, Sendmail and Exchange say that they want another name than the one they were given. */
function isAboutOurName(text: string): boolean {
  return /fully.qualified|FQDN|helo command rejected|(?:invalid|bad|bogus|illegal) (?:helo|ehlo|host|domain)?\s*name|host ?name (?:required|rejected)|(?:invalid|malformed) (?:domain|address|argument)|syntactically invalid (?:helo|ehlo)? ?argument/i.test(
    text,
  );
}

/** A server that greets as one of SMTP, and then breaks the syntax of its replies. */
function syntax(place: Place, base: Visit): readonly Finding[] {
  const { end } = base;
  if (end.kind === 'broken') return brokenSyntax(place, base);
  if (end.kind !== 'complete' && end.kind !== 'without-tls') return [];
  return [
    foundAt(place, 'smtp.line-syntax', 'pass', { evidence: ['Every line of the visit was well formed.'] }),
  ];
}

/** What only tells people what the server can do; RFC 8689 §2 has REQUIRETLS offered inside TLS only. */
const extensionIds = {
  'smtp.ext.pipelining': 'PIPELINING',
  'smtp.ext.size': 'SIZE',
  'smtp.ext.8bitmime': '8BITMIME',
  'smtp.ext.smtputf8': 'SMTPUTF8',
  'smtp.ext.dsn': 'DSN',
  'smtp.ext.enhancedstatuscodes': 'ENHANCEDSTATUSCODES',
  'smtp.ext.chunking': 'CHUNKING',
  'smtp.ext.requiretls': 'REQUIRETLS',
} as const satisfies Readonly<Partial<Record<CheckId, string>>>;

function isExtensionId(id: string): id is keyof typeof extensionIds {
  return Object.hasOwn(extensionIds, id);
}

function extensions(place: Place, { clear, inside }: Visit): readonly Finding[] {
  const offered = inside ?? clear;
  if (offered === null || isBeside(place)) return [];
  return Object.keys(extensionIds)
    .filter(isExtensionId)
    .flatMap((id) => {
      const keyword = extensionIds[id];
      // Without TLS nothing is known of what would be offered inside.
      if (id === 'smtp.ext.requiretls' && inside === null) return [];
      const line = offered.find((one) => offers([one], keyword));
      return line === undefined
        ? [
            foundAt(place, id, 'absent', {
              evidence: [`${keyword} is not among: ${offered.join(', ') || 'nothing'}`],
            }),
          ]
        : [foundAt(place, id, 'pass', { evidence: [`S: 250 ${line}`] })];
    });
}

/** The greeting has a code of its own to be wrong, and in a handshake nothing of SMTP is said. */
function brokenSyntax(place: Place, { end }: Visit): readonly Finding[] {
  if (end.kind !== 'broken' || end.at === 'handshake' || end.at === 'greeting') return [];
  return [foundAt(place, 'smtp.line-syntax', 'fail', { evidence: [`At the ${end.at}: ${end.because}`] })];
}
