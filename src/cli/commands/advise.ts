/** `waxwing advise`: DNS records, policy file and server lines for a domain, in an order that loses no mail. */
import { type Command, Option } from 'commander';
import { addConfigOptions, type ConfigOptions, toLoadRequest } from '../config/options.ts';
import { toMilliseconds, toTimeout } from '../seconds.ts';
import { withExamples } from '../usage.ts';

interface AdviseOptions extends ConfigOptions {
  readonly allowPrivate?: true;
  /** Milliseconds. */
  readonly gap: number;
  readonly timeout: number;
  readonly json?: true;
}

export function register(program: Command): void {
  const advise = program
    .command('advise')
    .description(
      'Check a domain as `waxwing check` does, and say step by step how it gets from where it is to enforced TLS with ' +
        'MTA-STS and DANE without losing mail: what to publish, in which order, how long to wait, how to see that it is done. ' +
        'Exit code 0: the advice is printed; 1: mail for the domain goes back, so that there is nothing to secure yet; 2: wrong usage or configuration; 3: something could not be looked at, ' +
        'so that a step cannot be advised; 4: this network blocks port 25. Changes nothing anywhere.',
    );
  withExamples(advise, ['waxwing advise example.com', 'waxwing advise example.com --json']);
  addConfigOptions(advise)
    .argument('<domain>', 'whose mail it is about; may be international')
    .addOption(
      new Option('--gap <seconds>', 'between two connections to the same address')
        .argParser((text) => toMilliseconds(text, 0))
        .default(1_000, '1'),
    )
    .option('--allow-private', 'visit addresses that are not public')
    .addOption(
      new Option('--timeout <seconds>', 'how long one connection may take')
        .argParser(toTimeout)
        .default(150_000, '150'),
    )
    .option('--json', 'print JSON')
    .action(run);
}

async function run(text: string, options: AdviseOptions, command: Command): Promise<void> {
  const { parseTarget } = await import('../check/target.ts');
  const target = parseTarget(text, { protocol: 'smtp', tls: undefined });
  if (target.kind === 'invalid') return command.error(`error: ${target.because}`);
  if (target.value.kind !== 'domain') return command.error('error: only a domain can be advised');
  const { advise } = await import('../advise/advise.ts');
  const { allowPrivate, gap: gapMs, timeout: timeoutMs, json } = options;
  process.exitCode = await advise(
    {
      target: target.value,
      terms: { allowPrivate: allowPrivate === true, gapMs, timeoutMs },
      json: json === true,
    },
    toLoadRequest(options, process.env),
  );
}
