/** One zone in which each name has its own damage; the rest of it is good. */
import { altered, type Forging, resigned, spoiled, unsigned } from '../build/edits.ts';
import { ask, type Question, type Verdict } from '../question.ts';
import { type KeyPlan, signed, split, type Zone } from '../zone.ts';
import { SOME_DIGEST } from './standard.ts';

const NAME = 'broken.test';
const aDay = 86_400;

/** RRSIGs made by hand over an address: what they say, and whether that may be accepted. */
const forgeries: readonly (readonly [label: string, how: Forging, verdict: Verdict, shows: string])[] = [
  ['fine', {}, 'secure found', 'a signature made by hand as it should be'],
  ['by-ksk', { key: 0 }, 'secure found', 'signed by the key-signing key: any zone key may'],
  ['past', { from: -60 * aDay, until: -30 * aDay }, 'bogus', 'a signature that is past'],
  ['to-come', { from: 30 * aDay, until: 60 * aDay }, 'bogus', 'a signature that does not hold yet'],
  ['reversed', { from: 5 * aDay, until: -5 * aDay }, 'bogus', 'a signature that ends before it begins'],
  ['signer-above', { signer: 'test' }, 'bogus', 'RFC 4035 §5.3.1: the signer is the parent'],
  [
    'signer-below',
    { signer: `signer-below.${NAME}` },
    'bogus',
    'RFC 4035 §5.3.1: the signer is the name itself',
  ],
  ['signer-beside', { signer: 'p256.test' }, 'bogus', 'RFC 4035 §5.3.1: the signer is another zone'],
  ['more-labels', { labels: 4 }, 'bogus', 'RFC 4035 §5.3.1: more labels than the name has'],
  ['other-tag', { tag: 1 }, 'bogus', 'a key tag that no key has'],
  ['other-algorithm', { algorithm: 8 }, 'bogus', 'an algorithm that no key has'],
  ['lower-ttl', { originalTtl: 100 }, 'secure found', 'an original TTL below the TTL: that is cut'],
  ['higher-ttl', { originalTtl: 86_400 }, 'secure found', 'an original TTL above the TTL'],
  ['idle-key', { key: 2 }, 'secure found', 'signed by a key that signs nothing else'],
  ['no-zone-key', { key: 3 }, 'bogus', 'RFC 4034 §2.1.1: a key without the Zone Key bit'],
  ['long-lived', { from: -3650 * aDay, until: 3650 * aDay }, 'secure found', 'a signature for twenty years'],
];

/** A good signature beside a bad one, or a bad one beside a good one. */
const pairs: readonly (readonly [label: string, how: Forging, shows: string])[] = [
  ['past-too', { from: -60 * aDay, until: -30 * aDay }, 'one that is past beside a good one'],
  ['unknown-tag-too', { tag: 1 }, 'one of an unknown key beside a good one'],
  ['stranger-too', { signer: 'p256.test' }, 'one of another signer beside a good one'],
  ['two', { key: 0 }, 'two good ones'],
];

const keys: readonly KeyPlan[] = [
  ...split('ECDSAP256SHA256'),
  { algorithm: 'ED25519', flags: 256, idle: true },
  { algorithm: 'ECDSAP256SHA256', flags: 0, idle: true },
];

export const broken: Zone = {
  name: NAME,
  shows: 'each name has its own damage: altered, unsigned, forged, out of time',
  server: 'leaf',
  records: [
    ...[...forgeries, ...pairs].map(([label]) => `${label} A 192.0.2.60`),
    'whole A 192.0.2.61',
    'altered A 192.0.2.62',
    'altered MX 10 mail',
    'spoiled A 192.0.2.63',
    'unsigned A 192.0.2.64',
    'unsigned TXT "this one is signed"',
    'alias CNAME whole',
    'spoiled-alias CNAME whole',
    'mail A $25',
    `_25._tcp.mail TLSA 3 1 1 ${SOME_DIGEST}`,
    'moved DNAME p256.test.',
    '*.wild A 192.0.2.65',
    'more A 192.0.2.66',
  ],
  signing: signed({ keys }),
  edits: [
    ...forgeries.map(([label, how]) => resigned(label, 'A', how)),
    ...pairs.map(([label, how]) => resigned(label, 'A', { ...how, beside: true })),
    altered('altered', 'A', '192.0.2.99'),
    altered('_25._tcp.mail', 'TLSA', `3 1 1 ${'00'.repeat(32)}`),
    spoiled('spoiled', 'A'),
    spoiled('spoiled-alias', 'CNAME'),
    spoiled('moved', 'DNAME'),
    spoiled('*.wild', 'A'),
    unsigned('unsigned', 'A'),
    ({ lines }) => [...lines, { owner: `more.${NAME}`, ttl: 300, type: 'A', data: '192.0.2.67' }],
  ],
};

export const brokenQuestions: readonly Question[] = [
  ...forgeries.map(([label, , verdict, shows]) => ask(`${label}.${NAME}`, 'A', verdict, shows)),
  ...pairs.map(([label, , shows]) => ask(`${label}.${NAME}`, 'A', 'secure found', `signatures: ${shows}`)),
  ask(`whole.${NAME}`, 'A', 'secure found', 'a good name in the same zone'),
  ask(`altered.${NAME}`, 'A', 'bogus', 'an address that was altered after it was signed'),
  ask(`altered.${NAME}`, 'MX', 'secure found', 'another type at a name whose address was altered'),
  ask(`_25._tcp.mail.${NAME}`, 'TLSA', 'bogus', 'a TLSA record that was altered after it was signed'),
  ask(`more.${NAME}`, 'A', 'bogus', 'a record more than was signed'),
  ask(`spoiled.${NAME}`, 'A', 'bogus', 'a signature with one other bit'),
  ask(`unsigned.${NAME}`, 'A', 'bogus', 'a signature that is gone'),
  ask(`unsigned.${NAME}`, 'TXT', 'secure found', 'another type at that name'),
  ask(`spoiled-alias.${NAME}`, 'A', 'bogus', 'a CNAME with a bad signature'),
  ask(`alias.${NAME}`, 'A', 'secure found', 'a CNAME with a good one'),
  ask(`www.moved.${NAME}`, 'A', 'bogus', 'a DNAME with a bad signature'),
  ask(`any.wild.${NAME}`, 'A', 'bogus', 'a wildcard with a bad signature'),
  ask(`nothing.${NAME}`, 'A', 'secure no-name', 'no such name in a zone with much damage'),
];
