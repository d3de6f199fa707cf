/** The command line: which commands there are, and what they have in common. */
import { Command, CommanderError } from 'commander';
import { register as advise } from './commands/advise.ts';
import { register as check } from './commands/check.ts';
import { register as config } from './commands/config.ts';
import { register as events } from './commands/events.ts';
import { register as explain } from './commands/explain.ts';
import { register as gateway } from './commands/gateway.ts';
import { register as policy } from './commands/policy.ts';
import { register as queue } from './commands/queue.ts';
import { register as resolve } from './commands/resolve.ts';
import { register as send } from './commands/send.ts';
import { register as sendmail } from './commands/sendmail.ts';
import { register as serve } from './commands/serve.ts';
import { endWithoutReader, exitOnWrongUsage, withExamples } from './usage.ts';
import { version } from './version.ts';

/** Each imports what it needs only when it runs, so that the help of the others stays quick. */
const commands: readonly ((program: Command, args: readonly string[]) => void)[] = [
  serve,
  send,
  sendmail,
  queue,
  policy,
  events,
  gateway,
  check,
  advise,
  explain,
  resolve,
  config,
];

/** Runs one command line (without node and script) and sets `process.exitCode`. */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on('error', endWithoutReader);
  const program = createProgram(args);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode;
  }
}

function createProgram(args: readonly string[]): Command {
  const program = new Command('waxwing')
    .description('Mail over TLS that was really verified.')
    .version(version(), '--version', 'print the version')
    // What follows a command is its own to read: `sendmail` has other words than the rest.
    .enablePositionalOptions()
    .showHelpAfterError('(--help shows what is possible)');
  exitOnWrongUsage(program, 2);
  withExamples(program, [
    'waxwing config init --output waxwing.toml',
    'waxwing config check --config waxwing.toml',
    'waxwing check example.com',
    'waxwing explain example.com',
    'waxwing resolve example.com MX',
  ]);
  for (const register of commands) register(program, args);
  return program;
}
