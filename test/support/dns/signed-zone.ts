/**
 * Zones signed by the tests' own reading of RFC 4034, RFC 5155 and RFC 8080: what an attack on the program's validation
 * starts from. Nothing of the program but names is used, so both would have to be wrong in the same way.
 */
import { createHash } from 'node:crypto';
import {
  childOf,
  compareNames,
  countLabels,
  isAtOrBelow,
  type Name,
  parentOf,
} from '../../../src/dns/name.ts';
import { type RecordType, type ResourceRecord, types } from '../../../src/dns/record.ts';
import { keyOutOf, signatureBy, type ZoneKey } from './keys.ts';
import { readName } from './name-text.ts';
import { encodeTypes } from './rdata-text.ts';
import { digestOf, keyTagOf, writeRrsig } from './rrsig.ts';
import { readRecords } from './zone-text.ts';

export interface Denial {
  readonly iterations: number;
  readonly optOut: boolean;
}

export interface ZonePlan {
  readonly name: string;
  /** Records with names relative to the zone; SOA is made, and DS of the zones below. */
  readonly text: string;
  /** `unsigned`; NSEC; or NSEC3. */
  readonly denial: 'unsigned' | 'nsec' | Denial;
  /** Seconds since 1970. */
  readonly inception: number;
  readonly expiration: number;
  readonly serial?: number;
}

export interface SignedZone {
  readonly apex: Name;
  readonly key: ZoneKey;
  readonly denial: ZonePlan['denial'];
  /** Everything in it, NSEC or NSEC3 and signatures too. */
  readonly records: readonly ResourceRecord[];
  /** Names that exist, empty non-terminals among them; not those of NSEC3. */
  readonly names: ReadonlySet<Name>;
  /** Signs records as the holder of the zone's key can: whatever they are, in the name of any zone. */
  readonly sign: (set: readonly ResourceRecord[], signer: Name) => ResourceRecord;
}

export const TTL = 3600;
/** Of NSEC, NSEC3 and the minimum of the SOA. */
export const NEGATIVE_TTL = 600;

/** Signs a zone; `children` are the zones below it, of which those that are signed get a DS. */
export function signZone(plan: ZonePlan, children: readonly SignedZone[]): SignedZone {
  const apex = readName(plan.name);
  const key = keyOutOf(plan.name, 15, 257);
  const sign: SignedZone['sign'] = (set, signer) => signSet(set, signer, key, plan);
  const soa = `@ SOA ns.invalid. host.invalid. ${plan.serial ?? 1} 1800 900 604800 ${NEGATIVE_TTL}`;
  const own = readRecords(`${soa}\n@ NS ns.invalid.\n${plan.text}`, { origin: apex, ttl: TTL });
  const names = new Set<Name>();
  for (const { name } of own) {
    for (let at = name; isAtOrBelow(at, apex); at = parentOf(at) ?? at) {
      if (names.has(at)) break;
      names.add(at);
    }
  }
  const zone = { apex, key, denial: plan.denial, names, sign };
  if (plan.denial === 'unsigned') return { ...zone, records: own };
  const ds = children.flatMap((child) => (child.denial === 'unsigned' ? [] : [dsOf(child)]));
  const keys = { name: apex, type: types.DNSKEY, ttl: TTL, data: key.data };
  const content = [...own, ...ds, keys];
  const chain = plan.denial === 'nsec' ? nsecChain(zone, content) : nsec3Chain(zone, plan.denial, content);
  const all = [...content, ...chain];
  const cuts = content.filter(({ name, type }) => type === types.NS && name !== apex).map(({ name }) => name);
  // Of a delegation the parent signs DS and denial only (RFC 4035 §2.2); glue stands below the cut.
  const signed = setsOf(all).filter(([{ name, type } = keys]) =>
    cuts.includes(name) ? type !== types.NS && !isAddress(type) : !cuts.some((cut) => isAtOrBelow(name, cut)),
  );
  return { ...zone, records: [...all, ...signed.map((set) => sign(set, apex))] };
}

export function dsOf(child: SignedZone): ResourceRecord {
  const digest = digestOf(child.apex, child.key.data, 2) ?? new Uint8Array();
  const tag = keyTagOf(child.key.data);
  const data = Buffer.concat([Uint8Array.of(tag >> 8, tag & 0xff, 15, 2), digest]);
  return { name: child.apex, type: types.DS, ttl: TTL, data };
}

/** Records by name and type, in the order in which they begin. */
export function setsOf(records: readonly ResourceRecord[]): ResourceRecord[][] {
  return [...Map.groupBy(records, ({ name, type }) => `${type} ${name}`).values()];
}

/** The hash of a name (RFC 5155 §5), with an empty salt. */
export function nsec3Hash(name: Name, iterations: number): Buffer {
  let hash: Uint8Array = Buffer.from(name, 'latin1');
  for (let left = iterations; left >= 0; left -= 1) hash = createHash('sha1').update(hash).digest();
  return Buffer.from(hash);
}

/** The owner of the NSEC3 record for a hash (RFC 5155 §3). */
export function nsec3Owner(hash: Buffer, apex: Name): Name {
  const bits = [...hash].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  const label = (bits.match(/.{5}/g) ?? []).map((five) => Number.parseInt(five, 2).toString(32)).join('');
  const owner = childOf(label, apex);
  if (owner === undefined) throw new Error('the apex is too long');
  return owner;
}

/** An RRSIG of a set by a key, in the name of a zone. */
export function signSet(
  set: readonly ResourceRecord[],
  signer: Name,
  key: ZoneKey,
  { inception, expiration }: Pick<ZonePlan, 'inception' | 'expiration'>,
): ResourceRecord {
  const [first] = set;
  if (first === undefined) throw new Error('nothing to sign');
  const { name, type, ttl } = first;
  const labels = countLabels(name) - (name.startsWith('\x01*') ? 1 : 0);
  const times = { inception, expiration };
  const fields = { covered: type, algorithm: 15, labels, originalTtl: ttl, ...times };
  const unsigned = { ...fields, keyTag: keyTagOf(key.data), signer, signature: new Uint8Array() };
  const data = writeRrsig({ ...unsigned, signature: signatureBy(key, unsigned, set) });
  return { name, type: types.RRSIG, ttl, data };
}

type Plain = Pick<SignedZone, 'apex' | 'names'>;

/** The types at a name as its denial lists them; undefined where it stands below a cut. */
function typesAt({ apex }: Plain, name: Name, content: readonly ResourceRecord[]): RecordType[] | undefined {
  const cuts = content.filter((one) => one.type === types.NS && one.name !== apex);
  if (cuts.some((cut) => cut.name !== name && isAtOrBelow(name, cut.name))) return undefined;
  const here = new Set(content.filter((one) => one.name === name).map(({ type }) => type));
  const isCut = cuts.some((cut) => cut.name === name);
  const listed = [...here].filter((type) => !isCut || type === types.NS || type === types.DS);
  return here.has(types.DS) || (here.size > 0 && !isCut) ? [...listed, types.RRSIG] : listed;
}

function nsecChain(zone: Plain, content: readonly ResourceRecord[]): ResourceRecord[] {
  const owners = [...new Set(content.map(({ name }) => name))]
    .filter((name) => typesAt(zone, name, content) !== undefined)
    .toSorted(compareNames);
  return owners.map((name, index) => {
    const next = owners[index + 1] ?? zone.apex;
    const list = [...new Set([...(typesAt(zone, name, content) ?? []), types.NSEC, types.RRSIG])];
    const data = Buffer.concat([Buffer.from(next, 'latin1'), encodeTypes(list)]);
    return { name, type: types.NSEC, ttl: NEGATIVE_TTL, data };
  });
}

function nsec3Chain(
  zone: Plain,
  { iterations, optOut }: Denial,
  content: readonly ResourceRecord[],
): ResourceRecord[] {
  const isUnsignedCut = (list: readonly RecordType[]): boolean => list.length === 1 && list[0] === types.NS;
  const hashed = [...zone.names]
    .flatMap((name) => {
      const list = typesAt(zone, name, content);
      return list === undefined || (optOut && isUnsignedCut(list))
        ? []
        : [{ hash: nsec3Hash(name, iterations), list }];
    })
    .toSorted((a, b) => Buffer.compare(a.hash, b.hash));
  return hashed.map(({ hash, list }, index) => {
    const next = hashed[(index + 1) % hashed.length]?.hash ?? hash;
    const head = Uint8Array.of(1, optOut ? 1 : 0, iterations >> 8, iterations & 0xff, 0, next.length);
    const data = Buffer.concat([head, next, encodeTypes(list)]);
    return { name: nsec3Owner(hash, zone.apex), type: types.NSEC3, ttl: NEGATIVE_TTL, data };
  });
}

function isAddress(type: RecordType): boolean {
  return type === types.A || type === types.AAAA;
}
