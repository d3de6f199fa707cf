/** From file, environment and flags to the configuration in force, or to everything that is wrong with them. */
import { homedir, hostname } from 'node:os';
import type { z } from 'zod';
import { systemUpstreams } from '../../net/dns/upstream.ts';
import type { Config, ConfigError, EffectiveValue } from './config.ts';
import { crossCheck } from './cross-checks.ts';
import { listEffective } from './effective.ts';
import { configSchema } from './schema.ts';
import { type HostFacts, settle } from './settle.ts';
import { type Environment, type Flags, gatherSources, type Sources } from './sources.ts';
import { suggestKey } from './suggest.ts';
import { joinPath } from './tree.ts';

export interface LoadRequest {
  /** What `--config` names; else `WAXWING_CONFIG`, else /etc/waxwing/waxwing.toml where it exists. */
  readonly file?: string | undefined;
  readonly env: Environment;
  readonly flags: Flags;
}

export type LoadedConfig =
  | {
      readonly kind: 'ok';
      readonly config: Config;
      /** The file that was read; undefined where there is none. */
      readonly file: string | undefined;
      readonly effective: readonly EffectiveValue[];
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'invalid'; readonly errors: readonly ConfigError[] };

/** Loads the configuration: a flag wins over the environment, the environment over the file. */
export function loadConfig({ file, env, flags }: LoadRequest, host: HostFacts = thisHost()): LoadedConfig {
  const sources = gatherSources(file, env, flags, host.systemFile);
  const parsed = configSchema.safeParse(sources.tree, { error: explain });
  if (!parsed.success || sources.errors.length > 0) {
    const errors = parsed.error?.issues.flatMap((issue) => toErrors(issue, sources)) ?? [];
    return { kind: 'invalid', errors: [...sources.errors, ...errors] };
  }
  const { config, settled, warnings } = settle(parsed.data, sources, env, host);
  const errors = crossCheck(config, (path) => sources.originOf(path), host.resolvers);
  if (errors.length > 0) return { kind: 'invalid', errors };
  return { kind: 'ok', config, file: sources.file, effective: listEffective(sources, settled), warnings };
}

/** What defaults depend on, as it is now. */
export function thisHost(): HostFacts {
  return {
    hostname: hostname(),
    isRoot: process.getuid?.() === 0,
    home: homedir(),
    systemFile: '/etc/waxwing/waxwing.toml',
    resolvers: systemUpstreams(),
  };
}

const expectations: Readonly<Record<string, string>> = {
  string: 'text in quotes',
  boolean: 'true or false',
  array: 'a list',
  object: 'a table',
};

/** What would be right, for the rules that do not say it themselves. */
export function explain(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_value') {
    return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  }
  if (issue.code !== 'invalid_type') return undefined;
  if (issue.input === undefined) return 'is missing';
  return `must be ${expectations[issue.expected] ?? issue.expected}`;
}

function toErrors(issue: z.core.$ZodIssue, sources: Sources): readonly ConfigError[] {
  const table = issue.path.reduce<string>(joinPath, '');
  if (issue.code !== 'unrecognized_keys') {
    return [{ path: table, origin: sources.originOf(table), message: issue.message }];
  }
  // Items of a list share their keys: listener[3] has those of listener.
  const kind = table.replace(/\[[0-9]+\]$/, '');
  return issue.keys.map((key) => {
    const path = joinPath(table, key);
    return { path, origin: sources.originOf(path), message: `is not a key; ${suggestKey(kind, key)}` };
  });
}
