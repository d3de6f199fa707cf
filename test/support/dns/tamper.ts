/** What lies about answers are made of: see lies.ts. */
import { encodeMessage } from '../../../src/dns/encode.ts';
import type { Message } from '../../../src/dns/message.ts';
import { decodeMessage } from '../../../src/dns/message.ts';
import {
  countLabels,
  isAtOrBelow,
  lastLabels,
  type Name,
  parentOf,
  root,
  wildcardOf,
} from '../../../src/dns/name.ts';
import { type Question, type RecordType, type ResourceRecord, types } from '../../../src/dns/record.ts';
import type { Told } from './conversation.ts';
import { synthesized } from './follow.ts';
import type { Random } from './random.ts';
import { coveredType, isRrsig, keyTagOf, type Rrsig, readRrsig, writeRrsig } from './rrsig.ts';

/** What a liar knows. */
export interface Ring {
  readonly random: Random;
  /** What the message answers. */
  readonly question: Question;
  /** Honest answers to other questions, of all zones. */
  readonly pool: readonly Message[];
  /** What was answered to this question in the past; its signatures have expired. */
  readonly older: Message | undefined;
  readonly forgers: readonly Forger[];
  readonly walk: readonly Walked[];
}

/** Somebody who has a zone, and signs with its key what he likes. */
export interface Forger {
  readonly apex: Name;
  /** RDATA of his DNSKEY. */
  readonly key: Uint8Array;
  /** His signature of a set, in the name of any zone. */
  readonly sign: (set: readonly ResourceRecord[], signer: Name) => ResourceRecord;
}

/** A record of denial with its signature, and the zone it is of. */
export interface Walked {
  readonly apex: Name;
  readonly records: readonly ResourceRecord[];
}

export type Lie = (message: Message, ring: Ring) => Told | undefined;

export const denials: readonly RecordType[] = [types.NSEC, types.NSEC3];
const address = Uint8Array.of(203, 0, 113, 66);

export function recordsOf({ answers, authority }: Message): ResourceRecord[] {
  return [...answers, ...authority];
}

export function eachRecord(message: Message, change: (one: ResourceRecord) => ResourceRecord): Message {
  return { ...message, answers: message.answers.map(change), authority: message.authority.map(change) };
}

/** @returns undefined where nothing is to be left out. */
export function without(message: Message, which: (one: ResourceRecord) => boolean): Message | undefined {
  if (!recordsOf(message).some(which)) return undefined;
  const keep = (records: readonly ResourceRecord[]): ResourceRecord[] => records.filter((one) => !which(one));
  return { ...message, answers: keep(message.answers), authority: keep(message.authority) };
}

export function changed(
  message: Message,
  random: Random,
  which: (one: ResourceRecord) => boolean,
  change: (one: ResourceRecord) => ResourceRecord,
): Message | undefined {
  const one = random.pick(recordsOf(message).filter(which));
  return one === undefined
    ? undefined
    : eachRecord(message, (other) => (other === one ? change(other) : other));
}

/** Changes fields of all signatures. */
export function fields(message: Message, change: (rrsig: Rrsig) => Partial<Rrsig>): Message | undefined {
  if (!recordsOf(message).some(isRrsig)) return undefined;
  return eachRecord(message, (one) => withFields(one, change));
}

export function withFields(one: ResourceRecord, change: (rrsig: Rrsig) => Partial<Rrsig>): ResourceRecord {
  if (!isRrsig(one)) return one;
  const rrsig = readRrsig(one.data);
  return { ...one, data: writeRrsig({ ...rrsig, ...change(rrsig) }) };
}

export function denied(
  message: Message,
  { random, pool }: Ring,
  rcode: number,
  from: number,
): Message | undefined {
  const start = random.below(pool.length);
  const authority = [...pool.slice(start, start + from), ...pool.slice(0, start)]
    .slice(0, from)
    .flatMap((one) => one.authority)
    .filter((one) => denials.includes(coveredType(one)) || coveredType(one) === types.SOA);
  return authority.length === 0
    ? undefined
    : { ...message, rcode, answers: [], authority: [...new Set(authority)] };
}

/** Some records of denial of one zone at or above the name, each well signed, whatever they are about. */
export function deniedByWalk(
  message: Message,
  { random, walk, question }: Ring,
  rcode: number,
): Message | undefined {
  const apex = random.pick(walk.filter((one) => isAtOrBelow(question.name, one.apex)))?.apex;
  const records = walk.filter((one) => one.apex === apex);
  const count = random.pick([1, 1, 2, 2, 3, 4, records.length]) ?? 1;
  const soa = message.authority.filter((one) => coveredType(one) === types.SOA);
  const some = Array.from({ length: count }, () => random.pick(records)?.records ?? []).flat();
  return some.length === 0
    ? undefined
    : { ...message, rcode, answers: [], authority: [...new Set([...soa, ...some])] };
}

/** What a wildcard gave for another name: one above this name, and of this type, where there is any. */
export function expandedHere(message: Message, { random, pool, question }: Ring): Message | undefined {
  const expanded = pool.filter(({ answers }) => answers.some((one) => enclosing(one) !== undefined));
  const near = expanded.filter(({ answers }) =>
    answers.some((one) => {
      const above = enclosing(one);
      return above !== undefined && isAtOrBelow(question.name, above);
    }),
  );
  const same = near.filter(({ answers }) => answers.some(({ type }) => type === question.type));
  const from = random.pick([same, near, expanded].find(({ length }) => length > 0) ?? []);
  if (from === undefined) return undefined;
  const answers = from.answers.map((one) => ({ ...one, name: question.name }));
  // What denies the name in truth may seem to be the proof that nothing is closer.
  return {
    ...from,
    question: message.question,
    answers,
    authority: [...from.authority, ...message.authority],
  };
}

/** The name below which stands the wildcard that a signature is of. */
function enclosing(one: ResourceRecord): Name | undefined {
  const labels = isRrsig(one) ? readRrsig(one.data).labels : countLabels(one.name);
  return labels < countLabels(one.name) ? lastLabels(one.name, labels) : undefined;
}

/** An NSEC of a wildcard, which has another name's signature as good as its own (CVE-2017-15105). */
export function wildcardDenial(message: Message, { random, walk, question }: Ring): Message | undefined {
  const covering = walk.filter(({ records: [first] }) => {
    const above = first?.name.startsWith('\x01*') ? parentOf(first.name) : undefined;
    return above !== undefined && isAtOrBelow(question.name, above) && question.name !== above;
  });
  const records = random.pick(covering)?.records.map((one) => ({ ...one, name: question.name }));
  const soa = message.authority.filter((one) => coveredType(one) === types.SOA);
  return records && { ...message, rcode: 0, answers: [], authority: [...soa, ...records] };
}

/** An alias that nobody signed, to records that somebody did. */
export function aliased(
  message: Message,
  { random, pool, question }: Ring,
  type: RecordType,
): Message | undefined {
  const sets = pool.flatMap(({ answers }) => answers).filter((one) => coveredType(one) === question.type);
  const target = random.pick(sets)?.name;
  if (target === undefined || target === question.name) return undefined;
  const found = sets.filter(({ name }) => name === target);
  const cname = synthesized(question.name, target);
  if (type === types.CNAME) return { ...message, rcode: 0, answers: [cname, ...found] };
  const name = parentOf(question.name) ?? root;
  const data = Buffer.from(parentOf(target) ?? root, 'latin1');
  return { ...message, rcode: 0, answers: [{ name, type: types.DNAME, ttl: 3600, data }, cname, ...found] };
}

/**
 * Records of the liar's own, signed with a key that is not the zone's: in the name of his zone, or of the one whose
 * answer it is.
 */
export function forged(message: Message, ring: Ring, name: 'his' | 'theirs'): Message | undefined {
  const { random, question } = ring;
  const forger = forgerOf(ring);
  if (forger === undefined) return undefined;
  const own = message.answers.filter((one) => one.name === question.name && one.type === question.type);
  const [first] = own;
  const set =
    first === undefined
      ? [{ name: question.name, type: question.type, ttl: 3600, data: address }]
      : own.map((one) => ({ ...one, data: altered(one.data, random) }));
  const owner =
    random.below(4) === 0 ? (wildcardOf(parentOf(question.name) ?? root) ?? question.name) : question.name;
  const moved = set.map((one) => ({ ...one, name: owner }));
  const signed = [...moved, forger.sign(moved, signerFor(message, forger, name))];
  return { ...message, rcode: 0, answers: signed.map((one) => ({ ...one, name: question.name })) };
}

/** Keys or DS with the liar's own among them, all signed anew by him beside the old signatures. */
export function strangeKeys(message: Message, ring: Ring, name: 'his' | 'theirs'): Message | undefined {
  const forger = forgerOf(ring);
  const keys = message.answers.filter(({ type }) => type === types.DNSKEY || type === types.DS);
  const [first] = keys;
  if (forger === undefined || first === undefined) return undefined;
  const data = first.type === types.DNSKEY ? forger.key : altered(first.data, ring.random);
  const set = [...keys, { ...first, data }];
  const signature = forger.sign(set, signerFor(message, forger, name));
  return { ...message, answers: [...set, signature, ...message.answers.filter(isRrsig)] };
}

/** All that a zone signs, signed by somebody whose key has the tag of the zone's, which he adds to its keys. */
export function twin(message: Message, ring: Ring): Message | undefined {
  const tags = recordsOf(message)
    .filter(isRrsig)
    .map(({ data }) => readRrsig(data).keyTag);
  const forgers = ring.forgers.filter(({ key }) => tags.includes(keyTagOf(key)));
  if (message.answers.some(({ type }) => type === types.DS)) return undefined;
  return (
    strangeKeys(message, { ...ring, forgers }, 'theirs') ?? forged(message, { ...ring, forgers }, 'theirs')
  );
}

function signerFor(message: Message, { apex }: Forger, name: 'his' | 'theirs'): Name {
  const theirs = recordsOf(message).find(isRrsig);
  return name === 'his' || theirs === undefined ? apex : readRrsig(theirs.data).signer;
}

/** Somebody for whom the truth is not his to tell: of a zone of his own only DS are another's. */
function forgerOf({ random, question: { name, type }, forgers }: Ring): Forger | undefined {
  return random.pick(
    forgers.filter(({ apex }) => !isAtOrBelow(name, apex) || (type === types.DS && name === apex)),
  );
}

export function altered(data: Uint8Array, random: Random): Uint8Array {
  return flip(Uint8Array.from(data), random, 1);
}

/** Changes octets in place. */
export function flip(octets: Uint8Array, random: Random, count: number): Uint8Array {
  for (let left = count; left > 0; left -= 1) {
    const at = random.below(octets.length);
    octets[at] = (octets[at] ?? 0) ^ (1 << random.below(8));
  }
  return octets;
}

/** @returns undefined where it is more than a message can hold. */
export function onTheWire(message: Message, change: (octets: Uint8Array) => Uint8Array): Told | undefined {
  const octets = [...message.answers, ...message.authority].reduce(
    (sum, { data }) => sum + 266 + data.length,
    600,
  );
  if (octets > 65_535) return undefined;
  const decoded = decodeMessage(change(Uint8Array.from(encodeMessage(message))));
  return decoded.kind === 'ok' ? decoded.message : 'nothing';
}
