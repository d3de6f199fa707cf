/** What is wrong or weak about a destination, and who can change it. Only words: nothing is decided here. */
import { daneProblems } from './dane-problems.ts';
import { dnsProblems } from './dns-problems.ts';
import type { Explained } from './explained.ts';
import { listProblems } from './list-problems.ts';
import { memoryProblems } from './memory-problems.ts';
import { type Problem, sender } from './remedies.ts';
import { loginKept, lowered, unnamed, unprotected, unprotectedAddress } from './rule-problems.ts';
import { stsProblems } from './sts-problems.ts';

/** Those that stand in the way first. */
export function problemsOf(explained: Explained): Problem[] {
  const { finding } = explained;
  if (finding.kind === 'address') return [...unprotectedAddress(finding), ...unproven(explained)];
  // Where no host is known the rest could only guess.
  const policies =
    finding.facts.hosts.length === 0
      ? []
      : [
          ...daneProblems(finding, explained),
          ...stsProblems(finding, explained),
          ...listProblems(finding),
          ...memoryProblems(finding),
        ];
  const login = loginKept(explained);
  // That nothing protects the mail need not be said where it was said why.
  const open = policies.length + login.length > 0 ? [] : unprotected(finding, explained);
  return [
    ...dnsProblems(finding, explained),
    ...policies,
    ...login,
    ...lowered(finding, explained),
    ...unnamed(finding),
    ...open,
    ...unproven(explained),
  ];
}

/** Nothing in DNS is proven, so that no TLSA record counts. */
function unproven({ notices, mode }: Explained): Problem[] {
  const off: Problem = {
    says: 'Nobody looks at DNSSEC here (dns.dnssec is "off"), so nothing in DNS is proven and no TLSA record counts.',
    fix: [sender('Write dns.dnssec = "validate", the default.')],
  };
  return [
    ...notices.map(({ says, remedy }) => ({ says, fix: [sender(remedy)] })),
    ...(mode === 'off' ? [off] : []),
  ];
}
