/** The common options that stand for configuration, and what they ask for. */
import { type Command, Option } from 'commander';
import type { LoadRequest } from './load.ts';

/** Parsed by commander. */
export interface ConfigOptions extends DnsOptions {
  readonly data?: string;
  readonly smtpPort?: string;
  readonly httpsPort?: string;
  readonly httpsAddress?: string;
}

/** Those of them that a look-up needs. */
interface DnsOptions {
  readonly config?: string;
  readonly resolver?: readonly string[];
  readonly dnssec?: string;
  readonly trustAnchor?: string;
  readonly ca?: string;
}

/** Adds `--data`, `--smtp-port`, `--https-port`, `--https-address` and those of {@link addDnsOptions}. */
export function addConfigOptions(command: Command): Command {
  return addDnsOptions(command)
    .option('--data <dir>', 'data folder')
    .option('--smtp-port <n>', 'port of mail servers for which none is named, instead of 25')
    .option('--https-port <n>', 'port of policy hosts of MTA-STS, instead of 443')
    .option('--https-address <addr>', 'address of all policy hosts, instead of what DNS says');
}

/**
 * The same for a command that asks the running relay, which goes by its own configuration: what only look-ups need is taken, as
 * it is with every command, and not shown.
 */
export function addRelayOptions(command: Command): Command {
  addConfigOptions(command);
  for (const option of command.options) if (!ASKED.has(option.long ?? '')) option.hideHelp();
  return command;
}

const ASKED: ReadonlySet<string> = new Set(['--config', '--data']);

/** The same for a command that needs DNS alone: scripts hand the common options to every one. */
export function addOnlyDnsOptions(command: Command): Command {
  addConfigOptions(command);
  for (const option of command.options) if (NOT_OF_DNS.has(option.long ?? '')) option.hideHelp();
  return command;
}

const NOT_OF_DNS: ReadonlySet<string> = new Set(['--data', '--smtp-port', '--https-port', '--https-address']);

/** Adds `--config`, `--resolver`, `--dnssec`, `--trust-anchor` and `--ca`. */
function addDnsOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (else $WAXWING_CONFIG, else /etc/waxwing/waxwing.toml)')
    .option('--resolver <addr[:port]>', 'DNS resolver, or tls://…, https://… (repeatable)', append)
    .addOption(
      new Option(
        '--dnssec <mode>',
        'who proves what DNS says: this program, the resolver, or nobody',
      ).choices(['validate', 'trust', 'off']),
    )
    .option('--trust-anchor <file>', 'DS or DNSKEY records to trust, instead of the keys of the root')
    .option('--ca <file>', 'extra roots, PEM, that certificates of others may lead to');
}

/** What was taken in, as a request to load. */
export function toLoadRequest(options: ConfigOptions, env: LoadRequest['env']): LoadRequest {
  const { config: file, data, resolver, dnssec, trustAnchor, ca, ...ports } = options;
  const { smtpPort, httpsPort, httpsAddress } = ports;
  const flags = { data, resolver, dnssec, trustAnchor, ca, smtpPort, httpsPort, httpsAddress };
  return { file, env, flags };
}

/** For an option that may be given several times. */
export function append(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
