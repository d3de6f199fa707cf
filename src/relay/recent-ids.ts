/** The newest of many ids. */

export interface RecentIds {
  has(id: string): boolean;
  add(id: string): void;
}

/** Remembers the last `most` that were added. */
export function recentIds(most: number): RecentIds {
  const ids = new Set<string>();
  return {
    has: (id) => ids.has(id),
    add(id) {
      ids.add(id);
      for (const oldest of ids) {
        if (ids.size <= most) break;
        ids.delete(oldest);
      }
    },
  };
}
