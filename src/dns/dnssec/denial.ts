/** What it takes to prove that something is not there, whether by NSEC or by NSEC3. RFC 4035 §5.4, RFC 5155 §8, RFC 6840 §4. */
import { type Name, root, showName, wildcardOf } from '../name.ts';
import { type Question, type RecordType, types } from '../record.ts';
import { showType } from '../show.ts';
import type { TypeBitmap } from '../type-bitmap.ts';

/** What was looked for and not found in proofs, or why they prove nothing. */
export interface Unproven {
  readonly kind: 'unproven';
  /** A clause: `no NSEC of example.com covers www.example.com`. */
  readonly because: string;
}

/**
 * The zone says that here it does not say what there is, or not in a way that is worth the work: an opt-out span (RFC
 * 5155 §6), or too many rounds of hashing (RFC 9276 §3.2). What is here is insecure.
 */
export interface Open {
  readonly kind: 'open';
  readonly because: string;
}

/** More hashing than one question is worth. */
export interface Exhausted {
  readonly kind: 'exhausted';
  readonly because: string;
}

/** An answer without records. */
export type Denial =
  | {
      readonly kind: 'absent';
      readonly what: 'no-such-name' | 'no-such-record';
      /** A delegation without signatures may be hidden where the name would be: proven, but insecure (RFC 5155 §9.2). */
      readonly optOut: boolean;
      readonly because: string;
    }
  | Open
  | Unproven
  | Exhausted;

/** An answer from a wildcard: that nothing is closer to the name than the wildcard. */
export type NoCloser = { readonly kind: 'proven'; readonly because: string } | Open | Unproven | Exhausted;

/** Whether a zone begins at a name, as the zone above says. */
export type Cut =
  /** A zone without DS begins here. */
  | { readonly kind: 'unsigned'; readonly because: string }
  /** The name exists, and belongs to the zone above. */
  | { readonly kind: 'none'; readonly because: string }
  /** There is no such name, so nothing begins here or below. */
  | { readonly kind: 'nothing'; readonly because: string }
  | Open
  | Unproven
  | Exhausted;

/** The type of RFC 9824 §2, which only says that the name does not exist. */
const NXNAME = 128;

/**
 * Whether the list of types at a name is of the parent's side of a cut, or of a name with a DNAME.
 *
 * Such a record says nothing of names below (RFC 6840 §4.1, RFC 5155 §8.3, RFC 6672 §5.3.4.1).
 */
export function isEnd(listed: TypeBitmap): boolean {
  return isParentSide(listed) || listed.has(types.DNAME);
}

/**
 * What an answer means where its proof is of the zone above a cut: that the name is at or below a delegation without
 * DS, of which nothing can be proven; or nothing. Forwarders pass on such proofs beside what the zone below says.
 */
export function beyondCut(listed: TypeBitmap, cut: Name, record: string): Open | Unproven {
  if (isParentSide(listed) && !listed.has(types.DS) && !listed.has(types.DNAME))
    return { kind: 'open', because: `${record} says that ${showName(cut)} is delegated without a DS` };
  return unproven(
    `${record} for ${showName(cut)} is of another zone than names below, and says nothing of them`,
  );
}

export function isParentSide(listed: TypeBitmap): boolean {
  return listed.has(types.NS) && !listed.has(types.SOA);
}

/** What the types listed at the very name, or at the wildcard that stands for it, prove of a question. */
export function denialAt(
  listed: TypeBitmap,
  question: Question,
  at: { readonly record: string; readonly optOut: boolean },
): Denial {
  const { name, type } = question;
  if (listed.has(type)) return unproven(`${at.record} says that there is ${showType(type)}`);
  // RFC 6840 §4.3: then the alias should have come.
  if (listed.has(types.CNAME)) return unproven(`${at.record} says that there is a CNAME`);
  if (type === types.DS && listed.has(types.SOA) && name !== root)
    return unproven(`${at.record} is of the zone below, which says nothing of its own DS`);
  // RFC 6840 §4.1: of all types at the cut only DS is the parent's to deny.
  if (type !== types.DS && isParentSide(listed))
    return unproven(
      `${at.record} is of the zone above the delegation, which says nothing of ${showType(type)}`,
    );
  if (listed.has(NXNAME)) {
    const because = `${at.record} says that the name does not exist (NXNAME)`;
    return { kind: 'absent', what: 'no-such-name', optOut: at.optOut, because };
  }
  const because = `${at.record} does not list ${showType(type)}`;
  return { kind: 'absent', what: 'no-such-record', optOut: at.optOut, because };
}

/** What the types listed at a name prove of a zone that may begin there. */
export function cutAt(listed: TypeBitmap, name: Name, record: string): Cut {
  if (listed.has(types.DS)) return unproven(`${record} says that ${showName(name)} has a DS`);
  if (listed.has(types.SOA))
    return unproven(`${record} is of the zone below, which says nothing of its own DS`);
  if (listed.has(types.NS))
    return { kind: 'unsigned', because: `${record} says that ${showName(name)} is delegated without a DS` };
  if (listed.has(NXNAME))
    return { kind: 'nothing', because: `${record} says that it does not exist (NXNAME)` };
  return { kind: 'none', because: `${record} says that no zone begins there` };
}

/** The wildcard that would answer for `name` below `encloser`; it is no longer than the name is. */
export function wildcardFor(encloser: Name, name: Name): Name {
  return wildcardOf(encloser) ?? name;
}

export function unproven(because: string): Unproven {
  return { kind: 'unproven', because };
}

/** `TLSA at _25._tcp.mail.example.com`, as reasons name a question. */
export function showQuestion({ name, type }: { name: Name; type: RecordType }): string {
  return `${showType(type)} at ${showName(name)}`;
}
