/** `waxwing serve`: everything the configuration switches on. */
import type { Command } from 'commander';
import { addConfigOptions, type ConfigOptions, toLoadRequest } from '../config/options.ts';
import { withExamples } from '../usage.ts';

export function register(program: Command): void {
  const serve = program
    .command('serve')
    .description(
      'Run the relay, with the gateways and the advisor that the configuration has. Without one: for this host only, on 127.0.0.1 ports 2525 and 4650 (TLS).',
    );
  withExamples(serve, ['waxwing serve', 'waxwing serve --config waxwing.toml']);
  addConfigOptions(serve).action(run);
}

async function run(options: ConfigOptions): Promise<void> {
  const { collectLate } = await import('../collecting.ts');
  collectLate();
  const { serve } = await import('../serve.ts');
  await serve(toLoadRequest(options, process.env));
}
