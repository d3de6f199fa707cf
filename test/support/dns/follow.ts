/** Where the aliases in an answer lead, for tests (RFC 1034 §3.6.2, RFC 6672 §2.2). */
import { childOf, isAtOrBelow, labelsOf, type Name } from '../../../src/dns/name.ts';
import { type RecordType, type ResourceRecord, types } from '../../../src/dns/record.ts';
import { coveredType, nameOnWire } from './rrsig.ts';

/** How many aliases one answer may lead over; unbound follows as many. */
export const MAX_ALIASES = 11;

/** The RRsets of an answer section that lead from a name to its records, with their signatures. */
export function follow(
  name: Name,
  type: RecordType,
  section: readonly ResourceRecord[],
): { owner: Name; found: boolean; records: ResourceRecord[] } {
  const records: ResourceRecord[] = [];
  const setOf = (owner: Name, wanted: RecordType): ResourceRecord[] =>
    section.filter((one) => one.name === owner && coveredType(one) === wanted);
  let owner = name;
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases += 1) {
    const at = owner;
    const first = section.find((one) => one.name === at && [type, types.CNAME, types.ANY].includes(one.type));
    const dname = section.find(
      (one) => one.type === types.DNAME && one.name !== at && isAtOrBelow(at, one.name),
    );
    if (dname !== undefined && !records.includes(dname)) records.push(...setOf(dname.name, types.DNAME));
    const found = type === types.ANY ? section.filter((one) => one.name === at) : setOf(at, type);
    // Where a name has an alias and other records, what stands first goes, as with unbound.
    if (
      (found.length > 0 && (type === types.ANY || first?.type !== types.CNAME)) ||
      (type === types.CNAME && first !== undefined)
    ) {
      return { owner, found: true, records: [...records, ...found] };
    }
    const cname = setOf(at, types.CNAME);
    const [alias] = cname.filter((one) => one.type === types.CNAME);
    const made = dname === undefined ? undefined : substitute(at, dname);
    const target = alias === undefined ? made : nameOnWire(alias.data);
    if (target === undefined) break;
    const step = alias === undefined ? [synthesized(at, target)] : cname;
    records.push(...step);
    if (type === types.CNAME) return { owner, found: true, records };
    owner = target;
  }
  return { owner, found: false, records };
}

/** RFC 6672 §2.2. */
export function substitute(name: Name, { name: owner, data }: ResourceRecord): Name | undefined {
  const labels = labelsOf(name).slice(0, labelsOf(name).length - labelsOf(owner).length);
  let target: Name | undefined = nameOnWire(data);
  for (const label of labels.toReversed()) target = target === undefined ? undefined : childOf(label, target);
  return target;
}

export function synthesized(name: Name, target: Name): ResourceRecord {
  return { name, type: types.CNAME, ttl: 0, data: Buffer.from(target, 'latin1') };
}
