/** Where the spool is, for a user who may not be able to read the configuration. */
import { existsSync } from 'node:fs';
import { describeError } from '../config/describe-error.ts';
import { type LoadRequest, loadConfig } from '../config/load.ts';
import { BAD_CONFIG, type Failure, failed } from './exit-codes.ts';

/** What is looked for where no configuration says otherwise. */
export const USUAL_SPOOL = '/var/spool/waxwing';

export interface Place {
  readonly kind: 'ok';
  readonly spool: string;
  readonly dataFolder: string | undefined;
}

/**
 * A configuration that is named has to be readable; of the usual one it does not matter, as the spool has a usual place.
 *
 * @param usual that place.
 */
export function findSpool(
  file: string | undefined,
  env: LoadRequest['env'],
  usual: string = USUAL_SPOOL,
): Place | Failure {
  const loaded = loadConfig({ file, env, flags: {} });
  const isNamed = file !== undefined || env['WAXWING_CONFIG'] !== undefined;
  if (loaded.kind === 'invalid') {
    if (!isNamed && existsSync(usual)) return { kind: 'ok', spool: usual, dataFolder: undefined };
    return failed(BAD_CONFIG, loaded.errors.map(describeError).join('\n'));
  }
  const { dataFolder, spool } = loaded.config;
  const isSaid = loaded.file !== undefined || env['WAXWING_SENDMAIL_SPOOL'] !== undefined;
  return { kind: 'ok', spool: isSaid || !existsSync(usual) ? spool : usual, dataFolder };
}
