/** `waxwing config`: write, check and show the configuration. */
import { type Command, Option } from 'commander';
import type { ConfigError, EffectiveValue } from '../config/config.ts';
import { describeError } from '../config/describe-error.ts';
import { addConfigOptions, type ConfigOptions, toLoadRequest } from '../config/options.ts';
import { messageOf, withExamples } from '../usage.ts';

export function register(program: Command): void {
  const config = program.command('config').description('Write, check and show the configuration.');
  withExamples(config, [
    'waxwing config init --output waxwing.toml',
    'waxwing config check --config waxwing.toml',
    'waxwing config show --effective',
    'waxwing config hash',
    'waxwing config api-key',
  ]);
  config
    .command('init')
    .description('Write a commented waxwing.toml.')
    .option('--output <file>', 'write to this new file instead of stdout')
    .action(init);
  addConfigOptions(config.command('check'))
    .description('Check the configuration and the files that it names. Exit code 1 where anything is wrong.')
    .option('--json', 'print what was found as JSON')
    .action(check);
  addConfigOptions(config.command('show'))
    .description('Show what was configured, and where.')
    .option('--effective', 'also show the defaults that are in force')
    .option('--json', 'print JSON')
    .action(show);
  config
    .command('hash')
    .description('Hash a password, for [[account]]: asks for it, or reads it from stdin.')
    .addOption(new Option('--scrypt', 'scrypt instead of argon2id').conflicts('scram'))
    .addOption(new Option('--scram', 'a SCRAM-SHA-256 verifier, with which that mechanism can be used too'))
    .action(hash);
  config
    .command('api-key')
    .description('Make a key for [[api_key]]: prints it, which nothing does again, and its hash.')
    .action(apiKey);
  config.command('schema').description('Print the JSON Schema of waxwing.toml.').action(schema);
}

async function init({ output }: { readonly output?: string }): Promise<void> {
  const { configTemplate } = await import('../config/template.ts');
  if (output === undefined) {
    process.stdout.write(configTemplate());
    return;
  }
  const { writeFileSync } = await import('node:fs');
  try {
    writeFileSync(output, configTemplate(), { flag: 'wx' });
  } catch (error) {
    process.stderr.write(`error: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

async function check(options: ConfigOptions & { readonly json?: true }): Promise<void> {
  const { loadConfig } = await import('../config/load.ts');
  const { readFiles } = await import('../config/files.ts');
  const loaded = loadConfig(toLoadRequest(options, process.env));
  const read =
    loaded.kind === 'invalid' ? undefined : await readFiles(loaded.config, loaded.effective, Date.now());
  const { faultsOfUser } = await import('../settle-in.ts');
  const errors =
    loaded.kind === 'invalid'
      ? loaded.errors
      : [...faultsOfUser(loaded), ...(read?.errors ?? []), ...(read?.outOfDate ?? [])];
  const warnings = loaded.kind === 'invalid' ? [] : [...loaded.warnings, ...(read?.warnings ?? [])];
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify({ errors, warnings }, undefined, 2)}\n`);
  } else {
    printWarnings(warnings);
    printErrors(errors);
    if (loaded.kind === 'ok' && errors.length === 0) {
      process.stdout.write(`${loaded.file ?? 'no file, defaults only'}: ok\n`);
    }
  }
  if (errors.length > 0) process.exitCode = 1;
}

interface ShowOptions extends ConfigOptions {
  readonly effective?: true;
  readonly json?: true;
}

async function show(options: ShowOptions): Promise<void> {
  const { loadConfig } = await import('../config/load.ts');
  const loaded = loadConfig(toLoadRequest(options, process.env));
  if (loaded.kind === 'invalid') {
    printErrors(loaded.errors);
    process.exitCode = 1;
    return;
  }
  printWarnings(loaded.warnings);
  const shown =
    options.effective === true
      ? loaded.effective
      : loaded.effective.filter(({ origin }) => origin !== 'default');
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`);
    return;
  }
  const { formatTable } = await import('../table.ts');
  process.stdout.write(formatTable(shown.map(toRow)));
}

async function schema(): Promise<void> {
  const { configJsonSchema } = await import('../config/schema.ts');
  process.stdout.write(`${JSON.stringify(configJsonSchema(), undefined, 2)}\n`);
}

async function hash({ scrypt, scram }: { readonly scrypt?: true; readonly scram?: true }): Promise<void> {
  const { randomBytes } = await import('node:crypto');
  const { hashPassword } = await import('../../relay/password.ts');
  const { readPassword } = await import('../read-password.ts');
  const password = await readPassword(process.stdin, (text) => void process.stderr.write(text));
  if (password.kind === 'invalid') {
    process.stderr.write(`error: ${password.because}\n`);
    process.exitCode = 1;
    return;
  }
  const kind = scrypt === true ? 'scrypt' : scram === true ? 'scram' : 'argon2id';
  try {
    process.stdout.write(`${await hashPassword(password.value, kind, randomBytes)}\n`);
  } catch (error) {
    process.stderr.write(`error: ${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

async function apiKey(): Promise<void> {
  const { randomBytes } = await import('node:crypto');
  const { makeApiKey } = await import('../../relay/http-api/api-key.ts');
  const made = makeApiKey(randomBytes);
  process.stdout.write(`key:      ${made.key}\nkey_hash: ${made.hash}\n`);
}

function toRow({ path, value, origin }: EffectiveValue): readonly string[] {
  return [path, value === null ? '(not set)' : JSON.stringify(value), origin];
}

function printErrors(errors: readonly ConfigError[]): void {
  for (const error of errors) {
    process.stderr.write(`${describeError(error)}\n`);
  }
}

function printWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
}
