/** `waxwing resolve`: what is proven about an answer of DNS, link by link. */
import { type Command, Option } from 'commander';
import { addOnlyDnsOptions, type ConfigOptions, toLoadRequest } from '../config/options.ts';
import { toTimeout } from '../seconds.ts';
import { withExamples } from '../usage.ts';

interface ResolveOptions extends ConfigOptions {
  /** Milliseconds. */
  readonly timeout: number;
  readonly json?: true;
}

export function register(program: Command): void {
  const resolve = program
    .command('resolve')
    .description(
      'Look a name up in DNS, and show what is proven about the answer, link by link. Exit code 0: found, or absent; ' +
        '1: bogus, the answer should be proven and is not; 2: wrong usage or configuration; ' +
        '3: it could not be learnt. Needs no running relay, and writes nothing.',
    );
  withExamples(resolve, [
    'waxwing resolve example.com MX',
    'waxwing resolve _25._tcp.mx.example.com TLSA --resolver 127.0.0.1',
  ]);
  addOnlyDnsOptions(resolve)
    .argument('<name>', 'may be international (bücher.example), a wildcard (*.example.com) or the root (.)')
    .argument('<type>', 'MX, TLSA, A, … or TYPE and its number')
    .addOption(
      new Option('--timeout <seconds>', 'how long to wait for all of it')
        .argParser(toTimeout)
        .default(20_000, '20'),
    )
    .option('--json', 'print JSON')
    .action(run);
}

async function run(name: string, type: string, options: ResolveOptions, command: Command): Promise<void> {
  const { parseQuestion } = await import('../question.ts');
  const question = parseQuestion(name, type);
  if (question.kind === 'invalid') return command.error(`error: ${question.because}`);
  const { resolve } = await import('../resolve.ts');
  const request = { question: question.value, timeoutMs: options.timeout, json: options.json === true };
  process.exitCode = await resolve(request, toLoadRequest(options, process.env));
}
