/** The common options that stand for configuration, and what they ask for. */
import type { Command } from 'commander';
import type { LoadRequest } from './load.ts';

/** Parsed by commander. */
export interface ConfigOptions {
  readonly config?: string;
  readonly data?: string;
  readonly resolver?: readonly string[];
  readonly ca?: string;
  readonly smtpPort?: string;
}

/** Adds `--config`, `--data`, `--resolver`, `--ca` and `--smtp-port`. */
export function addConfigOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (else $WAXWING_CONFIG, else /etc/waxwing/waxwing.toml)')
    .option('--data <dir>', 'data folder')
    .option('--resolver <addr[:port]>', 'DNS resolver (repeatable)', append)
    .option('--ca <file>', 'extra roots, PEM, trusted when delivering')
    .option('--smtp-port <n>', 'port of MX hosts, instead of 25');
}

/** What {@link addConfigOptions} took in, as a request to load. */
export function toLoadRequest(options: ConfigOptions, env: LoadRequest['env']): LoadRequest {
  const { config, data, resolver, ca, smtpPort } = options;
  return { file: config, env, flags: { data, resolver, ca, smtpPort } };
}

function append(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
