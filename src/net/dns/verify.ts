/** Checks signatures: here where that is quick, otherwise in a thread of Node's pool. */
import { verify } from 'node:crypto';
import { type Verifier, verifierOf } from '../../dns/dnssec/signature.ts';
import type { SignatureCheck } from '../../dns/look-ups.ts';
import { boundedCache } from './bounded-cache.ts';

/** @returns the verdict where it is known at once; otherwise `done` is called, later. */
export type Verify = (check: SignatureCheck, done: (good: boolean) => void) => boolean | undefined;

/** Where checks are made. */
export interface Bench {
  /** Cores that this process may use. */
  readonly cores: number;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

/**
 * What one turn of the event loop may spend on checks, in milliseconds; what is left goes to the pool.
 *
 * With several cores the pool has others, and a check costs 7 µs here and 135 µs until its verdict instead of 70 µs here
 * (P-256, Node 26). With one core its threads take their time from this one, and the way to them comes on top: a domain
 * with nine checks costs 1.8 ms by the pool and 1.7 without. Then only whoever waits for his turn meanwhile is a reason for it.
 */
const TURN_MS = { withOne: 4, withSeveral: 0.3 };
/** The way through the pool costs as much. */
const ALWAYS_HERE_US = 30;

/** Keys that are ready to be used: making one costs as much as a check. */
const KEYS = { entries: 2_000, octets: 4 << 20 };

export function verifying({ cores, now }: Bench): Verify {
  const keys = boundedCache<{ readonly verifier: Verifier | undefined }>(KEYS);
  const turnMs = cores === 1 ? TURN_MS.withOne : TURN_MS.withSeveral;
  let spentMs = 0;
  let isCounting = false;
  /** @param ms what it took: the costs that are known are those of another machine. */
  const count = (ms: number): void => {
    spentMs += ms;
    if (isCounting) return;
    isCounting = true;
    setImmediate(() => {
      spentMs = 0;
      isCounting = false;
    });
  };
  return ({ algorithm, publicKey, data, signature }, done) => {
    const { buffer, byteOffset, length } = publicKey;
    const name = `${algorithm} ${Buffer.from(buffer, byteOffset, length).toString('latin1')}`;
    let known = keys.get(name, 0);
    if (known === undefined) {
      known = { verifier: verifierOf(algorithm, publicKey) };
      keys.set(name, known, publicKey.length, Number.POSITIVE_INFINITY);
    }
    const { verifier } = known;
    if (verifier === undefined || signature.length !== verifier.signatureOctets) return false;
    const { hash, key, costUs } = verifier;
    if (costUs <= ALWAYS_HERE_US) return verify(hash, data, key, signature);
    if (spentMs + costUs / 1000 <= turnMs) {
      const began = now();
      const good = verify(hash, data, key, signature);
      count(now() - began);
      return good;
    }
    verify(hash, data, key, signature, (error, good) => done(error === null && good));
    return undefined;
  };
}
