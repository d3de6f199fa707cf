/** Who is signed below whom: every kind of delegation, and proofs that there is no DS. */
import { ask, type Question } from '../question.ts';
import { nsec3, signed, single, type Zone } from '../zone.ts';
import { standardQuestions, standardRecords } from './standard.ts';

/** Parents with the same children, one for each kind of denial. */
const parents = [
  { name: 'parent.test', what: 'NSEC', signing: signed() },
  { name: 'parent-nsec3.test', what: 'NSEC3', signing: signed({ denial: nsec3() }) },
  { name: 'parent-opt-out.test', what: 'opt-out', signing: signed({ denial: nsec3({ optOut: true }) }) },
] as const;

const small = ['@ A 192.0.2.40', 'www A 192.0.2.41', '*.wild A 192.0.2.42'];

function child(name: string, shows: string, more: Partial<Zone> = {}): Zone {
  return { name, shows, server: 'below', records: small, ...more };
}

export const delegations: readonly Zone[] = [
  { name: 'unsigned.test', shows: 'unsigned, below opt-out', server: 'leaf', records: standardRecords },
  { name: 'unsigned.example', shows: 'unsigned, below NSEC', server: 'leaf', records: standardRecords },
  { name: 'unsigned.invalid', shows: 'unsigned below unsigned', server: 'leaf', records: standardRecords },
  {
    name: 'no-ds.test',
    shows: 'signed, but nobody gave the registry a DS; below opt-out',
    server: 'leaf',
    records: standardRecords,
    signing: signed(),
    ds: [],
  },
  {
    name: 'no-ds.example',
    shows: 'signed, but nobody gave the registry a DS; below NSEC',
    server: 'leaf',
    records: standardRecords,
    signing: signed({ denial: nsec3() }),
    ds: [],
  },
  child('island.unsigned.test', 'signed below an unsigned zone, no DS', { signing: signed(), ds: [] }),
  child('ds.unsigned.test', 'signed below an unsigned zone that has a DS: it proves nothing', {
    signing: signed(),
  }),
  ...parents.flatMap(({ name, what, signing }): Zone[] => [
    {
      name,
      shows: `the parent of signed and unsigned zones, ${what}`,
      server: 'leaf',
      records: small,
      signing,
    },
    child(`signed.${name}`, `signed, below ${what}`, { signing: signed({ keys: single('ED25519') }) }),
    child(`unsigned.${name}`, `unsigned, below ${what}`),
    child(`signed.under.hole.${name}`, `signed, two empty non-terminals below ${what}`, {
      signing: signed(),
    }),
    child(`unsigned.under.gap.${name}`, `unsigned, two empty non-terminals below ${what}`),
  ]),
];

/** A chain of zones, each on another server than its parent. */
export const ladder: readonly Zone[] = [
  'ladder.test',
  'a.ladder.test',
  'b.a.ladder.test',
  'c.b.a.ladder.test',
].map(
  (name, index): Zone => ({
    name,
    shows: `step ${index + 1} of zones below zones`,
    server: index % 2 === 0 ? 'leaf' : 'below',
    records: small,
    signing: signed({ denial: index % 2 === 0 ? 'NSEC' : nsec3({ salt: '07' }) }),
  }),
);

const unsignedZones = [
  'unsigned.test',
  'unsigned.example',
  'unsigned.invalid',
  'no-ds.test',
  'no-ds.example',
];
const fewer = [
  '@ MX',
  'www A',
  'www MX',
  '_25._tcp.mail TLSA',
  'nothing A',
  'any.wild A',
  'alias A',
  'gone A',
  'hole A',
];

export const delegationQuestions: readonly Question[] = [
  ...unsignedZones.flatMap((zone) => standardQuestions(zone, zone, { status: 'insecure', only: fewer })),
  ask('unsigned.test', 'DS', 'insecure no-data', 'opt-out covers the delegation: no DS, but no proof of it'),
  ask('unsigned.example', 'DS', 'secure no-data', 'NSEC proves that there is no DS'),
  ask('unsigned.invalid', 'DS', 'insecure no-data', 'an unsigned parent proves nothing'),
  ask('invalid', 'DS', 'secure no-data', 'the root proves that the registry is unsigned'),
  ask('test', 'DS', 'secure found', 'the DS of a registry'),
  ask('p256.test', 'DS', 'secure found', 'the DS of a domain'),
  ask('.', 'DNSKEY', 'secure found', 'the keys of the root'),
  ask('.', 'NS', 'secure found', 'the servers of the root'),
  ask('.', 'DS', 'secure no-data', 'the root has no parent that could have a DS'),
  ask('.', 'TLSA', 'secure no-data', 'no such type at the root'),
  ask('1.0.0.127.in-addr.arpa', 'PTR', 'secure found', 'the name of an address'),
  ask('2.0.0.127.in-addr.arpa', 'PTR', 'secure no-name', 'an address without a name'),
  ask('in-addr.arpa', 'NS', 'secure no-data', 'an empty non-terminal of the root'),
  ask('info.test', 'TXT', 'secure found', 'a name of the registry itself'),
  ask('info.example', 'TXT', 'secure found', 'a name of the registry itself'),
  ask('info.invalid', 'TXT', 'insecure found', 'a name of an unsigned registry'),
  ask('www.island.unsigned.test', 'A', 'insecure found', 'an island of security is not trusted by itself'),
  ask('island.unsigned.test', 'DNSKEY', 'insecure found', 'the keys of an island'),
  ask('www.ds.unsigned.test', 'A', 'insecure found', 'a DS in an unsigned zone'),
  ask('ds.unsigned.test', 'DS', 'insecure found', 'a DS in an unsigned zone, itself'),
  ...parents.flatMap(({ name, what }) => [
    ask(`www.signed.${name}`, 'A', 'secure found', `${what}: a signed child`),
    ask(`nothing.signed.${name}`, 'A', 'secure no-name', `${what}: no such name in a signed child`),
    ask(`signed.${name}`, 'DS', 'secure found', `${what}: the DS of a child`),
    ask(`signed.${name}`, 'A', 'secure found', `${what}: the apex of a child`),
    ask(`any.wild.signed.${name}`, 'A', 'secure found', `${what}: a wildcard in a child`),
    ask(`www.unsigned.${name}`, 'A', 'insecure found', `${what}: an unsigned child`),
    ask(`unsigned.${name}`, 'A', 'insecure found', `${what}: the apex of an unsigned child`),
    ask(`nothing.unsigned.${name}`, 'A', 'insecure no-name', `${what}: no such name in an unsigned child`),
    ask(
      `unsigned.${name}`,
      'DS',
      what === 'opt-out' ? 'insecure no-data' : 'secure no-data',
      `${what}: no DS of a child`,
    ),
    ask(`www.signed.under.hole.${name}`, 'A', 'secure found', `${what}: a child below empty non-terminals`),
    ask(`www.unsigned.under.gap.${name}`, 'A', 'insecure found', `${what}: an unsigned one below such`),
    ask(`hole.${name}`, 'A', 'secure no-data', `${what}: an empty non-terminal above a signed child`),
    ask(
      `gap.${name}`,
      'A',
      what === 'opt-out' ? 'insecure no-data' : 'secure no-data',
      `${what}: an empty non-terminal above an unsigned child`,
    ),
    ask(
      `none.gap.${name}`,
      'A',
      // NSD denies it without the NSEC3 of an encloser: the one above has none.
      what === 'opt-out' ? 'bogus' : 'secure no-name',
      `${what}: no such name below that`,
    ),
  ]),
  ...['ladder.test', 'a.ladder.test', 'b.a.ladder.test', 'c.b.a.ladder.test'].flatMap((zone, index) => [
    ask(`www.${zone}`, 'A', 'secure found', `step ${index + 1} of zones below zones`),
    ask(`nothing.${zone}`, 'A', 'secure no-name', `step ${index + 1}: no such name`),
    ask(`any.wild.${zone}`, 'A', 'secure found', `step ${index + 1}: a wildcard`),
  ]),
];
