/** Aliases: where a CNAME or DNAME in an answer leads. RFC 1034 §3.6.2, RFC 6672. */
import { isAtOrBelow, MAX_NAME_OCTETS, type Name, showName } from '../name.ts';
import { type RecordType, types } from '../record.ts';
import { readName } from '../records.ts';
import type { RrSet } from '../rrset.ts';
import { find } from './asking.ts';

export type AliasStep =
  | { readonly kind: 'none' }
  /** What is asked for at a name is to be found at `to`, as `set` says; its signatures are not checked. */
  | { readonly kind: 'alias'; readonly by: 'CNAME' | 'DNAME'; readonly set: RrSet; readonly to: Name }
  /** Leads nowhere: a sentence without its full stop. */
  | {
      readonly kind: 'broken';
      readonly by: 'CNAME' | 'DNAME';
      readonly set: RrSet;
      readonly because: string;
    };

/**
 * The alias that applies to a name in an answer.
 *
 * A DNAME above comes first: then a CNAME at the name is what the server made of it. It has to be the same, and needs
 * neither signature nor TTL (RFC 6672 §5.3.1). A question for CNAME is answered by one at the name.
 */
export function aliasAt(sets: readonly RrSet[], name: Name, type: RecordType): AliasStep {
  const cname = find(sets, name, types.CNAME);
  const dname = closestDname(sets, name);
  if (dname !== undefined) return byDname(dname, cname, name);
  if (cname === undefined || type === types.CNAME) return { kind: 'none' };
  const to = onlyName(cname);
  if (to === undefined) return broken('CNAME', cname, `${showName(name)} has not exactly one CNAME`);
  return { kind: 'alias', by: 'CNAME', set: cname, to };
}

function byDname(dname: RrSet, cname: RrSet | undefined, name: Name): AliasStep {
  const target = onlyName(dname);
  const owner = showName(dname.name);
  if (target === undefined) return broken('DNAME', dname, `${owner} has not exactly one DNAME`);
  const whole = `${name.slice(0, name.length - dname.name.length)}${target}`;
  // Then a server answers YXDOMAIN (RFC 6672 §2.2).
  if (whole.length > MAX_NAME_OCTETS)
    return broken('DNAME', dname, `the DNAME at ${owner} makes a name that is too long of ${showName(name)}`);
  const to = whole as Name;
  if (cname !== undefined && onlyName(cname) !== to)
    return broken(
      'DNAME',
      dname,
      `the CNAME at ${showName(name)} is not what the DNAME at ${owner} makes of it`,
    );
  return { kind: 'alias', by: 'DNAME', set: dname, to };
}

function broken(by: 'CNAME' | 'DNAME', set: RrSet, because: string): AliasStep {
  return { kind: 'broken', by, set, because };
}

/** "The owner name of a DNAME is not redirected itself" (RFC 6672 §2.3). */
function closestDname(sets: readonly RrSet[], name: Name): RrSet | undefined {
  return sets
    .filter((set) => set.type === types.DNAME && set.name !== name && isAtOrBelow(name, set.name))
    .toSorted((a, b) => b.name.length - a.name.length)[0];
}

function onlyName({ data }: RrSet): Name | undefined {
  return data.length === 1 && data[0] !== undefined ? readName(data[0]) : undefined;
}
