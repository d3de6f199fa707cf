/** `waxwing send`: hand one message over and say how it travelled. */
import type { Command } from 'commander';
import { addConfigOptions, type ConfigOptions, toLoadRequest } from '../config/options.ts';
import { exitOnWrongUsage, withExamples } from '../usage.ts';

/** sysexits.h; also how sendmail-like commands are used in scripts. */
const USAGE = 64;

interface SendOptions extends ConfigOptions {
  readonly from: string;
  readonly to: readonly string[];
  readonly requireTls?: true;
  readonly direct?: true;
  readonly toHost?: string;
  readonly timeout: string;
  readonly json?: true;
}

export function register(program: Command): void {
  const send = exitOnWrongUsage(program.command('send'), USAGE).description(
    'Hand over one message, follow it, and print how it travelled. Exit code 0: accepted for every recipient; ' +
      '1: one failed or was blocked; 75: the relay has it, and its end was not seen; 64: wrong usage or configuration.',
  );
  withExamples(send, [
    'waxwing send --from me@example.com --to you@example.net message.eml',
    'waxwing send --from me@example.com --to you@example.net --direct < message.eml',
  ]);
  addConfigOptions(send)
    .argument('[file]', 'the message; without it, and for -, stdin')
    .requiredOption('--from <address>', 'envelope sender; "" for the null sender')
    .requiredOption('--to <address...>', 'envelope recipients')
    .option('--require-tls', 'with REQUIRETLS: only over verified TLS, at each host on the way (RFC 8689)')
    .option('--direct', 'without the running relay: straight to the MX, as the policy decides')
    .option('--to-host <host:port>', 'with --direct: to this host, whose name the certificate must prove')
    .option('--timeout <seconds>', 'how long to follow the message', '60')
    .option('--json', 'print the final events as JSON')
    .action(run);
}

async function run(file: string | undefined, options: SendOptions, command: Command): Promise<void> {
  const { readRequest, sendMessage } = await import('../send.ts');
  const request = await readRequest(file, options);
  if (request.kind === 'invalid') return command.error(`error: ${request.because}`);
  process.exitCode = await sendMessage(request.value, toLoadRequest(options, process.env));
}
