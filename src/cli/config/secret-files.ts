/** Files with secrets that others of this host can read. */
import { stat } from 'node:fs/promises';
import type { Config } from './config.ts';

/** What whoever reads the file can do, besides reading it. */
const USES = {
  'account_database.password_file': 'ask the database',
  'bounces.secret_file': 'have recipients suppressed with it',
  'forwarding.srs_secret_file': 'send mail back by way of us with it',
} as const;

/** Those that cannot be looked at are errors, which whoever reads them tells. */
export async function warnAboutSecrets({
  accountDatabase,
  bounces,
  forwarding,
}: Pick<Config, 'accountDatabase' | 'bounces' | 'forwarding'>): Promise<readonly string[]> {
  const place = accountDatabase?.place;
  const files: readonly (readonly [path: keyof typeof USES, file: string | null | undefined])[] = [
    ['account_database.password_file', place?.kind === 'postgresql' ? place.passwordFile : null],
    ['bounces.secret_file', bounces.secretFile],
    ['forwarding.srs_secret_file', forwarding?.secretFile],
  ];
  const warnings = await Promise.all(
    files.map(async ([path, file]) => {
      const mode = typeof file === 'string' ? await modeOf(file) : 0;
      return (mode & 0o007) === 0
        ? []
        : [
            `${path}: ${file} has mode 0${mode.toString(8)}: every user of this host can ${USES[path]}; 0600 is right`,
          ];
    }),
  );
  return warnings.flat();
}

async function modeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).mode & 0o777;
  } catch {
    return 0;
  }
}
