/** What a policy says, and how well its host is kept: where it works, and will not for long or not for everybody. */
import { formatMoment } from '../../names/calendar.ts';
import { matchingPattern } from '../../policies/mta-sts/match.ts';
import { MAX_AGE_SECONDS, type StsPolicy } from '../../policies/mta-sts/policy.ts';
import { type Finding, type FindingScope, finding } from '../finding.ts';
import { validityOf } from '../web-pki.ts';
import type { StsSeen } from './gather.ts';
import { ENFORCE_AGE, verifyStsCommand } from './publish.ts';
import { isInEffect, mxNames, serveRightFile } from './right-file.ts';

/** Of the policy that is served now. */
export function contentFindings(seen: StsSeen, now: number): readonly Finding[] {
  const { served } = seen;
  if (served === undefined || !isInEffect(seen)) return [];
  const scope = { domain: seen.domain };
  return [
    ...mode(seen, served, scope, now),
    age(seen, served, scope, now),
    range(seen, served, scope, now),
    duplicates(seen, served, scope, now),
  ];
}

/** Of the host that serves it. */
export function careFindings(seen: StsSeen, now: number): readonly Finding[] {
  const { fetched } = seen;
  if (fetched?.outcome.kind !== 'answered' || seen.facts.sts.record.kind !== 'found') return [];
  const { answer, course } = fetched.outcome;
  const scope = { domain: seen.policyHost };
  return [
    ...expiry(seen, answer.tls, scope, now),
    ...ipv6(seen, answer.address, course?.failed ?? [], scope),
  ];
}

function linesOf({ lines }: StsPolicy): readonly string[] {
  return lines.slice(0, 10).map((line) => line.slice(0, 200));
}

function mode(seen: StsSeen, policy: StsPolicy, scope: FindingScope, now: number): readonly Finding[] {
  const evidence = linesOf(policy);
  const { domain } = seen;
  const passes = (id: 'mtasts.mode-none' | 'mtasts.mode-testing'): Finding =>
    finding(id, 'pass', { scope, evidence });
  switch (policy.mode) {
    case 'enforce':
      return [passes('mtasts.mode-none'), passes('mtasts.mode-testing')];
    case 'testing':
      return [
        passes('mtasts.mode-none'),
        finding('mtasts.mode-testing', 'warn', {
          scope,
          evidence,
          fix: [
            {
              who: 'web-host',
              do: 'Once the reports (TLS-RPT) of two weeks tell of no failures, go to enforce in the order that `waxwing advise` says.',
              verify: `waxwing advise ${domain}`,
            },
          ],
        }),
      ];
    case 'none':
      return [
        finding('mtasts.mode-none', 'warn', {
          scope,
          evidence,
          fix: serveRightFile(
            seen,
            now,
            'If MTA-STS is wanted, try a policy out; if not, this is right until all old policies are over.',
          ),
        }),
      ];
  }
}

/** In testing a short time is right: nothing depends on it. */
function age(seen: StsSeen, policy: StsPolicy, scope: FindingScope, now: number): Finding {
  const { maxAgeSeconds } = policy;
  const evidence = [`max_age: ${maxAgeSeconds} (${days(maxAgeSeconds)})`, `mode: ${policy.mode}`];
  if (policy.mode !== 'enforce' || maxAgeSeconds >= ENFORCE_AGE)
    return finding('mtasts.max-age-short', 'pass', { scope, evidence });
  return finding('mtasts.max-age-short', 'warn', {
    scope,
    evidence,
    // Below a day a sender that writes weekly has to be caught at its look-up every time.
    severity: maxAgeSeconds < 86_400 ? 'medium' : 'info',
    fix: namesAll(seen, policy)
      ? serveRightFile(seen, now, 'Have the policy remembered for longer.', ENFORCE_AGE)
      : [
          {
            who: 'web-host',
            do: 'Repair the policy first, as it does not name every mail host. When mail has come for a week after that, have it remembered for longer: `waxwing advise` says when, and how.',
            verify: `waxwing advise ${seen.domain}`,
          },
        ],
  });
}

function namesAll({ facts }: StsSeen, policy: StsPolicy): boolean {
  return mxNames(facts).every((host) => matchingPattern(policy, host) !== undefined);
}

function range(seen: StsSeen, policy: StsPolicy, scope: FindingScope, now: number): Finding {
  const said = Number(valuesOf(policy, 'max_age')[0]);
  const evidence = [`max_age: ${said}`];
  if (said <= MAX_AGE_SECONDS) return finding('mtasts.policy.max-age-range', 'pass', { scope, evidence });
  return finding('mtasts.policy.max-age-range', 'warn', {
    scope,
    severity: 'low',
    evidence: [...evidence, `the largest that counts is ${MAX_AGE_SECONDS}, a year`],
    why: 'Senders take a max_age of more than a year for a year, and some refuse the policy.',
    fix: serveRightFile(seen, now, 'Write a max_age of at most a year.'),
  });
}

function duplicates(seen: StsSeen, policy: StsPolicy, scope: FindingScope, now: number): Finding {
  const twice = ['version', 'mode', 'max_age'].filter((name) => valuesOf(policy, name).length > 1);
  const evidence = linesOf(policy);
  if (twice.length === 0) return finding('mtasts.policy.duplicate-key', 'pass', { scope, evidence });
  return finding('mtasts.policy.duplicate-key', 'warn', {
    scope,
    evidence: [`more than once: ${twice.join(', ')}`, ...evidence],
    fix: serveRightFile(seen, now, `Have each of ${twice.join(', ')} once.`),
  });
}

/** The values of a field, in the lines that the parser has taken. */
function valuesOf({ lines }: StsPolicy, name: string): readonly string[] {
  const start = `${name}:`;
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length).trim());
}

/** A tenth of its life is left, or a week: whatever renews it has failed by then. */
function expiry(
  seen: StsSeen,
  tls: Parameters<typeof validityOf>[0],
  scope: FindingScope,
  now: number,
): readonly Finding[] {
  const validity = validityOf(tls);
  if (validity === undefined || validity.notAfter < now) return [];
  const { notBefore, notAfter } = validity;
  const soonMs = Math.max((notAfter - notBefore) / 10, Math.min(WEEK_MS, (notAfter - notBefore) / 3));
  const evidence = [
    `the certificate of ${seen.policyHost} holds until ${formatMoment(Math.floor(notAfter / 1000))}`,
  ];
  if (notAfter - now > soonMs) return [finding('mtasts.policy.cert-expiring', 'pass', { scope, evidence })];
  return [
    finding('mtasts.policy.cert-expiring', 'warn', {
      scope,
      evidence,
      fix: [
        {
          who: 'web-host',
          do: `Renew the certificate of ${seen.policyHost} now, and find out why it did not renew itself.`,
          lines: [{ for: 'nginx', text: 'certbot renew && nginx -s reload' }],
          verify: verifyStsCommand(seen.domain),
        },
      ],
    }),
  ];
}

const WEEK_MS = 7 * 24 * 60 * 60_000;

/** An address of IPv6 at which nobody answers, while one of IPv4 does. */
function ipv6(
  seen: StsSeen,
  answered: string,
  failed: readonly { readonly address: string; readonly noRoute: boolean; readonly because: string }[],
  scope: FindingScope,
): readonly Finding[] {
  const broken = failed.filter(({ address }) => isIpv6(address));
  if (broken.length === 0) {
    if (!isIpv6(answered)) return [];
    return [finding('mtasts.policy.ipv6-broken', 'pass', { scope, evidence: [`${answered} answered`] })];
  }
  const evidence = [...broken.slice(0, 4).map(({ because }) => because), `${answered} answered`];
  if (broken.every(({ noRoute }) => noRoute))
    return [finding('mtasts.policy.ipv6-broken', 'not-tested', { scope, evidence, severity: 'info' })];
  return [
    finding('mtasts.policy.ipv6-broken', 'warn', {
      scope,
      evidence,
      fix: [
        {
          who: 'web-host',
          do: `Have the web server answer at the IPv6 addresses of ${seen.policyHost} too, or take their AAAA records out.`,
          verify: verifyStsCommand(seen.domain),
        },
      ],
    }),
  ];
}

function days(seconds: number): string {
  const [unit, name] = seconds < 86_400 ? [3600, 'hour'] : [86_400, 'day'];
  const count = Math.round(seconds / unit);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** Of an address as the operating system writes it. */
function isIpv6(address: string): boolean {
  return address.includes(':');
}
