/** `waxwing explain`: what a sender would do with mail for a domain, and why, layer by layer. */
import { type Command, Option } from 'commander';
import { addConfigOptions, type ConfigOptions, toLoadRequest } from '../config/options.ts';
import { toTimeout } from '../seconds.ts';
import { withExamples } from '../usage.ts';

interface ExplainOptions extends ConfigOptions {
  /** Milliseconds. */
  readonly timeout: number;
  readonly json?: true;
}

export function register(program: Command): void {
  const explain = program
    .command('explain')
    .description(
      'Show what becomes of mail for a domain, by which policy, host by host, and what to do where something is wrong. ' +
        'Exit code 0: delivered; 1: refused; 2: wrong usage or configuration; 3: it waits, or could not be learnt. ' +
        'Sends nothing, needs no running relay, reads what is kept in the data folder, and writes nothing.',
    );
  withExamples(explain, [
    'waxwing explain example.com',
    "waxwing explain '[mail.example.net]:587'",
    'waxwing explain example.com --resolver 127.0.0.1 --json',
  ]);
  addConfigOptions(explain)
    .argument('<domain>', 'may be international; or an address, or a next hop as [host]:port')
    .addOption(
      new Option('--timeout <seconds>', 'how long to wait for all of it')
        .argParser(toTimeout)
        .default(60_000, '60'),
    )
    .option('--json', 'print JSON')
    .action(run);
}

async function run(text: string, options: ExplainOptions, command: Command): Promise<void> {
  const { parseSubject } = await import('../explain/subject.ts');
  const subject = parseSubject(text);
  if (subject.kind === 'invalid') return command.error(`error: ${subject.because}`);
  const { explain } = await import('../explain/explain.ts');
  const { timeout: timeoutMs, json } = options;
  process.exitCode = await explain(
    { subject: subject.value, timeoutMs, json: json === true },
    toLoadRequest(options, process.env),
  );
}
