/** NSEC and NSEC3 records as texts, for tests of what they prove. */
import type { NsecAt } from '../../../src/dns/dnssec/nsec.ts';
import type { Nsec3s } from '../../../src/dns/dnssec/nsec3.ts';
import { base32Hex, nsec3Hash } from '../../../src/dns/dnssec/nsec3-hash.ts';
import { labelsOf, type Name } from '../../../src/dns/name.ts';
import { readNsec, readNsec3 } from '../../../src/dns/records.ts';
import { readName } from './name-text.ts';
import { readRecords } from './zone-text.ts';

/** Lines like `a.example. NSEC b.example. A RRSIG`. */
export function nsecsOf(text: string): NsecAt[] {
  return readRecords(text).map(({ name, data }) => {
    const nsec = readNsec(data);
    if (nsec === undefined) throw new Error('not an NSEC');
    return { owner: name, ...nsec };
  });
}

/** Lines like `HASH.example. NSEC3 1 1 12 aabbccdd NEXT A RRSIG`, all of one zone. */
export function nsec3sOf(
  zone: string,
  text: string,
  budget = Number.POSITIVE_INFINITY,
): Nsec3s & { hashed: () => number } {
  const apex = readName(zone);
  const read = readRecords(text).map(({ name, data }) => {
    const nsec3 = readNsec3(data);
    if (nsec3 === undefined) throw new Error('not an NSEC3');
    const record = { owner: labelsOf(name)[0] ?? '', next: base32Hex(nsec3.nextHash), types: nsec3.types };
    return { nsec3, record: { ...record, optOut: nsec3.flags === 1 } };
  });
  const { salt = new Uint8Array(), iterations = 0 } = read[0]?.nsec3 ?? {};
  const known = new Map<Name, string>();
  let left = budget;
  const hash = (name: Name): string | undefined => {
    const before = known.get(name);
    if (before === undefined && left <= 0) return undefined;
    const made = before ?? nsec3Hash(name, salt, iterations);
    if (before === undefined) left -= 1;
    known.set(name, made);
    return made;
  };
  return {
    zone: apex,
    iterations,
    records: read.map(({ record }) => record),
    hash,
    hashed: () => known.size,
  };
}
