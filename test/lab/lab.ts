/** A small internet on the loopback network: signed zones, their servers, resolvers, and who asks them. */
import { writeFile } from 'node:fs/promises';
import { openSandbox } from '../peers/support/sandbox.ts';
import type { Server } from '../peers/support/server.ts';
import { type Authorities, startAuthorities } from './authorities.ts';
import { keptZones } from './build/kept.ts';
import { type Dug, digAll, verdicts } from './dig.ts';
import { takeNet } from './net.ts';
import type { Question, Verdict } from './question.ts';
import { type ResolverKind, resolverAddresses, startUnbound } from './resolvers.ts';
import { zones } from './zones.ts';

/** The sets of packages that a lab is made of. */
export const labPeers = ['bind', 'knot', 'ldns', 'nsd', 'unbound'] as const;

/** The roots of those sets. */
export type LabRoots = Readonly<Record<(typeof labPeers)[number], string>>;

/** Where something listens. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A lab that runs. */
export interface Lab {
  /** What to trust: DS lines, and a file with them. */
  readonly anchor: string;
  readonly anchorFile: string;
  /** unbound, which validates from that anchor on. */
  readonly resolver: Endpoint;
  readonly resolvers: Readonly<Record<ResolverKind, Endpoint>>;
  readonly authorities: Authorities;
  /** The address of the lab that ends with this number; 100 to 199 are nobody's. */
  readonly address: (last: number) => string;
  /** Asks by dig, with DO. */
  readonly dig: (name: string, type: string, options?: DigOptions) => Promise<Dug>;
  /** What unbound finds of each question. */
  readonly verdicts: (questions: readonly Question[]) => Promise<Verdict[]>;
  readonly close: () => Promise<void>;
}

/** Whom dig asks, by default the validating resolver, and how: `+cd`, `+tcp`. */
export interface DigOptions {
  readonly resolver?: ResolverKind;
  readonly more?: readonly string[];
}

const kinds: readonly ResolverKind[] = ['validating', 'plain', 'stripping'];

/** Brings a lab up. */
export async function startLab(roots: LabRoots): Promise<Lab> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).toReversed()) await one();
  };
  try {
    const net = await takeNet();
    opened.push(net.close);
    const { files, anchor } = await keptZones(roots, zones, net.prefix);
    const authorities = await startAuthorities(roots, net, zones, files);
    opened.push(authorities.close);
    for (const kind of kinds) {
      const resolver: Server = await startUnbound(roots.unbound, net, kind, anchor);
      opened.push(resolver.sandbox.close);
    }
    const asking = await openSandbox(roots.bind);
    opened.push(asking.close);
    const anchorFile = asking.path('/peer/anchor');
    await writeFile(anchorFile, anchor);
    const endpoint = (kind: ResolverKind): Endpoint => ({
      address: net.address(resolverAddresses[kind]),
      port: 53,
    });
    const resolvers = {
      validating: endpoint('validating'),
      plain: endpoint('plain'),
      stripping: endpoint('stripping'),
    };
    return {
      anchor,
      anchorFile,
      resolver: resolvers.validating,
      resolvers,
      authorities,
      address: net.address,
      async dig(name, type, { resolver = 'validating', more = [] } = {}) {
        const [answer] = await digAll(asking, resolvers[resolver].address, [{ name, type }], more);
        if (answer === undefined) throw new Error('dig says nothing');
        return answer;
      },
      verdicts: (questions) => verdicts(asking, resolvers.validating.address, questions),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
