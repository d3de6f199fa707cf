/** What handshakes have shown of a host: which of its doors a policy is about, and every certificate that was seen there. */
import { groupName } from '../tls/hello/groups.ts';
import { suiteName } from '../tls/hello/suites.ts';
import type { CheckCase, HostCase } from './case.ts';
import { agreedTo } from './hello-facts.ts';
import { showVersion } from './hello-words.ts';
import type { Observation, ObservedTls } from './observation.ts';

/** One handshake that stands, and which hello it came of. */
export interface SeenChain {
  readonly observation: Observation;
  readonly tls: ObservedTls;
  /** `base`: as senders say it. `other-key`: only the other kind of key was acceptable. `no-name`: without SNI. */
  readonly by: 'base' | 'other-key' | 'no-name';
}

/** Whether a door can be used with TLS at all. `unknown`: it was not looked at so far. */
export type TlsReach =
  | { readonly kind: 'secured'; readonly tls: ObservedTls }
  | { readonly kind: 'without'; readonly because: string }
  | { readonly kind: 'unknown' };

/** The doors that policies about this target's mail are for: port 25 of a domain's hosts, or the one port that was named. */
export function policyDoors({ target }: Pick<CheckCase, 'target'>, host: HostCase): readonly Observation[] {
  return host.observations.filter(({ endpoint }) =>
    target.kind === 'domain'
      ? endpoint.protocol === 'smtp'
      : endpoint.port === target.port && endpoint.protocol === target.protocol,
  );
}

/** Whether TLS came about at the first connection, and why not where the server is to blame. */
export function tlsReach({ base }: Observation): TlsReach {
  if (base.tls !== null) return { kind: 'secured', tls: base.tls };
  const { upgrade, end } = base;
  // Whoever sends us away says nothing of TLS.
  if (end.kind === 'throttled' || end.kind === 'blocked') return { kind: 'unknown' };
  switch (upgrade.kind) {
    case 'not-offered':
    case 'bad-answer':
    case 'injected':
      return { kind: 'without', because: upgrade.because };
    case 'handshake-failed':
      return { kind: 'without', because: `the handshake failed: ${upgrade.because}` };
    case 'refused':
      return { kind: 'without', because: `STARTTLS is offered and then refused: ${upgrade.answer.text}` };
    case 'implicit':
    case 'not-reached':
    case 'secured':
      return { kind: 'unknown' };
  }
}

/** Every handshake that stood at this door, the one that senders have first. */
export function chainsAt(observation: Observation): readonly SeenChain[] {
  const { base, probes } = observation;
  const probed = (
    by: SeenChain['by'],
    probe: typeof probes.otherKey | typeof probes.noServerName,
  ): readonly SeenChain[] =>
    probe?.kind === 'seen' && probe.result === 'secured' ? [{ observation, tls: probe.tls, by }] : [];
  return [
    ...(base.tls === null ? [] : [{ observation, tls: base.tls, by: 'base' } as const]),
    ...probed('other-key', probes.otherKey),
    ...probed('no-name', probes.noServerName),
    ...namelessChain(observation),
  ];
}

/** None where the end of the chain was left out: an authority that DANE asks for may have been there. */
function namelessChain(observation: Observation): readonly SeenChain[] {
  if (agreedTo(observation.probes.hello?.weakFirst)?.cut === true) return [];
  const tls = namelessIn(observation);
  return tls === undefined ? [] : [{ observation, tls, by: 'no-name' }];
}

/** What only clients see that take the other kind of key. */
export function otherKeyIn({ probes: { otherKey } }: Observation): ObservedTls | undefined {
  return otherKey?.kind === 'seen' && otherKey.result === 'secured' ? otherKey.tls : undefined;
}

type Shown = Pick<ObservedTls, 'chain'>;

/** Whether both are of the same certificate. */
export function isSameLeaf(one: Shown, other: Shown): boolean {
  const [a, b] = [one.chain[0], other.chain[0]];
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}

/**
 * What a hello of our own without SNI was shown; undefined where there was none, or no certificate.
 *
 * Nobody has looked for a path from that certificate; where it is the one of the first connection it has the same.
 */
export function namelessIn({ base, probes, endpoint }: Observation): ObservedTls | undefined {
  const session = agreedTo(probes.hello?.weakFirst);
  if (session === undefined || session.chain.length === 0 || endpoint.serverName === null) return undefined;
  const isSame = base.tls !== null && isSameLeaf(base.tls, session);
  return {
    version: showVersion(session.version),
    cipher: suiteName(session.suite),
    group: session.group === null ? null : groupName(session.group),
    chain: session.chain,
    path: (isSame ? base.tls?.path : undefined) ?? { kind: 'absent' },
    serverName: null,
    alpn: null,
  };
}

/** Where it was seen, for evidence: `192.0.2.1 port 25`. */
export function placeOfDoor({ endpoint }: Observation): string {
  return `${endpoint.address} port ${endpoint.port}`;
}

/** The name that the check was asked about. */
export function targetName({ target }: Pick<CheckCase, 'target'>): string {
  return target.kind === 'domain' ? target.domain : target.kind === 'host' ? target.host : target.address;
}
