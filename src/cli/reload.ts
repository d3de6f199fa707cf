/** Reads the configuration of a running relay again, and puts it in force where it is right. */
import type { Logger } from 'pino';
import type { KeyPair } from '../net/tls.ts';
import { faultOfDates } from '../relay/certificate.ts';
import type { Config, ConfigError, EffectiveValue } from './config/config.ts';
import { describeError } from './config/describe-error.ts';
import { type ConfigFiles, readFiles } from './config/files.ts';
import type { LoadedConfig } from './config/load.ts';
import { messageOf } from './usage.ts';

/** Under what the relay runs. */
export interface Running {
  readonly config: Config;
  readonly files: ConfigFiles;
  /** Where each value of `config` comes from. */
  readonly effective: readonly EffectiveValue[];
}

export interface ReloadParts {
  readonly load: () => LoadedConfig;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Puts it in force: all of it, or nothing. */
  readonly apply: (next: Running) => Promise<void>;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Part of what the relay is: these are opened once. */
const needRestart = {
  hostname: ({ hostname }: Config) => hostname,
  data: ({ dataFolder }: Config) => dataFolder,
  user: ({ user }: Config) => user,
  workers: ({ workers }: Config) => workers,
  events: ({ events }: Config) => events,
  'metrics.listen': ({ metrics }: Config) => metrics,
  'tls_rpt.socket': ({ tlsRpt }: Config) => tlsRpt.socket,
  'sendmail.spool': ({ spool }: Config) => spool,
  'api.listen': ({ api }: Config) => api.places,
};

/**
 * Loads, checks and applies. What cannot be changed while the relay runs stays as it is, and the log names it.
 *
 * @returns what is in force from here on: `running` itself where anything was wrong.
 */
export async function reload(running: Running, { load, now, apply, log }: ReloadParts): Promise<Running> {
  const refuse = (errors: readonly ConfigError[]): Running => {
    for (const error of errors) log.error(describeError(error));
    log.error('the configuration was not reloaded: everything stays as it was');
    return running;
  };
  const loaded = load();
  if (loaded.kind === 'invalid') return refuse(loaded.errors);
  const { files, errors, outOfDate, warnings } = await readFiles(loaded.config, loaded.effective, now());
  if (files === undefined) return refuse(errors);
  // A certificate that ran out while in use does not become worse by staying; a new one has to be better.
  const pairsOf = ({ certificates, gateways }: ConfigFiles): readonly KeyPair[] => [
    ...certificates,
    ...gateways.flatMap(({ pair }) => pair ?? []),
  ];
  const known = pairsOf(running.files);
  if (pairsOf(files).some((pair) => isStale(pair, now()) && !isAmong(known, pair))) {
    return refuse(outOfDate);
  }
  for (const warning of [...loaded.warnings, ...warnings]) log.warn(warning);
  for (const { path, message } of outOfDate) log.warn(`${path}: ${message}`);
  for (const [key, of] of Object.entries(needRestart)) {
    if (JSON.stringify(of(loaded.config)) !== JSON.stringify(of(running.config))) {
      log.warn(`${key} was changed; that takes a restart, until then the old value holds`);
    }
  }
  const { hostname, dataFolder, user, workers, events, metrics, spool } = running.config;
  const tlsRpt = { ...loaded.config.tlsRpt, socket: running.config.tlsRpt.socket };
  const api = { ...loaded.config.api, places: running.config.api.places };
  const next: Running = {
    config: { ...loaded.config, hostname, dataFolder, user, workers, events, metrics, tlsRpt, spool, api },
    files,
    effective: loaded.effective,
  };
  try {
    await apply(next);
  } catch (error) {
    log.error(`the new configuration cannot be put in force: ${messageOf(error)}`);
    return running;
  }
  log.info('the configuration was reloaded');
  return next;
}

function isStale(pair: KeyPair, now: number): boolean {
  return faultOfDates(pair, now) !== undefined;
}

function isAmong(pairs: readonly KeyPair[], { certPem }: KeyPair): boolean {
  return pairs.some((pair) => pair.certPem === certPem);
}
