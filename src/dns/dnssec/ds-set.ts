/** What a DS set says of a zone. RFC 4035 §5.2, RFC 6840 §5.2. */
import { showName } from '../name.ts';
import { type Ds, readDs } from '../records.ts';
import type { RrSet } from '../rrset.ts';
import { showList } from '../show.ts';
import { showAlgorithm } from './algorithms.ts';
import { showDigestType, usableDs } from './digest.ts';

export type DsSet =
  | { readonly kind: 'usable'; readonly ds: readonly Ds[] }
  /** Only algorithms or digests that are not supported here: the zone is as good as unsigned. */
  | { readonly kind: 'unsupported'; readonly because: string }
  | { readonly kind: 'malformed'; readonly because: string };

export function readDsSet({ name, data }: RrSet, sha1: boolean): DsSet {
  const read = data.map(readDs);
  const whole = read.filter((ds) => ds !== undefined);
  const ds = usableDs(whole, sha1);
  if (ds.length > 0) return { kind: 'usable', ds };
  if (whole.length < read.length)
    return { kind: 'malformed', because: `the DS of ${showName(name)} is malformed` };
  const kinds = new Set(
    whole.map(
      ({ algorithm, digestType }) => `${showAlgorithm(algorithm)} with ${showDigestType(digestType)}`,
    ),
  );
  const because = `${showName(name)} is signed only in ways that are not supported here: ${showList([...kinds])}`;
  return { kind: 'unsupported', because };
}
