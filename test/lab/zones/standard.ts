/** What most zones of the lab hold, so that the same questions can be asked of every kind of signing. */
import { ask, type Question, type Verdict } from '../question.ts';
import { at } from '../zone.ts';

/** A digest for TLSA records that no server has to match. */
export const SOME_DIGEST = '8cb0fc6c527506a053f4f14c8464bebbd6dede2738d11468dd953d7d6a3021f1';

export const standardRecords: readonly string[] = [
  '@ A 192.0.2.10',
  '@ MX 10 mail',
  '@ TXT "v=spf1 mx -all"',
  'mail A $25',
  `_25._tcp.mail TLSA 3 1 1 ${SOME_DIGEST}`,
  'www A 192.0.2.20',
  'www AAAA 2001:db8::20',
  'alias CNAME www',
  'gone CNAME nothing',
  '*.wild A 192.0.2.30',
  '*.wild TXT "any name below wild"',
  'here.wild A 192.0.2.31',
  '*.pointing CNAME www',
  'leaf.hole TXT "below an empty non-terminal"',
];

type Absence = 'no-name' | 'no-data';

/** What is asked of every zone with those records. */
const asked: readonly (readonly [string, string, 'found' | Absence, string])[] = [
  ['@', 'MX', 'found', 'an RRset'],
  ['@', 'DNSKEY', 'found', 'the keys'],
  ['www', 'A', 'found', 'an RRset'],
  ['_25._tcp.mail', 'TLSA', 'found', 'an RRset below an empty non-terminal'],
  ['@', 'TLSA', 'no-data', 'no such type at the apex'],
  ['www', 'MX', 'no-data', 'no such type'],
  ['_25._tcp.www', 'TLSA', 'no-name', 'no such name, two labels below one that is there'],
  ['nothing', 'A', 'no-name', 'no such name'],
  ['very.far.down', 'A', 'no-name', 'no such name, its parents neither'],
  ['hole', 'A', 'no-data', 'an empty non-terminal'],
  ['none.hole', 'A', 'no-name', 'no such name below an empty non-terminal'],
  ['any.wild', 'A', 'found', 'a wildcard'],
  ['any.name.wild', 'TXT', 'found', 'a wildcard, two labels'],
  ['any.wild', 'MX', 'no-data', 'a wildcard without this type'],
  ['here.wild', 'A', 'found', 'a name beside a wildcard'],
  ['here.wild', 'TXT', 'no-data', 'a name that the wildcard does not cover'],
  ['any.here.wild', 'A', 'no-name', 'RFC 4592 §2.2.1: a name keeps the wildcard from all below it'],
  ['*.wild', 'A', 'found', 'the wildcard itself'],
  ['alias', 'A', 'found', 'a CNAME'],
  ['alias', 'CNAME', 'found', 'a CNAME asked for by its type'],
  ['alias', 'MX', 'no-data', 'a CNAME to a name without this type'],
  ['gone', 'A', 'no-name', 'a CNAME to no name'],
  ['any.pointing', 'AAAA', 'found', 'a CNAME out of a wildcard'],
  ['any.pointing', 'MX', 'no-data', 'a CNAME out of a wildcard to a name without this type'],
];

/** How a zone differs from one that is signed with NSEC. */
export interface Difference {
  readonly status?: 'secure' | 'insecure';
  /** What is proven of names that are not there. */
  readonly noName?: Absence;
  /** `label TYPE` of the questions that are asked; all where nothing is given. */
  readonly only?: readonly string[];
}

/** The questions over a zone with the standard records. */
export function standardQuestions(
  zone: string,
  what: string,
  { status = 'secure', noName = 'no-name', only = [] }: Difference = {},
): Question[] {
  return asked
    .filter(([label, type]) => only.length === 0 || only.includes(`${label} ${type}`))
    .filter(([label, type]) => status === 'secure' || label !== '@' || type !== 'DNSKEY')
    .map(([label, type, outcome, shows]) => {
      const verdict: Verdict = `${status} ${outcome === 'no-name' ? noName : outcome}`;
      return ask(at(label, zone), type, verdict, `${what}: ${shows}`);
    });
}
