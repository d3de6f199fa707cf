/** How the server behaves once TLS is up. RFC 3207 §4.2, RFC 9051 §6.2.1, RFC 2595 §4. */
import type { Finding } from '../finding.ts';
import type { Visit } from '../observation.ts';
import { offersUpgrade } from '../offers.ts';
import { exchange, foundAt, type Place } from '../place.ts';

export function insideFindings(place: Place): readonly Finding[] {
  const { base } = place.observation;
  if (base.upgrade.kind !== 'secured') return [];
  return [...speaks(place, base), ...again(place, base), ...listed(place, base)];
}

/** Postfix lets the handshake pass and says so afterwards: "421 4.7.1 mx Error: No client certificate presented". */
const WANTS_CERTIFICATE = /\bclient certificate\b/i;

/** Whether the first question inside TLS is answered. */
function speaks(place: Place, base: Visit): readonly Finding[] {
  const { end, inside, smtp } = base;
  const hello = smtp?.helloInside ?? null;
  if (inside !== null || hello?.positive === true)
    return [foundAt(place, 'starttls.ehlo-after-fails', 'pass', { evidence: ['It answers inside TLS.'] })];
  if (end.kind === 'throttled') return [];
  if (hello !== null && WANTS_CERTIFICATE.test(hello.text))
    return [
      foundAt(place, 'starttls.client-cert-required', 'fail', {
        evidence: [`Inside TLS it said: ${hello.text}`],
      }),
    ];
  if (hello !== null)
    return [
      foundAt(place, 'starttls.ehlo-after-fails', 'fail', {
        evidence: [`Inside TLS it said: ${hello.text}`],
      }),
    ];
  const evidence = endedInside(base);
  return evidence === undefined ? [] : [foundAt(place, 'starttls.ehlo-after-fails', 'fail', { evidence })];
}

function endedInside({ end, transcript }: Visit): readonly string[] | undefined {
  const lines = transcript.slice(-4);
  switch (end.kind) {
    case 'closed':
      return end.at === 'inside'
        ? ['It closed the connection at the first command inside TLS.', ...lines]
        : undefined;
    case 'timeout':
      return end.at === 'inside' ? [`Inside TLS it said nothing for ${end.ms} ms.`, ...lines] : undefined;
    case 'broken':
      return end.at === 'inside' ? [end.because, ...lines] : undefined;
    case 'blocked':
    case 'refused':
      return end.at === 'inside' ? [`Inside TLS it said: ${end.answer.text}`, ...lines] : undefined;
    default:
      return undefined;
  }
}

function again(place: Place, { again: answer, transcript }: Visit): readonly Finding[] {
  // Where AUTH may be said again, a yes is no fault.
  if (answer === null || place.observation.endpoint.protocol === 'ftp') return [];
  const evidence = [`A second STARTTLS, inside TLS, was answered: ${answer.text}`];
  const lines = answer.positive ? exchange(transcript, /STARTTLS|STLS|AUTH TLS/i) : [];
  const state = answer.positive ? 'fail' : 'pass';
  return [foundAt(place, 'starttls.second-accepted', state, { evidence: [...evidence, ...lines] })];
}

/** What may come or go with TLS: the offer of it, and logins. */
const EXPECTED = /^(?:STARTTLS|STLS|AUTH[ =]|AUTH$|SASL|LOGINDISABLED|USER$|REQUIRETLS$|CAPA$)/i;

function listed(place: Place, { clear, inside }: Visit): readonly Finding[] {
  if (inside === null) return [];
  const { protocol } = place.observation.endpoint;
  const offers = offersUpgrade(protocol, inside);
  if (offers === undefined) return [];
  const evidence = [`Inside TLS it offers: ${inside.join(', ') || 'nothing'}`];
  const reoffered = foundAt(place, 'starttls.reoffered', offers ? 'fail' : 'pass', { evidence });
  // Other protocols list quite different things before a login in clear and inside TLS, and nothing follows from that.
  if (clear === null || place.observation.base.smtp === null) return [reoffered];
  const [gone, come] = [without(clear, inside), without(inside, clear)];
  const isSame = gone.length === 0 && come.length === 0;
  const changes = [
    ...(come.length === 0 ? [] : [`Only inside TLS: ${come.join(', ')}`]),
    ...(gone.length === 0 ? [] : [`Only in clear: ${gone.join(', ')}`]),
  ];
  return [
    reoffered,
    foundAt(place, 'starttls.caps-diff', isSame ? 'pass' : 'warn', {
      evidence: isSame ? ['In clear and inside TLS the same is offered, but for TLS and logins.'] : changes,
    }),
  ];
}

function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others.map((line) => line.toUpperCase()));
  return lines.filter((line) => !EXPECTED.test(line) && !known.has(line.toUpperCase()));
}
