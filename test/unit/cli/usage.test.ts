import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Command, CommanderError } from 'commander';
import { exitOnWrongUsage, messageOf, withExamples } from '../../../src/cli/usage.ts';

function program(): Command {
  const top = exitOnWrongUsage(new Command('top'), 2)
    .version('1.0.0')
    .configureOutput({ writeOut, writeErr: writeOut });
  top.command('plain').action(() => {});
  exitOnWrongUsage(top.command('mail').requiredOption('--to <x>'), 64).action(() => {});
  return top;
}

function writeOut(): void {}

function exitCodeOf(...args: readonly string[]): number | undefined {
  try {
    program().parse(args, { from: 'user' });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof CommanderError);
    return error.exitCode;
  }
}

describe('the exit code of wrong usage', () => {
  it('is a property of the command, taken over from the program unless it has its own', () => {
    assert.equal(exitCodeOf('--nope'), 2);
    assert.equal(exitCodeOf('nope'), 2);
    assert.equal(exitCodeOf('plain', '--nope'), 2);
    assert.equal(exitCodeOf('plain', 'excess'), 2);
    assert.equal(exitCodeOf('mail', '--nope'), 64);
    assert.equal(exitCodeOf('mail'), 64);
    assert.equal(exitCodeOf('plain'), undefined);
  });

  it('says what is wrong where it is to be told, and nothing of help', () => {
    const told: string[] = [];
    const command = exitOnWrongUsage(new Command('plugin'), 3, (message) => told.push(message));
    command.configureOutput({ writeOut, writeErr: writeOut }).action(() => {});
    for (const word of ['--help', '--nope']) {
      assert.throws(() => command.parse([word], { from: 'user' }), CommanderError);
    }
    assert.deepEqual(told, ["error: unknown option '--nope'"]);
  });

  it('is not used for help and version, which are no mistakes', () => {
    assert.equal(exitCodeOf('--version'), 0);
    assert.equal(exitCodeOf('mail', '--help'), 0);
  });
});

it('examples come first in the help', () => {
  let shown = '';
  const command = withExamples(new Command('x'), ['x one', 'x two']).configureOutput({
    writeOut: (text) => {
      shown += text;
    },
  });
  command.outputHelp();
  assert.match(shown, /^Examples:\n {2}x one\n {2}x two\n\nUsage: x/);
});

it('whatever is thrown has a message', () => {
  assert.equal(messageOf(new Error('a')), 'a');
  assert.equal(messageOf('b'), 'b');
});
