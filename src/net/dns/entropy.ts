/** Random octets for many small needs out of few large draws: a draw costs as much as a question. */

export interface Entropy {
  octet(): number;
  /** 0 to 65535. */
  uint16(): number;
  octets(count: number): Uint8Array;
}

const DRAW_OCTETS = 2048;

/** @param random gives so many octets that nobody can foresee. */
export function entropyFrom(random: (octets: number) => Uint8Array): Entropy {
  let drawn = new Uint8Array();
  let at = 0;
  const octet = (): number => {
    if (at >= drawn.length) {
      drawn = new Uint8Array(random(DRAW_OCTETS));
      at = 0;
    }
    const value = drawn[at];
    // Spent octets are not kept: a dump of the memory shows none of the ids that are in use.
    drawn[at] = 0;
    at += 1;
    if (value === undefined) throw new Error('the source of randomness gave nothing');
    return value;
  };
  return {
    octet,
    uint16: () => octet() * 256 + octet(),
    octets: (count) => Uint8Array.from({ length: count }, octet),
  };
}
