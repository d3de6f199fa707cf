/** Whether the certificate names the host. RFC 9525 §6, RFC 7672 §3.2, RFC 8461 §4.2. */
import { type Domain, parseDomain } from '../../names/domain.ts';
import { type IdentityVerdict, proveIdentity, type ReferenceIdentity } from '../../tls/identity.ts';
import { policyAtHost } from '../case.ts';
import { entryOf } from '../catalogue.ts';
import type { Remedy } from '../check.ts';
import type { Finding } from '../finding.ts';
import { foundAt, type Place } from '../place.ts';
import { type Presented, showCertificate } from '../presented.ts';
import { effectAt, scrutinyAt, severityAt } from '../scrutiny.ts';

export function nameFindings(one: Presented): readonly Finding[] {
  const { place, leaf } = one;
  const references = referencesAt(place);
  if (references.length === 0) return [];
  const wanted = references
    .flatMap((reference) => (reference.kind === 'name' ? [reference.name] : []))
    .join(', ');
  const severity = severityAt(place, { none: 'low', testing: 'medium' });
  const verdict = proveIdentity(leaf.der, references, 'never');
  if (verdict.kind === 'proved') return proved(one, verdict, wanted);
  const names = [`It names ${shown(verdict.presented)}.`, `The host is ${wanted}.`];
  const evidence = [showCertificate(one), ...names];
  // RFC 7672 §3.2.3 lets the common name count where there are no names in the subjectAltName; RFC 9525 does not.
  const byCommonName = proveIdentity(leaf.der, references, 'without-dns-names');
  if (byCommonName.kind === 'proved') {
    const isEnough = scrutinyAt(place) === 'dane-ta';
    return [
      foundAt(place, 'cert.cn-only', isEnough ? 'warn' : 'fail', {
        evidence: [showCertificate(one), `The host stands in the common name only: ${byCommonName.name}.`],
        severity: isEnough ? 'medium' : severity,
        why: `The name of the host stands in the common name only, where hardly any program looks for it any more. ${isEnough ? 'Senders that honour DANE do, others do not.' : effectAt(place)}`,
      }),
    ];
  }
  return [
    foundAt(place, 'cert.name-mismatch', 'fail', {
      evidence,
      severity,
      why: `The certificate is for other names than that of the host. ${effectAt(place)}`,
      fix: entryOf('cert.name-mismatch').fix.map((remedy) => forAll(remedy, namesThere(one))),
    }),
  ];
}

/** Where several mail hosts are one server, a certificate for one of them alone takes the others out. */
function namesThere({ place: { theCase, host, observation } }: Presented): readonly string[] {
  const { address, port, serverName } = observation.endpoint;
  const own = serverName ?? host.name;
  if (theCase.target.kind !== 'domain') return [own];
  const leaf = observation.base.tls?.chain[0];
  const names = theCase.hosts.flatMap((other) => {
    if (other === host) return [own];
    const door = other.observations.find(
      ({ endpoint }) => endpoint.address === address && endpoint.port === port,
    );
    const theirs = door?.base.tls?.chain[0];
    // What has another certificate is told apart by the name that senders give (SNI), and keeps its own.
    return leaf !== undefined && theirs !== undefined && isSame(leaf, theirs) ? [other.name] : [];
  });
  return [...new Set(names)].slice(0, MOST_NAMES);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, index) => octet === other[index]);
}

/** The remedy with all names in the order, and the first of them in paths: so it is one step for all of these hosts. */
function forAll(remedy: Remedy, names: readonly string[]): Remedy {
  const [first] = names;
  if (first === undefined || names.length < 2) return remedy;
  const { lines = [], ...others } = remedy;
  return {
    ...others,
    do: remedy.do.replace(EXAMPLE, () => `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`),
    lines: lines.map((line) => ({ ...line, text: line.text.replaceAll(EXAMPLE, () => first) })),
  };
}

/** What stands for the host in the catalogue. */
const EXAMPLE = 'mx.example.com';

function proved(
  one: Presented,
  { name }: Extract<IdentityVerdict, { kind: 'proved' }>,
  wanted: string,
): readonly Finding[] {
  const { place } = one;
  const isWildcard = name.startsWith('*.');
  const evidence = [showCertificate(one), `It names ${name}, which is good for ${wanted}.`];
  return [
    foundAt(place, 'cert.name-mismatch', 'pass', { evidence }),
    foundAt(place, 'cert.cn-only', 'pass', { evidence }),
    foundAt(place, 'cert.wildcard', isWildcard ? 'warn' : 'pass', { evidence }),
  ];
}

const MOST_NAMES = 10;

function shown(names: readonly string[]): string {
  if (names.length === 0) return 'nobody';
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${names.slice(0, MOST_NAMES).join(', ')}${more}`;
}

/**
 * Names of which one has to be in the certificate: the host's, which MTA-STS and clients go by; under DANE-TA the TLSA base
 * domain and the domain of the mail do as well (RFC 7672 §3.2.2).
 *
 * @returns nothing for a host that was named by its address.
 */
function referencesAt(place: Place): readonly ReferenceIdentity[] {
  const { theCase, host } = place;
  const own = parseDomain(host.name);
  if (host.facts === null || own.kind !== 'ok') return [];
  const more =
    scrutinyAt(place) === 'dane-ta' && policyAtHost(theCase, host) === 'dane-ta' ? daneNames(place) : [];
  return [own.value, ...more].map((name) => ({ kind: 'name', name }));
}

function daneNames({ theCase: { facts }, host }: Place): readonly Domain[] {
  const base = host.facts?.kind === 'found' && host.facts.tlsa.kind === 'found' ? [host.facts.tlsa.base] : [];
  const isSecure = facts?.way.kind === 'hosts' && facts.way.status === 'secure';
  return [...base, ...(facts !== null && isSecure ? [facts.domain] : [])];
}
