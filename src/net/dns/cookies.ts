/**
 * DNS cookies with one resolver: what tells its answers from those of somebody who cannot see our questions.
 *
 * RFC 7873 §5, RFC 9018 §3.
 */
import type { Entropy } from './entropy.ts';

export interface Cookies {
  /** What goes out with a question: our part, and the resolver's as far as it has given one. */
  readonly offered: Uint8Array;
  /** We ask from another address now: a cookie that stayed the same would show that both are one host. */
  askedFrom(address: string): void;
  /**
   * Looks at the cookie of an answer, and remembers the resolver's part of it.
   *
   * @param sent what went out with the question.
   * @param over by TCP nobody forges an answer without seeing the question.
   * @returns `forged`: our part is not ours. `missing`: this resolver has always sent one, so it may be forged.
   */
  judge(
    sent: Uint8Array,
    received: Uint8Array | undefined,
    over: 'udp' | 'tcp',
  ): 'fine' | 'forged' | 'missing';
}

/** RFC 7873 §4: the part of the client. */
const CLIENT_OCTETS = 8;
const MIN_OCTETS = 16;
const MAX_OCTETS = 40;

/** After so many answers over TCP without a cookie the resolver is one of several that differ; none is expected then. */
const FORGIVEN = 3;

export function cookiesWith(entropy: Entropy): Cookies {
  let offered = entropy.octets(CLIENT_OCTETS);
  let from: string | undefined;
  let expected: 'no' | 'yes' | 'never' = 'no';
  let missing = 0;
  return {
    get offered() {
      return offered;
    },
    askedFrom(address) {
      if (from !== undefined && from !== address) offered = entropy.octets(CLIENT_OCTETS);
      from = address;
    },
    judge(sent, received, over) {
      if (received === undefined) {
        if (expected !== 'yes') return 'fine';
        if (over === 'udp') return 'missing';
        missing += 1;
        if (missing === FORGIVEN) expected = 'never';
        return 'fine';
      }
      if (!startsWith(received, sent)) return 'forged';
      if (received.length === CLIENT_OCTETS) return 'fine';
      if (received.length < MIN_OCTETS || received.length > MAX_OCTETS) return 'forged';
      // What answers a question under an older cookie of ours says nothing about the one of now.
      if (startsWith(offered, sent)) offered = new Uint8Array(received);
      if (expected === 'no') expected = 'yes';
      return 'fine';
    },
  };
}

/** Whether both begin with the same client cookie. */
function startsWith(cookie: Uint8Array, other: Uint8Array): boolean {
  for (let at = 0; at < CLIENT_OCTETS; at += 1) {
    if (cookie[at] === undefined || cookie[at] !== other[at]) return false;
  }
  return true;
}
