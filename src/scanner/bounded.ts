/**
 * How much is kept of what servers show: without a limit, one that shows other certificates at every connection would decide how
 * large a result is, and how many of them are in memory.
 */
import type { HelloSeen } from '../findings/hello-seen.ts';
import type { HandshakeSeen, Observation, Probed, Probes, VisitEnd } from '../findings/observation.ts';
import { eachHello } from './each-hello.ts';

/** Octets of different certificates of one door; with two kinds of keys and a chain for each name servers have some 20,000. */
const MOST_OF_DOOR = 128 * 1024;
/** Octets of certificates of one hello. */
const MOST_OF_HELLO = 32 * 1024;
/** Octets of a prime; OpenSSL takes none of more than 10,000 bits. */
const MOST_OF_PRIME = 4_096;
/** Kinds of ciphers of SSL 2.0, of which there were seven. */
const MOST_KINDS = 100;

/**
 * The observation without the certificates that are too many, and with a word about it wherever some were left out.
 *
 * Those of the first connection are kept in any case: all senders see them, and OpenSSL takes at most 102,400 octets. What of a further
 * handshake has no room is not tested; hellos of our own keep what they have shown but certificates, the server's own first.
 */
export function bounded(observation: Observation): Observation {
  const { base, probes } = observation;
  const room = roomFor(MOST_OF_DOOR);
  room.keep(base.tls?.chain ?? []);
  const { otherKey, noServerName, upToTls12, hello } = probes;
  const handshakes: Probes = {
    ...(otherKey === undefined ? {} : { otherKey: whole(otherKey, room) }),
    ...(noServerName === undefined ? {} : { noServerName: whole(noServerName, room) }),
    ...(upToTls12 === undefined ? {} : { upToTls12: whole(upToTls12, room) }),
  };
  const hellos = hello && eachHello(hello, (probe) => cut(probe, room));
  return {
    ...observation,
    probes: { ...probes, ...handshakes, ...(hellos === undefined ? {} : { hello: hellos }) },
  };
}

interface Room {
  /** What is kept in any case. */
  readonly keep: (chain: readonly Uint8Array[]) => void;
  /** @returns whether all of it is kept; else none is. */
  readonly take: (chain: readonly Uint8Array[]) => boolean;
}

/** The same certificate takes room once. */
function roomFor(most: number): Room {
  const kept = new Set<string>();
  let left = most;
  const newOf = (chain: readonly Uint8Array[]): readonly string[] =>
    [
      ...new Set(chain.map((der) => Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1'))),
    ].filter((key) => !kept.has(key));
  const add = (keys: readonly string[]): void => {
    left -= lengthOf(keys);
    for (const key of keys) kept.add(key);
  };
  return {
    keep: (chain) => add(newOf(chain)),
    take(chain) {
      const keys = newOf(chain);
      if (lengthOf(keys) > left) return false;
      add(keys);
      return true;
    },
  };
}

function lengthOf(parts: readonly { readonly length: number }[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

type NotTested = Extract<Probed<never>, { kind: 'not-tested' }>;
const ENDED: VisitEnd = { kind: 'complete' };

function whole<Probe extends Probed<HandshakeSeen>>(probe: Probe, room: Room): Probe | NotTested {
  if (probe.kind !== 'seen' || probe.result !== 'secured') return probe;
  const { chain } = probe.tls;
  if (room.take(chain)) return probe;
  const because = `its certificates have ${lengthOf(chain)} octets, and of one port no more than ${MOST_OF_DOOR} of different ones are kept`;
  return { kind: 'not-tested', because, end: ENDED };
}

function cut<Probe extends Probed<HelloSeen>>(probe: Probe, room: Room): Probe {
  if (probe.kind !== 'seen') return probe;
  if (probe.result === 'sslv2') {
    const chain = begun(probe.chain, room);
    const cipherKinds = probe.cipherKinds.slice(0, MOST_KINDS);
    const isCut = chain.length < probe.chain.length || cipherKinds.length < probe.cipherKinds.length;
    return isCut ? { ...probe, chain, cipherKinds, cut: true } : probe;
  }
  if (probe.result !== 'agreed') return probe;
  const { session } = probe;
  const chain = begun(session.chain, room);
  // A copy: else it holds on to all that came with it.
  const prime = session.prime?.slice(0, MOST_OF_PRIME) ?? null;
  const isCut = chain.length < session.chain.length || prime?.length !== session.prime?.length;
  return isCut ? { ...probe, session: { ...session, chain, prime, cut: true } } : probe;
}

/** The beginning of a chain for which there is room. */
function begun(chain: readonly Uint8Array[], room: Room): readonly Uint8Array[] {
  let octets = 0;
  const end = chain.findIndex((der) => {
    octets += der.length;
    return octets > MOST_OF_HELLO || !room.take([der]);
  });
  return end === -1 ? chain : chain.slice(0, end);
}
