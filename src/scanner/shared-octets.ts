/** Equal certificates as one piece of memory: each connection brings its own copy of those that a server has. */
import type { HelloSeen } from '../findings/hello-seen.ts';
import type { Observation, ObservedTls, Probed, Probes } from '../findings/observation.ts';
import { eachHello } from './each-hello.ts';

/** @returns octets that are equal to the given ones; the same for equal ones, as long as they are remembered. */
export type SharedOctets = (octets: Uint8Array) => Uint8Array;

const MOST = 10_000;
/** The end of a certificate is its signature: different ones differ there. */
const TAIL = 16;

export function sharedOctets(most = MOST): SharedOctets {
  const known = new Map<string, Uint8Array>();
  return (octets) => {
    const key = `${octets.length} ${Buffer.from(octets.subarray(-TAIL)).toString('latin1')}`;
    const before = known.get(key);
    if (before !== undefined && Buffer.compare(before, octets) === 0) return before;
    if (known.size >= most) {
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    }
    known.set(key, octets);
    return octets;
  };
}

/** The observation with its certificates shared, those of all its connections. */
export function withSharedOctets(observation: Observation, once: SharedOctets): Observation {
  const { base, probes } = observation;
  const shared = (tls: ObservedTls): ObservedTls => ({ ...tls, chain: tls.chain.map(once) });
  return {
    ...observation,
    base: base.tls === null ? base : { ...base, tls: shared(base.tls) },
    probes: { ...withShared(probes, shared), ...withSharedHello(probes, once) },
  };
}

function withShared(probes: Probes, shared: (tls: ObservedTls) => ObservedTls): Probes {
  const { otherKey, noServerName, legacy, upToTls12 } = probes;
  const of = <Seen extends NonNullable<typeof legacy>>(seen: Seen): Seen =>
    seen.kind === 'seen' && seen.result === 'secured' ? { ...seen, tls: shared(seen.tls) } : seen;
  return {
    ...probes,
    ...(otherKey === undefined ? {} : { otherKey: of(otherKey) }),
    ...(noServerName === undefined ? {} : { noServerName: of(noServerName) }),
    ...(legacy === undefined ? {} : { legacy: of(legacy) }),
    ...(upToTls12 === undefined ? {} : { upToTls12: of(upToTls12) }),
  };
}

function withSharedHello({ hello }: Probes, once: SharedOctets): Pick<Probes, 'hello'> {
  return hello === undefined ? {} : { hello: eachHello(hello, (probe) => withSharedChain(probe, once)) };
}

function withSharedChain<Probe extends Probed<HelloSeen>>(probe: Probe, once: SharedOctets): Probe {
  if (probe.kind !== 'seen' || probe.result !== 'agreed') return probe;
  return { ...probe, session: { ...probe.session, chain: probe.session.chain.map(once) } };
}
