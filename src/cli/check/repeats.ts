/** Counts targets that stand in a list more than once, in a few megabytes however long it is. */

export interface Repeats {
  readonly add: (target: string) => void;
  /** How many were there before, as far as is remembered. */
  readonly count: () => number;
}

/** Slots of the table, which is doubled until it is this large (32 MB): some three million targets are remembered. */
const MOST_SLOTS = 1 << 22;
const FIRST_SLOTS = 1 << 10;
const FULL = 0.75;

export function countRepeats(mostSlots = MOST_SLOTS): Repeats {
  let slots = new Float64Array(FIRST_SLOTS);
  let used = 0;
  let count = 0;

  /** Of the number, or the empty one where it belongs. */
  function slotOf(table: Float64Array, number: number): number {
    let slot = number % table.length;
    while (table[slot] !== 0 && table[slot] !== number) slot = (slot + 1) % table.length;
    return slot;
  }

  function grow(): void {
    const larger = new Float64Array(slots.length * 2);
    for (const number of slots) if (number !== 0) larger[slotOf(larger, number)] = number;
    slots = larger;
  }

  return {
    add(target) {
      const number = numberOf(target);
      if (slots[slotOf(slots, number)] === number) {
        count += 1;
        return;
      }
      if (used >= slots.length * FULL && slots.length < mostSlots) grow();
      if (used >= slots.length * FULL) return;
      slots[slotOf(slots, number)] = number;
      used += 1;
    },
    count: () => count,
  };
}

const MULTIPLIERS = [0x01000193, 0x85ebca6b] as const;
const HIGH = 2 ** 21;

/** 53 bits, never 0: of three million texts two are the same with a chance of one in two thousand. */
function numberOf(text: string): number {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, MULTIPLIERS[0]);
    b = Math.imul((b ^ code) + (a >>> 15), MULTIPLIERS[1]);
  }
  return (a >>> 0) * HIGH + ((b ^ (b >>> 13)) >>> 11) + 1;
}
