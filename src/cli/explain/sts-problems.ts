/** What is wrong or weak about the MTA-STS policy of a domain. */
import { formatMoment } from '../../names/calendar.ts';
import type { Domain } from '../../names/domain.ts';
import type { HostVerdict } from '../../policies/combine.ts';
import { shorten } from '../../policies/dane/tlsa.ts';
import type { DestinationFacts } from '../../policies/destination.ts';
import type { KnownPolicy } from '../../policies/mta-sts/cache.ts';
import type { StsFacts } from '../../policies/mta-sts/facts.ts';
import { matchingPattern } from '../../policies/mta-sts/match.ts';
import { formatPattern } from '../../policies/mta-sts/policy.ts';
import type { Explained, LookedUp } from './explained.ts';
import { usableOf } from './hosts.ts';
import { type Fix, faultOf, findOut, owner, type Problem, requireTls, sender } from './remedies.ts';
import { INSTEAD } from './rule-problems.ts';
import { inWords } from './words.ts';

export function stsProblems({ facts, verdict }: LookedUp, explained: Explained): Problem[] {
  const { sts, hosts } = facts;
  const open = opennessOf(verdict.hosts);
  const unlisted =
    sts.kind === 'policy'
      ? hosts.map(({ facts: { host } }) => host).filter((host) => !matchingPattern(sts.known.policy, host))
      : [];
  return [
    ...(sts.kind === 'policy'
      ? ofPolicy(facts, sts.known, unlisted, { isHeld: verdict.kind === 'defer', open })
      : []),
    ...(sts.kind === 'policy' ? remembered(sts, sts.known) : unfetched(sts, explained, open)),
  ];
}

/** What an owner's lack of a policy leaves open: words for it, and what the sender can do. */
interface Openness {
  /** Behind what is wrong. */
  readonly so: string;
  readonly fix: (domain: Domain) => readonly Fix[];
}

function opennessOf(hosts: readonly HostVerdict[]): Openness {
  const usable = usableOf(hosts).map(({ decision }) => decision);
  const isOpen = usable.some(({ requires }) => requires === 'none');
  // An override would put the TLSA records of the other hosts out of force.
  const isOverridable = isOpen && usable.every(({ by }) => by === 'default');
  return {
    so: isOpen ? ', and nothing protects it' : '',
    fix: (domain) => (isOverridable ? [requireTls(domain, '90d', INSTEAD)] : []),
  };
}

function ofPolicy(
  { domain, way }: DestinationFacts,
  known: KnownPolicy,
  unlisted: readonly Domain[],
  { isHeld, open }: { readonly isHeld: boolean; readonly open: Openness },
): readonly Problem[] {
  const { mode, warnings } = known.policy;
  const found: Problem[] = [];
  if (mode === 'testing') found.push(testing(domain, unlisted, open));
  else if (unlisted.length > 0)
    found.push(
      notListed(domain, known, unlisted, {
        isProven: way.kind === 'hosts' && way.status === 'secure',
        isHeld,
      }),
    );
  if (warnings.length > 0) {
    found.push({
      says: `The policy of ${domain} has a blemish: ${warnings.join('; ')}.`,
      fix: [owner(`Correct it in ${fileOf(domain)}, then ${newId(domain)}.`)],
    });
  }
  return found;
}

function notListed(
  domain: Domain,
  known: KnownPolicy,
  hosts: readonly Domain[],
  { isProven, isHeld }: { readonly isProven: boolean; readonly isHeld: boolean },
): Problem {
  const listed = shorten(known.policy.mx.map(formatPattern));
  const names = hosts.join(', ');
  const are = hosts.length === 1 ? 'is' : 'are';
  const lines = hosts.map((host) => `"mx: ${host}"`).join(', ');
  return {
    says: `The MTA-STS policy of ${domain} (enforce) lists ${listed}, but DNS names ${names}, which ${are} not on it. ${isProven ? PROVEN : OPEN}`,
    fix: [
      owner(
        `If ${names} ${are} right: add ${lines} to ${fileOf(domain)}, then ${newId(domain)}. Otherwise correct the MX records of ${domain}.`,
      ),
      ...(isHeld
        ? whileHeld(domain)
        : [sender(`Tell the owner of ${domain}; meanwhile mail goes to the other hosts.`)]),
    ],
  };
}

function whileHeld(domain: Domain): readonly Fix[] {
  return [
    sender(
      'Ask the owner, and not by mail, which of the two is right. Once that is corrected, fetch the policy again; mail that waits is then tried at once.',
      `waxwing policy refresh ${domain}`,
    ),
    requireTls(
      domain,
      '2d',
      'Only if the owner says that the host is right, and cannot change the policy soon, make an exception.',
    ),
  ];
}

const PROVEN = 'As DNS is proven here, it is the policy that was forgotten when the mail moved.';
const OPEN =
  'Either the policy was forgotten when the mail moved, or somebody on the path has put this host in place of the right one.';

function testing(domain: Domain, unlisted: readonly Domain[], open: Openness): Problem {
  const names = unlisted.join(', ');
  const unfit =
    unlisted.length === 0 ? '' : ` It does not list ${names}: with enforce no mail would go there.`;
  const first =
    unlisted.length === 0 ? '' : `First add ${unlisted.map((host) => `"mx: ${host}"`).join(', ')}. `;
  return {
    says: `The MTA-STS policy of ${domain} is only being tried (mode testing): mail goes as if there were none${open.so}.${unfit}`,
    fix: [
      owner(
        `${first}Once the reports (TLS-RPT) tell of no failures, write "mode: enforce" in ${fileOf(domain)}, and ${newId(domain)}.`,
      ),
      ...open.fix(domain),
    ],
  };
}

/** A policy is in force, and what DNS or the policy host says does not go with it. */
function remembered(sts: StsFacts, known: KnownPolicy): readonly Problem[] {
  const { domain, report } = sts;
  if (report === null || !report.fallback) return [];
  const end = formatMoment(Math.floor(known.expiresAt / 1000));
  return [
    {
      says: `The policy that is remembered of ${domain} (mode ${known.policy.mode}, id ${known.id}) cannot be had any more: ${report.because}. It holds until ${end} all the same: nothing in DNS ends it, or whoever can change DNS could.`,
      fix: [
        owner(
          `Publish the TXT record at _mta-sts.${domain} again, and serve the policy at ${fileOf(domain)}. To end a policy, serve "mode: none" there, with a new id, for as long as the old max_age.`,
        ),
        sender(
          'Nothing has to be done while mail goes. Only if it waits, and the owner has told you, not by mail, that the policy is given up, forget it.',
          `waxwing policy purge ${domain}`,
        ),
      ],
    },
  ];
}

function unfetched(sts: StsFacts, explained: Explained, open: Openness): readonly Problem[] {
  const { domain, record, report } = sts;
  switch (record.kind) {
    case 'found':
      return report === null ? [] : [notFetched(domain, report, open)];
    case 'invalid':
      return [
        {
          says: `The TXT record at _mta-sts.${domain} cannot be used (${record.because}), so mail goes as if there were no policy${open.so}.`,
          fix: [
            owner(`Publish exactly one such record: _mta-sts.${domain} TXT "v=STSv1; id=20260101T000000".`),
            ...open.fix(domain),
          ],
        },
      ];
    case 'unknown': {
      const place = `_mta-sts.${domain}`;
      const { bogus, says } = faultOf(explained, `The TXT records at ${place}`, place, 'TXT');
      return [
        {
          says: `${says} Whether ${domain} has an MTA-STS policy is therefore not known. As none is remembered, mail does not wait for it.`,
          fix: [
            owner(`See to it that ${place} TXT is answered, if only with "no such record".`),
            findOut(place, 'TXT', bogus),
            ...open.fix(domain),
          ],
        },
      ];
    }
    case 'absent':
      return [];
  }
}

function notFetched(
  domain: Domain,
  { type, because }: NonNullable<StsFacts['report']>,
  open: Openness,
): Problem {
  const says = `A record says that ${domain} has an MTA-STS policy, but the policy cannot be had: ${inWords(because)}. As none is remembered, mail goes as if there were none${open.so}. Either the policy host is not in order, or somebody on the path keeps the policy away.`;
  return {
    says,
    fix: [
      owner(remedyFor(type, domain)),
      sender(
        'Nothing has to be done; it is tried again by itself. To try at once:',
        `waxwing policy refresh ${domain}`,
      ),
      ...open.fix(domain),
    ],
  };
}

function remedyFor(type: NonNullable<StsFacts['report']>['type'], domain: Domain): string {
  switch (type) {
    case 'sts-webpki-invalid':
      return `Give mta-sts.${domain} a certificate that is in date, for exactly this name, from an authority that everybody trusts, and have the server send the whole chain.`;
    case 'sts-policy-invalid':
      return `Correct ${fileOf(domain)}: it needs the lines version: STSv1, mode, max_age and, for each mail host, mx.`;
    case 'sts-policy-fetch-error':
      return `Serve the policy at ${fileOf(domain)} with status 200 and the type text/plain, without a redirect.`;
  }
}

function fileOf(domain: Domain): string {
  return `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
}

function newId(domain: Domain): string {
  return `change the id in the TXT record at _mta-sts.${domain}`;
}
