/** What is wrong in whole zones: signatures out of time, keys and DS that do not fit, proofs that are gone. */
import {
  altered,
  neverSigned,
  removed,
  resigned,
  signedWithout,
  spoiled,
  unsigned,
  withoutKey,
  withoutNsec3Of,
} from '../build/edits.ts';
import { ask, type Question, type Verdict } from '../question.ts';
import { at, nsec3, signed, single, split, type Zone } from '../zone.ts';
import { standardRecords } from './standard.ts';

type Row = readonly [
  label: string,
  type: string,
  verdict: Verdict,
  shows: string,
  unbound?: NonNullable<Question['unbound']>,
];

interface Fault {
  readonly zone: Omit<Zone, 'server' | 'records'> & Partial<Zone>;
  readonly questions: readonly Row[];
}

function unboundTakesIt(against: string): NonNullable<Question['unbound']> {
  return { verdict: 'secure found', against };
}

const nothingHolds: readonly Row[] = [
  ['www', 'A', 'bogus', 'an RRset'],
  ['nothing', 'A', 'bogus', 'no such name'],
  ['_25._tcp.mail', 'TLSA', 'bogus', 'a TLSA record'],
];

/** The zone counts as unsigned. */
const unsignedAll: readonly Row[] = [
  ['www', 'A', 'insecure found', 'an RRset'],
  ['www', 'MX', 'insecure no-data', 'no such type'],
  ['nothing', 'A', 'insecure no-name', 'no such name'],
];

const p256 = split('ECDSAP256SHA256');

const times: readonly Fault[] = [
  {
    zone: { name: 'expired.test', shows: 'all signatures are past', signing: signed({ valid: 'past' }) },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'expired-nsec3.test',
      shows: 'all signatures are past, NSEC3, signed by ldns',
      signing: signed({ by: 'ldns', valid: 'past', denial: nsec3() }),
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'expired.example',
      shows: 'all signatures are past, signed by Knot',
      server: 'leaf-knot',
      signing: signed({ by: 'knot', valid: 'past' }),
    },
    questions: nothingHolds,
  },
  {
    zone: { name: 'future.test', shows: 'no signature holds yet', signing: signed({ valid: 'future' }) },
    questions: nothingHolds,
  },
];

const chains: readonly Fault[] = [
  {
    zone: {
      name: 'ds-wrong.test',
      shows: 'the DS fits no key',
      ds: [{ digest: 2, wrong: 1 }],
      signing: signed(),
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'ds-wrong.example',
      shows: 'the DS fits no key',
      ds: [{ digest: 2, wrong: 1 }],
      signing: signed({ denial: nsec3() }),
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'ds-sha256-wrong.test',
      shows: 'RFC 4509 §3: a good DS of SHA-1 does not help a wrong one of SHA-256',
      ds: [{ digest: 1 }, { digest: 2, wrong: 1 }],
      signing: signed(),
    },
    questions: [['www', 'A', 'bogus', 'an RRset', unboundTakesIt('RFC 4509 §3')]],
  },
  {
    zone: {
      name: 'ds-other-algorithm.test',
      shows: 'the DS names another algorithm than the key has',
      ds: [{ digest: 2, algorithm: 8 }],
      signing: signed(),
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'ds-unknown-algorithm.test',
      shows: 'RFC 4035 §5.2: a DS of an algorithm that nobody knows counts for nothing',
      ds: [{ digest: 2, algorithm: 200 }],
      signing: signed(),
    },
    questions: unsignedAll,
  },
  {
    zone: {
      name: 'ds-unknown-digest.test',
      shows: 'a DS with a digest that nobody knows counts for nothing',
      ds: [{ digest: 250 }],
      signing: signed(),
    },
    questions: unsignedAll,
  },
  {
    zone: {
      name: 'ds-unknown-and-wrong.test',
      shows: 'a wrong DS beside an unknown one',
      ds: [{ digest: 250 }, { digest: 2, wrong: 1 }],
      signing: signed(),
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'never-signed.test',
      shows: 'the registry has a DS, the zone was never signed',
      signing: signed(),
      edits: [neverSigned()],
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'no-key.test',
      shows: 'the keys are gone, the signatures are there',
      signing: signed(),
      edits: [removed('@', 'DNSKEY')],
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'key-unsigned.test',
      shows: 'nobody signed the keys',
      signing: signed(),
      edits: [unsigned('@', 'DNSKEY')],
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'key-spoiled.test',
      shows: 'the signature over the keys is not good',
      signing: signed(),
      edits: [spoiled('@', 'DNSKEY')],
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'key-by-zsk.test',
      shows: 'the keys are signed by another key than that of the DS',
      signing: signed(),
      edits: [resigned('@', 'DNSKEY', { key: 1 })],
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'key-expired.test',
      shows: 'only the signature over the keys is past',
      signing: signed(),
      edits: [resigned('@', 'DNSKEY', { key: 0, from: -60 * 86_400, until: -30 * 86_400 })],
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'key-exchanged.test',
      shows: 'another zone-signing key than the one that signed',
      signing: signed({ keys: [...p256, { algorithm: 'ECDSAP256SHA256', flags: 256, idle: true }] }),
      edits: [withoutKey(1)],
    },
    questions: nothingHolds,
  },
  {
    zone: {
      name: 'only-revoked.test',
      shows: 'RFC 5011 §2.1: the only key with a DS is revoked',
      signing: signed({
        keys: [
          { algorithm: 'ECDSAP256SHA256', flags: 385 },
          { algorithm: 'ECDSAP256SHA256', flags: 256 },
        ],
      }),
    },
    questions: [['www', 'A', 'bogus', 'an RRset', unboundTakesIt('RFC 5011 §2.1')]],
  },
];

/** Of two algorithms, one is enough: RFC 6840 §5.11. */
const algorithms: readonly Fault[] = [
  {
    zone: {
      name: 'half-signed.test',
      shows: 'two algorithms in the DS, the records are signed with one of them',
      ds: [{ digest: 2 }, { digest: 2, key: 2 }],
      signing: signed({ keys: [...split('RSASHA256', { bits: 1024 }), ...p256] }),
      edits: [signedWithout('RSASHA256')],
    },
    questions: [
      ['www', 'A', 'secure found', 'an RRset'],
      ['nothing', 'A', 'secure no-name', 'no such name'],
    ],
  },
  {
    zone: {
      name: 'half-spoiled.test',
      shows: 'two algorithms, the signatures of one are not good',
      ds: [{ digest: 2 }, { digest: 2, key: 2 }],
      signing: signed({ keys: [...split('RSASHA256', { bits: 1024 }), ...p256] }),
      edits: [spoiled('www', 'A', 'RSASHA256')],
    },
    questions: [['www', 'A', 'secure found', 'an RRset']],
  },
];

const proofs: readonly Fault[] = [
  {
    zone: {
      name: 'no-nsec.test',
      shows: 'some NSEC are gone',
      signing: signed(),
      edits: [removed('www', 'NSEC'), removed('mail', 'NSEC'), removed('*.wild', 'NSEC')],
    },
    questions: [
      ['www', 'A', 'secure found', 'an RRset needs no NSEC'],
      ['www', 'MX', 'bogus', 'no such type, no proof'],
      ['mail', 'AAAA', 'bogus', 'no such type, no proof'],
      ['any.wild', 'MX', 'bogus', 'a wildcard without this type, no proof'],
    ],
  },
  {
    zone: {
      name: 'no-wildcard-proof.test',
      shows: 'a wildcard, and no proof that the name itself is not there',
      signing: signed(),
      edits: [removed('here.wild', 'NSEC'), removed('*.wild', 'NSEC'), removed('www', 'NSEC')],
    },
    questions: [
      ['any.wild', 'A', 'bogus', 'the wildcard expanded'],
      ['*.wild', 'A', 'secure found', 'the wildcard itself'],
    ],
  },
  {
    zone: {
      name: 'nsec-spoiled.test',
      shows: 'the signatures of NSEC are not good',
      signing: signed(),
      edits: [spoiled('www', 'NSEC'), altered('mail', 'NSEC', 'zzz.nsec-spoiled.test. RRSIG NSEC')],
    },
    questions: [
      ['www', 'MX', 'bogus', 'no such type'],
      ['mail', 'A', 'secure found', 'what an altered NSEC denies is there all the same'],
      ['mail', 'AAAA', 'bogus', 'no such type, by an altered NSEC'],
    ],
  },
  {
    zone: {
      name: 'no-nsec3.test',
      shows: 'some NSEC3 are gone',
      signing: signed({ denial: nsec3() }),
      edits: [withoutNsec3Of('www'), withoutNsec3Of('nothing'), withoutNsec3Of('any.wild')],
    },
    questions: [
      ['www', 'A', 'secure found', 'an RRset needs no NSEC3'],
      ['www', 'MX', 'bogus', 'no such type, no proof'],
      ['nothing', 'A', 'bogus', 'no such name, nothing covers it'],
      ['any.wild', 'A', 'bogus', 'a wildcard, and nothing covers the name'],
    ],
  },
  {
    zone: {
      name: 'no-encloser.test',
      shows: 'the NSEC3 of the closest encloser is gone',
      signing: signed({ denial: nsec3() }),
      edits: [withoutNsec3Of('@')],
    },
    questions: [['nothing', 'A', 'bogus', 'no such name, and no encloser that is proven']],
  },
  {
    zone: {
      name: 'soa-unsigned.test',
      shows: 'the SOA has no signature, the NSEC have',
      signing: signed(),
      edits: [unsigned('@', 'SOA')],
    },
    questions: [
      ['www', 'A', 'secure found', 'an RRset'],
      ['@', 'SOA', 'bogus', 'the SOA itself'],
    ],
  },
  {
    zone: {
      name: 'cut-off.test',
      shows: "a signed parent that lost the signature of its child's DS",
      signing: signed(),
      edits: [unsigned('child', 'DS')],
    },
    questions: [
      ['www', 'A', 'secure found', 'the parent'],
      ['www.child', 'A', 'bogus', 'the child'],
    ],
  },
  {
    zone: {
      name: 'child.cut-off.test',
      shows: 'a good zone whose DS lost its signature',
      server: 'below',
      signing: signed({ keys: single('ED25519') }),
    },
    questions: [['nothing', 'A', 'bogus', 'no such name in the child']],
  },
  {
    zone: {
      name: 'ds-stolen.test',
      shows: 'a signed parent without the NSEC that says whether its child is signed',
      signing: signed(),
      edits: [removed('child', 'NSEC'), removed('alias', 'NSEC')],
    },
    questions: [['www.child', 'A', 'bogus', 'an unsigned child, and no proof of it']],
  },
  {
    zone: {
      name: 'child.ds-stolen.test',
      shows: 'an unsigned zone whose parent cannot prove that it is',
      server: 'below',
    },
    questions: [['www', 'MX', 'bogus', 'no such type in the child']],
  },
];

const faults: readonly Fault[] = [...times, ...chains, ...algorithms, ...proofs];

export const faultyZones: readonly Zone[] = faults.map(({ zone }) => ({
  server: 'leaf',
  records: standardRecords,
  ...zone,
}));

export const faultQuestions: readonly Question[] = faults.flatMap(({ zone: { name, shows }, questions }) =>
  questions.map(([label, type, verdict, what, unbound]) => ({
    ...ask(at(label, name), type, verdict, `${shows}: ${what}`),
    ...(unbound === undefined ? {} : { unbound }),
  })),
);
