/** What is asked of the zones of world.ts, and what is known of the answers by their making. */
import type { DnssecStatus } from '../../../src/dns/answer.ts';

const inLeaf = [
  'www A',
  'www AAAA',
  'www TXT',
  '@ MX',
  '@ SOA',
  '@ DNSKEY',
  '@ TLSA',
  '_25._tcp.mail TLSA',
  '_25._tcp.www TLSA',
  'txt TXT',
  'nothing A',
  'a.b.nothing A',
  'empty.name A',
  'x.empty.name A',
  'some.wild A',
  'a.b.wild TXT',
  'some.wild AAAA',
  'held.wild A',
  'held.wild AAAA',
  'x.held.wild A',
  'wild A',
  'any.alias A',
  'any.alias TXT',
  'in A',
  'out A',
  'back A',
  'lost A',
  'less A',
  'plain A',
  'www.tree A',
  'nothing.tree A',
  'www.grove A',
  'some.wild.grove A',
  'tree DNAME',
  'open DS',
  'shut DS',
  'www.open A',
  'nothing.open A',
  'www.shut A',
  'x.more.shut A',
  'nothing.shut A',
  'own.shut A',
  'www.shut TXT',
  'sz A',
  'tx A',
  'gz A',
];

const elsewhere = [
  'test. DS',
  'test. DNSKEY',
  'test. TXT',
  'txt.test. TXT',
  'nothing.test. A',
  'some.wild.test. TXT',
  'some.wild.test. A',
  'leaf.test. DS',
  'plain.test. DS',
  'www.plain.test. A',
  'plain.test. MX',
  'nothing.plain.test. A',
  'alias.plain.test. A',
  'nothing. A',
  'plain. DS',
  'www.many.test. A',
  'x.wild.many.test. A',
  'nothing.many.test. A',
  'www.stale.test. A',
  'www.evil.test. A',
];

/** What is asked of this world: a name and a type each. */
export const questions: readonly string[] = [
  ...['leaf.test.', 'hashed.test.'].flatMap((apex) =>
    inLeaf.map((text) => (text.startsWith('@') ? text.replace('@', apex) : text.replace(' ', `.${apex} `))),
  ),
  ...elsewhere,
];

/** The status of each question's answer, by this world's making: what is not here is secure. */
export const notSecure: ReadonlyMap<string, DnssecStatus> = new Map<string, DnssecStatus>([
  ...['leaf.test.', 'hashed.test.'].flatMap((apex): [string, DnssecStatus][] => [
    [`www.open.${apex} A`, 'insecure'],
    [`nothing.open.${apex} A`, 'insecure'],
    [`plain.${apex} A`, 'insecure'],
  ]),
  // Opt-out: a delegation without DS may be there (RFC 5155 §9.2).
  ['nothing.test. A', 'insecure'],
  ['some.wild.test. TXT', 'insecure'],
  ['some.wild.test. A', 'insecure'],
  ['plain.test. DS', 'insecure'],
  ['www.plain.test. A', 'insecure'],
  ['plain.test. MX', 'insecure'],
  ['nothing.plain.test. A', 'insecure'],
  ['alias.plain.test. A', 'insecure'],
  // More iterations of NSEC3 than are worth the work (RFC 9276 §3.2).
  ['x.wild.many.test. A', 'insecure'],
  ['nothing.many.test. A', 'insecure'],
  ['www.stale.test. A', 'bogus'],
]);
