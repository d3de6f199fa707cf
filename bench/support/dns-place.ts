/** Zones with their servers, and resolvers that come and go: what benches of the DNS ask. */
import { randomBytes } from 'node:crypto';
import { parseAnchors, type TrustAnchor } from '../../src/dns/anchors.ts';
import { type Name, parseName } from '../../src/dns/name.ts';
import { openResolver, type Resolver, type ResolverOptions } from '../../src/net/dns/resolver.ts';
import { parseUpstream } from '../../src/net/dns/upstream.ts';
import { startAuthorities } from '../../test/lab/authorities.ts';
import { type Built, buildZones } from '../../test/lab/build/build.ts';
import { keptZones } from '../../test/lab/build/kept.ts';
import { serverAddresses } from '../../test/lab/build/zone-text.ts';
import { labPeers } from '../../test/lab/lab.ts';
import { type Endpoint, takeNet } from '../../test/lab/net.ts';
import { type ResolverKind, resolverAddresses, startUnbound } from '../../test/lab/resolvers.ts';
import type { Zone } from '../../test/lab/zone.ts';
import { zones as labZones } from '../../test/lab/zones.ts';
import { rootsOf } from '../../test/peers/support/peer.ts';
import { moveToFirstCore } from './cores.ts';
import { children, cpuUsOf, familyOf } from './processes.ts';

/** Who proves: this process, the resolver, nobody. */
export type Mode = ResolverOptions['dnssec'];

/** unbound with an empty cache. */
export interface RunningResolver extends Endpoint {
  /** CPU time that it has taken so far, in microseconds. */
  readonly cpuUs: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** The last number of an address that nobody in the hierarchy has. */
const ON_THE_WAY = 200;

/** A hierarchy that is served. */
export interface Place {
  /** The DS records of the root, as a file of trust anchors has them. */
  readonly anchor: string;
  readonly anchors: readonly TrustAnchor[];
  /** Of the hierarchy, by its last number. */
  readonly address: (last: number) => string;
  /** Where somebody can stand on the way to a resolver. */
  readonly onTheWay: Endpoint;
  /** Starts a resolver; one of each kind at a time. */
  readonly resolver: (kind: ResolverKind) => Promise<RunningResolver>;
  readonly close: () => Promise<void>;
}

/** @param zones what is served, signed for this run; without it the lab's zones, which are kept. @throws where a program is missing. */
export async function openPlace(zones?: readonly Zone[]): Promise<Place> {
  const had = await rootsOf([...labPeers]);
  if (had.kind === 'unavailable') throw new Error(had.because);
  const { roots } = had;
  const net = await takeNet([...Object.values(serverAddresses), ...Object.values(resolverAddresses)]);
  const built: Built =
    zones === undefined
      ? await keptZones(roots, labZones, net.prefix)
      : await buildZones(roots, zones, {
          net: net.prefix,
          tlsa: new Map(),
          now: Math.floor(Date.now() / 1000),
        });
  const [authorities] = await started(() => startAuthorities(roots, net, zones ?? labZones, built));
  const parsed = parseAnchors(built.anchor);
  if (parsed.kind !== 'ok') throw new Error(`the anchor is malformed: ${parsed.because}`);
  return {
    anchor: built.anchor,
    anchors: parsed.anchors,
    address: net.address,
    onTheWay: { address: net.address(ON_THE_WAY), port: 53 },
    async resolver(kind) {
      const [unbound, family] = await started(() => startUnbound(roots.unbound, net, kind, built.anchor));
      return {
        address: net.address(resolverAddresses[kind]),
        port: 53,
        cpuUs: () => cpuUsOf(family),
        close: unbound.sandbox.close,
      };
    },
    async close() {
      await authorities.close();
      await net.close();
    },
  };
}

/** Starts servers, and has them leave the core on which this process is measured. */
async function started<Started>(
  start: () => Promise<Started>,
): Promise<readonly [Started, ReadonlySet<number>]> {
  const before = await children();
  const what = await start();
  const family = await familyOf([...(await children())].filter((pid) => !before.has(pid)));
  await moveToFirstCore(family);
  return [what, family];
}

/** A resolver of ours that knows nothing yet. */
export function resolverOver({ anchors }: Place, { address, port }: Endpoint, mode: Mode): Resolver {
  const upstream = parseUpstream(`${address}:${port}`);
  if (upstream.kind !== 'ok') throw new Error(upstream.because);
  return openResolver({
    upstreams: [upstream.value],
    dnssec: mode,
    whenUnprovable: 'refuse',
    anchors,
    sha1: true,
    now: Date.now,
    random: randomBytes,
    timeoutMs: TIMEOUT_MS,
    onNotice: () => {},
  });
}

/** The program's own. */
const TIMEOUT_MS = 5_000;

/** A name that the bench itself has written. */
export function named(text: string): Name {
  const parsed = parseName(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.because);
  return parsed.value;
}
