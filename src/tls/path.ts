/**
 * Certification paths from a server's certificate to a trust anchor that somebody names: DANE's usage 2.
 *
 * OpenSSL checks the signatures and says who may have issued what. The rest of RFC 5280 §6.1 is checked by us, since Node
 * gives no access to OpenSSL's own check with an anchor of our choice. The constraints of an anchor that is a certificate
 * count too (RFC 7671 §5.2.1).
 */
import type { KeyObject } from 'node:crypto';
import type { Parsed } from '../names/domain.ts';
import { isSignedBy, parsePublicKey } from './openssl.ts';
import {
  faultOfIssuer,
  faultOfLeaf,
  faultOfPath,
  faultOfSignature,
  nameOf,
  openCertificate,
  type PathCertificate,
  type PathFault,
  untrusted,
} from './path-rules.ts';
import { weaknessOfKey } from './strength.ts';

/** What is trusted without further proof. */
export type Anchor =
  | { readonly kind: 'certificate'; readonly der: Uint8Array }
  /** A bare key, of an authority whose name is not known: a whole SubjectPublicKeyInfo. */
  | { readonly kind: 'key'; readonly spki: Uint8Array };

export type PathVerdict =
  /** `certificates`: DER, the server's first; the anchor last where it is a certificate. */
  | { readonly kind: 'path'; readonly anchor: Anchor; readonly certificates: readonly Uint8Array[] }
  | ({ readonly kind: 'no-path' } & PathFault);

/** More of a presented chain is not looked at. */
export const MOST_CERTIFICATES = 16;
/** A real chain needs one for each certificate; certificates that all vouch for each other would need endless. */
const MOST_SIGNATURES = 64;

type OpenAnchor =
  | { readonly kind: 'certificate'; readonly anchor: Anchor; readonly certificate: PathCertificate }
  | { readonly kind: 'key'; readonly anchor: Anchor; readonly key: KeyObject };

/** A path with its anchor. */
interface Found {
  readonly anchor: Anchor;
  readonly path: readonly PathCertificate[];
}

interface Search {
  /** What was presented beside the server's own, each once. */
  readonly others: readonly PathCertificate[];
  readonly anchors: readonly OpenAnchor[];
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly now: number;
  /** What stood in the way; the first is told. */
  readonly faults: PathFault[];
  signaturesLeft: number;
}

/**
 * Looks for a path by which one of the anchors vouches for the server's certificate.
 *
 * The order of the others, their doubles and what belongs to no path do not matter. The server's certificate is never its
 * own anchor: a path has a certificate below the anchor (RFC 5280 §6.1).
 *
 * @param chain what the server presented: DER, its own certificate first.
 * @param anchors at least one; those that cannot be read lead nowhere.
 * @param now milliseconds since 1970-01-01T00:00:00Z.
 */
export function pathTo(chain: readonly Uint8Array[], anchors: readonly Anchor[], now: number): PathVerdict {
  const [first, ...rest] = chain.slice(0, MOST_CERTIFICATES);
  if (first === undefined) return noPath(untrusted('the server presented no certificate'));
  const leaf = openCertificate(first);
  if (leaf.kind !== 'ok') return noPath(untrusted(leaf.because));
  const fault = faultOfLeaf(leaf.value, now);
  if (fault !== undefined) return noPath(fault);
  const faults: PathFault[] = [];
  const search: Search = {
    others: openOthers(rest, first),
    anchors: anchors.flatMap((anchor) => {
      const opened = openAnchor(anchor, first);
      if (opened.kind === 'ok') return [opened.value];
      faults.push(untrusted(opened.because));
      return [];
    }),
    now,
    faults,
    signaturesLeft: MOST_SIGNATURES,
  };
  const found = climb(search, [leaf.value], leaf.value);
  if (found === undefined)
    return noPath(
      faults[0] ?? untrusted('the certificates that were presented do not lead to the trust anchor'),
    );
  return { kind: 'path', anchor: found.anchor, certificates: found.path.map(({ der }) => der) };
}

/** Goes on from the end of a path whose every step is proven, until an anchor vouches for it. */
function climb(search: Search, path: readonly PathCertificate[], end: PathCertificate): Found | undefined {
  for (const opened of search.anchors) {
    const complete = reachAnchor(search, path, end, opened);
    if (complete === undefined) continue;
    const fault = faultOfPath(complete);
    if (fault === undefined) return { anchor: opened.anchor, path: complete };
    search.faults.push(fault);
  }
  // Whoever else vouches for a self-signed certificate's name and key vouches for what is below it, too.
  if (end.x509.checkIssued(end.x509)) return undefined;
  for (const issuer of search.others) {
    if (path.includes(issuer) || !isIssuedBy(search, end, issuer, false)) continue;
    const found = climb(search, [...path, issuer], issuer);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The path with the anchor, where it vouches for the end of the path. */
function reachAnchor(
  search: Search,
  path: readonly PathCertificate[],
  end: PathCertificate,
  opened: OpenAnchor,
): readonly PathCertificate[] | undefined {
  if (opened.kind === 'certificate') {
    const { certificate } = opened;
    // "A certificate MUST NOT appear more than once in a prospective certification path" (RFC 5280 §6.1).
    if (path.some(({ der }) => Buffer.compare(der, certificate.der) === 0)) return undefined;
    return isIssuedBy(search, end, certificate, true) ? [...path, certificate] : undefined;
  }
  // Whom the key belongs to is not known, so that a signature by another key is no fault worth telling.
  return faultOfSignature(end) === undefined && isProven(search, end, opened.key) ? path : undefined;
}

function isIssuedBy(
  search: Search,
  certificate: PathCertificate,
  issuer: PathCertificate,
  isAnchor: boolean,
): boolean {
  const fault = faultOfStep(search, certificate, issuer, isAnchor);
  if (fault !== undefined && fault !== 'another') search.faults.push(fault);
  return fault === undefined;
}

/** Why the issuer does not vouch for the certificate; `another`: it does not even claim to. */
function faultOfStep(
  search: Search,
  certificate: PathCertificate,
  issuer: PathCertificate,
  isAnchor: boolean,
): PathFault | 'another' | undefined {
  const fault = faultOfIssuer(issuer, search.now, isAnchor);
  // Names, key identifiers, and the issuer's key usage, of which faultOfIssuer tells more.
  if (!certificate.x509.checkIssued(issuer.x509)) {
    const named = Buffer.compare(certificate.raw.issuer, issuer.raw.subject) === 0;
    return named && fault !== undefined ? fault : 'another';
  }
  const first = fault ?? faultOfSignature(certificate);
  if (first !== undefined) return first;
  if (search.signaturesLeft === 0)
    return untrusted(
      `the certificates that were presented have more than ${MOST_SIGNATURES} signatures to check`,
    );
  return isProven(search, certificate, issuer.key)
    ? undefined
    : untrusted(`${nameOf(certificate)} is not signed by the key of its issuer, ${nameOf(issuer)}`);
}

function isProven(search: Search, certificate: PathCertificate, key: KeyObject): boolean {
  if (search.signaturesLeft === 0) return false;
  search.signaturesLeft -= 1;
  return isSignedBy(certificate.x509, key);
}

function openAnchor(anchor: Anchor, leaf: Uint8Array): Parsed<OpenAnchor> {
  if (anchor.kind === 'certificate') {
    if (Buffer.compare(anchor.der, leaf) === 0)
      return { kind: 'invalid', because: 'the trust anchor is the certificate of the server itself' };
    const certificate = openCertificate(anchor.der);
    if (certificate.kind !== 'ok') return certificate;
    return { kind: 'ok', value: { kind: 'certificate', anchor, certificate: certificate.value } };
  }
  const key = parsePublicKey(anchor.spki);
  if (key === undefined)
    return { kind: 'invalid', because: 'OpenSSL cannot read the key of the trust anchor' };
  const weakness = weaknessOfKey(key, anchor.spki);
  if (weakness !== undefined) return { kind: 'invalid', because: `the trust anchor is ${weakness}` };
  return { kind: 'ok', value: { kind: 'key', anchor, key } };
}

/** Each once, and the server's own not among them; what cannot be read leads nowhere. */
function openOthers(chain: readonly Uint8Array[], leaf: Uint8Array): readonly PathCertificate[] {
  const seen = [leaf];
  return chain.flatMap((der) => {
    if (seen.some((one) => Buffer.compare(one, der) === 0)) return [];
    seen.push(der);
    const certificate = openCertificate(der);
    return certificate.kind === 'ok' ? [certificate.value] : [];
  });
}

function noPath(fault: PathFault): PathVerdict {
  return { kind: 'no-path', ...fault };
}
