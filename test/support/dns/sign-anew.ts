/**
 * Scenarios that are signed with DSA, which is no longer validated (RFC 8624 §3.1), signed anew with keys that are.
 *
 * Every DSA key becomes an Ed25519 key and every RSA/SHA-1 key beside one an Ed448 key; each signature that was good
 * is made again by the new key, each that was not stays bad; DS records and trust anchors follow.
 */
import type { Name } from '../../../src/dns/name.ts';
import { type ResourceRecord, types } from '../../../src/dns/record.ts';
import { badSignature, type KeyAlgorithm, keyOutOf, signatureBy, type ZoneKey } from './keys.ts';
import { coveredBy, digestOf, isRrsig, isSignedBy, keyTagOf, readRrsig, writeRrsig } from './rrsig.ts';
import type { Entry, Scenario } from './scenario.ts';

/** One key, as it was and as it is. */
interface Renewed {
  readonly zone: Name;
  readonly old: Uint8Array;
  readonly now: ZoneKey;
}

/** Whether any key or DS of it is of DSA. */
export function usesDsa(scenario: Scenario): boolean {
  return recordsOf(scenario).some(
    ({ type, data }) =>
      (type === types.DNSKEY && newAlgorithm(data[3] ?? 0) === 15) ||
      (type === types.DS && newAlgorithm(data[2] ?? 0) === 15),
  );
}

/** The same scenario with other keys. Deterministic. */
export function signAnew(scenario: Scenario): Scenario {
  const known = new Map<string, Renewed>();
  for (const { name, data } of recordsOf(scenario).filter(({ type }) => type === types.DNSKEY)) {
    const algorithm = newAlgorithm(data[3] ?? 0);
    const id = `${name} ${Buffer.from(data).toString('hex')}`;
    if (algorithm !== undefined && !known.has(id)) known.set(id, renew(name, data, algorithm));
  }
  const keys = [...known.values()];
  const entry = (one: Entry): Entry => {
    const others = [...one.answers, ...one.authority, ...one.additional];
    const section = (own: readonly ResourceRecord[]): ResourceRecord[] => renewSection(keys, own, others);
    return {
      ...one,
      answers: section(one.answers),
      authority: section(one.authority),
      additional: section(one.additional),
    };
  };
  return {
    ...scenario,
    anchors: renewSection(keys, scenario.anchors, []),
    ranges: scenario.ranges.map((range) => ({ ...range, entries: range.entries.map(entry) })),
    steps: scenario.steps.map((step) => ({
      ...step,
      entry: step.entry === undefined ? undefined : entry(step.entry),
    })),
  };
}

function recordsOf({ anchors, ranges, steps }: Scenario): ResourceRecord[] {
  const entries = [...ranges.flatMap((range) => range.entries), ...steps.flatMap((step) => step.entry ?? [])];
  return [...anchors, ...entries.flatMap((one) => [...one.answers, ...one.authority, ...one.additional])];
}

function newAlgorithm(old: number): KeyAlgorithm | undefined {
  if (old === 3 || old === 6) return 15;
  return old === 5 ? 16 : undefined;
}

function renew(zone: Name, old: Uint8Array, algorithm: KeyAlgorithm): Renewed {
  return { zone, old, now: keyOutOf(old, algorithm, Buffer.from(old).readUInt16BE(0)) };
}

/** @param others where what a signature covers stands if it is not beside it. */
function renewSection(
  keys: readonly Renewed[],
  section: readonly ResourceRecord[],
  others: readonly ResourceRecord[],
): ResourceRecord[] {
  return section.map((record) => {
    if (!isRrsig(record)) return renewData(keys, record);
    const beside = coveredBy(record, section);
    return renewSignature(keys, record, beside.length > 0 ? beside : coveredBy(record, others));
  });
}

function renewData(keys: readonly Renewed[], record: ResourceRecord): ResourceRecord {
  const { name, type, data } = record;
  if (type === types.DNSKEY) {
    const key = keys.find(({ zone, old }) => zone === name && Buffer.compare(old, data) === 0);
    return key === undefined ? record : { ...record, data: key.now.data };
  }
  return type === types.DS ? { ...record, data: renewDs(keys, name, Buffer.from(data)) } : record;
}

/** A DS that fitted a key fits the new one; one that fitted none gets the new algorithm and fits none. */
function renewDs(keys: readonly Renewed[], owner: Name, old: Buffer): Uint8Array {
  const digestType = old.readUInt8(3);
  const key = keys.find(
    (one) => one.zone === owner && digestOf(owner, one.old, digestType)?.equals(old.subarray(4)) === true,
  );
  const algorithm = newAlgorithm(old.readUInt8(2));
  const ds = Buffer.from(old);
  if (algorithm !== undefined) ds.writeUInt8(algorithm, 2);
  const digest = key === undefined ? undefined : digestOf(owner, key.now.data, digestType);
  if (key === undefined || digest === undefined) return ds;
  ds.writeUInt16BE(keyTagOf(key.now.data), 0);
  return Buffer.concat([ds.subarray(0, 4), digest]);
}

function renewSignature(
  keys: readonly Renewed[],
  record: ResourceRecord,
  set: readonly ResourceRecord[],
): ResourceRecord {
  const old = readRrsig(record.data);
  const algorithm = newAlgorithm(old.algorithm);
  if (algorithm === undefined) return record;
  const candidates = keys.filter(
    (one) => one.zone === old.signer && one.old[3] === old.algorithm && keyTagOf(one.old) === old.keyTag,
  );
  const good = set.length > 0 ? candidates.find((one) => isSignedBy(one.old, old, set)) : undefined;
  const key = good ?? candidates[0];
  const fields = { ...old, algorithm, keyTag: key === undefined ? old.keyTag : keyTagOf(key.now.data) };
  const now = set.map((one) => renewData(keys, one));
  const signature = good === undefined ? badSignature(algorithm) : signatureBy(good.now, fields, now);
  return { ...record, data: writeRrsig({ ...fields, signature }) };
}
