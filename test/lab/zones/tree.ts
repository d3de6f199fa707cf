/** The top of the tree: the root, two signed zones below it, an unsigned one, and that of addresses. */
import { nsec3, signed, split, type Zone } from '../zone.ts';

/** How many domains below `test` are delegated to nobody, unsigned. */
const CROWD = 400;

/** Delegations that only fill the chain of NSEC3: each opt-out span has many of them. */
const crowd = Array.from({ length: CROWD }, (_, index) => {
  const name = `u${String(index).padStart(3, '0')}`;
  return `${name} NS ns.unsigned`;
});

export const tree: readonly Zone[] = [
  {
    name: '.',
    shows: 'the root: RSA-2048 with SHA-256, NSEC',
    server: 'root',
    records: [],
    signing: signed({ keys: split('RSASHA256') }),
  },
  {
    name: 'test',
    shows: `a registry with opt-out: P-256, NSEC3, ${CROWD} unsigned domains among the signed`,
    server: 'tld',
    records: ['info TXT "the registry\'s own name"', ...crowd],
    signing: signed({ denial: nsec3({ optOut: true }) }),
  },
  {
    name: 'example',
    shows: 'a registry with NSEC, signed by Knot: unsigned domains are proven one by one',
    server: 'tld-knot',
    records: ['info TXT "the registry\'s own name"'],
    signing: signed({ by: 'knot' }),
  },
  {
    name: 'invalid',
    shows: 'a registry that signs nothing: the root proves that it has no DS',
    server: 'tld',
    records: ['info TXT "the registry\'s own name"'],
  },
  {
    name: '127.in-addr.arpa',
    shows: 'names of the addresses, below two empty non-terminals of the root',
    server: 'leaf',
    records: [
      '$r25 PTR mx.dane-ee.test.',
      '$r26 PTR mx.dane-ta.test.',
      '$r27 PTR mx.dane-nsec3.test.',
      '1.0.0 PTR localhost.',
    ],
    signing: signed({ keys: split('ED25519') }),
  },
];
