/** Writes the commented file of `config init`, out of the catalogue of keys. */

import { wrap } from '../terminal.ts';
import { type Key, keys, sections } from './keys.ts';
import { tablesIn } from './tree.ts';

const WIDTH = 100;

const head = [
  '# Every key of waxwing.toml, as a comment with its default, or with an example where it has none.',
  '# Paths are relative to the folder of this file. Each key can also come from the environment:',
  '# relay.retry is WAXWING_RELAY_RETRY; lists are written as JSON there.',
  '# `waxwing config check` finds mistakes, `waxwing config show --effective` shows what is in force.',
];

/** The whole file, in which every key is a comment. */
export function configTemplate(): string {
  const lines = [...head];
  // In TOML what follows a table header belongs to it, so the keys of the root come first.
  for (const key of keys)
    if (key.items === undefined && !key.path.includes('.')) lines.push('', ...single(key, key.path));
  for (const { name, description } of sections) {
    lines.push('', `# ${description}`, `[${name}]`);
    for (const key of keys) {
      if (key.items === undefined && key.path.startsWith(`${name}.`))
        lines.push(...single(key, key.path.slice(name.length + 1)));
    }
  }
  for (const key of keys) if (key.items !== undefined) lines.push('', ...list(key, key.items));
  return `${lines.join('\n')}\n`;
}

function single(key: Key, name: string): readonly string[] {
  return [
    ...wrap(key.description, WIDTH, '# '),
    key.default === undefined ? `${assignment(name, key.example)}  # example` : assignment(name, key.default),
  ];
}

/** The default items with what holds for them; where there are none, one item of examples. */
function list(key: Key, items: readonly Key[]): readonly string[] {
  const defaults = tablesIn(key.default);
  const about = items.flatMap((item) => wrap(`${item.path}: ${item.description}`, WIDTH, '#   ', '#     '));
  const tables =
    defaults.length > 0 ? defaults : [Object.fromEntries(items.map(({ path, example }) => [path, example]))];
  const shown = tables.flatMap((table) => [
    `#[[${key.path}]]`,
    ...items.flatMap((item) => {
      const value = table[item.path] ?? item.default;
      return value === undefined ? [] : [assignment(item.path, value)];
    }),
  ]);
  const header = defaults.length > 0 ? 'Default:' : 'Example:';
  return [`# ${key.description}`, ...about, `# ${header}`, ...shown];
}

function assignment(name: string, value: unknown): string {
  return `#${name} = ${toToml(value)}`;
}

/** JSON's text, numbers, booleans and lists of them are TOML's too. */
function toToml(value: unknown): string {
  return Array.isArray(value)
    ? `[${value.map((item) => JSON.stringify(item)).join(', ')}]`
    : JSON.stringify(value);
}
