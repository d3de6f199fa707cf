/** Loads configurations out of text, on a host whose facts are the same everywhere. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Config, ConfigError } from '../../../../src/cli/config/config.ts';
import { type LoadedConfig, type LoadRequest, loadConfig } from '../../../../src/cli/config/load.ts';
import type { HostFacts } from '../../../../src/cli/config/settle.ts';
import type { Upstream } from '../../../../src/net/dns/upstream.ts';

/** Emptied when the tests of the file that imports this are over. */
export const folder = mkdtempSync(join(tmpdir(), 'waxwing-load-'));
/** Where {@link load} puts its text. */
export const file = join(folder, 'waxwing.toml');
after(() => rmSync(folder, { recursive: true }));

/** A resolver at this address. */
export function plain(address: string, port = 53): Upstream {
  return { address, port, transport: { kind: 'plain' } };
}

export const host: HostFacts = {
  hostname: 'host.example.test',
  isRoot: false,
  home: '/home/op',
  systemFile: join(folder, 'none.toml'),
  resolvers: [plain('127.0.0.1')],
};

export function load(
  toml: string,
  rest: Partial<LoadRequest> = {},
  facts: Partial<HostFacts> = {},
): LoadedConfig {
  writeFileSync(file, toml);
  return loadConfig({ file, env: {}, flags: {}, ...rest }, { ...host, ...facts });
}

export function good(loaded: LoadedConfig): Extract<LoadedConfig, { kind: 'ok' }> {
  assert.equal(loaded.kind, 'ok', JSON.stringify(loaded));
  return loaded;
}

export function configOf(
  toml: string,
  rest: Partial<LoadRequest> = {},
  facts: Partial<HostFacts> = {},
): Config {
  return good(load(toml, rest, facts)).config;
}

export function errorsOf(loaded: LoadedConfig): readonly ConfigError[] {
  assert.equal(loaded.kind, 'invalid', 'the configuration is taken');
  return loaded.errors;
}

/** A submission listener with these further lines. */
export function listener(rest: string): string {
  return `[[listener]]\nrole = "submission"\n${rest}\n`;
}

/** A route with these lines. */
export function route(rest: string): string {
  return `[[route]]\n${rest}\n`;
}

/** A domain with these lines; its name and backend unless they say others. */
export function domain(rest = ''): string {
  const name = /^name =/m.test(rest) ? '' : 'name = "example.test"\n';
  const backend = /^backend =/m.test(rest) ? '' : 'backend = "lmtp://127.0.0.1"\n';
  return `[[domain]]\n${name}${backend}${rest}\n`;
}

/** A listener for domains. */
export const mx = '[[listener]]\nrole = "mx"\naddress = "127.0.0.1:25"\n';
