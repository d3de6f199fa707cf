/** A configuration as written: nested tables, and paths that name a place in them. */

export type Table = Record<string, unknown>;

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `relay` and `retry` make `relay.retry`, `listener` and 0 make `listener[0]`; odd keys are quoted as in TOML. */
export function joinPath(parent: string, part: PropertyKey): string {
  if (typeof part === 'number') return `${parent}[${part}]`;
  const name = String(part);
  const shown = /^[A-Za-z0-9_-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, 64));
  return parent === '' ? shown : `${parent}.${shown}`;
}

/** The place that contains this one; `''` is the root. */
export function parentPath(path: string): string {
  return path.replace(/(?:\[[0-9]+\]|\.?(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"))$/, '');
}

/** What stands at a path of known keys and indexes, or undefined. */
export function valueAt(tree: unknown, path: string): unknown {
  let value = tree;
  for (const part of path.match(/[A-Za-z0-9_-]+/g) ?? []) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (isTable(value) && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
}

/** The tables of a list of tables; none where it is something else. */
export function tablesIn(value: unknown): readonly Table[] {
  return Array.isArray(value) ? value.filter(isTable) : [];
}
