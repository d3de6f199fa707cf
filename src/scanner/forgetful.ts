/** A map that forgets what is over: a list may have millions of targets. */

export interface Forgetful<Value> {
  readonly get: (key: string) => Value | undefined;
  readonly set: (key: string, value: Value, now: number) => void;
  readonly delete: (key: string) => void;
}

/** So many are kept before those that are over are looked for. */
const MOST_KEPT = 10_000;

/** What is over is forgotten each time the map has grown to twice of what was not. */
export function forgetful<Value>(isOver: (value: Value, now: number) => boolean): Forgetful<Value> {
  const kept = new Map<string, Value>();
  let most = MOST_KEPT;
  return {
    get: (key) => kept.get(key),
    set(key, value, now) {
      kept.set(key, value);
      if (kept.size <= most) return;
      for (const [other, old] of kept) if (isOver(old, now)) kept.delete(other);
      most = Math.max(MOST_KEPT, 2 * kept.size);
    },
    delete: (key) => void kept.delete(key),
  };
}
