/** Checking a set of records against the keys of its zone. RFC 4035 §5.3. */
import { type LookUp, type SignatureCheck, verify } from '../look-ups.ts';
import { countLabels, isAtOrBelow, lastLabels, type Name, showName, wildcardOf } from '../name.ts';
import { putU16, writeCharacters } from '../octets.ts';
import type { Dnskey, Rrsig } from '../records.ts';
import type { RrSet } from '../rrset.ts';
import { showType } from '../show.ts';
import { showKey } from './algorithms.ts';
import { type Budget, spend, VERIFICATIONS_PER_SET } from './budget.ts';
import { type Keys, type KnownKey, keysFor } from './keys.ts';
import { secondsTo, showMoment, type Validity } from './time.ts';

export type SetCheck =
  | SignedSet
  /** None of the signatures is good: what is wrong, as a clause without a subject of its own. */
  | { readonly kind: 'bad'; readonly because: string }
  /** Too much to check. */
  | { readonly kind: 'exhausted'; readonly because: string };

export interface SignedSet {
  readonly kind: 'good';
  /** Seconds from now for which the set may be used (RFC 4035 §5.3.3). */
  readonly ttl: number;
  /** Where the set was made from a wildcard: the name whose child `*` is. Then nothing is known of its owner yet. */
  readonly encloser: Name | undefined;
  readonly validity: Validity;
  /** `RRSIG by example.com key 12345 (ECDSAP256SHA256), valid until 2026-12-01T00:00:00Z`. */
  readonly evidence: string;
}

/** Whose keys are tried, and when. */
export interface Signer {
  readonly zone: Name;
  readonly keys: Keys;
  readonly now: number;
}

const CLASS_IN = 1;

/** Looks for one good signature by a zone over a set: any one is enough. */
export function* checkSet(set: RrSet, { zone, keys, now }: Signer, budget: Budget): LookUp<SetCheck> {
  let left = VERIFICATIONS_PER_SET;
  let fault: string | undefined;
  for (const signature of set.signatures) {
    if (signature.signer !== zone) continue;
    const wrong = faultOf(signature, set, zone, now);
    const candidates = wrong === undefined ? keysFor(keys, signature.keyTag, signature.algorithm) : [];
    if (candidates.length === 0) {
      fault ??= wrong ?? `${showName(zone)} has no ${showKey(signature)}, which signed it`;
      continue;
    }
    for (const key of candidates) {
      if (left === 0 || !spend(budget, 'verifications')) return tooMany(set);
      left -= 1;
      if (yield* verify(checkOf(set, signature, key))) return good(set, signature, key, now);
    }
    fault = `${showSignature(signature)} does not fit`;
  }
  return { kind: 'bad', because: fault ?? `there is no signature by ${showName(zone)}` };
}

/** What keeps a signature from counting whoever made it (RFC 4035 §5.3.1), as a clause; undefined where nothing does. */
function faultOf(signature: Rrsig, set: RrSet, zone: Name, now: number): string | undefined {
  const labels = labelsOfOwner(set.name);
  const { inception, expiration } = signature;
  const wrong = (what: string): string => `${showSignature(signature)} ${what}`;
  if (!isAtOrBelow(set.name, zone)) return wrong('is of a zone that does not hold it');
  if (signature.labels > labels) return wrong('is for a name of more labels');
  // A wildcard above the zone is none of the zone's.
  if (signature.labels < countLabels(zone)) return wrong('is for a wildcard above its zone');
  if (secondsTo(expiration, now) < 0) return wrong(`expired at ${showMoment(expiration, now)}`);
  if (secondsTo(inception, now) > 0) return wrong(`is valid from ${showMoment(inception, now)} on only`);
  return undefined;
}

function showSignature(signature: Rrsig): string {
  return `its RRSIG by ${showName(signature.signer)} ${showKey(signature)}`;
}

function tooMany(set: RrSet): SetCheck {
  const what = `${showType(set.type)} at ${showName(set.name)}`;
  return { kind: 'exhausted', because: `too many signatures and keys would have to be tried for ${what}` };
}

function good(set: RrSet, signature: Rrsig, { shown }: KnownKey, now: number): SignedSet {
  const { labels, originalTtl, inception, expiration } = signature;
  const expanded = labels < labelsOfOwner(set.name);
  const left = secondsTo(expiration, now);
  return {
    kind: 'good',
    ttl: Math.min(set.ttl, originalTtl, left),
    encloser: expanded ? lastLabels(set.name, labels) : undefined,
    validity: { since: now + secondsTo(inception, now), until: now + left },
    evidence: `RRSIG by ${shown}, valid until ${showMoment(expiration, now)}`,
  };
}

/** Without "either the null (root) label that terminates the owner name or the wildcard label (if present)" (RFC 4034 §3.1.3). */
function labelsOfOwner(name: Name): number {
  return countLabels(name) - (name.startsWith('\x01*') ? 1 : 0);
}

function checkOf(set: RrSet, signature: Rrsig, key: Dnskey): SignatureCheck {
  const { algorithm, publicKey } = key;
  return { algorithm, publicKey, data: signedData(set, signature), signature: signature.signature };
}

/** What was signed: RRSIG RDATA without the signature, then each record in canonical form (RFC 4034 §3.1.8.1). */
function signedData(set: RrSet, { head, labels, originalTtl }: Rrsig): Uint8Array {
  // RFC 4035 §5.3.2: the name that the zone holds is the wildcard's.
  const expanded = labels < labelsOfOwner(set.name);
  const owner = (expanded ? wildcardOf(lastLabels(set.name, labels)) : undefined) ?? set.name;
  const size = set.data.reduce((sum, { length }) => sum + owner.length + 10 + length, head.length);
  const whole = Buffer.allocUnsafe(size);
  whole.set(head);
  let at = head.length;
  for (const rdata of set.data) {
    writeCharacters(whole, at, owner);
    at += owner.length;
    putU16(whole, at, set.type);
    putU16(whole, at + 2, CLASS_IN);
    putU16(whole, at + 4, originalTtl >>> 16);
    putU16(whole, at + 6, originalTtl & 0xffff);
    putU16(whole, at + 8, rdata.length);
    whole.set(rdata, at + 10);
    at += 10 + rdata.length;
  }
  return whole;
}
