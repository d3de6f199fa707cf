/**
 * Lies that can be told about an answer on its way: everything short of breaking a signature. Each takes an honest message
 * and gives the lie, or undefined where there is nothing to lie about.
 */
import { childOf, parentOf, root, wildcardOf } from '../../../src/dns/name.ts';
import { types } from '../../../src/dns/record.ts';
import { coveredType, isRrsig, readRrsig } from './rrsig.ts';
import {
  aliased,
  altered,
  changed,
  denials,
  denied,
  deniedByWalk,
  eachRecord,
  expandedHere,
  fields,
  flip,
  forged,
  type Lie,
  onTheWire,
  recordsOf,
  strangeKeys,
  twin,
  wildcardDenial,
  withFields,
  without,
} from './tamper.ts';

export const lies: Record<string, Lie> = {
  'all signatures stripped': (message) => without(message, isRrsig),
  'a signature stripped': (message, { random }) => {
    const one = random.pick(recordsOf(message).filter(isRrsig));
    return one === undefined ? undefined : without(message, (other) => other === one);
  },
  'denial stripped': (message) => without(message, (one) => denials.includes(coveredType(one))),
  'a denial record stripped': (message, { random }) => {
    const one = random.pick(recordsOf(message).filter(({ type }) => denials.includes(type)));
    return one === undefined ? undefined : without(message, (other) => other === one);
  },
  'DS stripped': (message) => without(message, (one) => coveredType(one) === types.DS),
  'DNSKEY stripped': (message) => without(message, (one) => coveredType(one) === types.DNSKEY),
  'SOA stripped': (message) => without(message, (one) => coveredType(one) === types.SOA),
  'an empty answer': (message) => ({ ...message, rcode: 0, answers: [], authority: [] }),
  'no answer': () => 'nothing',
  'a server failure': (message) => ({ ...message, rcode: 2, answers: [], authority: [] }),
  'another rcode': (message, { random }) => ({
    ...message,
    rcode: random.pick([0, 2, 3, 5].filter((rcode) => rcode !== message.rcode)) ?? 3,
  }),
  'no such name': (message) => ({ ...message, rcode: 3, answers: [] }),
  'no such name, with denial from elsewhere': (message, ring) => denied(message, ring, 3, 1),
  'no such name, with all denial that there is': (message, ring) =>
    denied(message, ring, 3, ring.pool.length),
  'no such record': (message) => ({ ...message, rcode: 0, answers: [] }),
  'no such record, with denial from elsewhere': (message, ring) => denied(message, ring, 0, 1),
  'no such record, with all denial that there is': (message, ring) =>
    denied(message, ring, 0, ring.pool.length),
  'no such name, with other denial of the zone': (message, ring) => deniedByWalk(message, ring, 3),
  'no such record, with other denial of the zone': (message, ring) => deniedByWalk(message, ring, 0),
  'the answer to another question': (message, { random, pool }) => {
    const other = random.pick(pool);
    return other === undefined ? undefined : { ...other, question: message.question };
  },
  'the answer to another question, unchanged': (_, { random, pool }) => random.pick(pool),
  'an older answer': (_, { older }) => older,
  'records of an older answer with signatures of this': (message, { older }) =>
    older === undefined
      ? undefined
      : {
          ...older,
          answers: [...older.answers.filter((one) => !isRrsig(one)), ...message.answers.filter(isRrsig)],
        },
  'a record added': (message, { random }) => {
    const one = random.pick(message.answers.filter((record) => !isRrsig(record)));
    if (one === undefined) return undefined;
    return { ...message, answers: [...message.answers, { ...one, data: altered(one.data, random) }] };
  },
  'a record removed': (message, { random }) => {
    const one = random.pick(message.answers.filter((record) => !isRrsig(record)));
    return one === undefined ? undefined : without(message, (other) => other === one);
  },
  'a record changed': (message, { random }) =>
    changed(
      message,
      random,
      (one) => !isRrsig(one),
      (one) => ({ ...one, data: altered(one.data, random) }),
    ),
  'TTLs raised': (message) => eachRecord(message, (one) => ({ ...one, ttl: 2 ** 31 - 1 })),
  'TTLs raised with the original TTL': (message) =>
    eachRecord(message, (one) =>
      withFields({ ...one, ttl: 2 ** 31 - 1 }, () => ({ originalTtl: 2 ** 31 - 1 })),
    ),
  'records of another name': (message, ring) => {
    const { random, pool, question } = ring;
    const sets = pool.flatMap(({ answers }) => answers).filter((one) => coveredType(one) === question.type);
    const owner = random.pick(sets)?.name;
    const moved = sets.filter(({ name }) => name === owner).map((one) => ({ ...one, name: question.name }));
    return moved.length === 0 ? undefined : { ...message, rcode: 0, answers: moved };
  },
  'a wildcard in place of the name': expandedHere,
  'the denial of a wildcard under the name': wildcardDenial,
  'the name itself as a wildcard': (message) =>
    eachRecord(message, (one) => ({ ...one, name: wildcardOf(parentOf(one.name) ?? root) ?? one.name })),
  'owners one label longer': (message) =>
    eachRecord(message, (one) => ({ ...one, name: childOf('x', one.name) ?? one.name })),
  'an unsigned alias': (message, ring) => aliased(message, ring, types.CNAME),
  'an unsigned DNAME': (message, ring) => aliased(message, ring, types.DNAME),
  'an alias of another name': (message, { random, pool, question }) => {
    const from = random.pick(pool.filter(({ answers }) => answers.some(({ type }) => type === types.CNAME)));
    const alias = from?.answers.find(({ type }) => type === types.CNAME)?.name;
    if (from === undefined) return undefined;
    const answers = from.answers.map((one) => (one.name === alias ? { ...one, name: question.name } : one));
    return { ...from, question: message.question, answers };
  },
  'an alias made from a DNAME changed': (message, { random }) => {
    if (!message.answers.some(({ type }) => type === types.DNAME)) return undefined;
    const target = random.pick(message.answers)?.name ?? root;
    const answers = message.answers.map((one) =>
      one.type === types.CNAME ? { ...one, data: Buffer.from(target, 'latin1') } : one,
    );
    return { ...message, answers };
  },
  'fewer labels signed': (message) => fields(message, ({ labels }) => ({ labels: Math.max(0, labels - 1) })),
  'more labels signed': (message) => fields(message, ({ labels }) => ({ labels: labels + 1 })),
  'another signer': (message, { random, pool }) => {
    const signers = pool
      .flatMap(recordsOf)
      .filter(isRrsig)
      .map(({ data }) => readRrsig(data).signer);
    const signer = random.pick(signers) ?? root;
    return fields(message, () => ({ signer }));
  },
  'signed by the zone above': (message) =>
    fields(message, ({ signer }) => ({ signer: parentOf(signer) ?? signer })),
  'valid for longer': (message) =>
    fields(message, ({ expiration }) => ({ expiration: expiration + 86_400 * 365 })),
  'valid earlier': (message) => fields(message, ({ inception }) => ({ inception: inception - 86_400 * 365 })),
  'valid for ever': (message) => fields(message, () => ({ inception: 0, expiration: 2 ** 31 - 1 })),
  'another key tag': (message, { random }) => fields(message, () => ({ keyTag: random.below(65_536) })),
  'an algorithm that nobody knows': (message) => fields(message, () => ({ algorithm: 253 })),
  'a signature of zeros': (message) =>
    fields(message, ({ signature }) => ({ signature: new Uint8Array(signature.length) })),
  'an empty signature': (message) => fields(message, () => ({ signature: new Uint8Array() })),
  'signatures swapped': (message, { random, pool }) => {
    const all = pool.flatMap(recordsOf).filter(isRrsig);
    return eachRecord(message, (one) =>
      isRrsig(one) ? { ...one, data: (random.pick(all) ?? one).data } : one,
    );
  },
  'more than one signature': (message, { random, pool }) => {
    const all = pool.flatMap(recordsOf).filter(isRrsig);
    const more = message.answers.filter(isRrsig).flatMap((one) => {
      const other = random.pick(all);
      return other === undefined ? [] : [{ ...one, data: other.data }];
    });
    return more.length === 0 ? undefined : { ...message, answers: [...more, ...message.answers] };
  },
  'the answer cut short': (message, { random }) => ({
    ...message,
    answers: message.answers.slice(0, random.below(message.answers.length)),
  }),
  'the authority cut short': (message, { random }) => ({
    ...message,
    authority: message.authority.slice(0, random.below(message.authority.length)),
  }),
  'authority as answer': (message) => ({ ...message, answers: [...message.answers, ...message.authority] }),
  'answer as authority': (message) => ({
    ...message,
    answers: [],
    authority: [...message.answers, ...message.authority],
  }),
  'the AD bit': (message) => ({ ...message, authenticated: true }),
  'the AD bit, without signatures': (message) => without({ ...message, authenticated: true }, isRrsig),
  'signed by a stranger': (message, ring) => forged(message, ring, 'his'),
  'signed by a stranger in the name of the zone': (message, ring) => forged(message, ring, 'theirs'),
  'keys of a stranger added': (message, ring) => strangeKeys(message, ring, 'his'),
  'keys of a stranger added in the name of the zone': (message, ring) => strangeKeys(message, ring, 'theirs'),
  'a stranger’s keys and what he signs with them': (message, ring) =>
    strangeKeys(message, ring, 'theirs') ?? forged(message, ring, 'theirs'),
  'a stranger’s keys with the tags of the zone’s': twin,
  'octets flipped': (message, { random }) =>
    onTheWire(message, (octets) => flip(octets, random, 1 + random.below(3))),
  'letters in the other case': (message, { random }) =>
    onTheWire(message, (octets) => {
      for (const [at, octet] of octets.entries()) {
        if (/[A-Za-z]/.test(String.fromCharCode(octet)) && random.below(8) === 0) octets[at] = octet ^ 0x20;
      }
      return octets;
    }),
  'the end of the message lost': (message, { random }) =>
    onTheWire(message, (octets) => octets.subarray(0, random.below(octets.length))),
};
