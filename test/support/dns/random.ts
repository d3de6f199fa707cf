/** Numbers that look random and are the same for the same seed, for tests. */
export interface Random {
  /** From 0 to below `limit`. */
  readonly below: (limit: number) => number;
  /** One of a list; undefined where it is empty. */
  readonly pick: <One>(list: readonly One[]) => One | undefined;
}

/** Mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return { below, pick: (list) => list[below(list.length)] };
}
