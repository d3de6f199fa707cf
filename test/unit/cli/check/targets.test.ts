import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatTarget } from '../../../../src/cli/check/target.ts';
import { targetsFrom } from '../../../../src/cli/check/targets.ts';

const terms = { protocol: undefined, tls: undefined } as const;

async function* stdin(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function read(named: readonly string[], ...texts: readonly string[]): Promise<readonly string[]> {
  const targets = await Array.fromAsync(targetsFrom(named, terms, stdin(...texts)));
  return targets.map((one) => (one.kind === 'ok' ? formatTarget(one.value.target) : one.because));
}

describe('the targets of a run', () => {
  it('are those that are named, and those of stdin in the place of -', async () => {
    assert.deepEqual(await read(['a.test', '-', 'b.test:25'], 'c.test\n# none\n\n  d.test \r\ne.te', 'st'), [
      'a.test',
      'c.test',
      'd.test',
      'e.test',
      'b.test:25',
    ]);
  });

  it('have the place in their list, where they stand in one', async () => {
    const targets = await Array.fromAsync(targetsFrom(['a.test', '-'], terms, stdin('# none\n\nb.test\n')));
    assert.deepEqual(
      targets.map((one) => one.kind === 'ok' && one.value.place),
      [null, { file: 'stdin', line: 3 }],
    );
  });

  it('one that is none is told with its line, and the others go on', async () => {
    const found = await read(['-'], 'a.test\nuser@b.test\nc.test\n');
    assert.deepEqual([found[0], found[2]], ['a.test', 'c.test']);
    assert.match(found[1] ?? '', /^line 2 of stdin: "user@b\.test" is the address of a mailbox/);
  });

  it('nothing is read behind a line that never ends; those before it, and those named, go on', async () => {
    const found = await read(['-', 'b.test'], 'a.test\n', 'x'.repeat(5_000), '\nc.test\n');
    assert.deepEqual(found, ['a.test', 'stdin: line 2 is longer than 4096 octets', 'b.test']);
  });

  it('a stdin without any is no run in which nothing was wrong', async () => {
    for (const text of ['', '\n \n', '# none\n# at all'])
      assert.deepEqual(await read(['-', 'b.test'], text), ['stdin: there is no target in it', 'b.test']);
  });

  it('a byte order mark is no part of the first', async () => {
    assert.deepEqual(await read(['-'], '\ufeffa.test\nb.test\n'), ['a.test', 'b.test']);
  });

  it('are read one by one', async () => {
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a.test\nb.');
      await new Promise(() => undefined);
    }
    const targets = targetsFrom(['-'], terms, slow());
    assert.equal((await targets.next()).value?.kind, 'ok');
  });
});
