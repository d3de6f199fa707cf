import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';

const source = import.meta.resolve('../../../src/cli/own-log.ts');

/** Logs in a process of its own, which ends at once behind that. @returns its lines as they are. */
async function written(program: string): Promise<readonly string[]> {
  const code = `import { openOwnLog } from ${JSON.stringify(source)}; const { log, end } = openOwnLog(); ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return said.trimEnd().split('\n');
}

async function lines(program: string): Promise<readonly string[]> {
  return (await written(program)).map((line) => String(JSON.parse(line).msg));
}

describe('the log of the program', () => {
  it('is written to its end, in order, before the process ends, also where threads are busy', async () => {
    // All threads that write are busy, so the first line is still under way when the last one is logged.
    const busy = `import { pbkdf2 } from 'node:crypto';
      for (let n = 0; n < 6; n++) pbkdf2('x', 'y', 30_000, 32, 'sha512', () => undefined);`;
    const program = `${busy} log.info('stopping'); log.info('between'); log.info('stopped'); await end(); log.error('late'); process.exit(0);`;
    assert.deepEqual(await lines(program), ['stopping', 'between', 'stopped']);
  });

  it('has one level in each line, of how bad it is: a TLS level is called otherwise', async () => {
    const program = `log.warn({ domain: 'a.test', level: 'encrypt' }, 'x'); await end();`;
    const [line = ''] = await written(program);
    assert.equal(line.split('"level":').length, 2, line);
    const { level, tlsLevel, domain } = JSON.parse(line);
    assert.deepEqual([level, tlsLevel, domain], [40, 'encrypt', 'a.test']);
  });

  it('keeps no process that nobody reads any more', async () => {
    const code = `import { openOwnLog } from ${JSON.stringify(source)}; const { log, end } = openOwnLog();
      process.stdin.once('data', () => { log.info('x'); setTimeout(() => { log.info('y'); void end().then(() => process.exit(7)); }, 50); });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    child.stderr.destroy();
    child.stdin.write('go');
    const [exit] = await once(child, 'exit');
    assert.equal(exit, 7);
  });
});
