/** CAA: which authorities may issue certificates for the hosts that are visited. RFC 8659. */
import type { Answer } from '../../dns/answer.ts';
import { types } from '../../dns/record.ts';
import { type Caa, readCaa } from '../../dns/records.ts';
import { type Domain, isLocalhost, parseDomain } from '../../names/domain.ts';
import { all, type PolicyLookUp } from '../../policies/look-ups.ts';
import { summarizeCertificate } from '../../tls/certificate.ts';
import { askFor, notAnswered, shorten, showAnswer, zoneFinding, zoneLine } from '../ask.ts';
import type { CheckCase, HostCase } from '../case.ts';
import type { Finding } from '../finding.ts';
import { authorityOf } from './caa-authorities.ts';

/** Names above a host that are asked. */
const MOST_ABOVE = 10;
const CRITICAL = 0x80;
/** RFC 8659 §4.2 to §4.4, RFC 9495 (mail), and the contact of an authority (CA/Browser Forum). */
const KNOWN_TAGS = ['issue', 'issuewild', 'iodef', 'issuemail', 'issuevmc', 'contactemail', 'contactphone'];

export function* caaFindings(theCase: CheckCase): PolicyLookUp<readonly Finding[]> {
  const each = theCase.hosts.flatMap((host) => {
    const name = host.facts?.kind === 'found' ? host.facts.host : undefined;
    return name === undefined || isLocalhost(name) ? [] : [hostFindings(theCase, host, name)];
  });
  return (yield* all(each)).flat();
}

interface RelevantSet {
  readonly at: Domain;
  readonly answer: Answer;
  readonly records: readonly Caa[];
  /** Records that are no CAA at all. */
  readonly unreadable: number;
}

/** RFC 8659 §3: the records at the name, or at the closest name above that has some; undefined where none has. */
function* relevantSet(host: Domain): PolicyLookUp<RelevantSet | Answer | undefined> {
  const labels = host.split('.');
  for (let from = 0; from < Math.min(labels.length, MOST_ABOVE); from += 1) {
    const at = parseDomain(labels.slice(from).join('.'));
    if (at.kind !== 'ok') continue;
    const answer = yield* askFor(at.value, types.CAA);
    if (answer.kind === 'unknown') return answer;
    if (answer.kind === 'absent') continue;
    const records = answer.records.flatMap((data) => readCaa(data) ?? []);
    return { at: at.value, answer, records, unreadable: answer.records.length - records.length };
  }
  return undefined;
}

function* hostFindings({ now }: CheckCase, host: HostCase, name: Domain): PolicyLookUp<Finding[]> {
  const scope = { host: name };
  const set = yield* relevantSet(name);
  if (set === undefined) {
    const used = issuersAt(host).map(({ domains }) => domains[0] ?? '')[0];
    const zone = name.split('.').slice(-2).join('.');
    return [
      zoneFinding('caa.missing', 'absent', {
        scope,
        evidence: [`neither ${name} nor a name above it has CAA records`],
        fix: [
          {
            who: 'dns-owner',
            do: `Publish CAA records for ${zone} with every authority that issues certificates below it.`,
            lines: [zoneLine(`${zone}. IN CAA 0 issue "${used ?? 'letsencrypt.org'}"`)],
            verify: `dig +short ${zone} CAA`,
          },
        ],
      }),
    ];
  }
  if ('kind' in set) return [notAnswered('caa.missing', scope, set, { now, severity: 'info' })];
  const evidence = showAnswer(set.answer);
  const odd = set.records.filter(({ flags, tag }) => (flags & CRITICAL) !== 0 && !KNOWN_TAGS.includes(tag));
  const isRefused = odd.length > 0 || set.unreadable > 0;
  return [
    zoneFinding('caa.missing', 'pass', { scope, evidence }),
    zoneFinding('caa.critical-unknown', isRefused ? 'fail' : 'pass', { scope, evidence }),
    ...violations(host, name, set),
  ];
}

interface SeenIssuer {
  /** As the certificate has it. */
  readonly issuer: string;
  /** By which CAA names the authority. */
  readonly domains: readonly string[];
  /** Whether one of its names is a wildcard. */
  readonly isWildcard: boolean;
}

/** Authorities of certificates that a public root vouches for; of others CAA says nothing. */
function issuersAt({ observations }: HostCase): readonly SeenIssuer[] {
  const seen = new Map<string, SeenIssuer>();
  for (const { base } of observations) {
    const [leaf] = base.tls?.path.kind === 'trusted' ? base.tls.chain : [];
    const read = leaf === undefined ? undefined : summarizeCertificate(leaf);
    if (read?.kind !== 'ok') continue;
    const { issuer, names } = read.value;
    const domains = authorityOf(issuer);
    const isWildcard = names.some((name) => name.startsWith('*.'));
    if (domains !== undefined) seen.set(issuer, { issuer, domains, isWildcard });
  }
  return [...seen.values()].slice(0, 4);
}

function violations(host: HostCase, name: Domain, { at, answer, records }: RelevantSet): Finding[] {
  const scope = { host: name };
  const allowedBy = (wanted: string): readonly string[] =>
    records.filter(({ tag }) => tag === wanted).map(({ value }) => authorityIn(value));
  const issue = allowedBy('issue');
  // Without "issue" nothing restricts certificates for names that are no wildcards (§4.2).
  if (issue.length === 0) return [];
  return issuersAt(host).map(({ issuer, domains, isWildcard }) => {
    // For wildcards "issuewild" says more where it is there (§4.3); which of the names the request was for nobody knows.
    const named = isWildcard ? [...issue, ...allowedBy('issuewild')] : issue;
    const allowed = domains.some((domain) => named.includes(domain));
    return zoneFinding('caa.violated', allowed ? 'pass' : 'warn', {
      scope,
      evidence: [...showAnswer(answer), shorten(`the certificate is issued by ${issuer}`)],
      fix: [
        {
          who: 'dns-owner',
          do: 'If that authority is the right one, allow it; else find out who had the certificate issued.',
          lines: [zoneLine(`${at}. IN CAA 0 issue "${domains[0] ?? ''}"`)],
          verify: `dig +short ${at} CAA`,
        },
      ],
    });
  });
}

/** The domain of the authority, without parameters (§4.2); empty where nobody may issue. */
function authorityIn(value: string): string {
  return (value.split(';')[0] ?? '').replaceAll(/[ \t]/g, '').toLowerCase();
}
