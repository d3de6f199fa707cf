/** The keys of a zone, as the zone and the one above have them. RFC 4034 §5, RFC 4035 §5.2, RFC 9276. */
import { showAlgorithm } from '../../dns/dnssec/algorithms.ts';
import { digestOf, isDigestOf, showDigestType } from '../../dns/dnssec/digest.ts';
import { nameOf } from '../../dns/name.ts';
import { types } from '../../dns/record.ts';
import { type Dnskey, type Ds, readDnskey, readDs, readNsec3Param } from '../../dns/records.ts';
import { type Domain, parseDomain } from '../../names/domain.ts';
import type { PolicyLookUp } from '../../policies/look-ups.ts';
import { askFor, showAnswer, zoneFinding, zoneLine } from '../ask.ts';
import type { Remedy } from '../check.ts';
import type { Finding, FindingScope } from '../finding.ts';

/** Names above that are asked whether they are the zone's. */
const MOST_ABOVE = 10;
/** Keys and DS that are compared: more are no zone's. */
const MOST_KEYS = 16;
const SHA256 = 2;
/** RFC 9276 §3.2: from here on validators need not take it into account. */
const MOST_ITERATIONS = 100;
/** Algorithms that sign with SHA-1. */
const SHA1_ALGORITHMS: ReadonlySet<number> = new Set([5, 7]);
const SHA1_DIGEST = 1;

/** The zone that a name is in: the closest name with an SOA, proven or not; undefined where nobody says. */
export function* apexOf(name: Domain): PolicyLookUp<Domain | undefined> {
  const labels = name.split('.');
  for (let from = 0; from < Math.min(labels.length, MOST_ABOVE); from += 1) {
    const at = parseDomain(labels.slice(from).join('.'));
    if (at.kind !== 'ok') return undefined;
    const answer = yield* askFor(at.value, types.SOA);
    if (answer.aliases.length > 0) continue;
    if (answer.kind === 'found' || (answer.kind === 'unknown' && answer.unproven.length > 0)) return at.value;
  }
  return undefined;
}

interface Key {
  readonly key: Dnskey;
  readonly rdata: Uint8Array;
}

function keysIn(records: readonly Uint8Array[]): readonly Key[] {
  return records.slice(0, MOST_KEYS).flatMap((rdata) => {
    const key = readDnskey(rdata);
    return key === undefined ? [] : [{ key, rdata }];
  });
}

function dsIn(records: readonly Uint8Array[]): readonly Ds[] {
  return records.slice(0, MOST_KEYS).flatMap((rdata) => readDs(rdata) ?? []);
}

function isOf(ds: Ds, { key, rdata }: Key, zone: Domain): boolean {
  return ds.keyTag === key.keyTag && ds.algorithm === key.algorithm && isDigestOf(ds, nameOf(zone), rdata);
}

/** A key with the mark of an entry point, or any where none has it (RFC 4034 §2.1.1). */
function entryKeys(keys: readonly Key[]): readonly Key[] {
  const marked = keys.filter(({ key }) => (key.flags & 0x0181) === 0x0101);
  return (marked.length > 0 ? marked : keys).slice(0, 4);
}

/** The DS of the zone's keys, to be handed to the registrar. */
function dsRemedy(zone: Domain, keys: readonly Key[], order: string): Remedy {
  const lines = entryKeys(keys).flatMap(({ key, rdata }) => {
    const digest = digestOf(SHA256, nameOf(zone), rdata);
    if (digest === undefined) return [];
    const hex = Buffer.from(digest).toString('hex').toUpperCase();
    return [zoneLine(`${zone}. IN DS ${key.keyTag} ${key.algorithm} ${SHA256} ${hex}`)];
  });
  return { who: 'registrar', do: order, lines, verify: `dig +short ${zone} DS` };
}

/** Whether it is the DS that makes a zone bogus. @returns undefined where the zone does not show its keys. */
export function* brokenZoneFindings(zone: Domain, scope: FindingScope): PolicyLookUp<Finding | undefined> {
  const above = yield* askFor(zone, types.DS);
  const own = yield* askFor(zone, types.DNSKEY);
  if (above.kind !== 'found' || above.status !== 'secure' || own.kind === 'absent') return undefined;
  const keys = keysIn(own.kind === 'found' ? own.records : own.unproven);
  if (keys.length === 0) return undefined;
  const all = dsIn(above.records);
  const fits = all.some((ds) => keys.some((key) => isOf(ds, key, zone)));
  const named = keys.map(({ key }) => `${key.keyTag} (${showAlgorithm(key.algorithm)})`).slice(0, 8);
  const evidence = [...showAnswer(above).slice(0, 4), `the keys that ${zone} shows are ${named.join(', ')}`];
  if (fits) return zoneFinding('dnssec.ds-mismatch', 'pass', { scope, evidence });
  const order = `If the keys of ${zone} are the right ones, replace its DS records by these.`;
  return zoneFinding('dnssec.ds-mismatch', 'fail', { scope, evidence, fix: [dsRemedy(zone, keys, order)] });
}

/** Of a zone that is unsigned for others: whether it has keys, and only the DS is missing. */
export function* islandFindings(zone: Domain, scope: FindingScope): PolicyLookUp<Finding[]> {
  const own = yield* askFor(zone, types.DNSKEY);
  if (own.kind !== 'found') return [];
  const above = yield* askFor(zone, types.DS);
  const keys = keysIn(own.records);
  const evidence = [...showAnswer(own).slice(0, 3), ...showAnswer(above).slice(0, 3)];
  if (above.kind === 'absent') {
    const order = `Hand in the DS record of ${zone}.`;
    return [zoneFinding('dnssec.island', 'warn', { scope, evidence, fix: [dsRemedy(zone, keys, order)] })];
  }
  // A DS that nobody understands (RFC 4035 §5.2): as if it were not there, and not for want of one.
  if (above.kind !== 'found') return [];
  const order = `Replace the DS records of ${zone}, which no resolver understands, by these.`;
  return [
    zoneFinding('dnssec.island', 'pass', { scope, evidence }),
    zoneFinding('dnssec.alg-weak', 'warn', {
      scope,
      evidence,
      why: 'Resolvers do not know the algorithm or the digest of the DS record: the zone is unsigned for them.',
      fix: [dsRemedy(zone, keys, order)],
    }),
  ];
}

/** Of a zone that is secure: whether it will be tomorrow. */
export function* strengthFindings(zone: Domain, scope: FindingScope): PolicyLookUp<Finding[]> {
  const above = yield* askFor(zone, types.DS);
  const params = yield* askFor(zone, types.NSEC3PARAM);
  const found: Finding[] = [];
  if (above.kind === 'found') {
    const all = dsIn(above.records);
    const evidence = showAnswer(above);
    const matched = zoneFinding('dnssec.ds-mismatch', 'pass', { scope, evidence });
    const weak = [
      ...(all.every(({ digestType }) => digestType === SHA1_DIGEST)
        ? [`every DS of ${zone} has a digest of ${showDigestType(SHA1_DIGEST)}`]
        : []),
      ...(all.every(({ algorithm }) => SHA1_ALGORITHMS.has(algorithm))
        ? [`every key that a DS of ${zone} names signs with SHA-1`]
        : []),
    ];
    const state = weak.length > 0 ? 'warn' : 'pass';
    found.push(matched, zoneFinding('dnssec.alg-weak', state, { scope, evidence: [...evidence, ...weak] }));
  }
  if (params.kind === 'unknown') return found;
  const rounds =
    params.kind === 'found'
      ? Math.max(...params.records.map((data) => readNsec3Param(data)?.iterations ?? 0))
      : 0;
  const state = rounds > 0 ? 'warn' : 'pass';
  const severity = rounds > 0 && rounds <= MOST_ITERATIONS ? { severity: 'low' as const } : {};
  return [
    ...found,
    zoneFinding('dnssec.nsec3-iterations', state, { scope, evidence: showAnswer(params), ...severity }),
  ];
}
