/** The way to TLS: whether it is offered, comes about, and is the same for everybody. RFC 3207, and its like elsewhere. */
import type { CheckCase } from '../case.ts';
import { entryOf } from '../catalogue.ts';
import type { Severity } from '../check.ts';
import type { Finding } from '../finding.ts';
import type { Upgrade, Visit } from '../observation.ts';
import { exposingOf, maskedIn, mechanismsOf } from '../offers.ts';
import { exchange, foundAt, isBeside, isSeen, nonEmpty, type Place, placesOf, type Said } from '../place.ts';
import { consistencyFindings } from './starttls-consistency.ts';
import { insideFindings } from './starttls-inside.ts';
import { probeFindings } from './starttls-probes.ts';

export function starttlsFindings(theCase: CheckCase): readonly Finding[] {
  return [
    ...placesOf(theCase).flatMap((place) => {
      const { base } = place.observation;
      // PREAUTH leaves no room for STARTTLS, and has a finding of its own.
      if (!isSeen(base) || base.mailbox?.preauth === true) return [];
      return [
        ...offer(place, base),
        ...upgrade(place, base),
        ...insideFindings(place),
        ...probeFindings(place),
      ];
    }),
    ...theCase.hosts.flatMap((host) => consistencyFindings(theCase, host)),
  ];
}

function offer(place: Place, base: Visit): readonly Finding[] {
  const { upgrade: outcome, clear } = base;
  if (place.observation.endpoint.tls === 'implicit' || outcome.kind === 'not-reached') return [];
  const masked = maskedIn([...(clear ?? []), ...(base.greeting?.lines ?? [])]);
  const evidence = [`In clear it offers: ${(clear ?? []).join(', ') || 'nothing'}`];
  const severity = severityWithoutTls(place);
  if (outcome.kind !== 'not-offered') {
    return [
      foundAt(place, 'starttls.not-offered', 'pass', { evidence }),
      foundAt(place, 'starttls.stripped', 'pass', { evidence }),
    ];
  }
  const said: Said = { evidence: [sentence(outcome.because), ...evidence], severity, ...whyAt(place) };
  if (masked.length === 0) return [foundAt(place, 'starttls.not-offered', 'fail', said)];
  const { why: _, ...stripped } = said;
  return [
    foundAt(place, 'starttls.stripped', 'fail', {
      ...stripped,
      evidence: [`Overwritten: ${masked.join(', ')}`, ...evidence],
    }),
  ];
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

/** How bad it is that no TLS can be had at this door. */
function severityWithoutTls(place: Place): Severity {
  const { protocol } = place.observation.endpoint;
  if (isBeside(place)) return 'medium';
  if (protocol === 'smtp') return 'critical';
  // Between two programs of one operator, as a rule on one host.
  if (protocol === 'lmtp') return 'medium';
  if (takesLogins(place)) return 'critical';
  return hasImplicit(place) ? 'low' : 'high';
}

function takesLogins({ observation: { base, endpoint } }: Place): boolean {
  if (base.mailbox?.loginInClear?.positive === true) return true;
  return exposingOf(mechanismsOf(endpoint.protocol, base.clear ?? [])).length > 0;
}

/** Whether the same host has TLS from the first octet beside. */
function hasImplicit({ host, observation: { endpoint } }: Place): boolean {
  return host.observations.some(
    (other) =>
      other.endpoint.address === endpoint.address &&
      other.endpoint.tls === 'implicit' &&
      other.endpoint.protocol === endpoint.protocol &&
      other.base.tls !== null,
  );
}

function whyAt(place: Place): { readonly why?: string } {
  const { protocol } = place.observation.endpoint;
  if (protocol === 'smtp') return {};
  const name = protocol.toUpperCase();
  return {
    why: takesLogins(place)
      ? `Clients of ${name} can log in at this port only in clear: whoever is on the path reads name, password and everything else.`
      : `Clients of ${name} get no TLS at this port, so that whoever is on the path reads everything that is said there.`,
  };
}

function upgrade(place: Place, base: Visit): readonly Finding[] {
  const { upgrade: outcome } = base;
  switch (outcome.kind) {
    case 'secured':
      return came(place, outcome.ms);
    case 'implicit':
      return [foundAt(place, 'starttls.handshake-failed', 'pass', { evidence: [agreed(base)] })];
    case 'not-offered':
    case 'not-reached':
      return [];
    default:
      return [failed(place, base, outcome)];
  }
}

/** Of a handshake with a server on the other side of the earth, which has to look up nothing. */
const SLOW_MS = 3_000;

function came(place: Place, ms: number): readonly Finding[] {
  const { base } = place.observation;
  // Inside TLS it may have been said again, to be refused.
  const evidence = [agreed(base), ...exchange(base.transcript, UPGRADES, 'first')];
  const pass = (
    id: 'starttls.handshake-failed' | 'starttls.refused' | 'starttls.plaintext-after-220',
  ): Finding => foundAt(place, id, 'pass', { evidence });
  return [
    pass('starttls.refused'),
    pass('starttls.plaintext-after-220'),
    pass('starttls.handshake-failed'),
    foundAt(place, 'starttls.slow', ms > SLOW_MS ? 'warn' : 'pass', {
      evidence: [`From STARTTLS to the end of the handshake it took ${ms} ms.`],
    }),
  ];
}

const UPGRADES = /^C: (?:\S+ )?(?:STARTTLS|STLS|AUTH TLS)\b/i;

function agreed({ tls }: Visit): string {
  return tls === null ? 'TLS came about.' : `TLS came about: ${tls.version}, ${tls.cipher}.`;
}

type Failed = Exclude<Upgrade, { kind: 'secured' | 'implicit' | 'not-offered' | 'not-reached' }>;

function failed(place: Place, base: Visit, outcome: Failed): Finding {
  const severity = severityWithoutTls(place);
  const lines = exchange(base.transcript, UPGRADES);
  switch (outcome.kind) {
    case 'refused': {
      const { code, text } = outcome.answer;
      const isForNow = code !== null && code >= 400 && code < 500;
      const id = isForNow ? 'starttls.refused-454' : 'starttls.refused';
      return foundAt(place, id, 'fail', {
        evidence: nonEmpty(lines, `STARTTLS was answered: ${text}`),
        severity,
      });
    }
    case 'bad-answer':
      return foundAt(place, 'starttls.bad-reply', 'fail', {
        evidence: [outcome.because, ...lines],
        severity,
      });
    case 'injected':
      return foundAt(place, 'starttls.plaintext-after-220', 'fail', {
        evidence: [outcome.because, `In clear behind the go-ahead: ${outcome.text}`, ...lines],
      });
    case 'handshake-failed': {
      const alert = outcome.alert === null ? [] : [`The alert that the server sent: ${outcome.alert}`];
      const evidence = [outcome.because, ...alert, ...lines];
      // "Sent by servers when a client certificate is desired but none was provided by the client" (RFC 8446 §6.2).
      const id =
        outcome.alert === 'certificate required'
          ? 'starttls.client-cert-required'
          : 'starttls.handshake-failed';
      const plain = id === 'starttls.handshake-failed' && outcome.alert === null ? atOnce(place) : {};
      return foundAt(place, id, 'fail', { evidence, severity, ...plain });
    }
  }
}

/** Where TLS was to come first and what came is none: as a rule the port is one for STARTTLS. */
function atOnce({ theCase: { target }, host, observation: { endpoint } }: Place): Pick<Said, 'why' | 'fix'> {
  const { protocol, port, tls } = endpoint;
  if (tls !== 'implicit') return {};
  const why =
    'TLS was begun with the first octet, as clients of a port for that do, and did not come about: they cannot use this port.';
  const { fix } = entryOf('starttls.handshake-failed');
  if (target.kind === 'domain' || target.tls !== 'implicit') return { why };
  const flag = protocol === 'smtp' ? '' : ` --protocol ${protocol}`;
  const where = target.kind === 'address' ? `'[${host.name}]:${port}'` : `${host.name}:${port}`;
  const order =
    'If the server speaks plain text there, as one does that has STARTTLS, check it without --tls implicit; clients have to be set to STARTTLS, or to another port.';
  return {
    why,
    fix: [{ who: 'tester', do: order, verify: `waxwing check ${where}${flag}` }, ...fix],
  };
}
