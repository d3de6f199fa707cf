/** What the policy list demands of a mail host. */
import type { Domain } from '../../names/domain.ts';
import type { DanePlan } from '../dane/plan.ts';
import type { Wanted } from '../demand.ts';
import type { DestinationFacts } from '../destination.ts';
import { matchingPattern } from '../mta-sts/match.ts';
import type { ListFacts } from './facts.ts';
import { matchingMx } from './policy-list.ts';

/**
 * What a list that says `enforce` demands of a host: to be named, and a certificate for its own name.
 *
 * A list lowers nothing. Which hosts are the right ones a newer word of the domain itself tells better: where its MTA-STS policy,
 * also one that is only tried, names the host, or its MX records are proven and the host has TLSA records, the list need not.
 */
export function listDemand(
  facts: Pick<DestinationFacts, 'list' | 'sts' | 'way'>,
  host: Domain,
  plan: DanePlan,
  isProven: boolean,
): Wanted | undefined {
  const { list } = facts;
  if (list?.kind !== 'policy' || list.policy.mode !== 'enforce') return undefined;
  const isDane = plan.kind === 'dane';
  if (isDane && isProven) return undefined;
  if (!listsHost(list, host) && !stsNames(facts, host)) {
    const because = `the policy list does not name ${host} for ${list.domain}`;
    return { kind: 'avoid', by: 'list', requires: 'authenticate', forbidden: true, because };
  }
  if (isDane) return undefined;
  return {
    kind: 'demand',
    requires: 'authenticate',
    tryTls: 'yes',
    provesName: true,
    by: 'list',
    because: list.because,
    hostNameOnly: true,
  };
}

/** Whether a list in force that says `enforce` names the host, so that the path could not choose it. */
export function listsHost(list: ListFacts | undefined, host: Domain): boolean {
  return (
    list?.kind === 'policy' && list.policy.mode === 'enforce' && matchingMx(list.policy, host) !== undefined
  );
}

function stsNames({ sts }: Pick<DestinationFacts, 'sts'>, host: Domain): boolean {
  return sts.kind === 'policy' && matchingPattern(sts.known.policy, host) !== undefined;
}
