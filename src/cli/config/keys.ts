/** The catalogue of keys, read off the schema: what each is called in the file and in the environment. */
import { configJsonSchema } from './schema.ts';

/** One key that holds a value. */
export interface Key {
  /** `relay.retry`; inside an item of a list of tables, the name alone. */
  readonly path: string;
  readonly description: string;
  /** How a value is written in one environment variable; lists are JSON. */
  readonly written: 'text' | 'number' | 'boolean' | 'list';
  /** As the operator would write it; undefined where there is none, or where it depends on something else. */
  readonly default: unknown;
  /** Whether the value is for the program alone. */
  readonly secret: boolean;
  /** A value to show where there is no default. */
  readonly example: unknown;
  /** The keys of each item, where the value is a list of tables. */
  readonly items: readonly Key[] | undefined;
}

/** One `[table]` of the file. */
export interface Section {
  readonly name: string;
  readonly description: string;
}

/** The part of JSON Schema that {@link configJsonSchema} uses. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly writeOnly?: boolean;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
}

const root: Node = JSON.parse(JSON.stringify(configJsonSchema()));

/** All tables with fixed names. */
export const sections: readonly Section[] = Object.entries(root.properties ?? {})
  .filter(([, node]) => node.properties !== undefined)
  .map(([name, node]) => ({ name, description: node.description ?? '' }));

/** All keys, in the order of the schema. */
export const keys: readonly Key[] = keysOf(root, '');

const PREFIX = 'WAXWING_';

/** The variable that sets a key. */
export function variableOf(key: Key): string {
  return PREFIX + key.path.toUpperCase().replaceAll('.', '_');
}

/** Whether a variable is meant for us. */
export function isOurVariable(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** The names that may stand in a table: in `''`, the root, also those of the other tables. */
export function namesIn(table: string): readonly string[] {
  const item = keys.find((key) => key.path === table)?.items;
  if (item !== undefined) return item.map((key) => key.path);
  if (table === '') return [...new Set(keys.map((key) => key.path.split('.')[0] ?? ''))];
  return keys
    .filter((key) => key.path.startsWith(`${table}.`))
    .map((key) => key.path.slice(table.length + 1));
}

function keysOf(node: Node, parent: string): readonly Key[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    child.properties === undefined ? [keyOf(parent + name, child)] : keysOf(child, `${parent}${name}.`),
  );
}

function keyOf(path: string, node: Node): Key {
  return {
    path,
    description: node.description ?? '',
    written: wayOf(node),
    default: node.default,
    secret: node.writeOnly === true,
    example: node.type === 'array' ? node.items?.examples : node.examples?.[0],
    items: node.items?.properties === undefined ? undefined : keysOf(node.items, ''),
  };
}

function wayOf({ type }: Node): Key['written'] {
  switch (type) {
    case 'array':
      return 'list';
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    default:
      return 'text';
  }
}
