/** DNSSEC of the mail hosts, and of the place of their TLSA records. RFC 7672 §2.1, §2.2. */
import type { Answer, DnssecStatus } from '../../dns/answer.ts';
import { showName } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { type Domain, isLocalhost } from '../../names/domain.ts';
import type { HostFacts } from '../../policies/dane/hosts.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { askFor, below, shorten, showAnswer, zoneFinding } from '../ask.ts';
import type { CheckCase } from '../case.ts';
import type { Finding, FindingScope } from '../finding.ts';
import { validityFindings } from './dnssec-validity.ts';

type FoundHost = Extract<HostFacts, { kind: 'found' }>;

/** @param main what is proven of the domain, or of the host that was named. */
export function* hostDnssecFindings(theCase: CheckCase, main: DnssecStatus): PolicyLookUp<Finding[]> {
  const { target, hosts } = theCase;
  const found: Finding[] = [];
  for (const { facts } of hosts) {
    if (facts === null || isLocalhost(facts.host)) continue;
    const scope: FindingScope =
      target.kind === 'domain' ? { domain: target.domain, host: facts.host } : { host: facts.host };
    // Of a host that was named itself the same is said as of a domain.
    if (target.kind === 'domain') found.push(...(yield* zoneOfHost(theCase, facts, scope, main)));
    if (facts.kind === 'found') found.push(...(yield* tlsaFindings(theCase, facts, scope)));
  }
  return found;
}

/** The port whose TLSA records count. */
function portOf({ target }: CheckCase): number {
  return target.kind === 'domain' ? 25 : target.port;
}

function* addresses(host: Domain): PolicyLookUp<readonly Answer[]> {
  return [yield* askFor(host, types.A), yield* askFor(host, types.AAAA)];
}

function* zoneOfHost(
  { now }: CheckCase,
  facts: HostFacts,
  scope: FindingScope,
  main: DnssecStatus,
): PolicyLookUp<Finding[]> {
  const answers = yield* addresses(facts.host);
  const told = answers.find(({ status }) => status === facts.status) ?? answers[0];
  const evidence = [
    ...(told === undefined ? [] : showAnswer(told).slice(0, 3)),
    ...(told === undefined || told.kind === 'unknown' ? [] : [told.because]),
  ];
  switch (facts.status) {
    case 'bogus':
      return [zoneFinding('dnssec.mx-zone-bogus', 'fail', { scope, evidence })];
    case 'secure': {
      const passed = [
        zoneFinding('dnssec.mx-zone-bogus', 'pass', { scope, evidence }),
        zoneFinding('dnssec.mx-zone-unsigned', 'pass', { scope, evidence }),
        zoneFinding('dnssec.cname-insecure', 'pass', { scope, evidence }),
      ];
      const first = answers.find(({ kind }) => kind === 'found');
      return [...passed, ...(first === undefined ? [] : validityFindings(first, scope, now))];
    }
    case 'insecure': {
      const alias = told?.aliases.find(({ status }) => status === 'secure');
      if (alias !== undefined && told !== undefined) {
        const way = `${showName(alias.from)} is signed, and an alias of ${showName(told.owner)}, which is not`;
        return [zoneFinding('dnssec.cname-insecure', 'warn', { scope, evidence: [way, ...evidence] })];
      }
      // In an unsigned domain the host need not be: dnssec.unsigned says what there is to say.
      return main === 'secure' ? [zoneFinding('dnssec.mx-zone-unsigned', 'warn', { scope, evidence })] : [];
    }
    case 'indeterminate':
      return [];
  }
}

function* tlsaFindings(theCase: CheckCase, facts: FoundHost, scope: FindingScope): PolicyLookUp<Finding[]> {
  const { tlsa } = facts;
  const port = portOf(theCase);
  if (tlsa.kind === 'unknown') {
    const fix = [
      {
        who: 'dns-owner' as const,
        do: `Have the servers of the zone answer the question for _${port}._tcp.${facts.host} TLSA, with proof where there is nothing.`,
        verify: `dig +dnssec _${port}._tcp.${facts.host} TLSA`,
      },
    ];
    return [zoneFinding('dnssec.denial-broken', 'fail', { scope, evidence: [shorten(tlsa.because)], fix })];
  }
  if (facts.status !== 'secure') return yield* insecureAddress(facts, scope, port);
  const evidence = tlsa.kind === 'found' ? tlsa.evidence : [tlsa.because];
  const answered = zoneFinding('dnssec.denial-broken', 'pass', {
    scope,
    evidence: evidence.slice(0, 4).map(shorten),
  });
  const signed = zoneFinding('dnssec.address-insecure', 'pass', {
    scope,
    evidence: [`the addresses of ${facts.host} are secure`],
  });
  if (tlsa.kind !== 'found') return [answered, signed];
  return [answered, signed, ...(yield* emptyNonTerminal(tlsa.base, scope))];
}

/** "the name above": `_tcp` has no records of its own, and exists all the same (RFC 8020 §2). */
function* emptyNonTerminal(base: Domain, scope: FindingScope): PolicyLookUp<Finding[]> {
  const name = below('_tcp', base);
  if (name === undefined) return [];
  const answer = yield* askFor(name, types.A);
  if (answer.kind === 'unknown') return [];
  const isDenied = answer.kind === 'absent' && answer.what === 'no-such-name';
  return [
    zoneFinding('dnssec.ent-nxdomain', isDenied ? 'fail' : 'pass', { scope, evidence: showAnswer(answer) }),
  ];
}

function* insecureAddress(facts: FoundHost, scope: FindingScope, port: number): PolicyLookUp<Finding[]> {
  const answers = yield* addresses(facts.host);
  // Behind an alias into an unsigned zone they count all the same (RFC 7672 §2.2.2).
  if (answers.some(({ aliases }) => aliases.length > 0)) return [];
  const tlsa = yield* tlsaAt(facts.host, port);
  if (tlsa?.kind !== 'found' || tlsa.status !== 'secure') return [];
  const evidence = [...showAnswer(tlsa).slice(0, 3), `the addresses of ${facts.host} are ${facts.status}`];
  return [zoneFinding('dnssec.address-insecure', 'warn', { scope, evidence })];
}

function* tlsaAt(host: Domain, port: number): PolicyLookUp<Answer | undefined> {
  const name = below(`_${port}._tcp`, host);
  return name === undefined ? undefined : yield* askFor(name, types.TLSA);
}

/** Where there are TLSA records that nothing proves: somebody wants DANE. @returns their place. */
export function* hasUnprovenTlsa(theCase: CheckCase): PolicyLookUp<string | undefined> {
  const port = portOf(theCase);
  for (const { facts } of theCase.hosts) {
    if (facts?.kind !== 'found' || facts.status === 'secure' || isLocalhost(facts.host)) continue;
    const answer = yield* tlsaAt(facts.host, port);
    if (answer?.kind === 'found' && answer.status !== 'secure') return `_${port}._tcp.${facts.host}`;
  }
  return undefined;
}
