/**
 * A few zones, signed by the tests, with every kind of answer that a look-up can get; and what a recursive server says
 * about them.
 */
import type { Message } from '../../../src/dns/message.ts';
import { isAtOrBelow } from '../../../src/dns/name.ts';
import { type Question, type ResourceRecord, types } from '../../../src/dns/record.ts';
import { answerOver } from './authority.ts';
import { keyOutOf } from './keys.ts';
import { readName } from './name-text.ts';
import { messageOf } from './recursion.ts';
import { dsOf, type SignedZone, signSet, signZone, type ZonePlan } from './signed-zone.ts';
import type { Forger, Walked } from './tamper.ts';

/** Seconds since 1970, in the middle of what the signatures allow. */
export const now = 1_790_000_000;

const DAY = 86_400;
const current = { inception: now - 7 * DAY, expiration: now + 7 * DAY, serial: 2 };
const earlier = { inception: now - 10 * DAY, expiration: now + 4 * DAY, serial: 1 };
const past = { inception: now - 30 * DAY, expiration: now - DAY, serial: 1 };

/** What stands in both leaf zones. */
const content = `
www     A 192.0.2.1
www     A 192.0.2.2
www     A 192.0.2.3
www     AAAA 2001:db8::1
@       MX 10 mail
@       MX 20 mail.leaf.test.
mail    A 192.0.2.25
_25._tcp.mail TLSA 3 1 1 ( 00112233445566778899aabbccddeeff
                           00112233445566778899aabbccddeeff )
txt     TXT "one" "two"
deep.empty.name A 192.0.2.4
*.wild  A 192.0.2.5
*.wild  TXT "wild"
held.wild TXT "no address"
held.wild AAAA 2001:db8::5
*.alias CNAME www
in      CNAME www
out     CNAME www.hashed.test.
back    CNAME www.leaf.test.
lost    CNAME nothing.leaf.test.
less    CNAME txt
plain   CNAME www.plain.test.
tree    DNAME hashed.test.
grove   DNAME leaf.test.
open    NS ns.invalid.
shut    NS ns.invalid.
`;

const subContent = 'www A 192.0.2.50\n*.more A 192.0.2.51\nown CNAME www\n';
const unsigned = 'www A 192.0.2.80\n@ MX 5 www\nalias CNAME www.leaf.test.\n';

/** Records of the past had other addresses. */
const older = (text: string): string =>
  text.replaceAll('192.0.2.', '198.51.100.').replaceAll('"one"', '"old"');

function build(times: typeof current, change: (text: string) => string): SignedZone[] {
  const zone = (
    name: string,
    text: string,
    denial: ZonePlan['denial'],
    children: SignedZone[] = [],
  ): SignedZone => signZone({ name, text: change(text), denial, ...times }, children);
  const hashes = { iterations: 2, optOut: false };
  const shut = zone('shut.leaf.test.', subContent, 'nsec');
  const open = zone('open.leaf.test.', unsigned, 'unsigned');
  const hashedShut = zone('shut.hashed.test.', subContent, hashes);
  const hashedOpen = zone('open.hashed.test.', unsigned, 'unsigned');
  const leaf = zone('leaf.test.', content, 'nsec', [shut, open]);
  const hashed = zone('hashed.test.', content, hashes, [hashedShut, hashedOpen]);
  const many = zone('many.test.', 'www A 192.0.2.9\n*.wild A 192.0.2.5\n', {
    iterations: 150,
    optOut: false,
  });
  const evil = zone('evil.test.', 'www A 203.0.113.66\n*.wild A 203.0.113.66\n', 'nsec');
  const stale = signZone({ name: 'stale.test.', text: 'www A 192.0.2.7\n', denial: 'nsec', ...past }, []);
  const plain = zone('plain.test.', unsigned, 'unsigned');
  const leaves = [leaf, hashed, many, evil, stale, plain];
  const cuts = ['leaf', 'hashed', 'many', 'evil', 'stale', 'plain', 'plain2', 'plain3'];
  const delegations = cuts.map((name) => `${name} NS ns.invalid.\n`).join('');
  const test = zone(
    'test.',
    `${delegations}txt TXT "test"\n*.wild TXT "wild"\n`,
    { iterations: 1, optOut: true },
    leaves,
  );
  const root = zone('.', 'test NS ns.invalid.\nplain NS ns.invalid.\n', 'nsec', [test]);
  return [root, test, ...leaves, shut, open, hashedShut, hashedOpen];
}

/** Zones whose NSEC3 ask for more rounds than the cap: who tampers can make them insecure, and that is known. */
export const isOverCap = ({ name }: Question): boolean => isAtOrBelow(name, readName('many.test.'));

const zones = build(current, (text) => text);
const earlierZones = build(earlier, older);
const pastZones = build(past, older);

/** The root's DS. */
export const anchor: ResourceRecord = dsOf(zoneNamed(0));

export function ask(question: Question): Message {
  return messageOf(question, answerOver(zones, question));
}

/** What was said before the signatures of the past ran out. */
export function askBefore(question: Question): Message {
  return messageOf(question, answerOver(pastZones, question));
}

/** What was said a while ago: other records, and signatures that are still good. */
export function askEarlier(question: Question): Message {
  return messageOf(question, answerOver(earlierZones, question));
}

/**
 * Who has keys of his own: the holders of a zone beside the leaves, and of the zones below them; and two whose keys were
 * searched for until they had the tags of the leaves' keys.
 */
export const forgers: readonly Forger[] = [
  ...zones
    .filter(({ apex }) => /evil|shut/.test(apex))
    .map(({ apex, key, sign }) => ({ apex, key: key.data, sign })),
  ...['stranger 100935', 'stranger 99870'].map((seed): Forger => {
    const key = keyOutOf(seed, 15, 257);
    return {
      apex: readName('stranger.test.'),
      key: key.data,
      sign: (set, signer) => signSet(set, signer, key, current),
    };
  }),
];

/** Each denial record there is, with its signature, as walking the zones gives them (RFC 5155 §12.1.1). */
export const walk: readonly Walked[] = zones.flatMap(({ apex, records }) =>
  records
    .filter(({ type }) => type === types.NSEC || type === types.NSEC3)
    .map((one) => ({
      apex,
      records: records.filter(
        ({ name, type }) => name === one.name && [one.type, types.RRSIG].includes(type),
      ),
    })),
);

function zoneNamed(index: number): SignedZone {
  const zone = zones[index];
  if (zone === undefined) throw new Error('no such zone');
  return zone;
}
