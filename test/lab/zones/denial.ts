/** Zones for each way to prove that a name or a type is not there. */
import { ask, otherwise, type Question } from '../question.ts';
import { type Nsec3, nsec3, type Signer, signed, type Zone } from '../zone.ts';
import { standardQuestions, standardRecords } from './standard.ts';

const flavours: readonly (readonly [string, string, Signer, Nsec3])[] = [
  ['salt.test', 'NSEC3 with a salt', 'bind', nsec3({ salt: 'aabbccdd' })],
  ['long-salt.test', 'NSEC3 with the longest salt', 'bind', nsec3({ salt: 'c0'.repeat(255) })],
  ['one.test', 'NSEC3, 1 more iteration', 'bind', nsec3({ iterations: 1, salt: 'beef' })],
  ['fifty.test', 'NSEC3, 50 more iterations', 'bind', nsec3({ iterations: 50, salt: 'beef' })],
  ['hundred.test', 'NSEC3, 100 more iterations', 'ldns', nsec3({ iterations: 100, salt: '' })],
  [
    'knot-ten.example',
    'NSEC3, 10 more iterations, signed by Knot',
    'knot',
    nsec3({ iterations: 10, salt: '99' }),
  ],
];

/** RFC 9276 §3.2 lets validators treat such zones as unsigned where they need the proof. */
const excessive: readonly (readonly [string, number])[] = [
  ['151.test', 151],
  ['500.test', 500],
  ['2500.example', 2500],
];

/** Above the cap of some validators, and not of others. */
const between: readonly (readonly [string, number])[] = [
  ['101.test', 101],
  ['150.test', 150],
];

const OPT_OUT = 'opt-out.test';
const ONLINE = 'online.example';

export const denials: readonly Zone[] = [
  ...flavours.map(
    ([name, shows, by, denial]): Zone => ({
      name,
      shows,
      server: by === 'knot' ? 'leaf-knot' : 'leaf',
      records: standardRecords,
      signing: signed({ by, denial }),
    }),
  ),
  ...[...excessive, ...between].map(
    ([name, iterations]): Zone => ({
      name,
      shows: `NSEC3, ${iterations} more iterations`,
      server: 'leaf',
      records: [...standardRecords, 'none NS ns.unsigned.test.'],
      signing: signed({ by: 'ldns', denial: nsec3({ iterations, salt: 'beef' }) }),
    }),
  ),
  {
    name: ONLINE,
    shows: 'signed by its server when it is asked: no name is denied, only types (RFC 9824)',
    server: 'leaf-knot',
    records: [...standardRecords, 'none NS ns.unsigned.test.'],
    signing: signed({ by: 'online' }),
  },
  {
    name: OPT_OUT,
    shows: 'NSEC3 with opt-out in a zone of hosts',
    server: 'leaf',
    records: [...standardRecords, 'none NS ns.unsigned.test.', 'none.below NS ns.unsigned.test.'],
    signing: signed({ denial: nsec3({ optOut: true }) }),
  },
];

export const denialQuestions: readonly Question[] = [
  ...flavours.flatMap(([name, shows]) => standardQuestions(name, shows)),
  ...excessive.flatMap(([name, iterations]) => {
    const many = `${iterations} iterations`;
    return [
      ask(`www.${name}`, 'A', 'secure found', `${many}: no proof of absence is needed`),
      ask(name, 'DNSKEY', 'secure found', `${many}: the keys`),
      ask(`_25._tcp.mail.${name}`, 'TLSA', 'secure found', `${many}: a TLSA record`),
      ask(`www.${name}`, 'MX', 'insecure no-data', `${many}: no such type, not worth the proof`),
      ask(`nothing.${name}`, 'A', 'insecure no-name', `${many}: no such name, not worth the proof`),
      ask(`any.wild.${name}`, 'A', 'insecure found', `${many}: a wildcard, not worth the proof`),
      ask(`none.${name}`, 'DS', 'insecure no-data', `${many}: an unsigned delegation`),
      ask(`alias.${name}`, 'A', 'secure found', `${many}: a CNAME`),
      ask(`gone.${name}`, 'A', 'insecure no-name', `${many}: a CNAME to no name`),
    ];
  }),
  ...between.map(([name, iterations]) =>
    ask(`www.${name}`, 'A', 'secure found', `${iterations} iterations: no proof of absence is needed`),
  ),
  otherwise(
    ask('nothing.101.test', 'A', 'insecure no-name', '101 iterations: no such name'),
    'secure no-name',
    'RFC 9276 §3.2: validators MAY treat any number above 0 as insecure; the common cap of 100',
  ),
  ...optOutQuestions(),
  ...standardQuestions(ONLINE, 'signed online', { noName: 'no-data' }),
  ask(`none.${ONLINE}`, 'DS', 'secure no-data', 'signed online: an unsigned delegation'),
];

function optOutQuestions(): Question[] {
  const secure = [
    '@ MX',
    '@ DNSKEY',
    'www A',
    '_25._tcp.mail TLSA',
    '@ TLSA',
    'www MX',
    'hole A',
    'here.wild A',
    'here.wild TXT',
    '*.wild A',
    'alias A',
    'alias CNAME',
    'alias MX',
  ];
  // What stands between the names may be an unsigned delegation: RFC 5155 §9.2.
  const insecure = [
    '_25._tcp.www TLSA',
    'nothing A',
    'very.far.down A',
    'none.hole A',
    'any.wild A',
    'any.name.wild TXT',
    'any.wild MX',
    'any.here.wild A',
    'gone A',
    'any.pointing AAAA',
    'any.pointing MX',
  ];
  return [
    ...standardQuestions(OPT_OUT, 'opt-out', { only: secure }),
    ...standardQuestions(OPT_OUT, 'opt-out', { status: 'insecure', only: insecure }),
    ask(`none.${OPT_OUT}`, 'DS', 'insecure no-data', 'opt-out: an unsigned delegation has no NSEC3'),
    ask(
      `below.${OPT_OUT}`,
      'A',
      'insecure no-data',
      'opt-out: an empty non-terminal above it has none either',
    ),
    ask('u123.test', 'DS', 'insecure no-data', 'one of the crowd below the registry with opt-out'),
    ask('not-registered.test', 'A', 'insecure no-name', 'a name that nobody registered, opt-out'),
    ask('not-registered.example', 'A', 'secure no-name', 'a name that nobody registered, NSEC'),
    ask('not-registered', 'A', 'secure no-name', 'no such name in the root'),
    ask('deep.not-registered.invalid', 'A', 'insecure no-name', 'no such name below an unsigned registry'),
  ];
}
