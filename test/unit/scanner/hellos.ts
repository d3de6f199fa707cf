/** Every hello of our own with the same answer. */
import type { HelloProbes, HelloSeen } from '../../../src/findings/hello-seen.ts';

type Answer = { readonly kind: 'seen' } & HelloSeen;

/** @param answer is asked anew for each. */
export function everyHello(answer: () => Answer): Omit<Required<HelloProbes>, 'suites'> {
  return {
    retry: answer(),
    weakFirst: answer(),
    weakNamed: answer(),
    bestFirst: answer(),
    old: answer(),
    older: answer(),
    ssl3: answer(),
    ssl2: answer(),
    anonymous: answer(),
    prime: answer(),
    weakCurves: answer(),
    sha1: answer(),
    weak: [{ without: [], ...answer() }],
    fallback: { version: 0x0303, ...answer() },
    large: { octets: 2_048, ...answer() },
  };
}
