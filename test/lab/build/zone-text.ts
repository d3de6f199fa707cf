/** Zone files: from the table to what a signer reads, and from what it writes to records. */
import { at, type DsPlan, type ServerName, type Zone } from '../zone.ts';
import type { Line } from './edits.ts';
import { type Key, showDnskey, showDs } from './keys.ts';

/** Where each server of zones is, by the last number of its address. */
export const serverAddresses: Readonly<Record<ServerName, number>> = {
  root: 10,
  tld: 11,
  'tld-knot': 12,
  leaf: 13,
  'leaf-knot': 14,
  below: 15,
};

/** The lab's name for the host of the root zone. */
const ROOT_SERVER = 'a.root';

/** A zone with the keys that were made for it. */
export interface KeyedZone {
  readonly zone: Zone;
  readonly keys: readonly Key[];
  /** RDATA of keys that nobody has the private part of. */
  readonly foreign: readonly Buffer[];
}

/** What stands for the marks in the table. */
export interface Filling {
  /** The first three numbers of the lab's addresses: `127.80.0`. */
  readonly net: string;
  /** TLSA data by its mark: `<postfix key>`. */
  readonly tlsa: ReadonlyMap<string, string>;
}

/**
 * The zone file of one zone.
 *
 * @param all every zone of the lab, for the delegations.
 */
export function zoneText(
  { zone, keys, foreign }: KeyedZone,
  { net, tlsa }: Filling,
  all: readonly KeyedZone[],
): string {
  const server = zone.name === '.' ? ROOT_SERVER : 'ns';
  const { host = server } = zone;
  const published = zone.signing?.by === 'online' ? [] : [...keys.map((key) => key.rdata), ...foreign];
  return [
    `$ORIGIN ${absolute(zone.name)}`,
    '$TTL 300',
    `@ SOA ${host} hostmaster 1 3600 600 1209600 60`,
    `@ NS ${host}`,
    ...(zone.host === undefined ? [`${server} A ${net}.${serverAddresses[zone.server]}`] : []),
    ...zone.records,
    ...published.map((rdata) => `@ DNSKEY ${showDnskey(rdata)}`),
    ...all.filter((other) => parentOf(other.zone, all)?.zone === zone).flatMap(delegation),
    '',
  ]
    .join('\n')
    .replaceAll(/\$(\d+)\b/g, `${net}.$1`)
    .replaceAll(/\$r(\d+)\b/g, `$1.${net.split('.').slice(1).toReversed().join('.')}`)
    .replaceAll(/<[a-z]+ [a-z]+>/g, (mark) => tlsa.get(mark) ?? mark);
}

function delegation({ zone, keys }: KeyedZone): string[] {
  const name = absolute(zone.name);
  return [
    `${name} NS ${zone.host ?? `ns.${name}`}`,
    ...(zone.host === undefined ? [`ns.${name} A $${serverAddresses[zone.server]}`] : []),
    ...dsOf({ zone, keys }).map((ds) => `${name} DS ${ds}`),
  ];
}

/** RDATA of the DS records that belong to a zone's keys. */
export function dsOf({ zone, keys }: Pick<KeyedZone, 'zone' | 'keys'>): string[] {
  const plans: readonly DsPlan[] = zone.ds ?? (keys.length === 0 ? [] : [{ digest: 2 }]);
  return plans.map((plan) => {
    const key = keys[plan.key ?? 0];
    if (key === undefined) throw new Error(`${zone.name} has no key for its DS`);
    return showDs(zone.name, key, plan);
  });
}

/** The zone that delegates to this one; undefined for the root. */
function parentOf(zone: Zone, all: readonly KeyedZone[]): KeyedZone | undefined {
  if (zone.name === '.') return undefined;
  const labels = zone.name.split('.');
  for (let from = 1; from <= labels.length; from += 1) {
    const name = labels.slice(from).join('.') || '.';
    const found = all.find((other) => other.zone.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function absolute(name: string): string {
  return name === '.' ? '.' : `${name}.`;
}

/** Reads what a signer wrote: one record on a line, owner and TTL on each. */
export function readSigned(text: string): Line[] {
  const lines: Line[] = [];
  for (const line of text.split('\n')) {
    const found = /^([^\s;]\S*)\s+(\d+)\s+(?:IN\s+)?([A-Z][A-Z0-9]*)\s+(.*)$/.exec(line);
    if (found === null) continue;
    const [, owner = '', ttl = '', type = '', data = ''] = found;
    lines.push({
      owner: owner === '.' ? '.' : owner.replace(/\.$/, ''),
      ttl: Number(ttl),
      type,
      // Signers note what a record means behind it; only text may hold a semicolon.
      data: data.includes('"')
        ? data
        : data
            .replace(/\s*;.*$/, '')
            .replaceAll(/\s+/g, ' ')
            .trim(),
    });
  }
  return lines;
}

/** The zone file of a zone that is ready to be served. */
export function servedText(lines: readonly Line[]): string {
  // The SOA comes first: servers want to know the zone before they read it.
  const sorted = [
    ...lines.filter((line) => line.type === 'SOA'),
    ...lines.filter((line) => line.type !== 'SOA'),
  ];
  return sorted
    .map(({ owner, ttl, type, data }) => `${absolute(owner)} ${ttl} IN ${type} ${data}\n`)
    .join('');
}

/** A name below a zone, absolute: for lines that are written by hand. */
export function absoluteAt(label: string, zone: string): string {
  return absolute(at(label, zone));
}
