/** Lists every value in force with its origin. */
import type { EffectiveValue } from './config.ts';
import { type Key, keys } from './keys.ts';
import type { Sources } from './sources.ts';
import { joinPath, tablesIn, valueAt } from './tree.ts';

/** In place of a secret. */
const HIDDEN = '(hidden)';

/** @param settled values that the schema alone does not know, by path. */
export function listEffective(
  sources: Sources,
  settled: ReadonlyMap<string, unknown>,
): readonly EffectiveValue[] {
  return keys.flatMap((key) => {
    const written = valueAt(sources.tree, key.path);
    return key.items === undefined
      ? [entry(key.path, written, key.default)]
      : entriesOfList(key, key.items, written);
  });

  function entry(path: string, written: unknown, fallback: unknown): EffectiveValue {
    return {
      path,
      value: settled.get(path) ?? written ?? fallback ?? null,
      origin: written === undefined ? 'default' : sources.originOf(path),
    };
  }

  function entriesOfList(key: Key, items: readonly Key[], written: unknown): readonly EffectiveValue[] {
    const tables = tablesIn(written ?? key.default);
    if (tables.length === 0) return [entry(key.path, written, key.default)];
    return tables.flatMap((table, index) =>
      items.map((item) => {
        const path = joinPath(joinPath(key.path, index), item.path);
        const value = item.secret && table[item.path] !== undefined ? HIDDEN : table[item.path];
        return written === undefined
          ? entry(path, undefined, value ?? item.default)
          : entry(path, value, item.default);
      }),
    );
  }
}
