/** Whether certificates are valid at the moment that is judged, and for how long yet. RFC 5280 §4.1.2.5. */
import { formatMoment } from '../../names/calendar.ts';
import { validityOf } from '../../tls/openssl.ts';
import { nameOf, type PathCertificate } from '../../tls/path-rules.ts';
import { entryOf } from '../catalogue.ts';
import { isAtLeast, type Severity } from '../check.ts';
import type { Finding } from '../finding.ts';
import { foundAt, type Place } from '../place.ts';
import { type Presented, showCertificate } from '../presented.ts';
import { effectAt, severityAt } from '../scrutiny.ts';

const aDay = 24 * 60 * 60 * 1000;

export function dateFindings(one: Presented): readonly Finding[] {
  const { place, from, until } = one;
  const { now } = place.theCase;
  const dates = `Valid from ${moment(from)} to ${moment(until - 1000)}; judged at ${moment(now)}.`;
  const evidence = [showCertificate(one), dates];
  const severity = severityWhenOver(one);
  const said = { evidence, severity, why: `The certificate is outside its dates. ${effectAt(place)}` };
  const valid = (id: 'cert.expired' | 'cert.not-yet-valid'): Finding =>
    foundAt(place, id, 'pass', { evidence, severity });
  if (now < from)
    return [
      foundAt(place, 'cert.not-yet-valid', 'fail', { ...said, severity: severityAt(place, { none: 'low' }) }),
      valid('cert.expired'),
    ];
  if (now >= until) {
    const fix = entryOf('cert.expired').fix.map((remedy) => ({ ...remedy, verify: datesCommand(place) }));
    return [foundAt(place, 'cert.expired', 'fail', { ...said, fix }), valid('cert.not-yet-valid')];
  }
  return [valid('cert.not-yet-valid'), valid('cert.expired'), ...ofAuthorities(one), expiring(one, evidence)];
}

/** The command that shows what the server presents now, by the door at which it was seen. */
function datesCommand({ host, observation: { endpoint } }: Place): string {
  const { protocol, tls, port, serverName } = endpoint;
  const where = host.name.includes(':') ? `'[${host.name}]:${port}'` : `${host.name}:${port}`;
  const words = [
    ...(tls === 'starttls' ? [`-starttls ${protocol === 'submission' ? 'smtp' : protocol}`] : []),
    `-connect ${where}`,
    ...(serverName === null ? [] : [`-servername ${serverName}`]),
    // PostgreSQL takes TLS from the first octet only of those who name it (ALPN).
    ...(tls === 'implicit' && protocol === 'postgres' ? ['-alpn postgresql'] : []),
  ];
  const shown = 'openssl x509 -noout -subject -issuer -dates -ext subjectAltName';
  return `openssl s_client ${words.join(' ')} </dev/null | ${shown}`;
}

/** A lapsed certificate alone is forgiven by everybody who does not verify. */
function severityWhenOver({ place }: Presented): Severity {
  return severityAt(place, { none: 'low' });
}

/**
 * Certificates of authorities among those presented that are over.
 *
 * Where a path was found at the time of the visit, one that was over already then is not needed for it: some servers go on to
 * send a cross-signed authority for old clients.
 */
function ofAuthorities(one: Presented): readonly Finding[] {
  const { place, tls, others } = one;
  const { now } = place.theCase;
  const trustedAt = tls.path.kind === 'trusted' ? place.observation.at : -Infinity;
  const over = others.filter((other) => {
    const until = validityOf(other.x509).to + 1000;
    return now >= until && until > trustedAt;
  });
  if (others.length === 0) return [];
  const evidence = (over.length === 0 ? others : over).map((other) => {
    const { to } = validityOf(other.x509);
    return Number.isNaN(to)
      ? `${subjectOf(other)} has a date that cannot be read.`
      : `${subjectOf(other)} is valid to ${moment(to)}.`;
  });
  const severity = severityWhenOver(one);
  if (over.length === 0) return [foundAt(place, 'cert.chain.expired', 'pass', { evidence, severity })];
  const why = `A certificate of an authority, presented beside the server's own, is over. ${effectAt(place)}`;
  return [foundAt(place, 'cert.chain.expired', 'fail', { evidence, severity, why })];
}

function subjectOf(certificate: PathCertificate): string {
  const name = nameOf(certificate);
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

/** Those that are renewed by hand, once a year or so. */
const LONG_MS = 180 * aDay;

/** With less than this left, a certificate is so late that somebody has to see to it now; all in milliseconds. */
export function lateBelow(lifetime: number): number {
  return lifetime >= LONG_MS ? 7 * aDay : lifetime / 10;
}

/**
 * How bad it is that so little is left.
 *
 * ACME clients renew when a third is left (30 of 90 days, 15 of 45), some of them only once a day: until a quarter is left
 * nothing is late. A tenth is days of a short one, and weeks of a long one; of long ones the days count.
 */
function urgencyOf(left: number, lifetime: number): Severity | undefined {
  if (lifetime >= LONG_MS) {
    if (left < 3 * aDay) return 'critical';
    if (left < lateBelow(lifetime)) return 'high';
    if (left < 14 * aDay) return 'medium';
    return left < 30 * aDay ? 'low' : undefined;
  }
  if (left < lateBelow(lifetime)) return 'high';
  if (left < lifetime / 4) return 'low';
  return left < lifetime / 3 ? 'info' : undefined;
}

function expiring(one: Presented, evidence: readonly string[]): Finding {
  const { place, from, until } = one;
  const left = until - place.theCase.now;
  const urgency = urgencyOf(left, until - from);
  const shown = `${(left / aDay).toFixed(1)} of ${((until - from) / aDay).toFixed(1)} days are left.`;
  const said = [...evidence, shown];
  if (urgency === undefined) return foundAt(place, 'cert.expiring', 'pass', { evidence: said });
  // It cannot be worse that it is going to be over than that it is.
  const worst = severityWhenOver(one);
  const severity = isAtLeast(urgency, worst) ? worst : urgency;
  const late =
    urgency === 'info'
      ? 'The certificate is due for renewal, as programs that renew it by themselves do about now.'
      : 'The certificate will be over soon, and it should have been renewed by now.';
  const why = `${late} After that: ${effectAt(place)}`;
  return foundAt(place, 'cert.expiring', 'warn', { evidence: said, severity, why });
}

function moment(ms: number): string {
  return formatMoment(Math.floor(ms / 1000));
}
