/** Whether the mail hosts are what the policy says: listed, with TLS, and with a certificate that everybody trusts. */
import { showList } from '../../dns/show.ts';
import { daneAt } from '../../policies/dane/plan.ts';
import { matchesMx, matchingPattern } from '../../policies/mta-sts/match.ts';
import { formatPattern, type StsPolicy } from '../../policies/mta-sts/policy.ts';
import { type CheckCase, type HostCase, scopeOf } from '../case.ts';
import type { CheckId } from '../catalogue.ts';
import type { FindingState, Remedy, Severity } from '../check.ts';
import { type Finding, finding } from '../finding.ts';
import type { Observation } from '../observation.ts';
import { placeOfDoor, policyDoors, tlsReach } from '../seen.ts';
import { webPkiFault } from '../web-pki.ts';
import type { StsSeen } from './gather.ts';
import { verifyStsCommand } from './publish.ts';
import { mxNames, serveRightFile } from './right-file.ts';

/** The policy that hosts are held to, and whether senders have it already. */
interface Held {
  readonly policy: StsPolicy;
  /** What stands between senders and the policy; undefined where they have it. */
  readonly until: string | undefined;
}

/** What is served now, in effect or once the way to it is mended; or what senders still remember. */
function heldTo(seen: StsSeen): Held | undefined {
  const {
    served,
    fetched,
    facts: { sts },
  } = seen;
  const { record } = sts;
  // Where something is remembered, that is what counts until it is replaced.
  const remembered = sts.kind === 'policy' ? sts.known.policy : undefined;
  if (record.kind === 'found' && fetched?.judged.kind === 'fetched')
    return { policy: fetched.judged.policy, until: undefined };
  if (remembered !== undefined) return { policy: remembered, until: undefined };
  // A file to which no record leads at all is nobody's policy.
  if (served === undefined || record.kind === 'absent' || record.kind === 'unknown') return undefined;
  const because = record.kind === 'invalid' ? record.because : 'senders cannot take the file as it is served';
  return { policy: served, until: `not in effect yet: ${because}` };
}

/** What a fault means: senders refuse under enforce, and report under testing; or will, once they have the policy. */
function badness({ policy: { mode }, until }: Held): {
  readonly state: FindingState;
  readonly severity: Severity;
  readonly said: readonly string[];
  /** Instead of that of the catalogue, which is about mail that does not come. */
  readonly effect: { readonly why?: string };
} {
  const said = until === undefined ? [] : [until];
  if (mode !== 'enforce') return { state: 'warn', severity: 'medium', said, effect: { why: TRIED_OUT } };
  return until === undefined
    ? { state: 'fail', severity: 'critical', said, effect: {} }
    : { state: 'warn', severity: 'high', said, effect: { why: TO_COME } };
}

const TRIED_OUT =
  'The policy is tried out: mail is delivered all the same, and senders report it (TLS-RPT). With enforce, mail from those that look at MTA-STS (Gmail, Outlook and others) would not come to this host.';
const TO_COME =
  'Senders do not have the policy yet, so that mail comes. From the moment at which they have it, mail from those that look at MTA-STS (Gmail, Outlook and others) does not come to this host.';

export function coverageFindings(theCase: CheckCase, seen: StsSeen): readonly Finding[] {
  const held = heldTo(seen);
  if (held === undefined || held.policy.mode === 'none' || seen.facts.hosts.length === 0) return [];
  const { policy } = held;
  return [
    ...listing(theCase, seen, held),
    unused(seen, policy),
    ...theCase.hosts.flatMap((host) =>
      policyDoors(theCase, host).flatMap((door) => ofDoor(theCase, seen, held, host, door)),
    ),
    ...conflict(theCase, seen, policy),
  ];
}

/** Whether the policy names every mail host. */
function listing({ now }: CheckCase, seen: StsSeen, held: Held): readonly Finding[] {
  const { policy } = held;
  const hosts = mxNames(seen.facts);
  const missing = hosts.filter((host) => matchingPattern(policy, host) === undefined);
  const scope = { domain: seen.domain };
  const listed = `the policy (${policy.mode}) lists ${showList(policy.mx.map(formatPattern))}`;
  const evidence = [`mail for ${seen.domain} goes to ${showList(hosts)}`, listed];
  if (missing.length === 0) {
    return (['mtasts.mx-uncovered', 'mtasts.mx-all-uncovered'] as const).map((id) =>
      finding(id, 'pass', { scope, evidence }),
    );
  }
  const id: CheckId = missing.length === hosts.length ? 'mtasts.mx-all-uncovered' : 'mtasts.mx-uncovered';
  const { state, severity, said, effect } = badness(held);
  const names = showList(missing);
  return [
    finding(id, state, {
      scope,
      severity,
      ...effect,
      evidence: [...said, ...evidence, `not listed: ${names}`],
      fix: [
        ...serveRightFile(
          seen,
          now,
          `If ${names} ${missing.length === 1 ? 'is' : 'are'} right, add to the policy what is missing.`,
        ),
        {
          who: 'dns-owner',
          do: `If ${missing.length === 1 ? 'it is not, correct the MX record' : 'they are not, correct the MX records'} of ${seen.domain} instead.`,
          verify: verifyStsCommand(seen.domain),
        },
      ],
    }),
  ];
}

/** Patterns that no mail host fits: left over, or for hosts that are to come. */
function unused({ domain, facts }: StsSeen, policy: StsPolicy): Finding {
  const hosts = mxNames(facts);
  const idle = policy.mx.filter((pattern) => !hosts.some((host) => matchesMx(pattern, host)));
  const scope = { domain };
  if (idle.length === 0) {
    const evidence = [`every mx of the policy stands for a mail host: ${showList(hosts)}`];
    return finding('mtasts.mx-unused', 'pass', { scope, evidence });
  }
  const names = showList(idle.map(formatPattern));
  return finding('mtasts.mx-unused', 'warn', {
    scope,
    evidence: [`no mail host fits ${names}`, `mail for ${domain} goes to ${showList(hosts)}`],
    fix: [
      {
        who: 'web-host',
        do: `Take ${names} out of the policy file, unless it is for hosts that are to come, or the MX records have changed in the last days; then give the record at _mta-sts.${domain} a new id.`,
        verify: verifyStsCommand(domain),
      },
    ],
  });
}

/** TLS and certificate at one address, as a sender with MTA-STS looks at them (RFC 8461 §4.2). */
function ofDoor(
  { now }: CheckCase,
  { domain }: StsSeen,
  held: Held,
  host: HostCase,
  door: Observation,
): readonly Finding[] {
  const name = host.facts?.host;
  const reach = tlsReach(door);
  if (name === undefined || reach.kind === 'unknown') return [];
  const scope = scopeOf(host, door);
  const bad = badness(held);
  const verify = verifyStsCommand(domain);
  if (reach.kind === 'without') {
    const evidence = [
      ...bad.said,
      `${placeOfDoor(door)}: ${reach.because}`,
      ...door.base.transcript.slice(-6),
    ];
    const fix: readonly Remedy[] = [
      { who: 'mail-provider', do: `Switch STARTTLS on at ${name} (${placeOfDoor(door)}).`, verify },
    ];
    return [
      finding('mtasts.mx-no-starttls', bad.state, {
        scope,
        severity: bad.severity,
        ...bad.effect,
        evidence,
        fix,
      }),
    ];
  }
  const { tls } = reach;
  const said = [`${placeOfDoor(door)}: ${tls.version}, ${tls.cipher}`];
  const isOld = !['TLSv1.2', 'TLSv1.3'].includes(tls.version);
  const fault = webPkiFault(tls, name, now);
  return [
    finding('mtasts.mx-no-starttls', 'pass', { scope, evidence: said }),
    isOld
      ? finding('mtasts.mx-tls-too-old', bad.state, {
          scope,
          severity: bad.severity,
          ...bad.effect,
          evidence: [...bad.said, ...said],
        })
      : finding('mtasts.mx-tls-too-old', 'pass', { scope, evidence: said }),
    fault === undefined
      ? finding('mtasts.mx-cert-invalid', 'pass', { scope, evidence: said })
      : finding('mtasts.mx-cert-invalid', bad.state, {
          scope,
          severity: bad.severity,
          ...bad.effect,
          evidence: [...bad.said, `${placeOfDoor(door)}: ${fault.because}`],
          fix: [
            {
              who: 'mail-provider',
              do: `${CERTIFICATE_FIXES[fault.kind](name)} (What the checks cert.* say of this host is the same fault.)`,
              verify,
            },
          ],
        }),
  ];
}

const CERTIFICATE_FIXES = {
  expired: (host: string) => `Renew the certificate of ${host}, and have the mail server read it again.`,
  name: (host: string) =>
    `Give ${host} a certificate that has this very name among its DNS names: senders compare the name of the MX record.`,
  untrusted: (host: string) =>
    `Give ${host} a certificate of a public authority, with the intermediate certificates in the same file.`,
} as const;

/** Where both are published, a sender goes by DANE alone if it knows DANE: the two should come to the same. */
function conflict(theCase: CheckCase, seen: StsSeen, policy: StsPolicy): readonly Finding[] {
  const scope = { domain: seen.domain };
  const withDane = theCase.hosts.filter(
    ({ facts }) => facts?.kind === 'found' && daneAt(facts.tlsa).kind === 'dane',
  );
  if (withDane.length === 0) return [];
  const apart = withDane.flatMap((host) => {
    const name = host.facts?.host;
    if (name === undefined) return [];
    if (matchingPattern(policy, name) === undefined)
      return [`${name} has TLSA records, and the policy does not list it`];
    return policyDoors(theCase, host).flatMap((door) => {
      const reach = tlsReach(door);
      const fault = reach.kind === 'secured' ? webPkiFault(reach.tls, name, theCase.now) : undefined;
      return fault === undefined ? [] : [`${name} has TLSA records, and ${fault.because}`];
    });
  });
  const told = withDane.map(({ name }) => `${name}: TLSA records and an MTA-STS policy`);
  if (apart.length === 0)
    return [finding('mtasts.dane-conflict', 'pass', { scope, evidence: told.slice(0, 10) })];
  return [finding('mtasts.dane-conflict', 'warn', { scope, evidence: [...new Set(apart)].slice(0, 10) })];
}
