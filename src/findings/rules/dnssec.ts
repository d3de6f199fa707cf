/** DNSSEC of a domain and of its mail hosts: whether it is there, whether it holds, and for how long. RFC 4035. */
import type { Answer } from '../../dns/answer.ts';
import { types } from '../../dns/record.ts';
import { type Domain, isLocalhost } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { askAhead, askFor, shorten, showAnswer, zoneFinding } from '../ask.ts';
import type { CheckCase } from '../case.ts';
import type { Remedy } from '../check.ts';
import type { Finding, FindingScope } from '../finding.ts';
import { groundOf } from '../ground.ts';
import { hasUnprovenTlsa, hostDnssecFindings } from './dnssec-hosts.ts';
import { validityFindings } from './dnssec-validity.ts';
import { apexOf, brokenZoneFindings, islandFindings, strengthFindings } from './dnssec-zone.ts';

export function* dnssecFindings(theCase: CheckCase): PolicyLookUp<readonly Finding[]> {
  const { target } = theCase;
  if (target.kind === 'address') return [];
  const name = target.kind === 'domain' ? target.domain : target.host;
  if (isLocalhost(name)) return [];
  const scope: FindingScope = target.kind === 'domain' ? { domain: name } : { host: name };
  yield* askAhead([types.SOA, types.DS, types.DNSKEY, types.NSEC3PARAM].map((type) => [name, type] as const));
  const answer = yield* mainAnswer(theCase, name);
  // Of what does not exist there is nothing to sign; that it does not is said by the checks of the DNS.
  if (answer.kind === 'absent' && answer.what === 'no-such-name') return [];
  const ground = answer.status === 'bogus' ? yield* groundOf(theCase.facts) : undefined;
  if (ground?.kind === 'unproven') {
    return [
      zoneFinding('dnssec.bogus', 'not-tested', {
        scope,
        evidence: [ground.because, ...shown(answer)],
        why: 'Nothing of any signed zone can be proven here. What others see of this domain is not known.',
        fix: ground.fix,
      }),
    ];
  }
  const own = yield* ownFindings(theCase, { name, scope, answer });
  return [...own, ...(yield* hostDnssecFindings(theCase, answer.status))];
}

/** What is asked first: the MX records of a domain, the address of a host. */
function* mainAnswer({ target }: CheckCase, name: Domain): PolicyLookUp<Answer> {
  if (target.kind === 'domain') return yield* askFor(name, types.MX);
  const answers = [yield* askFor(name, types.A), yield* askFor(name, types.AAAA)];
  const [first = yield* askFor(name, types.A)] = answers;
  return answers.find(({ kind }) => kind === 'found') ?? first;
}

interface Subject {
  readonly name: Domain;
  readonly scope: FindingScope;
  readonly answer: Answer;
}

function* ownFindings(theCase: CheckCase, subject: Subject): PolicyLookUp<readonly Finding[]> {
  const { name, scope, answer } = subject;
  const evidence = shown(answer);
  switch (answer.status) {
    case 'secure': {
      const zone = yield* apexOf(name);
      return [
        zoneFinding('dnssec.unsigned', 'pass', { scope, evidence }),
        zoneFinding('dnssec.bogus', 'pass', { scope, evidence }),
        ...(zone === undefined ? [] : yield* strengthFindings(zone, scope)),
        ...validityFindings(answer, scope, theCase.now),
      ];
    }
    case 'insecure':
      return yield* unsignedFindings(theCase, subject);
    case 'bogus': {
      const zone = yield* apexOf(name);
      const mismatch = zone === undefined ? undefined : yield* brokenZoneFindings(zone, scope);
      const bogus = zoneFinding('dnssec.bogus', 'fail', {
        scope,
        evidence: [...evidence, ...(mismatch?.state === 'fail' ? mismatch.evidence.slice(0, 4) : [])],
        // Where the DS is at fault, what helps is the same.
        ...(mismatch?.state === 'fail' ? { fix: mismatch.fix } : {}),
      });
      return mismatch === undefined ? [bogus] : [bogus, mismatch];
    }
    case 'indeterminate':
      return [untested(scope, answer)];
  }
}

/** What came, and what is proven of it; of what is not known that is the same. */
function shown(answer: Answer): readonly string[] {
  return answer.kind === 'unknown' ? showAnswer(answer) : [...showAnswer(answer).slice(0, 4), answer.because];
}

/** What helps where nothing can be proven on this side. */
const ownSide: readonly Remedy[] = [
  {
    who: 'tester',
    do: 'Ask a resolver that passes on the records of DNSSEC (--resolver ADDRESS), and let them be validated (--dnssec validate).',
  },
];

function untested(scope: FindingScope, answer: Answer): Finding {
  return zoneFinding('dnssec.unsigned', 'not-tested', {
    scope,
    evidence: [shorten(answer.because)],
    fix: ownSide,
  });
}

function* unsignedFindings(theCase: CheckCase, { name, scope, answer }: Subject): PolicyLookUp<Finding[]> {
  const evidence = shown(answer);
  const zone = yield* apexOf(name);
  const island = zone === undefined ? [] : yield* islandFindings(zone, scope);
  const wishes = yield* hasUnprovenTlsa(theCase);
  // Signed without a DS: that is said, and not that it is unsigned.
  if (island.some(({ state }) => state === 'warn')) return island.map((one) => behindTlsa(one, wishes));
  const lines =
    wishes === undefined
      ? evidence
      : [...evidence, `there are TLSA records, which count only when signed: ${wishes}`];
  const missing = zoneFinding('dnssec.unsigned', 'absent', {
    scope,
    evidence: lines,
    // Without DNSSEC mail is delivered as before; with TLSA records somebody relies on it.
    severity: wishes === undefined ? 'info' : 'medium',
  });
  return [missing, ...island].map((one) => behindTlsa(one, wishes));
}

/** From the moment at which a zone is proven, its TLSA records count: one that does not fit keeps mail away then. */
function behindTlsa(one: Finding, owner: string | undefined): Finding {
  if (owner === undefined || one.state === 'pass') return one;
  const first: Remedy = {
    who: 'dns-owner',
    do: `First see that the TLSA records at ${owner} fit, or take them out: from the moment at which the zone is proven, senders with DANE deliver by them or not at all. What dane.insecure says of them comes before this.`,
  };
  return { ...one, fix: [first, ...one.fix] };
}
