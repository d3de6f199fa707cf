/** Makes every zone of the table: keys, files, signatures, damage. */
import type { Signer, Zone } from '../zone.ts';
import type { Line } from './edits.ts';
import { makeKey } from './keys.ts';
import { signAll } from './sign.ts';
import { dsOf, type KeyedZone, servedText, zoneText } from './zone-text.ts';

/** The lab's zones, ready to be served. */
export interface Built {
  /** Zone files by the name of the zone. */
  readonly files: ReadonlyMap<string, string>;
  /** What a validator is to trust: the DS of the root, a line of a zone file. */
  readonly anchor: string;
}

/** @param net the first three numbers of the lab's addresses: `127.80.0`. */
export async function buildZones(
  roots: Readonly<Record<Signer, string>>,
  zones: readonly Zone[],
  net: string,
  now: number,
): Promise<Built> {
  const all = await Promise.all(zones.map(withKeys));
  const texts = all.map((keyed) => ({ keyed, text: zoneText(keyed, net, all) }));
  const toSign = texts.flatMap(({ keyed, text }) =>
    keyed.zone.signing === undefined ? [] : [{ keyed, text, signing: keyed.zone.signing }],
  );
  const signed = await signAll(roots, toSign, now);
  const linesOf = new Map([...signed].map(([{ keyed }, lines]) => [keyed, lines]));
  const files = new Map<string, string>();
  for (const { keyed, text } of texts) {
    const lines = linesOf.get(keyed);
    files.set(keyed.zone.name, lines === undefined ? text : servedText(damaged(keyed, lines, now)));
  }
  const top = all.find(({ zone }) => zone.name === '.');
  if (top === undefined) throw new Error('the lab has no root');
  return {
    files,
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
