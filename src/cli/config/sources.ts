/** Brings together what the file, the environment and the flags say, and remembers who said what. */
import { dirname, resolve } from 'node:path';
import { quote } from '../../names/domain.ts';
import type { ConfigError } from './config.ts';
import { isOurVariable, type Key, keys, variableOf } from './keys.ts';
import { nearest } from './suggest.ts';
import { readToml } from './toml.ts';
import { isTable, parentPath, type Table } from './tree.ts';

/** Values of common options that stand for a key. */
export interface Flags {
  readonly data?: string | undefined;
  readonly resolver?: readonly string[] | undefined;
  readonly dnssec?: string | undefined;
  readonly trustAnchor?: string | undefined;
  readonly ca?: string | undefined;
  readonly smtpPort?: string | undefined;
  readonly httpsPort?: string | undefined;
  readonly httpsAddress?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What all sources say together; nothing is checked yet. */
export interface Sources {
  readonly tree: Table;
  readonly errors: readonly ConfigError[];
  /** The file that was read, if any. */
  readonly file: string | undefined;
  /** Who set the value at `path`, or the nearest table around it; `default` where nobody did. */
  originOf(path: string): string;
  /** A path as written, made absolute: relative to the file's folder where the file says it. */
  absolute(path: string, written: string): string;
}

const FILE_VARIABLE = 'WAXWING_CONFIG';

const flagKeys: readonly { readonly flag: keyof Flags; readonly origin: string; readonly path: string }[] = [
  { flag: 'data', origin: '--data', path: 'data' },
  { flag: 'resolver', origin: '--resolver', path: 'dns.resolver' },
  { flag: 'dnssec', origin: '--dnssec', path: 'dns.dnssec' },
  { flag: 'trustAnchor', origin: '--trust-anchor', path: 'dns.trust_anchor' },
  { flag: 'ca', origin: '--ca', path: 'tls.ca' },
  { flag: 'smtpPort', origin: '--smtp-port', path: 'relay.smtp_port' },
  { flag: 'httpsPort', origin: '--https-port', path: 'mta_sts.https_port' },
  { flag: 'httpsAddress', origin: '--https-address', path: 'mta_sts.https_address' },
];

interface Gathered {
  tree: Table;
  file: string | undefined;
  /** By path; those of the file are `FILE:LINE`. */
  readonly origins: Map<string, string>;
  /** Paths whose value, or part of it, does not come from the file. */
  readonly overridden: Set<string>;
  readonly errors: ConfigError[];
}

/**
 * @param named the file that `--config` names; else `WAXWING_CONFIG`, else `systemFile` if it exists.
 */
export function gatherSources(
  named: string | undefined,
  env: Environment,
  flags: Flags,
  systemFile: string,
): Sources {
  const gathered: Gathered = {
    tree: {},
    file: undefined,
    origins: new Map(),
    overridden: new Set(),
    errors: [],
  };
  takeFile(gathered, named, env[FILE_VARIABLE], systemFile);
  takeEnvironment(gathered, env);
  for (const { flag, origin, path } of flagKeys) {
    const key = keys.find((candidate) => candidate.path === path);
    const written = flags[flag];
    if (key === undefined || written === undefined) continue;
    override(gathered, key, typeof written === 'string' ? fromText(key, written) : written, origin);
  }
  return view(gathered);
}

function takeFile(
  gathered: Gathered,
  fromFlag: string | undefined,
  fromVariable: string | undefined,
  systemFile: string,
): void {
  const file = fromFlag ?? fromVariable ?? systemFile;
  const read = readToml(file);
  if (read.kind === 'absent') {
    if (fromFlag === undefined && fromVariable === undefined) return;
    const origin = fromFlag === undefined ? FILE_VARIABLE : '--config';
    gathered.errors.push({ path: '', origin, message: `there is no file ${quote(file)}` });
    return;
  }
  gathered.file = file;
  if (read.kind === 'invalid') {
    const origin = read.line === undefined ? file : `${file}:${read.line}`;
    gathered.errors.push({ path: '', origin, message: read.because });
    return;
  }
  gathered.tree = read.tree;
  for (const [path, line] of read.lines) gathered.origins.set(path, `${file}:${line}`);
}

function takeEnvironment(gathered: Gathered, env: Environment): void {
  const known = new Map(keys.map((key) => [variableOf(key), key]));
  for (const [name, written] of Object.entries(env)) {
    if (written === undefined || !isOurVariable(name) || name === FILE_VARIABLE) continue;
    const key = known.get(name);
    if (key === undefined) {
      const near = nearest(name, [...known.keys(), FILE_VARIABLE]);
      const message = `means nothing${near === undefined ? '' : `; did you mean ${near}?`}`;
      gathered.errors.push({ path: name, origin: 'environment', message });
      continue;
    }
    const value = fromText(key, written);
    if (value === undefined) {
      const message = `${shown(key, written)} is not a JSON array such as ${JSON.stringify(key.default ?? key.example)}`;
      gathered.errors.push({ path: key.path, origin: name, message });
    } else {
      override(gathered, key, value, name);
    }
  }
}

/** What a message may repeat. */
function shown(key: Key, written: string): string {
  return key.items?.some(({ secret }) => secret) === true ? 'the value' : quote(written);
}

/** @returns undefined where a list is not JSON; every other mistake is the schema's to find. */
function fromText(key: Key, written: string): unknown {
  if (key.written === 'number' && /^[0-9]{1,15}$/.test(written)) return Number(written);
  if (key.written === 'boolean' && /^(?:true|false)$/.test(written)) return written === 'true';
  if (key.written !== 'list') return written;
  try {
    const value: unknown = JSON.parse(written);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function override(gathered: Gathered, key: Key, value: unknown, origin: string): void {
  const [section = '', name] = key.path.split('.');
  for (const path of gathered.origins.keys()) {
    if (path === key.path || path.startsWith(`${key.path}[`)) gathered.origins.delete(path);
  }
  gathered.origins.set(key.path, origin);
  gathered.overridden.add(key.path);
  if (name === undefined) {
    gathered.tree[section] = value;
    return;
  }
  const table = gathered.tree[section] ?? {};
  // Where the file has something else than a table, that is the mistake to report.
  if (isTable(table)) gathered.tree[section] = { ...table, [name]: value };
}

function view({ tree, file, origins, overridden, errors }: Gathered): Sources {
  return {
    tree,
    errors,
    file,
    originOf(path) {
      for (let place = path; place !== ''; place = parentPath(place)) {
        const origin = origins.get(place);
        if (origin !== undefined) return origin;
      }
      return file ?? 'default';
    },
    absolute: (path, written) =>
      file === undefined || overridden.has(path) ? resolve(written) : resolve(dirname(file), written),
  };
}
