/** How many there are, in words. */

/** `1 event`, `2 events`. @param one as of a single one; several have an "s" behind it. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
