/**
 * A recursive resolver over a scenario: what stands between the program, which asks one resolver, and the servers that
 * a scenario describes. It goes from the configured servers over referrals, follows aliases from zone to zone, and
 * puts the answer together with the records of DNSSEC, as RFC 4035 §3.2 has it for a query with DO and CD. It validates
 * nothing.
 */
import type { Message } from '../../../src/dns/message.ts';
import { isAtOrBelow, type Name, parentOf, root } from '../../../src/dns/name.ts';
import type { Question, RecordType, ResourceRecord } from '../../../src/dns/record.ts';
import { types } from '../../../src/dns/record.ts';
import { follow, MAX_ALIASES } from './follow.ts';
import { coveredType, nameOnWire } from './rrsig.ts';
import type { Entry, Scenario } from './scenario.ts';

/** What the recursion came to: a message without its envelope. */
export interface Recursed {
  readonly rcode: number;
  readonly answers: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
}

const rcodes: Record<string, number> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMPL: 4,
  REFUSED: 5,
};
const failed: Recursed = { rcode: 2, answers: [], authority: [] };

/** How many referrals one question may lead over. */
const MAX_REFERRALS = 20;

export function rcodeOf(entry: Entry): number {
  return entry.reply.map((word) => rcodes[word]).find((rcode) => rcode !== undefined) ?? 0;
}

/** A message of a resolver that validates nothing. */
export function messageOf(question: Question, { rcode, answers, authority }: Recursed): Message {
  return {
    id: 0,
    response: true,
    authoritative: false,
    truncated: false,
    recursionAvailable: true,
    authenticated: false,
    rcode,
    question,
    answers,
    authority,
    additional: [],
    edns: { udpSize: 1232, dnssecOk: true, cookie: undefined, errors: [] },
  };
}

/** What servers say at a step; it learns from question to question. */
export function recursion(scenario: Scenario): (question: Question, step: number) => Recursed {
  const servers = new Map<Name, readonly string[]>();
  for (const { zone, address } of scenario.starts) {
    servers.set(zone, [...(servers.get(zone) ?? []), address]);
  }
  const memory = { servers, messages: new Map<string, Recursed>(), records: new Set<ResourceRecord>() };
  return (question, step) => resolve({ scenario, memory, step, depth: 0 }, question);
}

/** What was learnt; a scenario relies on it where it describes no server that could be asked again. */
interface Memory {
  /** Addresses of the servers of each zone that is known. */
  readonly servers: Map<Name, readonly string[]>;
  readonly messages: Map<string, Recursed>;
  /** Out of answers, and addresses of servers. */
  readonly records: Set<ResourceRecord>;
}

interface Way {
  readonly scenario: Scenario;
  readonly memory: Memory;
  readonly step: number;
  /** How many questions wait for this one. */
  readonly depth: number;
}

/** Follows the aliases. */
function resolve(way: Way, question: Question): Recursed {
  const answers: ResourceRecord[] = [];
  const authority: ResourceRecord[] = [];
  let { name } = question;
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases += 1) {
    const here = iterate(way, { name, type: question.type });
    const followed = follow(name, question.type, here.answers);
    answers.push(...followed.records.filter((record) => !answers.some((one) => isSame(one, record))));
    if (followed.owner === name || followed.found || here.rcode === 2) {
      return { rcode: here.rcode, answers, authority: [...authority, ...here.authority] };
    }
    // A wildcard's proof goes with the alias that it made.
    authority.push(...here.authority.filter(isDenial));
    name = followed.owner;
  }
  return failed;
}

/** Goes from zone to zone until a server answers; what is not of its zone is left out. */
function iterate(way: Way, question: Question): Recursed {
  for (let referrals = 0; referrals < MAX_REFERRALS; referrals += 1) {
    const zone = zoneFor(way, question);
    const entry = answerOf(way, zone, question);
    if (entry === undefined) return remembered(way.memory, question) ?? nothingAbove(way, zone, question);
    const message = inOrder(entry, zone);
    remember(way.memory, question, message, entry);
    const below = referral(way, message, zone, question);
    if (below === undefined) return message;
    // Servers that refer to the zone when asked for its DS have said it with that.
    if (question.type === types.DS && below === question.name) {
      return way.memory.messages.get(keyOf(question)) ?? message;
    }
    way.memory.servers.set(below, addressesOf(way, below, entry));
  }
  return failed;
}

/** What an entry says of a zone, each signature beside what it covers: some stand in another section. */
function inOrder(entry: Entry, zone: Name): Recursed {
  const all = [...entry.answers, ...entry.authority, ...entry.additional];
  const section = (records: readonly ResourceRecord[]): ResourceRecord[] => {
    const own = records.filter((one) => isAtOrBelow(one.name, zone) && one.type !== types.RRSIG);
    const covers = (one: ResourceRecord): boolean =>
      one.type === types.RRSIG &&
      own.some(({ name, type }) => name === one.name && type === coveredType(one));
    return [...own, ...all.filter(covers)];
  };
  return { rcode: rcodeOf(entry), answers: section(entry.answers), authority: section(entry.authority) };
}

function remember(memory: Memory, question: Question, message: Recursed, entry: Entry): void {
  memory.messages.set(keyOf(question), message);
  // A name that does not exist has no type at all.
  if (message.rcode === 3 && message.answers.length === 0) memory.messages.set(question.name, message);
  for (const record of message.answers) memory.records.add(record);
  for (const record of entry.additional) memory.records.add(record);
}

function remembered({ messages, records }: Memory, question: Question): Recursed | undefined {
  const message = messages.get(keyOf(question)) ?? messages.get(question.name);
  if (message !== undefined) return message;
  const answers = follow(question.name, question.type, [...records]).records;
  if (answers.length > 0) return { rcode: 0, answers, authority: [] };
  // What denied something before may deny a DS, too (RFC 8198).
  const authority = [...messages.values()].flatMap((one) => one.authority).filter(isDenial);
  const isDeniable = question.type === types.DS && authority.length > 0;
  return isDeniable ? { rcode: 0, answers, authority: [...new Set(authority)] } : undefined;
}

/** A resolver that minimises its questions asks for the names above first; below one that does not exist is nothing (RFC 8020). */
function nothingAbove(way: Way, zone: Name, { name }: Question): Recursed {
  for (let above = parentOf(name); above !== undefined && above !== zone; above = parentOf(above)) {
    const entry = answerOf(way, zone, { name: above, type: types.A });
    if (entry !== undefined && rcodeOf(entry) === 3) return { ...entry, rcode: 3, answers: [] };
  }
  return failed;
}

function keyOf({ name, type }: Question): string {
  return `${type} ${name}`;
}

/** The deepest known zone with the servers to ask; DS stands above the cut (RFC 4035 §3.1.4.1). */
function zoneFor({ memory: { servers } }: Way, { name, type }: Question): Name {
  let zone = type === types.DS ? (parentOf(name) ?? root) : name;
  while (!servers.has(zone) && zone !== root) zone = parentOf(zone) ?? root;
  return zone;
}

/** The zone that a message refers to; what it says of its DS is remembered. */
function referral(
  { scenario, memory }: Way,
  { rcode, answers, authority }: Recursed,
  zone: Name,
  question: Question,
): Name | undefined {
  const cut = authority.find(({ type }) => type === types.NS)?.name;
  if (rcode !== 0 || answers.length > 0 || cut === undefined || cut === zone) return undefined;
  if (authority.some(({ type }) => type === types.SOA) || !isAtOrBelow(question.name, cut)) return undefined;
  if (scenario.starts.some((start) => start.zone === zone && start.forwards)) return undefined;
  const about = (type: RecordType): ResourceRecord[] => authority.filter((one) => coveredType(one) === type);
  const ds: Recursed = {
    rcode: 0,
    answers: about(types.DS),
    authority: [types.SOA, types.NSEC, types.NSEC3].flatMap(about),
  };
  if (ds.answers.length + ds.authority.length > 0)
    memory.messages.set(keyOf({ name: cut, type: types.DS }), ds);
  return cut;
}

function addressesOf(way: Way, zone: Name, { authority, additional }: Entry): string[] {
  const hosts = authority
    .filter(({ name, type }) => name === zone && type === types.NS)
    .map(({ data }) => nameOnWire(data));
  const glue = additional.filter(({ name }) => hosts.includes(name)).flatMap(showAddress);
  if (glue.length > 0 || way.depth > 4) return glue;
  return hosts.flatMap((name) =>
    resolve({ ...way, depth: way.depth + 1 }, { name, type: types.A }).answers.flatMap(showAddress),
  );
}

function showAddress({ type, data }: ResourceRecord): string[] {
  return type === types.A ? [data.join('.')] : [];
}

/** What the first server of a zone that answers at all is written to answer at this step. */
function answerOf({ scenario, memory, step }: Way, zone: Name, question: Question): Entry | undefined {
  return (memory.servers.get(zone) ?? [])
    .map((address) =>
      scenario.ranges
        .filter(({ from, to, addresses }) => from <= step && step <= to && addresses.includes(address))
        .flatMap(({ entries }) => entries)
        .find((entry) => matches(entry, question)),
    )
    .find((entry) => entry !== undefined && [0, 3].includes(rcodeOf(entry)));
}

function matches({ match, question: own }: Entry, { name, type }: Question): boolean {
  return (
    (!match.includes('qname') || own.name === name) &&
    (!match.includes('subdomain') || isAtOrBelow(name, own.name)) &&
    (!match.includes('qtype') || own.type === type)
  );
}

function isSame(one: ResourceRecord, other: ResourceRecord): boolean {
  return one.name === other.name && one.type === other.type && Buffer.compare(one.data, other.data) === 0;
}

function isDenial(record: ResourceRecord): boolean {
  return [types.NSEC, types.NSEC3].some((type) => type === coveredType(record));
}
