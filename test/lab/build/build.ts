/** Makes every zone of the table: keys, files, signatures, damage. */
import type { Signer, Zone } from '../zone.ts';
import type { Line } from './edits.ts';
import { makeKey } from './keys.ts';
import { keyFiles, signAll, type Unsigned } from './sign.ts';
import { dsOf, type Filling, type KeyedZone, servedText, zoneText } from './zone-text.ts';

/** The lab's zones, ready to be served. */
export interface Built {
  /** Zone files by the name of the zone. */
  readonly files: Readonly<Record<string, string>>;
  /** Keys of zones that their server signs, as BIND's files by their names, by the name of the zone. */
  readonly onlineKeys: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What a validator is to trust: the DS of the root, a line of a zone file. */
  readonly anchor: string;
}

/** What the same table is built for. */
export interface Place extends Filling {
  /** Seconds since 1970. */
  readonly now: number;
}

/** Makes keys, signs, and damages what is to be damaged. */
export async function buildZones(
  roots: Readonly<Record<Signer, string>>,
  zones: readonly Zone[],
  place: Place,
): Promise<Built> {
  const { now } = place;
  const all = await Promise.all(zones.map(withKeys));
  const texts = all.map((keyed) => ({ keyed, text: zoneText(keyed, place, all) }));
  const toSign = texts.flatMap(({ keyed, text }): Unsigned[] => {
    const { signing } = keyed.zone;
    if (signing === undefined) return [];
    const { by } = signing;
    return by === 'online' ? [] : [{ keyed, text, signing: { ...signing, by } }];
  });
  const signed = await signAll(roots, toSign, now);
  const linesOf = new Map([...signed].map(([{ keyed }, lines]) => [keyed, lines]));
  const files: Record<string, string> = {};
  for (const { keyed, text } of texts) {
    const lines = linesOf.get(keyed);
    files[keyed.zone.name] = lines === undefined ? text : servedText(damaged(keyed, lines, now));
  }
  const top = all.find(({ zone }) => zone.name === '.');
  if (top === undefined) throw new Error('the lab has no root');
  const online = all.filter(({ zone }) => zone.signing?.by === 'online');
  return {
    files,
    onlineKeys: Object.fromEntries(online.map((keyed) => [keyed.zone.name, keyFiles(keyed)])),
    anchor: dsOf(top)
      .map((ds) => `. IN DS ${ds}\n`)
      .join(''),
  };
}

async function withKeys(zone: Zone): Promise<KeyedZone> {
  const keys = await Promise.all((zone.signing?.keys ?? []).map((plan) => makeKey(zone.name, plan)));
  return { zone, keys, foreign: zone.foreignKeys?.(keys.map((key) => key.tag)) ?? [] };
}

function damaged({ zone, keys }: KeyedZone, lines: readonly Line[], now: number): readonly Line[] {
  const { name, edits = [] } = zone;
  return edits.reduce((left, edit) => edit({ name, lines: left, keys, now }), lines);
}
