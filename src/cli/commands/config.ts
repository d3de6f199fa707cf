/** `waxwing config`: write, check and show the configuration. */
import type { Command } from 'commander';
import type { ConfigError, EffectiveValue } from '../config/config.ts';
import { addConfigOptions, type ConfigOptions, toLoadRequest } from '../config/options.ts';
import { messageOf, withExamples } from '../usage.ts';

export function register(program: Command): void {
  const config = program.command('config').description('Write, check and show the configuration.');
  withExamples(config, [
    'waxwing config init --output waxwing.toml',
    'waxwing config check --config waxwing.toml',
    'waxwing config show --effective',
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
  const { checkFiles } = await import('../config/files.ts');
  const loaded = loadConfig(toLoadRequest(options, process.env));
  const errors =
    loaded.kind === 'invalid'
      ? loaded.errors
      : Object.values(checkFiles(loaded.config, loaded.effective, Date.now())).flat();
  const warnings = loaded.kind === 'invalid' ? [] : loaded.warnings;
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

function toRow({ path, value, origin }: EffectiveValue): readonly string[] {
  return [path, value === null ? '(not set)' : JSON.stringify(value), origin];
}

function printErrors(errors: readonly ConfigError[]): void {
  for (const { path, origin, message } of errors) {
    process.stderr.write(`${[origin, path, message].filter((part) => part !== '').join(': ')}\n`);
  }
}

function printWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
}
