/** Octets that came in slices and go out in pieces of known length, each copied at most once for each piece it is part of. */
export interface ByteQueue {
  add(slice: Uint8Array): void;
  length(): number;
  /** The first `count` octets, which stay; undefined where there are not so many yet. */
  peek(count: number): Uint8Array | undefined;
  take(count: number): Uint8Array | undefined;
}

export function byteQueue(): ByteQueue {
  let slices: Uint8Array[] = [];
  let total = 0;
  const peek = (count: number): Uint8Array | undefined => {
    if (total < count) return undefined;
    const [first] = slices;
    if (first !== undefined && first.length >= count) return first.subarray(0, count);
    const joined = Buffer.concat(slices);
    slices = [joined];
    return joined.subarray(0, count);
  };
  return {
    add(slice) {
      if (slice.length > 0) slices.push(slice);
      total += slice.length;
    },
    length: () => total,
    peek,
    take(count) {
      const taken = peek(count);
      const [first] = slices;
      if (taken === undefined || first === undefined) return taken;
      slices = [first.subarray(count), ...slices.slice(1)].filter(({ length }) => length > 0);
      total -= count;
      return taken;
    },
  };
}
