/** The keys of a zone: which of its DNSKEY records can prove something. RFC 4034 §2.1, RFC 5011 §2.1. */
import { type Name, showName } from '../name.ts';
import { compareOctets } from '../octets.ts';
import { type Dnskey, type Ds, readDnskey } from '../records.ts';
import type { RrSet } from '../rrset.ts';
import { isSupported, showKey } from './algorithms.ts';
import { type Budget, KEYS_PER_TAG, spend } from './budget.ts';
import { isDigestOf } from './digest.ts';

/** Keys by tag and algorithm, at most {@link KEYS_PER_TAG} of each. */
export type Keys = ReadonlyMap<number, readonly KnownKey[]>;

/** A key of a zone as it is kept. */
export interface KnownKey extends Dnskey {
  /** `example.com key 12345 (ECDSAP256SHA256)`, as reasons name whose signature it is; made once for all of them. */
  readonly shown: string;
}

/** One DNSKEY record that is a key of its zone. */
interface ZoneKey {
  readonly key: Dnskey;
  readonly rdata: Uint8Array;
}

const ZONE_KEY = 0x0100;
const REVOKED = 0x0080;
const DNSSEC = 3;

/**
 * The records of a DNSKEY set that are keys of the zone and not revoked.
 *
 * "If bit 7 has value 0, then the DNSKEY record holds some other type of DNS public key and MUST NOT be used to verify
 * RRSIGs that cover RRsets" (RFC 4034 §2.1.1); the protocol must be 3 (§2.1.2).
 */
export function zoneKeysOf(set: RrSet, sha1: boolean): readonly ZoneKey[] {
  return set.data.flatMap((rdata) => {
    const key = readDnskey(rdata);
    if (key === undefined || key.protocol !== DNSSEC || !isSupported(key.algorithm, sha1)) return [];
    return (key.flags & (ZONE_KEY | REVOKED)) === ZONE_KEY ? [{ key, rdata }] : [];
  });
}

/** Puts keys in order. They are copies: a zone's keys are kept longer than the message that they came in. */
export function keysOf(zone: Name, zoneKeys: readonly ZoneKey[]): Keys {
  const keys = new Map<number, KnownKey[]>();
  for (const { key: view } of zoneKeys) {
    const shown = `${showName(zone)} ${showKey(view)}`;
    const key = { ...view, publicKey: Uint8Array.from(view.publicKey), shown };
    const same = keys.get(slot(key.keyTag, key.algorithm));
    if (same === undefined) keys.set(slot(key.keyTag, key.algorithm), [key]);
    else if (same.length < KEYS_PER_TAG) same.push(key);
  }
  return keys;
}

/** The keys that a signature may be of. */
export function keysFor(keys: Keys, keyTag: number, algorithm: number): readonly KnownKey[] {
  return keys.get(slot(keyTag, algorithm)) ?? [];
}

/**
 * Those keys of a zone that a DS or a trust anchor names.
 *
 * @returns undefined where the budget for digests does not suffice to know.
 */
export function namedKeys(
  zone: Name,
  zoneKeys: readonly ZoneKey[],
  named: { readonly ds: readonly Ds[]; readonly keys: readonly Dnskey[] },
  budget: Budget,
): readonly ZoneKey[] | undefined {
  const found: ZoneKey[] = [];
  for (const one of zoneKeys) {
    let isNamed = named.keys.some((key) => isSameKey(key, one.key));
    for (const ds of named.ds) {
      if (isNamed || ds.keyTag !== one.key.keyTag || ds.algorithm !== one.key.algorithm) continue;
      if (!spend(budget, 'digests')) return undefined;
      isNamed = isDigestOf(ds, zone, one.rdata);
    }
    if (isNamed) found.push(one);
  }
  return found;
}

/** Flags as well: with the bit of a secure entry point changed it is another key, with another digest. */
function isSameKey(a: Dnskey, b: Dnskey): boolean {
  return (
    a.flags === b.flags &&
    a.algorithm === b.algorithm &&
    a.protocol === b.protocol &&
    compareOctets(a.publicKey, b.publicKey) === 0
  );
}

function slot(keyTag: number, algorithm: number): number {
  return (algorithm << 16) | keyTag;
}
