/** Zones that cost a validator more than it should pay: many keys of one tag, many signatures, many digests. */
import { jammed } from '../build/edits.ts';
import { foreignKey } from '../build/keys.ts';
import { ask, type Question } from '../question.ts';
import { type DsPlan, nsec3, signed, split, type Zone } from '../zone.ts';

const records = ['www A 192.0.2.80', 'jam A 192.0.2.81', 'mail A $25', 'few A 192.0.2.82'];
const rsa = split('RSASHA256', { bits: 1024 });

/** So many foreign keys with the tag of the named key of the zone, from 0. */
function collisions(count: number, which: number): (tags: readonly number[]) => readonly Buffer[] {
  return (tags) => Array.from({ length: count }, () => foreignKey(tags[which] ?? 0));
}

function wrongDigests(count: number): DsPlan[] {
  return Array.from({ length: count }, (_, index) => ({ digest: 2, wrong: index + 1 }));
}

function trap(name: string, shows: string, more: Partial<Zone>): Zone {
  return { name, shows, server: 'leaf', records, signing: signed({ keys: rsa }), ...more };
}

export const traps: readonly Zone[] = [
  trap('collision.test', 'another key with the tag of the zone-signing key', {
    foreignKeys: collisions(1, 1),
    edits: [jammed('few', 'A', 1, 'beside')],
  }),
  trap('collision-ksk.test', 'another key with the tag of the key-signing key', {
    foreignKeys: collisions(1, 0),
  }),
  trap('keytrap.test', 'CVE-2023-50387: 100 keys of one tag, 100 signatures that none of them made', {
    foreignKeys: collisions(100, 1),
    edits: [jammed('jam', 'A', 100, 'instead')],
  }),
  trap('keytrap-keys.test', 'the same over the keys themselves', {
    foreignKeys: collisions(100, 0),
    edits: [jammed('@', 'DNSKEY', 100, 'instead')],
  }),
  trap('sigjam.test', '300 signatures of one key, none of them good', {
    edits: [jammed('jam', 'A', 300, 'instead'), jammed('few', 'A', 2, 'beside')],
  }),
  trap('hashtrap.test', '20 DS and 100 keys, all of one tag, and none fits', {
    foreignKeys: collisions(100, 0),
    ds: wrongDigests(20),
  }),
  trap('many-keys.test', '60 keys that sign nothing: the set needs TCP', {
    foreignKeys: () => Array.from({ length: 60 }, (_, index) => foreignKey(1000 + index)),
  }),
  trap('deep.test', 'NSEC3 with 100 iterations, asked for names of many labels', {
    signing: signed({ by: 'ldns', denial: nsec3({ iterations: 100, salt: 'ab' }) }),
  }),
];

export const trapQuestions: readonly Question[] = [
  ask(
    'www.collision.test',
    'A',
    'secure found',
    'two keys of one tag: RFC 4035 §5.3.1 has all of them tried',
  ),
  ask('few.collision.test', 'A', 'secure found', 'two keys of one tag, two signatures, one of them good'),
  ask('nothing.collision.test', 'A', 'secure no-name', 'two keys of one tag: no such name'),
  ask('www.collision-ksk.test', 'A', 'secure found', 'two keys of the tag that the DS names'),
  ask('jam.keytrap.test', 'A', 'bogus', '101 keys and 100 signatures: given up early'),
  ask('www.keytrap-keys.test', 'A', 'bogus', '101 keys and 100 signatures over them: given up early'),
  ask('jam.sigjam.test', 'A', 'bogus', '300 bad signatures: given up early'),
  ask('few.sigjam.test', 'A', 'secure found', 'two bad signatures beside a good one'),
  ask('www.hashtrap.test', 'A', 'bogus', '20 DS against 101 keys: given up early'),
  ask('www.many-keys.test', 'A', 'secure found', 'a large set of keys'),
  ask('many-keys.test', 'DNSKEY', 'secure found', 'a large set of keys, itself'),
  ask(`${'a.'.repeat(10)}deep.test`, 'A', 'secure no-name', '10 labels below a zone of 100 iterations'),
  ask(`${'a.'.repeat(100)}p384.test`, 'A', 'secure no-name', '100 labels below a zone with NSEC3'),
  ask(`${'a.'.repeat(100)}p256.test`, 'A', 'secure no-name', '100 labels below a zone with NSEC'),
];
