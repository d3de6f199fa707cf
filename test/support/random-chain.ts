/** Chains of certificates at random, most of them with something wrong, and the trust anchor that they should lead to. */
import { der, dns } from '../unit/tls/forge.ts';
import * as make from './chains.ts';

export interface RandomChain {
  /** What is special about it, for whoever has to find out. */
  readonly story: readonly string[];
  /** What a server would present, its own first. */
  readonly presented: readonly Buffer[];
  /** The certificate that vouches, or should, for what is below it; not always presented. */
  readonly anchor: Buffer;
  readonly anchorSpki: Buffer;
}

/** @returns 0 to 1, as Math.random. The same seed gives the same numbers (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const host = 'mx.example.test';

interface Oddity {
  readonly name: string;
  readonly spec: (specs: {
    readonly names: Buffer;
    readonly isLeaf: boolean;
  }) => Partial<make.CertificateSpec>;
}

const directory = (cn: string): Buffer => der(0xa4, make.distinguishedName(cn));
const constrained = (
  name: string,
  permitted: readonly Buffer[],
  excluded: readonly Buffer[] = [],
): Oddity => ({
  name,
  spec: ({ isLeaf, names }) => ({
    extensions: [...(isLeaf ? [names] : make.authority), make.nameConstraints(permitted, excluded)],
  }),
});

const oddities: readonly Oddity[] = [
  { name: 'expired', spec: () => ({ notAfter: make.now - make.aDay / 2 }) },
  { name: 'not yet valid', spec: () => ({ notBefore: make.now + make.aDay / 2 }) },
  {
    name: 'no extensions',
    spec: ({ isLeaf, names }) => (isLeaf ? { extensions: [names] } : { extensions: [] }),
  },
  { name: 'CA:FALSE', spec: ({ names }) => ({ extensions: [make.basicConstraints(false), names] }) },
  { name: 'CA:TRUE', spec: ({ names }) => ({ extensions: [make.basicConstraints(true), names] }) },
  {
    name: 'CA without basicConstraints',
    spec: ({ names }) => ({ extensions: [make.keyUsage(0x06), names] }),
  },
  {
    name: 'no keyCertSign',
    spec: ({ names }) => ({ extensions: [make.basicConstraints(true), make.keyUsage(0x82), names] }),
  },
  {
    name: 'pathLen 0',
    spec: ({ names }) => ({ extensions: [make.basicConstraints(true, 0), make.keyUsage(0x84), names] }),
  },
  {
    name: 'pathLen 1',
    spec: ({ names }) => ({ extensions: [make.basicConstraints(true, 1), make.keyUsage(0x84), names] }),
  },
  ...(
    [
      ['clientAuth', [2]],
      ['serverAuth', [1]],
      ['anyExtendedKeyUsage', [0]],
      ['both purposes', [2, 1]],
    ] as const
  ).map(([name, purposes]) => ({
    name,
    spec: ({ isLeaf, names }: { isLeaf: boolean; names: Buffer }): Partial<make.CertificateSpec> => ({
      extensions: [...(isLeaf ? [names] : make.authority), make.extendedKeyUsage(...purposes)],
    }),
  })),
  {
    name: 'unknown critical extension',
    spec: ({ isLeaf, names }) => ({
      extensions: [...(isLeaf ? [names] : make.authority), make.unknownExtension(true)],
    }),
  },
  {
    name: 'unknown extension',
    spec: ({ isLeaf, names }) => ({
      extensions: [...(isLeaf ? [names] : make.authority), make.unknownExtension(false)],
    }),
  },
  { name: 'SHA-1', spec: () => ({ signing: 'sha1' }) },
  { name: 'SHA-384', spec: () => ({ signing: 'sha384' }) },
  { name: 'signed by somebody else', spec: () => ({ signedBy: make.party('Mallory') }) },
  { name: 'version 1', spec: () => ({ version: 1 }) },
  constrained('permits its names', [dns('example.test'), directory(host)]),
  constrained('permits other names', [dns('example.org')]),
  constrained('permits names below it', [dns('.example.test')]),
  constrained('permits names below the host only', [dns(`.${host}`)]),
  constrained('excludes other names', [], [dns('example.org')]),
  constrained('excludes its names', [], [dns('example.test')]),
  constrained('excludes its directory name', [], [directory(host)]),
  constrained('permits another directory name', [directory('Somebody Else')]),
];

const kinds: readonly make.KeyKind[] = [
  'p256',
  'p256',
  'p256',
  'p384',
  'ed25519',
  'rsa2048',
  'rsa1024',
  'rsa768',
];

/** Makes a chain of up to three authorities above a server. */
export function randomChain(random: () => number, oddness: number): RandomChain {
  const pick = <Item>(items: readonly Item[]): Item => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  const story: string[] = [];
  const odd = (who: string, isLeaf: boolean): Partial<make.CertificateSpec> => {
    if (random() >= oddness) return {};
    const oddity = pick(oddities);
    story.push(`${who}: ${oddity.name}`);
    return oddity.spec({ names: make.hostNames(host), isLeaf });
  };
  const kindOf = (who: string): make.KeyKind => {
    const kind = random() < 0.2 ? pick(kinds) : 'p256';
    if (kind !== 'p256') story.push(`${who}: ${kind}`);
    return kind;
  };
  const levels = 1 + Math.floor(random() * 3);
  const authorities = Array.from({ length: levels }, (_, at) =>
    make.party(`Authority ${at}`, kindOf(`authority ${at}`)),
  );
  const leaf = make.party(host, kindOf('leaf'));
  const certificates = authorities.map((one, at) =>
    make.certify(one, authorities[at - 1] ?? one, {
      extensions: make.authority,
      ...odd(`authority ${at}`, false),
    }),
  );
  const above = authorities.at(-1) ?? leaf;
  const own = make.certify(leaf, above, { extensions: make.server(host), ...odd('leaf', true) });
  // The root is the anchor, or an authority below it.
  const anchorAt = random() < 0.6 ? 0 : Math.floor(random() * levels);
  if (anchorAt > 0) story.push(`the anchor is authority ${anchorAt}`);
  const others = certificates.toReversed().filter((_, at) => {
    const kept = random() < 0.9;
    if (!kept) story.push(`authority ${levels - 1 - at} is not presented`);
    return kept;
  });
  if (random() < 0.2) {
    story.push('the wrong order, and one twice');
    others.reverse();
    others.push(pick(certificates));
  }
  if (random() < 0.1) {
    story.push('a stranger among them');
    const stranger = make.party('Stranger');
    others.unshift(make.certify(stranger, stranger, { extensions: make.authority }));
  }
  return {
    story,
    presented: [own, ...others],
    anchor: certificates[anchorAt] ?? own,
    anchorSpki: make.spkiOf(authorities[anchorAt] ?? leaf),
  };
}
