/**
 * What a recursive server, which asks the servers of zones that tests have signed, answers to a query with DO and CD:
 * RFC 4035 §3.1, RFC 5155 §7.2, RFC 6672 §3.
 */
import { compareNames, isAtOrBelow, type Name, parentOf, root, wildcardOf } from '../../../src/dns/name.ts';
import { type Question, type RecordType, type ResourceRecord, types } from '../../../src/dns/record.ts';
import { substitute, synthesized } from './follow.ts';
import { type Recursed } from './recursion.ts';
import { coveredType, nameOnWire } from './rrsig.ts';
import { nsec3Hash, nsec3Owner, type SignedZone } from './signed-zone.ts';

const MAX_ALIASES = 12;

/** The answer to a question over zones, aliases followed. */
export function answerOver(zones: readonly SignedZone[], question: Question): Recursed {
  const answers: ResourceRecord[] = [];
  const authority: ResourceRecord[] = [];
  let { name } = question;
  for (let aliases = 0; aliases < MAX_ALIASES; aliases += 1) {
    const zone = zoneOf(zones, { name, type: question.type });
    if (zone === undefined) return { rcode: 2, answers: [], authority: [] };
    const here = answerOf(zone, { name, type: question.type });
    answers.push(...here.answers);
    authority.push(...here.authority);
    if (here.next === undefined) return { rcode: here.rcode, answers, authority };
    name = here.next;
  }
  return { rcode: 2, answers: [], authority: [] };
}

/** The deepest zone that has the name; for DS the one above the cut. */
export function zoneOf(zones: readonly SignedZone[], { name, type }: Question): SignedZone | undefined {
  return zones
    .filter(({ apex }) => isAtOrBelow(name, apex) && (type !== types.DS || name === root || apex !== name))
    .toSorted((a, b) => b.apex.length - a.apex.length)[0];
}

/** One zone's answer; `next` is where an alias leads. */
function answerOf(zone: SignedZone, { name, type }: Question): Recursed & { next?: Name } {
  const at = (owner: Name, wanted: RecordType): ResourceRecord[] =>
    zone.records.filter((one) => one.name === owner && coveredType(one) === wanted);
  const expand = (set: readonly ResourceRecord[]): ResourceRecord[] => set.map((one) => ({ ...one, name }));
  const exists = zone.names.has(name);
  const dname = ancestors(name, zone.apex).flatMap((owner) => at(owner, types.DNAME));
  const [top] = dname;
  if (top !== undefined) {
    const next = substitute(name, top);
    if (next === undefined) return { rcode: 6, answers: dname, authority: [] };
    return { rcode: 0, answers: [...dname, synthesized(name, next)], authority: [], next };
  }
  const encloser = closestEncloser(zone, name);
  const owner = exists ? name : (wildcardOf(encloser) ?? name);
  const proof = exists ? [] : coverProof(zone, name, encloser);
  if (!zone.names.has(owner)) {
    const denied = [...proof, ...coverOf(zone, wildcardOf(encloser) ?? name), ...matchOf3(zone, encloser)];
    return { rcode: 3, answers: [], authority: unique([...at(zone.apex, types.SOA), ...denied]) };
  }
  const answers = at(owner, type);
  if (answers.length > 0) return { rcode: 0, answers: expand(answers), authority: proof };
  const alias = at(owner, types.CNAME);
  const [cname] = alias;
  if (cname !== undefined) {
    return { rcode: 0, answers: expand(alias), authority: proof, next: nameOnWire(cname.data) };
  }
  const nodata = [...noSuchType(zone, owner), ...proof, ...(exists ? [] : matchOf3(zone, encloser))];
  return { rcode: 0, answers: [], authority: unique([...at(zone.apex, types.SOA), ...nodata]) };
}

function ancestors(name: Name, apex: Name): Name[] {
  const above: Name[] = [];
  for (let at = parentOf(name); at !== undefined && isAtOrBelow(at, apex); at = parentOf(at)) above.push(at);
  return above;
}

function closestEncloser(zone: SignedZone, name: Name): Name {
  return zone.names.has(name)
    ? name
    : (ancestors(name, zone.apex).find((at) => zone.names.has(at)) ?? zone.apex);
}

/** What shows that the name itself is not there: NSEC covers it, NSEC3 covers the next closer name. */
function coverProof(zone: SignedZone, name: Name, encloser: Name): ResourceRecord[] {
  if (typeof zone.denial !== 'object') return coverOf(zone, name);
  let closer = name;
  while (parentOf(closer) !== encloser) closer = parentOf(closer) ?? encloser;
  return coverOf(zone, closer);
}

/** The denial that matches a name; of an empty non-terminal's NSEC, and under opt-out, what covers it. */
function noSuchType(zone: SignedZone, name: Name): ResourceRecord[] {
  if (zone.denial === 'unsigned') return [];
  if (zone.denial === 'nsec') {
    const own = denialAt(zone, name);
    return own.length > 0 ? own : coverOf(zone, name);
  }
  const own = matchOf3(zone, name);
  if (own.length > 0) return own;
  const encloser = ancestors(name, zone.apex).find((at) => matchOf3(zone, at).length > 0) ?? zone.apex;
  return [...matchOf3(zone, encloser), ...coverProof(zone, name, encloser)];
}

function matchOf3(zone: SignedZone, name: Name): ResourceRecord[] {
  if (typeof zone.denial !== 'object') return [];
  return denialAt(zone, nsec3Owner(nsec3Hash(name, zone.denial.iterations), zone.apex));
}

function coverOf(zone: SignedZone, name: Name): ResourceRecord[] {
  if (zone.denial === 'unsigned') return [];
  const isNsec = zone.denial === 'nsec';
  const wanted =
    typeof zone.denial === 'object' ? nsec3Owner(nsec3Hash(name, zone.denial.iterations), zone.apex) : name;
  const owners = zone.records
    .filter(({ type }) => type === (isNsec ? types.NSEC : types.NSEC3))
    .map((one) => one.name)
    .toSorted(compareNames);
  const before = owners.findLast((owner) => compareNames(owner, wanted) <= 0) ?? owners.at(-1);
  return before === undefined ? [] : denialAt(zone, before);
}

/** The NSEC or NSEC3 at an owner, with its signature. */
function denialAt(zone: SignedZone, owner: Name): ResourceRecord[] {
  return zone.records.filter(
    (one) => one.name === owner && [types.NSEC, types.NSEC3].some((type) => type === coveredType(one)),
  );
}

function unique(records: readonly ResourceRecord[]): ResourceRecord[] {
  return [...new Set(records)];
}
