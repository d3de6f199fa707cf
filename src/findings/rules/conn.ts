/** Whether the servers can be reached, and whether they let us look. RFC 5321 §4.2 (replies that send one away). */
import { isLoopback } from '../../names/address.ts';
import type { CheckCase, HostCase, Skipped } from '../case.ts';
import type { Severity } from '../check.ts';
import { type Finding, finding } from '../finding.ts';
import type { Connect, Observation, VisitEnd } from '../observation.ts';
import { bounded, foundAt, isBeside, isSeen, type Place, placesOf, type Said } from '../place.ts';
import { familyFindings, isSix } from './conn-families.ts';

/** When another try is worthwhile, milliseconds later. */
const AFTER_THROTTLE_MS = 15 * 60_000;
const AFTER_BLOCK_MS = 60 * 60_000;
/** Of a handshake of TCP; three round trips around the world. */
const SLOW_MS = 1_000;

type Failed = Extract<Connect, { kind: 'failed' }>;

export function connFindings(theCase: CheckCase): readonly Finding[] {
  return [
    ...theCase.hosts.flatMap((host) => familyFindings(host)),
    ...placesOf(theCase).flatMap((place) => atPlace(place)),
    ...theCase.hosts.flatMap((host) => host.skipped.map((skipped) => leftAlone(host, skipped))),
  ];
}

function atPlace(place: Place): readonly Finding[] {
  const { connect } = place.observation.base;
  if (connect.kind === 'failed') return isBeside(place) ? [] : [notConnected(place, connect)];
  const reached = foundAt(place, 'conn.refused', 'pass', { evidence: [`Connected in ${connect.ms} ms.`] });
  return [reached, ...speed(place, connect.ms), ...unseen(place)];
}

function notConnected(place: Place, failed: Failed): Finding {
  const { address } = place.observation.endpoint;
  const said = { evidence: [failed.because] };
  if (failed.how === 'no-route') return withoutRoute(place, said.evidence);
  // One address family is broken, and mail comes by the other: that is another repair, and less bad.
  if (isSix(address) && hasIpv4(place.host)) return brokenIpv6(place, failed);
  switch (failed.how) {
    case 'refused':
      return foundAt(place, 'conn.refused', 'fail', said);
    case 'reset':
      return foundAt(place, 'conn.reset', 'fail', said);
    case 'unreachable':
      return isNetworkProven(place)
        ? foundAt(place, 'conn.unreachable', 'fail', said)
        : foundAt(place, 'conn.unreachable', 'not-tested', { ...said, ...laterAt(place) });
    case 'timeout':
      return isNetworkProven(place)
        ? foundAt(place, 'conn.timeout', 'fail', said)
        : foundAt(place, 'conn.timeout', 'not-tested', {
            evidence: [...said.evidence, UNPROVEN],
            ...laterAt(place),
          });
    case 'other':
      return foundAt(place, 'conn.unreachable', 'not-tested', { ...said, ...laterAt(place) });
  }
}

const UNPROVEN =
  'No other server of this check was reached at that port, so it may be this network that lets nothing through.';

/** Nothing about the target: this host has no way there. */
function withoutRoute(place: Place, evidence: readonly string[]): Finding {
  const isSixth = isSix(place.observation.endpoint.address);
  // Where it is the only address nothing at all is known of the host, and that must not look like a success.
  const severity: Severity = isSixth && hasIpv4(place.host) ? 'info' : 'high';
  const fix = [{ who: 'tester', do: 'Check from a host whose network reaches that address.' } as const];
  const id = isSixth ? 'conn.ipv6-unreachable' : 'conn.unreachable';
  const why = 'The host that checks has no route to that address, which says nothing about the server.';
  return foundAt(place, id, 'not-tested', { evidence, severity, why, fix });
}

function brokenIpv6(place: Place, { because }: Failed): Finding {
  const evidence = [because];
  // A timeout may be ours: IPv6 that is configured and leads nowhere is common among those who check, too.
  if (place.observation.base.connect.kind === 'failed' && !isNetworkProven(place, true) && !isActive(place))
    return foundAt(place, 'conn.ipv6-unreachable', 'not-tested', {
      evidence: [
        ...evidence,
        'No other server of this check was reached by IPv6, so it may be this network.',
      ],
      ...laterAt(place),
    });
  return foundAt(place, 'conn.ipv6-unreachable', 'fail', { evidence });
}

/** Whether somebody at the address, or before it, has said no. */
function isActive({ observation: { base } }: Place): boolean {
  return base.connect.kind === 'failed' && (base.connect.how === 'refused' || base.connect.how === 'reset');
}

/** Whether it is shown that our network lets us out to that port: by another server that was reached, or as it is our own host. */
function isNetworkProven(place: Place, bySix = isSix(place.observation.endpoint.address)): boolean {
  const { address, port } = place.observation.endpoint;
  if (isLoopback(address)) return true;
  return placesOf(place.theCase).some(
    ({ observation: { endpoint, base } }) =>
      base.connect.kind === 'connected' && endpoint.port === port && isSix(endpoint.address) === bySix,
  );
}

function hasIpv4({ observations }: HostCase): boolean {
  return observations.some(({ endpoint }) => !isSix(endpoint.address));
}

function speed(place: Place, ms: number): readonly Finding[] {
  const evidence = [`The connection took ${ms} ms.`];
  return [foundAt(place, 'conn.slow', ms > SLOW_MS ? 'warn' : 'pass', { evidence })];
}

/** The one finding for an endpoint at which we were not let so far as TLS. */
function unseen(place: Place): readonly Finding[] {
  const { observation } = place;
  const { upgrade, end } = observation.base;
  // What is offered may be known, and the connection may have ended before it was known what comes of it.
  if (!isSeen(observation.base) || upgrade.kind === 'not-reached') return ofEnd(place, end, observation);
  return throttledLater(place);
}

function ofEnd(place: Place, end: VisitEnd, { base }: Observation): readonly Finding[] {
  const severity: Severity = isBeside(place) ? 'low' : 'high';
  const lines = base.transcript.slice(-6);
  const { upgrade } = base;
  if (upgrade.kind === 'refused')
    return [throttled(place, severity, [`STARTTLS was answered: ${upgrade.answer.text}`, ...lines])];
  switch (end.kind) {
    case 'throttled':
      return [throttled(place, severity, [`At the ${end.at} it said: ${end.answer.text}`, ...lines])];
    case 'blocked':
    case 'refused': {
      const evidence = [`At the ${end.at} it said: ${end.answer.text}`, ...lines];
      const unnamed = withoutDomain(place);
      if (unnamed !== undefined)
        return [
          foundAt(place, 'conn.blocked', 'not-tested', {
            evidence: ['An address names no domain: check the server by the name of one.', ...evidence],
            severity,
            ...unnamed,
          }),
        ];
      const why = end.kind === 'refused' ? { why: UNWILLING } : {};
      return [
        foundAt(place, 'conn.blocked', 'not-tested', { evidence, severity, ...why, ...laterAt(place) }),
      ];
    }
    case 'closed': {
      const evidence = [`It took the connection and closed it, before its ${end.at} was complete.`, ...lines];
      return [foundAt(place, 'conn.closed', 'not-tested', { evidence, severity, ...laterAt(place) })];
    }
    case 'timeout': {
      const id = base.greeting === null ? 'conn.timeout' : 'conn.tarpit';
      const evidence = [
        `It took the connection; ${end.ms} ms later its ${end.at} was still not complete.`,
        ...lines,
      ];
      return [foundAt(place, id, 'not-tested', { evidence, severity, why: SILENT, ...laterAt(place) })];
    }
    case 'broken': {
      const evidence = [end.because, ...lines];
      return [foundAt(place, 'conn.protocol', 'not-tested', { evidence, severity })];
    }
    case 'complete':
    case 'without-tls':
    case 'not-connected':
      return [];
  }
}

/** RFC 6120 §4.7.2: servers of XMPP have to be told which domain is meant, and we know none. */
function withoutDomain({ theCase: { target } }: Place): Pick<Said, 'why' | 'fix'> | undefined {
  if (target.kind !== 'address') return undefined;
  const { protocol, port, tls } = target;
  if (protocol !== 'xmpp' && protocol !== 'xmpp-server') return undefined;
  const implicit = tls === 'implicit' ? ' --tls implicit' : '';
  const verify = `waxwing check NAME:${port} --protocol ${protocol}${implicit}`;
  return {
    why: 'A server of XMPP has to be told first of all which of its domains is meant, and an address names none. Whether it has TLS is therefore not known.',
    fix: [
      { who: 'tester', do: 'Check the server by the name of a domain that it serves: NAME below.', verify },
    ],
  };
}

const UNWILLING =
  'The server does not begin a session with us, and does not say why. Whether it has TLS is therefore not known: this says nothing against the server.';

const SILENT =
  'The server was so slow that the time for the check was over before anything could be learnt of its TLS. Senders wait up to 5 minutes for a greeting (RFC 5321 §4.5.3.2.1), so mail may arrive all the same.';

/** TLS was seen, and then we were told to go: what comes after stays untested. */
function throttledLater(place: Place): readonly Finding[] {
  const { end } = place.observation.base;
  if (end.kind !== 'throttled') return [];
  const evidence = [`At the ${end.at} it said: ${end.answer.text}`];
  return [throttled(place, 'medium', evidence)];
}

function throttled(place: Place, severity: Severity, evidence: readonly string[]): Finding {
  return foundAt(place, 'conn.ratelimited', 'not-tested', {
    evidence,
    severity,
    ...laterAt(place, AFTER_THROTTLE_MS),
  });
}

function laterAt({ observation }: Place, ms = AFTER_BLOCK_MS): { readonly retryAt: number } {
  return { retryAt: observation.at + ms };
}

/** Beyond the limit of one target others of its doors were visited; where another try is worthwhile, perhaps none was. */
function severityOfSkipped({ kind, retryAt }: Skipped): Severity {
  return kind === 'too-many' && retryAt === null ? 'low' : 'high';
}

function leftAlone({ name }: HostCase, skipped: Skipped): Finding {
  const { address, port, kind, because, retryAt } = skipped;
  const id = kind === 'throttled' ? 'conn.ratelimited' : 'conn.skipped';
  return finding(id, 'not-tested', {
    scope: { host: name, address, port },
    evidence: bounded([because]),
    severity: severityOfSkipped(skipped),
    ...(retryAt === null ? {} : { retryAt }),
    ...(kind === 'private' ? { fix: [{ who: 'tester', do: FROM_INSIDE }] } : {}),
  });
}

const FROM_INSIDE =
  'Check from inside the network that this address belongs to, with --allow-private. Senders elsewhere cannot reach it.';
