/** Where no kind of sender can deliver, what keeps the mail away is as bad as can be, whatever it is worth elsewhere. */
import type { CheckCase } from './case.ts';
import type { CheckId } from './catalogue.ts';
import { type Finding, isProblem } from './finding.ts';
import type { Simulation } from './simulate.ts';

/** What keeps everybody away. Policies are not among them: there are always senders that look at none. */
const keepsAway: ReadonlySet<CheckId> = new Set<CheckId>([
  'conn.refused',
  'conn.timeout',
  'conn.reset',
  'conn.unreachable',
  'conn.ipv6-unreachable',
  'mx.no-address',
  'mx.dangling',
  'mx.null-missing-nonmail',
  'mx.null-with-others',
  'mx.ip-literal',
  'mx.localhost',
  'mx.private-address',
  'mx.provider-token',
  'starttls.bad-reply',
  'starttls.plaintext-after-220',
  'starttls.handshake-failed',
  'starttls.ehlo-after-fails',
]);

/** The findings, those that keep all mail away critical. */
export function withLoss(
  theCase: CheckCase,
  simulation: Pick<Simulation, 'outcomes'>,
  findings: readonly Finding[],
): readonly Finding[] {
  if (!isLost(theCase, simulation)) return findings;
  return findings.map((one) => {
    // What is only remarked on keeps nothing away: a private address that was visited from inside its network.
    if (!isProblem(one) || !keepsAway.has(one.id) || one.severity === 'info') return one;
    return { ...one, severity: 'critical', why: `${one.why} As it is, no sender can deliver.` };
  });
}

/** Whether every kind of sender keeps the message or returns it, and the domain does not say that this is meant (RFC 7505). */
function isLost({ facts }: CheckCase, simulation: Pick<Simulation, 'outcomes'>): boolean {
  const outcomes = Object.values(simulation.outcomes);
  if (outcomes.length === 0 || facts?.way.kind === 'null') return false;
  return outcomes.every(({ outcome }) => outcome === 'deferred' || outcome === 'bounced');
}
