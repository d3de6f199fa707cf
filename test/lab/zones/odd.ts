/** Odd but good: large sets, names of any octets, records whose names are in upper case, extreme TTLs. */
import { ask, type Question } from '../question.ts';
import { nsec3, signed, split, type Zone } from '../zone.ts';

const NAME = 'odd.test';
const HASHED = 'odd-nsec3.test';

/** A name below the zone of so many octets on the wire, 255 at most. */
function long(zone: string, octets: number): string {
  const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(63));
  return [a, b, c, 'd'.repeat(octets - zone.length - 195)].join('.');
}

/** dnssec-signzone wants room for `*.` where there is NSEC3. */
const longest = { [NAME]: 255, [HASHED]: 253 } as const;

function many(count: number, line: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => line(index));
}

/** Names with octets that need an escape (RFC 1035 §5.1). */
const escaped = [
  'dot\\.ted',
  'nul\\000octet',
  'back\\\\slash',
  'sp\\032ace',
  'high\\255',
  'star*',
  'x.*.star',
  '_under',
];

const records = (zone: typeof NAME | typeof HASHED): readonly string[] => [
  ...many(40, (index) => `big TXT "${String(index).padStart(4, '0')} ${'x'.repeat(150)}"`),
  ...many(250, (index) => `many A 198.51.100.${index}`),
  ...many(60, (index) => `many MX ${index} m${index}`),
  `strings TXT ${many(30, (index) => `"string ${index}"`).join(' ')}`,
  `full TXT "${'y'.repeat(255)}" "${'z'.repeat(255)}"`,
  'empty TXT ""',
  'octets TXT "\\000\\001\\255\\"\\\\;"',
  ...escaped.map((label) => `${label} A 192.0.2.70`),
  'UPPER A 192.0.2.71',
  'upper-rdata MX 10 MAIL.ODD.TEST.',
  'upper-srv SRV 1 2 3 SRV.ODD.TEST.',
  'upper-naptr NAPTR 1 1 "S" "SIP+D2U" "" _SIP._UDP.ODD.TEST.',
  'upper-rp RP HOST.ODD.TEST. TXT.ODD.TEST.',
  'upper-afsdb AFSDB 1 AFS.ODD.TEST.',
  'upper-kx KX 1 KX.ODD.TEST.',
  'upper-ptr PTR PTR.ODD.TEST.',
  'upper-alias CNAME UPPER.ODD.TEST.',
  'upper-hinfo HINFO "PC" "Linux"',
  'caa CAA 0 issue "ca.example"',
  'sshfp SSHFP 1 1 123456789abcdef67890123456789abcdef67890',
  'svcb HTTPS 1 . alpn=h2',
  'unknown TYPE65280 \\# 4 0a000001',
  'naptr NAPTR 10 20 "u" "E2U+sip" "!^.*$!sip:x@y!" .',
  'zero 0 A 192.0.2.72',
  'far 2147483647 A 192.0.2.73',
  `${long(zone, longest[zone])} A 192.0.2.74`,
  'ent.ent.ent.ent.ent.ent.ent.ent A 192.0.2.75',
];

export const odd: readonly Zone[] = [
  {
    name: NAME,
    shows: 'large sets, names of any octets, upper case, extreme TTLs; NSEC',
    server: 'leaf',
    records: records(NAME),
    signing: signed(),
  },
  {
    name: HASHED,
    shows: 'the same with RSA and NSEC3: answers that UDP cannot hold',
    server: 'leaf',
    records: records(HASHED),
    signing: signed({ keys: split('RSASHA256'), denial: nsec3({ salt: 'f00d' }) }),
  },
];

export const oddQuestions: readonly Question[] = ([NAME, HASHED] as const).flatMap((zone) => [
  ask(`big.${zone}`, 'TXT', 'secure found', '40 strings: the answer needs TCP'),
  ask(`many.${zone}`, 'A', 'secure found', '250 addresses: the answer needs TCP'),
  ask(`many.${zone}`, 'MX', 'secure found', '60 MX records'),
  ask(`strings.${zone}`, 'TXT', 'secure found', 'one record of 30 strings'),
  ask(`full.${zone}`, 'TXT', 'secure found', 'strings of 255 octets'),
  ask(`empty.${zone}`, 'TXT', 'secure found', 'an empty string'),
  ask(`octets.${zone}`, 'TXT', 'secure found', 'any octets in a string'),
  ...escaped.map((label) => ask(`${label}.${zone}`, 'A', 'secure found', `the name ${label}`)),
  ask(`nul\\001octet.${zone}`, 'A', 'secure no-name', 'a name with another octet'),
  ask(`dot.ted.${zone}`, 'A', 'secure no-name', 'a dot between labels is not a dot in one'),
  ask(`y.*.star.${zone}`, 'A', 'secure no-name', 'a star in the middle of a name is no wildcard'),
  ask(`upper.${zone}`, 'A', 'secure found', 'an owner in upper case, asked for in lower case'),
  ask(`uPPeR.${zone}`, 'A', 'secure found', 'an owner in upper case, asked for in mixed case'),
  ask(`upper-rdata.${zone}`, 'MX', 'secure found', 'RFC 4034 §6.2: MX with a name in upper case'),
  ask(`upper-srv.${zone}`, 'SRV', 'secure found', 'RFC 4034 §6.2: SRV with a name in upper case'),
  ask(`upper-naptr.${zone}`, 'TYPE35', 'secure found', 'RFC 4034 §6.2: NAPTR with a name in upper case'),
  ask(`upper-rp.${zone}`, 'TYPE17', 'secure found', 'RFC 4034 §6.2: RP with names in upper case'),
  ask(`upper-afsdb.${zone}`, 'TYPE18', 'secure found', 'RFC 4034 §6.2: AFSDB with a name in upper case'),
  ask(`upper-kx.${zone}`, 'TYPE36', 'secure found', 'RFC 4034 §6.2: KX with a name in upper case'),
  ask(`upper-ptr.${zone}`, 'PTR', 'secure found', 'RFC 4034 §6.2: PTR with a name in upper case'),
  ask(`upper-alias.${zone}`, 'CNAME', 'secure found', 'RFC 4034 §6.2: CNAME to a name in upper case'),
  ask(`upper-hinfo.${zone}`, 'TYPE13', 'secure found', 'RFC 6840 §5.1: HINFO is not lowered'),
  ask(`caa.${zone}`, 'CAA', 'secure found', 'CAA'),
  ask(`sshfp.${zone}`, 'TYPE44', 'secure found', 'SSHFP'),
  ask(`svcb.${zone}`, 'TYPE65', 'secure found', 'HTTPS'),
  ask(`unknown.${zone}`, 'TYPE65280', 'secure found', 'RFC 3597: a type that nobody knows'),
  ask(`unknown.${zone}`, 'TYPE65281', 'secure no-data', 'RFC 3597: another one'),
  ask(`naptr.${zone}`, 'TYPE35', 'secure found', 'NAPTR to the root'),
  ask(`zero.${zone}`, 'A', 'secure found', 'a TTL of 0'),
  ask(`far.${zone}`, 'A', 'secure found', 'the longest TTL'),
  ask(`${long(zone, longest[zone])}.${zone}`, 'A', 'secure found', `a name of ${longest[zone]} octets`),
  ask(`${long(zone, 252)}.${zone}`, 'A', 'secure no-name', 'a name of 252 octets that is not there'),
  ask(`ent.ent.ent.ent.${zone}`, 'A', 'secure no-data', 'an empty non-terminal of four above eight'),
  ask(`none.ent.ent.ent.ent.${zone}`, 'A', 'secure no-name', 'no such name below it'),
]);
