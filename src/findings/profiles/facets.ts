/** What a server was seen to have of what may be there several times: versions, suites, groups, keys and signatures. */
import { groupName } from '../../tls/hello/groups.ts';
import { bitsOf, primeName } from '../../tls/hello/primes.ts';
import { suiteName } from '../../tls/hello/suites.ts';
import { openCertificate, type PathCertificate } from '../../tls/path-rules.ts';
import { signatureDigest } from '../../tls/signature-digest.ts';
import type { Finding } from '../finding.ts';
import {
  agreedTo,
  sessionsOf as helloSessionsOf,
  isBrokenOffByServer,
  isRefused,
  wantedGroup,
  weakestAnswer,
  whyNotWhole,
} from '../hello-facts.ts';
import type { HelloSession } from '../hello-seen.ts';
import { showSession, showVersion } from '../hello-words.ts';
import type { HandshakeSeen, ObservedTls, Probed, Probes } from '../observation.ts';
import type { SeenDoor } from './doors.ts';
import type { Facet } from './profile.ts';

export interface FacetSeen {
  readonly choices: readonly Choice[];
  /** Why there may be others that were not seen, a sentence without its full stop; undefined: those are all. */
  readonly open: string | undefined;
}

interface Choice {
  /** As tables of profiles name it: `TLSv1.2`, `RSA 2048`, `EC secp256r1`, `sha256`. */
  readonly name: string;
  /** How it was seen. */
  readonly evidence: string;
}

type Reader = (door: SeenDoor, findings: readonly Finding[]) => FacetSeen;

/** @param findings of this door. */
export function seenOf(facet: Facet, door: SeenDoor, findings: readonly Finding[]): FacetSeen {
  const { choices, open } = readers[facet](door, findings);
  const distinct = choices.filter(({ name }, at) => choices.findIndex((one) => one.name === name) === at);
  return { choices: distinct, open };
}

const readers: Readonly<Record<Facet, Reader>> = { version, suite, group, key, signature };

/** Every handshake that came to its end, the one that senders have first. */
function sessionsOf({ observation: { base, probes } }: SeenDoor): readonly ObservedTls[] {
  const { otherKey, upToTls12, legacy, noServerName } = probes;
  const probed = [otherKey, upToTls12, legacy, noServerName].flatMap((probe) => tlsIn(probe) ?? []);
  return base.tls === null ? probed : [base.tls, ...probed];
}

function tlsIn(probe: Probed<HandshakeSeen> | undefined): ObservedTls | undefined {
  return probe?.kind === 'seen' && probe.result === 'secured' ? probe.tls : undefined;
}

/** Versions of which a finding says by itself whether they are spoken. */
const told = [
  ['tls.ssl2', 'SSLv2'],
  ['tls.ssl3', 'SSLv3'],
  ['tls.tls10', 'TLSv1'],
  ['tls.tls11', 'TLSv1.1'],
] as const;

function version(door: SeenDoor, findings: readonly Finding[]): FacetSeen {
  const sessions = [
    ...sessionsOf(door).map((tls) => ({ name: tls.version, evidence: agreed(tls) })),
    ...hellosOf(door).map((one) => ({ name: showVersion(one.version), evidence: shown(one) })),
  ];
  const states = told.map(([id, name]) => {
    const found = findings.filter((one) => one.id === id && one.state !== 'not-tested');
    const bad = found.find(({ state }) => state !== 'pass');
    return { name, isKnown: found.length > 0, evidence: bad?.evidence[0] };
  });
  const spoken = states.flatMap(({ name, evidence }) => (evidence === undefined ? [] : [{ name, evidence }]));
  const choices = [...sessions, ...spoken];
  const untried = [
    ...states
      .filter(({ name, isKnown }) => !isKnown && !choices.some((one) => one.name === name))
      .map(({ name }) => name),
    ...(hasTriedTls12(door) ? [] : ['TLSv1.2']),
  ];
  return {
    choices,
    open: untried.length === 0 ? undefined : `whether it speaks ${untried.join(', ')} was not tried`,
  };
}

/** A server that agrees to less than TLS 1.3 has shown the best it has; another one has to be asked. */
function hasTriedTls12({ observation: { base, probes } }: SeenDoor): boolean {
  const weakest = weakestAnswer(probes);
  return (
    base.tls?.version !== 'TLSv1.3' ||
    tlsIn(probes.upToTls12) !== undefined ||
    isBrokenOffByServer(probes.upToTls12) ||
    agreedTo(weakest) !== undefined ||
    isRefused(weakest)
  );
}

function suite(door: SeenDoor): FacetSeen {
  const listed = door.observation.probes.hello?.suites;
  const choices = [
    ...sessionsOf(door).map((tls) => ({ name: tls.cipher, evidence: agreed(tls) })),
    ...hellosOf(door).map((one) => ({ name: suiteName(one.suite), evidence: shown(one) })),
    ...(listed?.versions ?? []).flatMap(({ version: spoken, suites }) =>
      suites.map((code) => ({
        name: suiteName(code),
        evidence: `takes ${showSession({ version: spoken, suite: code })}`,
      })),
    ),
  ];
  return { choices, open: withoutAllSuites(door) };
}

/** Why there may be suites that were not seen; undefined where all are listed. */
function withoutAllSuites({ observation }: SeenDoor): string | undefined {
  const listed = observation.probes.hello?.suites;
  if (listed === undefined || listed.versions.length === 0)
    return 'the server was not asked for every suite that there is (--suites all)';
  return whyNotWhole(observation);
}

/** What hellos of our own have come to, from which no session comes. */
function hellosOf({ observation: { probes } }: SeenDoor): readonly HelloSession[] {
  return helloSessionsOf(probes);
}

function shown(session: HelloSession): string {
  return `agreed on ${showSession(session)}`;
}

/** Names that OpenSSL has for curves, and the registry of IANA other ones. */
const curves: ReadonlyMap<string, string> = new Map([
  ['prime192v1', 'secp192r1'],
  ['prime256v1', 'secp256r1'],
  ['P-256', 'secp256r1'],
  ['P-384', 'secp384r1'],
  ['P-521', 'secp521r1'],
]);

/** The name that IANA has for a curve. */
export function curveName(name: string): string {
  return curves.get(name) ?? name;
}

/** Groups of Diffie and Hellman over integers have no name for OpenSSL. */
const UNNAMED = 'DH';

function group(door: SeenDoor): FacetSeen {
  const wanted = wantedGroup(door.observation.probes);
  const choices = [
    ...sessionsOf(door).flatMap((tls) =>
      tls.group === null || tls.group === UNNAMED
        ? []
        : [{ name: curveName(tls.group), evidence: `${agreed(tls)}, ${tls.group}` }],
    ),
    ...(wanted === undefined
      ? []
      : [{ name: curveName(groupName(wanted)), evidence: `asks for ${groupName(wanted)}` }]),
    ...hellosOf(door).flatMap((session) => {
      const name = groupOf(session);
      return name === undefined ? [] : [{ name, evidence: `${shown(session)}, ${name}` }];
    }),
  ];
  return { choices, open: 'the server was not asked for every group that there is' };
}

/** Primes of RFC 7919 have names, and all others a size. */
function groupOf({ group: code, prime }: HelloSession): string | undefined {
  if (prime !== null) return /^ffdhe[0-9]+/.exec(primeName(prime) ?? '')?.[0] ?? `DH ${bitsOf(prime)}`;
  return code === null ? undefined : curveName(groupName(code));
}

function agreed({ version: spoken, cipher }: ObservedTls): string {
  return `agreed on ${spoken}, ${cipher}`;
}

function key(door: SeenDoor): FacetSeen {
  const { leaves, unread } = certificatesOf(door);
  const choices = leaves.map((leaf) => ({ name: keyName(leaf), evidence: `its key: ${keyName(leaf)}` }));
  return { choices, open: unread ?? withoutOtherKey(door.observation.probes) };
}

function keyName({ key: { asymmetricKeyType: type, asymmetricKeyDetails } }: PathCertificate): string {
  const { modulusLength = 0, namedCurve = 'unknown' } = asymmetricKeyDetails ?? {};
  switch (type) {
    case 'rsa':
    case 'rsa-pss':
      return `RSA ${modulusLength}`;
    case 'ec':
      return `EC ${curveName(namedCurve)}`;
    case 'ed25519':
      return 'Ed25519';
    case 'ed448':
      return 'Ed448';
    default:
      return type ?? 'unknown';
  }
}

/** Of every certificate that somebody else has signed; nobody looks at the signature of a root. */
function signature(door: SeenDoor): FacetSeen {
  const { leaves, others, unread } = certificatesOf(door);
  const signed = [...leaves, ...others.filter(({ raw }) => Buffer.compare(raw.subject, raw.issuer) !== 0)];
  const digests = signed.map(({ raw }) => signatureDigest(raw.signatureAlgorithm));
  const choices = digests
    .filter((digest) => digest !== 'other')
    .map((digest) => ({ name: digest, evidence: `signed with ${digest.toUpperCase()}` }));
  const unnamed = digests.includes('other') ? 'what one signature is made with is not known here' : undefined;
  return { choices, open: unread ?? unnamed ?? withoutOtherKey(door.observation.probes) };
}

/** What sessions of both kinds of keys have presented. */
function certificatesOf({ observation: { base, probes } }: SeenDoor): {
  readonly leaves: readonly PathCertificate[];
  readonly others: readonly PathCertificate[];
  /** Why not all of them are here. */
  readonly unread: string | undefined;
} {
  const chains = [base.tls, tlsIn(probes.otherKey)].flatMap((tls) => (tls?.chain.length ? [tls.chain] : []));
  const opened = chains.map((chain) => chain.map((der) => openCertificate(der)));
  const leaves = opened.flatMap(([leaf]) => (leaf?.kind === 'ok' ? [leaf.value] : []));
  const others = opened.flatMap(([, ...above]) =>
    above.flatMap((one) => (one.kind === 'ok' ? [one.value] : [])),
  );
  const hasUnread = leaves.length < chains.length || chains.length === 0;
  return { leaves, others, unread: hasUnread ? 'a certificate is missing, or cannot be read' : undefined };
}

/** Why it is not known which certificate the other kind of key has; undefined where it was looked at. */
export function withoutOtherKey({ otherKey }: Probes): string | undefined {
  if (otherKey === undefined)
    return 'the certificate for clients that take only the other kind of key was not looked for';
  if (otherKey.kind === 'not-tested') return `the other kind of key was not tried: ${otherKey.because}`;
  if (otherKey.result === 'not-offered')
    return 'STARTTLS was not offered when the other kind of key was to be tried';
  return otherKey.result === 'secured' || isBrokenOffByServer(otherKey)
    ? undefined
    : `the handshake with the other kind of key came to nothing, not by the word of the server: ${otherKey.because}`;
}
