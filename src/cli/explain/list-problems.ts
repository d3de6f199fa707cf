/** What is wrong with the policy list, or between it and what the DNS says. */
import type { Domain } from '../../names/domain.ts';
import type { HostVerdict } from '../../policies/combine.ts';
import { shorten } from '../../policies/dane/tlsa.ts';
import { formatMx, type ListPolicy } from '../../policies/list/policy-list.ts';
import type { LookedUp } from './explained.ts';
import { owner, type Problem, requireTls, sender } from './remedies.ts';

export function listProblems({ facts: { domain, list }, verdict }: LookedUp): readonly Problem[] {
  switch (list?.kind) {
    case undefined:
    case 'none':
      return [];
    case 'expired':
      return [ended(list.because)];
    case 'policy': {
      const unlisted = verdict.hosts.filter(isUnlisted).map(({ host }) => host);
      return unlisted.length === 0 ? [] : [notNamed(domain, list.policy, unlisted, verdict.kind === 'defer')];
    }
  }
}

function isUnlisted(host: HostVerdict): boolean {
  return host.kind === 'avoid' && host.by === 'list' && host.forbidden;
}

function ended(because: string): Problem {
  const says = `${because.charAt(0).toUpperCase()}${because.slice(1)}: nothing of it protects mail any more.`;
  return {
    says,
    fix: [
      sender(
        'See what came of the last look for a newer one, and ask its author; one that you have from elsewhere: waxwing policy import-list.',
        'waxwing policy list',
      ),
    ],
  };
}

function notNamed(domain: Domain, policy: ListPolicy, hosts: readonly Domain[], isHeld: boolean): Problem {
  const names = hosts.join(', ');
  const are = hosts.length === 1 ? 'is' : 'are';
  const listed = shorten(policy.mxs.map(formatMx));
  return {
    says: `The policy list (enforce) names ${listed} for ${domain}, but DNS names ${names}, which ${are} not among them. Either the list was not told when the mail moved, or somebody on the path has put this host in place of the right one.`,
    fix: [
      owner(
        `If ${names} ${are} right: tell the author of the list; and publish an MTA-STS policy, which stands in place of what the list says of hosts. Otherwise correct the MX records of ${domain}.`,
      ),
      ...(isHeld
        ? [
            requireTls(
              domain,
              '2d',
              'Only if the owner says, and not by mail, that the host is right, make an exception.',
            ),
          ]
        : [sender(`Tell the owner of ${domain}; meanwhile mail goes to the other hosts.`)]),
    ],
  };
}
