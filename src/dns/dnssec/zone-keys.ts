/** The keys of a zone, from those that its anchor or its DS names. RFC 4035 §5.2, RFC 4034 §5.2. */
import type { Link } from '../answer.ts';
import type { LookUp } from '../look-ups.ts';
import { type Name, showName } from '../name.ts';
import { types } from '../record.ts';
import type { Dnskey, Ds } from '../records.ts';
import type { RrSet } from '../rrset.ts';
import { showList } from '../show.ts';
import { showKey } from './algorithms.ts';
import { find, hear } from './asking.ts';
import { spend } from './budget.ts';
import { keysOf, namedKeys, zoneKeysOf } from './keys.ts';
import { type DeadEnd, deadEnd, type Search, type SecureZone, until } from './place.ts';
import { checkSet, type SetCheck } from './signed-set.ts';

/** What names the first key of a zone. */
export interface Naming {
  readonly by: 'anchor' | 'ds';
  readonly ds: readonly Ds[];
  readonly keys: readonly Dnskey[];
  /** The way from the anchor to here. */
  readonly links: readonly Link[];
  /** Seconds since 1970 until which it names it. */
  readonly until: number;
}

/**
 * Asks for the keys of a zone and checks them: the set has to be signed with a key that is named.
 *
 * Any way in that is good is enough (RFC 6840 §5.11 binds signers, not validators). Only where an anchor's own zone
 * shows no DNSSEC at all, that is no proof of anything: then this resolver does not pass it on (RFC 4035 §4.3).
 */
export function* zoneWith(zone: Name, naming: Naming, search: Search): LookUp<SecureZone | DeadEnd> {
  const { now, sha1 } = search.settled;
  const { links } = naming;
  const end = (kind: 'bogus' | 'unreachable', because: string, errors: DeadEnd['errors'] = []): DeadEnd =>
    deadEnd(kind, links, { kind: 'keys', name: zone, type: types.DNSKEY, because }, { now, errors });
  const question = { name: zone, type: types.DNSKEY };
  if (!spend(search.budget, 'questions')) return end('bogus', `too much would have to be asked`);
  const heard = yield* hear(question);
  if (heard.kind === 'nothing') return end('unreachable', heard.because, heard.errors);
  const set = find(heard.answers, zone, types.DNSKEY);
  if (set === undefined || set.signatures.length === 0) {
    const shown = set === undefined ? 'no DNSKEY records' : 'DNSKEY records without RRSIG';
    if (naming.by === 'anchor') {
      const because = `the resolver gives no DNSSEC records: for ${showName(zone)}, of which keys are trusted, it has ${shown}`;
      return end('unreachable', because, heard.errors);
    }
    return end('bogus', `${showName(zone)} is signed as its DS says, and there are ${shown}`, heard.errors);
  }
  const zoneKeys = zoneKeysOf(set, sha1);
  const named = namedKeys(zone, zoneKeys, naming, search.budget);
  if (named === undefined)
    return end('bogus', `${showName(zone)} has more keys and DS than are worth the work`);
  if (named.length === 0) return end('bogus', mismatch(zone, naming));
  const check = yield* checkSet(set, { zone, keys: keysOf(zone, named), now }, search.budget);
  if (check.kind !== 'good' || check.encloser !== undefined) return end('bogus', unsigned(zone, set, check));
  const link: Link = {
    kind: 'keys',
    name: zone,
    type: types.DNSKEY,
    status: 'secure',
    because: `${showList(zoneKeys.map(({ key }) => showKey(key)))}: ${check.evidence}`,
  };
  return {
    kind: 'zone',
    zone,
    keys: keysOf(zone, zoneKeys),
    links: [...links, link],
    validity: check.validity,
    until: Math.min(naming.until, until(check.ttl, now)),
  };
}

function mismatch(zone: Name, { by, ds, keys }: Naming): string {
  const named = showList([...ds, ...keys].map(showKey));
  const who = by === 'anchor' ? 'the trust anchor' : 'the DS in the zone above';
  return `${showName(zone)} has no key that ${who} names: ${named}`;
}

function unsigned(zone: Name, set: RrSet, check: SetCheck): string {
  const fault = check.kind === 'good' ? 'their RRSIG is for a wildcard' : check.because;
  return `the ${set.data.length} DNSKEY records of ${showName(zone)} are not signed with a key that is trusted: ${fault}`;
}
