/** What the rules of the operator, or the lack of any policy, mean for a destination. */
import type { HostVerdict } from '../../policies/combine.ts';
import { formatIdentity } from '../../policies/decide.ts';
import { ruleText } from '../../policies/overrides/rule.ts';
import type { Requirement } from '../../policies/words.ts';
import { type Explained, type LookedUp, tlsaPort } from './explained.ts';
import { usableOf } from './hosts.ts';
import { saysNone } from './layers.ts';
import { owner, type Problem, requireTls, sender } from './remedies.ts';

const RANK: Record<Requirement, number> = { none: 0, encrypt: 1, authenticate: 2 };

/** The operator's word asks for less than the policies of the domain do. */
export function lowered(
  { facts: { domain, override: row }, verdict, unruled }: LookedUp,
  { rules }: Explained,
): readonly Problem[] {
  const hosts = verdict.hosts.flatMap((host, index) => {
    const other = unruled.hosts[index];
    return other !== undefined && isLess(host, other) ? [{ host, other }] : [];
  });
  const [first] = hosts;
  if (first === undefined) return [];
  const wanted = first.other.kind === 'avoid' ? first.other : first.other.decision;
  const otherwise =
    first.other.kind === 'avoid'
      ? `without it ${first.host.host} would not be used (${wanted.because})`
      : `without it ${wanted.requires} would be required by ${wanted.by} (${wanted.because})`;
  const match = rules.route?.match;
  const ruled = rules.ruled ?? null;
  return [
    {
      says: `An operator's word stands in place of what the domain asks for: ${otherwise}.`,
      fix: [
        row !== undefined
          ? sender(
              'Take it back as soon as its reason is gone.',
              `waxwing policy override ${domain} --remove`,
            )
          : sender(
              ruled !== null
                ? `Take "tls" out of the [[rule]] for this mail as soon as it is no longer needed (${ruleText(ruled.rule)}).`
                : `Take "tls" out of the rule that matches ${match?.kind === 'any' ? 'everything' : domain} as soon as it is no longer needed.`,
            ),
      ],
    },
  ];
}

function isLess(host: HostVerdict, other: HostVerdict): boolean {
  if (host.kind === 'avoid') return false;
  if (other.kind === 'avoid') return other.by !== 'default';
  if (other.decision.dane?.binding === true && host.decision.dane?.binding !== true) return true;
  return RANK[host.decision.requires] < RANK[other.decision.requires];
}

/** The relay says no login where TLS is not required, and then there is no delivery. */
export function loginKept({ rules: { route }, finding }: Explained): readonly Problem[] {
  if (finding.kind === 'address' || route === undefined || route.login === null) return [];
  const { facts, verdict } = finding;
  if (usableOf(verdict.hosts).every(({ decision }) => decision.requires !== 'none')) return [];
  return [
    {
      says: `The rule has a login (${route.login.user}), which is never said where TLS is not required, so mail waits.`,
      fix: [sender('Take the override back.', `waxwing policy override ${facts.domain} --remove`)],
    },
  ];
}

/** A level asks for a proven name, and the host's own is none. */
export function unnamed({ facts: { domain }, verdict }: LookedUp): readonly Problem[] {
  const open = usableOf(verdict.hosts).filter(
    ({ host, decision: { requires, provesName, dane, match } }) =>
      requires === 'authenticate' &&
      provesName &&
      dane?.trusted !== true &&
      !match.map(formatIdentity).includes(host),
  );
  const [first] = open;
  if (first === undefined) return [];
  const hosts = open.map(({ host }) => host).join(', ');
  return [
    {
      says: `The certificate has to prove ${first.decision.match.map(formatIdentity).join(' or ')}. That it is valid for ${hosts} is not enough: this name came out of DNS that is not signed, where whoever is on the path can put any name.`,
      fix: [
        sender(
          `If you know the mail hosts from their owner: a [[route]] with match = "${domain}", tls = "authenticate" and names = [${open.map(({ host }) => `"${host}"`).join(', ')}].`,
        ),
        owner(
          `Sign the zone of ${domain} and publish TLSA records, or publish an MTA-STS policy: then every sender knows the hosts.`,
        ),
      ],
    },
  ];
}

/** What whoever sends can do while no policy protects his mail. */
export const INSTEAD =
  'Until then you can require TLS yourself, so that nothing goes in clear; where the host has none, mail waits.';

/** No policy at all asks for TLS. */
export function unprotected(
  { facts: { domain, way, hosts, sts }, verdict, unruled }: LookedUp,
  explained: Explained,
): readonly Problem[] {
  const usable = usableOf(verdict.hosts);
  const isByPolicy = unruled.hosts.some((host) => host.kind === 'use' && host.decision.by !== 'default');
  if (usable.length === 0 || isByPolicy || usable.some(({ decision }) => decision.requires !== 'none'))
    return [];
  const isSigned =
    (way.kind === 'configured' || (way.kind === 'hosts' && way.status === 'secure')) &&
    hosts.every(({ facts }) => facts.status === 'secure');
  const places = usable.map(({ host }) => `_${tlsaPort(explained)}._tcp.${host}`).join(', ');
  const records = `TLSA records at ${places} (3 1 1 and the SHA-256 of the public key of the certificate)`;
  const file = `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
  const remedies = isSigned
    ? `The zones are signed already: publish ${records}.`
    : saysNone(sts, explained.now)
      ? `Write "mode: enforce" in place of none in ${file}, and change the id in the TXT record at _mta-sts.${domain}.`
      : `Publish an MTA-STS policy at ${file}, with a TXT record at _mta-sts.${domain}; or have the zones of ${domain} and of its mail hosts signed (DNSSEC), and publish ${records}.`;
  return [
    {
      says: `No policy protects mail to ${domain}: TLS is used where the host offers it, but whoever is on the path can take the offer away or put another server in place of the host, and nobody notices.`,
      fix: [owner(remedies), requireTls(domain, '90d', INSTEAD)],
    },
  ];
}

/** An address literal has no policy, and never will. */
export function unprotectedAddress({
  decision: { requires },
}: Extract<Explained['finding'], { kind: 'address' }>): readonly Problem[] {
  if (requires !== 'none') return [];
  return [
    {
      says: 'A host that is named by its address can have neither TLSA records nor an MTA-STS policy: TLS is used where it is offered, and whoever is on the path can take the offer away.',
      fix: [sender('Use a domain in place of the address, where there is one.')],
    },
  ];
}
