/** Denial by NSEC: the names of a zone in order, each with the next. RFC 4034 §4, RFC 4035 §5.4, RFC 6840 §4. */
import { commonAncestor, compareNames, isAtOrBelow, type Name, showName } from '../name.ts';
import { type Question, types } from '../record.ts';
import type { Nsec } from '../records.ts';
import {
  beyondCut,
  type Cut,
  cutAt,
  type Denial,
  denialAt,
  isEnd,
  isParentSide,
  type NoCloser,
  unproven,
  wildcardFor,
} from './denial.ts';

/** An NSEC record with its place; its signature by `zone` is good, and it is not expanded from a wildcard. */
export interface NsecAt extends Nsec {
  readonly owner: Name;
}

/** What the NSEC records of a zone prove of a question for a name in it. */
export function denialByNsec(zone: Name, nsecs: readonly NsecAt[], question: Question): Denial {
  const { name, type } = question;
  const exact = nsecs.find(({ owner }) => owner === name);
  if (exact !== undefined && type !== types.DS && isParentSide(exact.types))
    return beyondCut(exact.types, name, show(exact));
  if (exact !== undefined) return denialAt(exact.types, question, { record: show(exact), optOut: false });
  const above = nsecs.find((nsec) => isBelowEnd(nsec, name));
  if (above !== undefined) return beyondCut(above.types, above.owner, show(above));
  const within = nsecs.find((nsec) => showsEmptyNonTerminal(nsec, name));
  if (within !== undefined) return emptyNonTerminal(within, name);
  const cover = nsecs.find((nsec) => showsAbsence(zone, nsec, name));
  if (cover === undefined) return unproven(`no NSEC of ${showName(zone)} covers ${showName(name)}`);
  return wildcardDenial(zone, nsecs, cover, question);
}

/** That the wildcard which would answer for the name is not there either, or has no such record. */
function wildcardDenial(zone: Name, nsecs: readonly NsecAt[], cover: NsecAt, question: Question): Denial {
  const wildcard = wildcardFor(encloserOf(cover, question.name), question.name);
  const exact = nsecs.find(({ owner }) => owner === wildcard);
  if (exact !== undefined) return denialAt(exact.types, question, { record: show(exact), optOut: false });
  const within = nsecs.find((nsec) => showsEmptyNonTerminal(nsec, wildcard));
  if (within !== undefined) return emptyNonTerminal(within, wildcard);
  const other = nsecs.find((nsec) => showsAbsence(zone, nsec, wildcard));
  if (other === undefined) return unproven(`no NSEC of ${showName(zone)} covers ${showName(wildcard)}`);
  const both =
    other === cover ? `it and ${showName(wildcard)}` : `it, and ${show(other)} ${showName(wildcard)}`;
  return { kind: 'absent', what: 'no-such-name', optOut: false, because: `${show(cover)} covers ${both}` };
}

/**
 * Whether nothing is closer to `name` than `encloser`, whose wildcard answered for it (RFC 4035 §5.3.4).
 *
 * The record that covers the name says which of the names above it exists.
 */
export function noCloserByNsec(zone: Name, nsecs: readonly NsecAt[], name: Name, encloser: Name): NoCloser {
  const cover = nsecs.find((nsec) => showsAbsence(zone, nsec, name) && encloserOf(nsec, name) === encloser);
  if (cover !== undefined) return { kind: 'proven', because: `${show(cover)} covers it` };
  const what = `${showName(name)} itself, or one closer than ${showName(encloser)}, does not exist`;
  return unproven(`no NSEC of ${showName(zone)} says that ${what}`);
}

/** Whether a zone begins at `name`, which is below the apex of `zone`. */
export function cutByNsec(zone: Name, nsecs: readonly NsecAt[], name: Name): Cut {
  const exact = nsecs.find(({ owner }) => owner === name);
  if (exact !== undefined) return cutAt(exact.types, name, show(exact));
  const within = nsecs.find((nsec) => showsEmptyNonTerminal(nsec, name));
  if (within !== undefined)
    return { kind: 'none', because: `${show(within)} says that there are only names below` };
  const cover = nsecs.find((nsec) => showsAbsence(zone, nsec, name));
  if (cover === undefined) return unproven(`no NSEC of ${showName(zone)} covers ${showName(name)}`);
  return { kind: 'nothing', because: `${show(cover)} says that there is no ${showName(name)}` };
}

/**
 * Whether a record stands for the gap in which `name` would be.
 *
 * The last one has the apex for its next name (RFC 4034 §4.1.1), and the gap is all that comes after it.
 */
function covers(zone: Name, { owner, next }: NsecAt, name: Name): boolean {
  // A next name outside would reach over names that are not the zone's.
  if (compareNames(owner, name) >= 0 || !isAtOrBelow(next, zone)) return false;
  return compareNames(owner, next) < 0 ? compareNames(name, next) < 0 : next === zone;
}

/** Whether there is no such name, and nothing below it. */
function showsAbsence(zone: Name, nsec: NsecAt, name: Name): boolean {
  return covers(zone, nsec, name) && !isAtOrBelow(nsec.next, name) && !isBelowEnd(nsec, name);
}

/** Whether the name exists because the next name is below it, and has no records (RFC 4592 §2.2.2). */
function showsEmptyNonTerminal(nsec: NsecAt, name: Name): boolean {
  return (
    nsec.next !== name &&
    isAtOrBelow(nsec.next, name) &&
    compareNames(nsec.owner, name) < 0 &&
    !isBelowEnd(nsec, name)
  );
}

function isBelowEnd(nsec: NsecAt, name: Name): boolean {
  return isAtOrBelow(name, nsec.owner) && isEnd(nsec.types);
}

/** The closest name above one that a record covers which exists: of that name and one of the two in the record. */
function encloserOf({ owner, next }: NsecAt, name: Name): Name {
  const before = commonAncestor(name, owner);
  const after = commonAncestor(name, next);
  return before.length > after.length ? before : after;
}

function emptyNonTerminal(nsec: NsecAt, name: Name): Denial {
  const because = `${show(nsec)} says that there are only names below ${showName(name)}`;
  return { kind: 'absent', what: 'no-such-record', optOut: false, because };
}

function show({ owner }: NsecAt): string {
  return `NSEC at ${showName(owner)}`;
}
