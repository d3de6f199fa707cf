/** Compares what two programs say of one server, fact by fact. */
import { hasTls, type Listed, type Sighting, type Verified, type VersionName } from './sighting.ts';

export type Kind = 'tls' | 'version' | 'suite' | 'group' | 'certificate' | 'verified';

/** One fact in which they do not agree. */
export interface Difference {
  readonly kind: Kind;
  /** `TLSv1.2 TLS_RSA_WITH_NULL_SHA`, `TLSv1`, `x25519`, … */
  readonly what: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface Comparison {
  /** Facts that both speak of. */
  readonly compared: Readonly<Record<Kind, number>>;
  readonly differences: readonly Difference[];
}

/** A fact that only one of them speaks of is none that they could differ in. */
export function compare(ours: Sighting, theirs: Sighting): Comparison {
  const parts: Readonly<Record<Kind, Part>> = {
    tls: truths([['TLS', hasTls(ours), hasTls(theirs)]]),
    version: truths(
      [...theirs.versions].flatMap(([name, said]): Truth[] => {
        const own = ours.versions.get(name);
        return own === undefined ? [] : [[name, own, said]];
      }),
    ),
    suite: together(bothOf(ours, theirs).map(([name, own, other]) => lists(own, other, `${name} `))),
    group: lists(ours.groups, theirs.groups),
    certificate: lists(ours.certificates, theirs.certificates),
    verified: verdicts(ours.verified, theirs.verified),
  };
  const kinds = Object.entries(parts) as [Kind, Part][];
  return {
    compared: Object.fromEntries(kinds.map(([kind, { count }]) => [kind, count])) as Record<Kind, number>,
    differences: kinds.flatMap(([kind, { differing }]) => differing.map((one) => ({ kind, ...one }))),
  };
}

interface Part {
  readonly count: number;
  readonly differing: readonly Omit<Difference, 'kind'>[];
}

type Truth = readonly [what: string, ours: boolean, theirs: boolean];

function truths(list: readonly Truth[]): Part {
  const word = (one: boolean): string => (one ? 'yes' : 'no');
  return {
    count: list.length,
    differing: list
      .filter(([, ours, theirs]) => ours !== theirs)
      .map(([what, ours, theirs]) => ({ what, ours: word(ours), theirs: word(theirs) })),
  };
}

/** Versions that both have found; what else there is to say of versions is said of these. */
function bothOf(ours: Sighting, theirs: Sighting): readonly [VersionName, Listed, Listed][] {
  return [...ours.suites].flatMap(([name, own]): [VersionName, Listed, Listed][] => {
    const other = theirs.suites.get(name);
    return other === undefined ? [] : [[name, own, other]];
  });
}

/** What one has named, where the other one has named all that there is. */
function lists(ours: Listed, theirs: Listed, prefix = ''): Part {
  const named = [...new Set([...ours.items, ...theirs.items])];
  const speaks = (one: Listed, item: string): boolean => one.whole || one.items.has(item);
  const common = named.filter((item) => speaks(ours, item) && speaks(theirs, item));
  return truths(common.map((item) => [`${prefix}${item}`, ours.items.has(item), theirs.items.has(item)]));
}

function together(parts: readonly Part[]): Part {
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    differing: parts.flatMap(({ differing }) => differing),
  };
}

/** Where both say no, one reason of both has to be the same, as most programs tell the first one only. */
function verdicts(ours: Verified, theirs: Verified): Part {
  if (ours.kind === 'unsaid' || theirs.kind === 'unsaid') return { count: 0, differing: [] };
  const isSame =
    ours.kind === 'no' && theirs.kind === 'no'
      ? theirs.faults.some((fault) => ours.faults.includes(fault))
      : ours.kind === theirs.kind;
  const differing = isSame
    ? []
    : [{ what: 'certificate', ours: showVerdict(ours), theirs: showVerdict(theirs) }];
  return { count: 1, differing };
}

export function showVerdict(verified: Verified): string {
  return verified.kind === 'no' ? `no (${verified.faults.join(', ')})` : verified.kind;
}
