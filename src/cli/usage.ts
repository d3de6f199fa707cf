/** What every command of the program has in common: its help, and how it refuses arguments. */
import { type Command, CommanderError } from 'commander';

/** Commander's exit code for arguments that it does not understand. */
const REFUSED = 1;

/**
 * Sets the exit code of wrong usage for `command` and for every subcommand that is added to it later.
 *
 * @param tell says it somewhere beside stderr, too.
 */
export function exitOnWrongUsage(
  command: Command,
  code: number,
  tell: (message: string) => void = () => undefined,
): Command {
  return command.exitOverride((error) => {
    if (error.exitCode !== REFUSED) throw error;
    tell(error.message);
    throw new CommanderError(code, error.code, error.message);
  });
}

/** Puts examples above everything else in the help of `command`. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('before', `Examples:\n${examples.map((line) => `  ${line}`).join('\n')}\n`);
}

/** Nobody may take half of an output for all of it. */
const NOT_PRINTED = 2;

/**
 * What follows where stdout takes no more: `waxwing … | head` closes the pipe early, and that is no fault of ours; a full disk
 * is one of the world.
 */
export function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`error: cannot write to stdout: ${error.message}\n`);
  process.exit(NOT_PRINTED);
}

/** What an error says, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
