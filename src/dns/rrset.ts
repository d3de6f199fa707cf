/** Records that belong together, and the signatures over them. RFC 2181 §5, RFC 4034 §6.3. */
import type { Name } from './name.ts';
import { compareOctets, u16 } from './octets.ts';
import { type RecordType, type ResourceRecord, types } from './record.ts';
import { type Rrsig, readRrsig } from './records.ts';

/** All records of one type at one name. */
export interface RrSet {
  readonly name: Name;
  readonly type: RecordType;
  /** Seconds: the smallest of its records and of the signatures over it (RFC 2181 §5.2, RFC 4035 §5.3.3). */
  readonly ttl: number;
  /** RDATA in canonical order, each once (RFC 4034 §6.3). */
  readonly data: readonly Uint8Array[];
  /** Those that cover it, each once; malformed ones are left out. None of them is checked. */
  readonly signatures: readonly Rrsig[];
}

interface Gathered {
  readonly name: Name;
  readonly type: RecordType;
  ttl: number;
  readonly data: Uint8Array[];
  readonly signatures: Uint8Array[];
}

/**
 * Puts records together that share name and type, in the order in which the sets begin.
 *
 * RRSIG records are no set of their own (RFC 4035 §2.2): they go with what they cover, and are left out where that is not
 * there.
 */
export function rrSetsOf(records: readonly ResourceRecord[]): RrSet[] {
  const sets: Gathered[] = [];
  const known = finder(sets);
  for (const { name, type, ttl, data } of records) {
    if (type === types.RRSIG) continue;
    const set = known(name, type);
    if (set === undefined) sets.push({ name, type, ttl, data: [data], signatures: [] });
    else {
      set.data.push(data);
      set.ttl = Math.min(set.ttl, ttl);
    }
  }
  for (const { name, type, ttl, data } of records) {
    const set = type === types.RRSIG ? known(name, u16(data, 0)) : undefined;
    if (set === undefined) continue;
    set.signatures.push(data);
    set.ttl = Math.min(set.ttl, ttl);
  }
  return sets.map(finish);
}

/** So many sets are looked through one by one, which is quicker than any map. */
const FEW = 8;

/** Finds a set among those gathered so far, in time that does not grow with their number. */
function finder(sets: readonly Gathered[]): (name: Name, type: RecordType) => Gathered | undefined {
  let byName: Map<Name, Map<RecordType, Gathered>> | undefined;
  let indexed = 0;
  return (name, type) => {
    if (sets.length <= FEW) return sets.find((set) => set.type === type && set.name === name);
    byName ??= new Map();
    for (; indexed < sets.length; indexed += 1) {
      const set = sets[indexed];
      if (set === undefined) continue;
      const here = byName.get(set.name);
      if (here === undefined) byName.set(set.name, new Map([[set.type, set]]));
      else here.set(set.type, set);
    }
    return byName.get(name)?.get(type);
  };
}

function finish({ name, type, ttl, data, signatures }: Gathered): RrSet {
  return {
    name,
    type,
    ttl,
    data: inCanonicalOrder(data),
    signatures: inCanonicalOrder(signatures)
      .map(readRrsig)
      .filter((signature) => signature !== undefined),
  };
}

/** Sorts in place and drops what is there twice. */
function inCanonicalOrder(data: Uint8Array[]): readonly Uint8Array[] {
  if (data.length < 2) return data;
  data.sort(compareOctets);
  return data.filter((one, index) => {
    const before = data[index - 1];
    return before === undefined || compareOctets(before, one) !== 0;
  });
}
