/** Which choices there are of each facet, so that a table of levels that means none of them is found out. */
import { groups } from '../../tls/hello/groups.ts';
import { suites } from '../../tls/hello/suites.ts';
import { fits } from './levels.ts';
import type { Facet } from './profile.ts';

/** Curves of keys; those of signatures and exchanges that have a name of their own stand by themselves. */
const curves = [...groups.values()]
  .filter(
    ({ kind, name }) => kind === 'curve' && /^(?:sec[pt]|brainpool)/.test(name) && !name.endsWith('tls13'),
  )
  .map(({ name }) => name);

const names: Readonly<Record<Facet, readonly string[]>> = {
  version: ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
  suite: [...suites.values()].map(({ name }) => name),
  group: [...groups.values()].map(({ name }) => name),
  key: [...curves.map((curve) => `EC ${curve}`), 'Ed25519', 'Ed448', 'dsa'],
  signature: ['md2', 'md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'],
};

/** What has a size in place of a name, as `RSA>=3072` and `RSA 3072`. */
const sized: Readonly<Partial<Record<Facet, string>>> = { key: 'RSA', group: 'DH' };

/** The names that choices of a facet can have, without those that have a size. */
export function choiceNames(facet: Facet): readonly string[] {
  return names[facet];
}

/** What of a facet is told by its size: `RSA`; undefined where nothing is. */
export function sizedKind(facet: Facet): string | undefined {
  return sized[facet];
}

/** Whether a pattern of a table of levels means any choice that there can be. */
export function meansChoice(facet: Facet, pattern: string): boolean {
  const kind = sizedKind(facet);
  if (kind !== undefined) {
    const [, named = ''] = /^(.+?)(?:>=| )[1-9][0-9]{0,5}$/.exec(pattern) ?? [];
    if (named.toLowerCase() === kind.toLowerCase() || fits(`${kind} 2048`, pattern)) return true;
  }
  // A number that no registry has a name for is told as it is on the wire.
  if ((facet === 'suite' || facet === 'group') && /^0x[0-9a-f]{4}$/i.test(pattern)) return true;
  return !pattern.includes('>=') && names[facet].some((name) => fits(name, pattern));
}
