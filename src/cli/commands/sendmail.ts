/** `waxwing sendmail`, `mailq` and `newaliases`: what programs on this host expect of a mail system. */
import type { Command } from 'commander';
import { withExamples } from '../usage.ts';

/** @param args all words of the command line, as they were written. */
export function register(program: Command, args: readonly string[]): void {
  const sendmail = program
    .command('sendmail')
    .description(
      'Take a message from stdin as sendmail does (-t, -i, -f, -F, -bs, -bp, -N, -R, -V), also where no relay runs. ' +
        'Exit codes are those of sysexits.h: 0 taken, 64 usage, 65 the message, 75 try again.',
    );
  withExamples(sendmail, [
    'ln -s $(command -v waxwing) /usr/sbin/sendmail',
    'waxwing sendmail -i -f me@example.com you@example.net < message.eml',
    'waxwing sendmail -t < message.eml',
  ]);
  asItIs(sendmail, args);
  asItIs(program.command('mailq').description('The queue, as `waxwing queue list` shows it.'), args);
  const newaliases = program
    .command('newaliases')
    .description('Does nothing: aliases are part of the configuration, which `kill -HUP` has read again.');
  asItIs(newaliases, args);
}

/** Its words are not those of our other commands: they are read as they were written. */
function asItIs(command: Command, [name = '', ...words]: readonly string[]): void {
  command
    .argument('[words...]')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async () => {
      const { runSendmail } = await import('../sendmail/sendmail.ts');
      process.exitCode = await runSendmail(name, words);
    });
}
