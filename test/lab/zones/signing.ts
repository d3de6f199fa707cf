/** Zones for each algorithm, each signer, and each way to lay out keys. */
import type { Question } from '../question.ts';
import {
  type Algorithm,
  type KeyPlan,
  nsec3,
  type Signer,
  signed,
  single,
  split,
  type Zone,
} from '../zone.ts';
import { standardQuestions, standardRecords } from './standard.ts';

interface Kind {
  readonly name: string;
  readonly shows: string;
  readonly by: Signer;
  readonly keys: readonly KeyPlan[];
  readonly hashed: boolean;
}

const kinds: readonly Kind[] = [
  kind('rsasha1.test', 'RSA with SHA-1 (5), NSEC', 'bind', 'RSASHA1', false),
  kind('rsasha1-nsec3.test', 'RSA with SHA-1 (7), NSEC3', 'bind', 'NSEC3RSASHA1', true),
  kind('rsasha256.test', 'RSA-2048 with SHA-256 (8), NSEC', 'bind', 'RSASHA256', false),
  kind('rsasha512.test', 'RSA-2048 with SHA-512 (10), NSEC3', 'bind', 'RSASHA512', true),
  kind('p256.test', 'P-256 (13), NSEC', 'bind', 'ECDSAP256SHA256', false),
  kind('p384.test', 'P-384 (14), NSEC3', 'bind', 'ECDSAP384SHA384', true),
  kind('ed25519.test', 'Ed25519 (15), NSEC', 'bind', 'ED25519', false),
  kind('ed448.test', 'Ed448 (16), NSEC3', 'bind', 'ED448', true),
  kind('knot-rsasha256.example', 'RSA-2048 (8), NSEC3, signed by Knot', 'knot', 'RSASHA256', true),
  kind('knot-p256.example', 'P-256 (13), NSEC, signed by Knot', 'knot', 'ECDSAP256SHA256', false),
  kind('knot-ed25519.example', 'Ed25519 (15), NSEC3, signed by Knot', 'knot', 'ED25519', true),
  kind('ldns-rsasha512.example', 'RSA-2048 (10), NSEC, signed by ldns', 'ldns', 'RSASHA512', false),
  kind('ldns-p384.example', 'P-384 (14), NSEC3, signed by ldns', 'ldns', 'ECDSAP384SHA384', true),
  kind('ldns-ed448.example', 'Ed448 (16), NSEC, signed by ldns', 'ldns', 'ED448', false),
];

function kind(name: string, shows: string, by: Signer, algorithm: Algorithm, hashed: boolean): Kind {
  // RSA with SHA-1 was used with short keys.
  const more = algorithm.endsWith('SHA1') ? { bits: 1024 } : {};
  return { name, shows, by, keys: split(algorithm, more), hashed };
}

const few = ['@ MX', 'www MX', 'nothing A', 'any.wild A', 'alias A'];

/** Keys laid out in other ways; all of them are good. */
const layouts: readonly (readonly [string, string, Partial<Zone>, readonly KeyPlan[]])[] = [
  ['csk.test', 'one key that signs all', {}, single('ECDSAP256SHA256')],
  ['rsa1024.test', 'RSA with 1024 bits', {}, split('RSASHA256', { bits: 1024 })],
  ['rsa4096.test', 'RSA with 4096 bits', {}, single('RSASHA256', { bits: 4096 })],
  ['exponent3.test', 'RSA with the exponent 3', {}, split('RSASHA256', { exponent: 3 })],
  [
    'rollover.test',
    'two algorithms, a DS for each: the keys are being changed',
    { ds: [{ digest: 2 }, { digest: 2, key: 2 }] },
    [...split('RSASHA256', { bits: 1024 }), ...split('ECDSAP256SHA256')],
  ],
  [
    'standby.test',
    'a key that is published and signs nothing yet',
    {},
    [...split('ECDSAP256SHA256'), { algorithm: 'ED25519', flags: 257, idle: true }],
  ],
  [
    'two-ksk.test',
    'two key-signing keys, the DS is that of the second',
    { ds: [{ digest: 2, key: 1 }] },
    [...single('ECDSAP256SHA256'), ...split('ECDSAP256SHA256')],
  ],
  [
    'revoked.test',
    'RFC 5011: a revoked key beside a good one',
    { ds: [{ digest: 2, key: 1 }] },
    [{ algorithm: 'ECDSAP256SHA256', flags: 385 }, ...split('ECDSAP256SHA256')],
  ],
  ['ds-sha1.test', 'a DS of SHA-1 alone', { ds: [{ digest: 1 }] }, split('ECDSAP256SHA256')],
  ['ds-sha384.test', 'a DS of SHA-384', { ds: [{ digest: 4 }] }, split('ECDSAP384SHA384')],
  [
    'ds-both.test',
    'DS of SHA-1 and SHA-256',
    { ds: [{ digest: 1 }, { digest: 2 }] },
    split('ECDSAP256SHA256'),
  ],
  [
    'ds-all.test',
    'DS of SHA-1, SHA-256, SHA-384 and of a digest that nobody knows',
    { ds: [{ digest: 1 }, { digest: 2 }, { digest: 4 }, { digest: 250 }] },
    split('ECDSAP256SHA256'),
  ],
  [
    'ds-sha1-wrong.test',
    'RFC 4509 §3: a wrong DS of SHA-1 does not matter beside a good one of SHA-256',
    { ds: [{ digest: 1, wrong: 1 }, { digest: 2 }] },
    split('ECDSAP256SHA256'),
  ],
  [
    'ds-standby.test',
    'a DS for a key that is not in the zone, beside a good one',
    { ds: [{ digest: 2, wrong: 1 }, { digest: 2 }] },
    split('ECDSAP256SHA256'),
  ],
  [
    'ds-unknown-too.test',
    'a DS of an unknown algorithm beside a good one',
    { ds: [{ digest: 2, algorithm: 200 }, { digest: 2 }] },
    split('ECDSAP256SHA256'),
  ],
  [
    'ds-zsk.test',
    'the DS is that of the zone-signing key: the SEP bit means nothing (RFC 4034 §2.1.1)',
    { ds: [{ digest: 2 }] },
    [{ algorithm: 'ECDSAP256SHA256', flags: 256 }],
  ],
];

export const signings: readonly Zone[] = [
  ...kinds.map(
    ({ name, shows, by, keys, hashed }): Zone => ({
      name,
      shows,
      server: by === 'knot' ? 'leaf-knot' : 'leaf',
      records: standardRecords,
      signing: signed({ by, keys, denial: hashed ? nsec3() : 'NSEC' }),
    }),
  ),
  ...layouts.map(
    ([name, shows, more, keys]): Zone => ({
      name,
      shows,
      server: 'leaf',
      records: standardRecords,
      signing: signed({ keys }),
      ...more,
    }),
  ),
];

export const signingQuestions: readonly Question[] = [
  ...kinds.flatMap(({ name, shows }) => standardQuestions(name, shows)),
  ...layouts.flatMap(([name, shows]) => standardQuestions(name, shows, { only: few })),
];
