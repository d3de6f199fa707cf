/** The policy file as it should be: one for all that is found about a policy, so that no repair undoes another. */
import type { Answer } from '../../dns/answer.ts';
import { showName } from '../../dns/name.ts';
import type { Domain } from '../../names/domain.ts';
import type { DestinationFacts } from '../../policies/destination.ts';
import { matchingPattern } from '../../policies/mta-sts/match.ts';
import { formatPattern, MAX_AGE_SECONDS, type StsPolicy } from '../../policies/mta-sts/policy.ts';
import type { PasteLine, Remedy } from '../check.ts';
import { policyUrl, type StsSeen } from './gather.ts';
import { policyLines, recordRemedy, TESTING_AGE } from './publish.ts';

/** Names beyond these are left out of a file that is to be pasted. */
const MOST_NAMES = 50;

/** The mail hosts that can take mail, each once, in order of preference; one that has no address is none. */
export function mxNames({ way, hosts, domain }: DestinationFacts): readonly Domain[] {
  const named = way.kind === 'hosts' ? way.hosts.map(({ host }) => host) : [domain];
  const dead = new Set(hosts.flatMap(({ facts }) => (facts.kind === 'absent' ? [facts.host] : [])));
  const alive = named.filter((host) => !dead.has(host));
  return [...new Set(alive.length > 0 ? alive : named)].slice(0, MOST_NAMES);
}

/** Whether senders go by the policy that is served: a record leads to it, and it can be had. */
export function isInEffect({ fetched, facts }: StsSeen): boolean {
  return fetched?.judged.kind === 'fetched' && facts.sts.record.kind === 'found';
}

/**
 * The file.
 *
 * It enforces only where that is in effect already: a policy that senders do not have yet is tried out first, or mending the
 * way to it would keep mail away. How long it is remembered stays as it is, too: what turns out wrong in a repair is forgotten
 * no later than what it repairs.
 *
 * @param leastAge seconds for which a policy that is enforced is remembered at least.
 */
function rightFile(seen: StsSeen, leastAge: number): readonly PasteLine[] {
  const { facts, served } = seen;
  const isEnforced = isInEffect(seen) && served?.mode === 'enforce';
  const age = isEnforced ? Math.max(Math.min(served.maxAgeSeconds, MAX_AGE_SECONDS), leastAge) : TESTING_AGE;
  return policyLines(isEnforced ? 'enforce' : 'testing', patternsFor(served, mxNames(facts)), age);
}

/**
 * The patterns of the policy, and the names of the hosts that none stands for.
 *
 * One that stands for no host stays: it may be for hosts to come, or for those to which caches still send mail.
 */
export function patternsFor(policy: StsPolicy | undefined, hosts: readonly Domain[]): readonly string[] {
  if (policy === undefined) return hosts;
  const missing = hosts.filter((host) => matchingPattern(policy, host) === undefined);
  return [...new Set([...policy.mx.slice(0, MOST_NAMES).map(formatPattern), ...missing])];
}

/** What the place of the record is an alias of; undefined where it is none. */
export function aliasOf({ aliases, owner }: Pick<Answer, 'aliases' | 'owner'>): string | undefined {
  return aliases.length > 0 ? showName(owner) : undefined;
}

/**
 * Serve the one file, then tell senders: "update the HTTPS policy body before updating the TXT record" (RFC 8461 §8.1).
 *
 * @param leastAge as in {@link rightFile}.
 */
export function serveRightFile(seen: StsSeen, now: number, why: string, leastAge = 0): readonly Remedy[] {
  const { domain, facts, txt } = seen;
  const isThere = facts.sts.record.kind === 'found';
  return [
    {
      who: 'web-host',
      do: `${why} Serve this file at ${policyUrl(domain)}.`,
      lines: rightFile(seen, leastAge),
    },
    recordRemedy(
      domain,
      now,
      isThere
        ? 'Then, not before, give the record a new id, so that senders fetch the policy again.'
        : `Then, not before, have exactly this record at _mta-sts.${domain}, and no other that begins with v=STSv1.`,
      isThere ? aliasOf(txt) : undefined,
    ),
  ];
}
