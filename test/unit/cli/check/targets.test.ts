import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChangedInput } from '../../../../src/cli/check/input.ts';
import { formatTarget } from '../../../../src/cli/check/target.ts';
import { type List, targetsFrom } from '../../../../src/cli/check/targets.ts';

const terms = { protocol: undefined, tls: undefined } as const;

async function* stdin(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

function listsOf(chunks: AsyncIterable<Uint8Array>, input?: List): Parameters<typeof targetsFrom>[2] {
  return { stdin: { name: 'stdin', chunks, isDone: () => false }, input };
}

async function read(named: readonly string[], ...texts: readonly string[]): Promise<readonly string[]> {
  const targets = await Array.fromAsync(targetsFrom(named, terms, listsOf(stdin(...texts))));
  return targets.map(({ target }) => (target.kind === 'ok' ? formatTarget(target.value) : target.because));
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

  it('may have a comment behind them', async () => {
    assert.deepEqual(await read(['-'], 'a.test  # of us\n\t# none\nb.test\t#none\n'), ['a.test', 'b.test']);
  });

  it('of a list with columns are none, and once it is said what to do', async () => {
    const found = await read(['-'], '1,a.test\n2,b.test\n');
    assert.match(found[0] ?? '', /^line 1 of stdin: .*; a list has one target a line: .* cut -d, -f2$/);
    assert.doesNotMatch(found[1] ?? '', /cut/);
  });

  it('have the place in their list, where they stand in one', async () => {
    const targets = await Array.fromAsync(
      targetsFrom(['a.test', '-'], terms, listsOf(stdin('# none\n\nb.test\nc..test\n'))),
    );
    assert.deepEqual(
      targets.map(({ place }) => place),
      [null, { file: 'stdin', line: 3 }, { file: 'stdin', line: 4 }],
    );
  });

  it('one that is none is told with its line, and the others go on', async () => {
    const found = await read(['-'], 'a.test\nuser@b.test\nc.test\n');
    assert.deepEqual([found[0], found[2]], ['a.test', 'c.test']);
    assert.match(found[1] ?? '', /^line 2 of stdin: "user@b\.test" is the address of a mailbox/);
  });

  it('one that is no text, or far too long, is told with its line, and the others go on', async () => {
    async function* octets(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a.test\n');
      yield Buffer.from([0xff, 0x2e, 0x61, 0x0a]);
      yield Buffer.from(`${'x'.repeat(5_000)}\nc.test\n`);
    }
    const listed = await Array.fromAsync(targetsFrom(['-', 'b.test'], terms, listsOf(octets())));
    assert.deepEqual(
      listed.map(({ place, target }) => [
        place?.line,
        target.kind === 'ok' ? formatTarget(target.value) : target.because,
      ]),
      [
        [1, 'a.test'],
        [2, 'stdin: line 2 is not UTF-8'],
        [3, 'stdin: line 3 is longer than 4096 octets'],
        [4, 'c.test'],
        [undefined, 'b.test'],
      ],
    );
  });

  it('a comment may be as long as it likes, in whatever it is written', async () => {
    async function* octets(): AsyncGenerator<Uint8Array> {
      yield Buffer.from([0x23, 0xe4, 0x0a]);
      yield Buffer.from(` # ${'x'.repeat(5_000)}\na.test\n`);
    }
    const listed = await Array.fromAsync(targetsFrom(['-'], terms, listsOf(octets())));
    assert.deepEqual(
      listed.map(({ place, target }) => [place?.line, target.kind]),
      [[3, 'ok']],
    );
  });

  it('nothing is read behind a line without end; those before it, and those named, go on', async () => {
    async function* octets(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a.test\n');
      for (;;) yield Buffer.alloc(65_536, 'x');
    }
    const found = (await Array.fromAsync(targetsFrom(['-', 'b.test'], terms, listsOf(octets())))).map(
      ({ target }) => (target.kind === 'ok' ? formatTarget(target.value) : target.because),
    );
    assert.match(found[1] ?? '', /^stdin: line 2 has more than \d+ octets and no end$/);
    assert.deepEqual([found[0], found[2], found.length], ['a.test', 'b.test', 3]);
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
    const targets = targetsFrom(['-'], terms, listsOf(slow()));
    assert.equal((await targets.next()).value?.target.kind, 'ok');
  });

  it('of a file come behind those that are named, with their lines; what is done is left out', async () => {
    const input = { name: 'list', chunks: stdin('a.test\n# b\nc.test\n\nd..test\ne.test'), isDone };
    function isDone(line: number): boolean {
      return line === 3;
    }
    const listed = await Array.fromAsync(
      targetsFrom(['-', 'y.test'], terms, listsOf(stdin('x.test\n'), input)),
    );
    assert.deepEqual(
      listed.map(({ place, target }) => [
        place === null ? 'named' : `${place.file}:${place.line}`,
        target.kind === 'ok' ? formatTarget(target.value) : target.because.slice(0, 15),
      ]),
      [
        ['stdin:1', 'x.test'],
        ['named', 'y.test'],
        ['list:1', 'a.test'],
        ['list:5', 'line 5 of list:'],
        ['list:6', 'e.test'],
      ],
    );
  });

  it('of a file that changes under us, or cannot be read to its end, are told of', async () => {
    async function* failing(error: Error): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a.test\n');
      throw error;
    }
    const faults = [
      new ChangedInput('list has changed while it was read'),
      Object.assign(new Error('EIO: i/o error, read'), { syscall: 'read' }),
    ];
    for (const fault of faults) {
      const input = { name: 'list', chunks: failing(fault), isDone: () => false };
      const listed = await Array.fromAsync(targetsFrom([], terms, listsOf(stdin(), input)));
      assert.deepEqual(
        listed.map(({ target }) => (target.kind === 'ok' ? 'ok' : target.because)),
        ['ok', fault instanceof ChangedInput ? fault.message : `list: ${fault.message}`],
      );
    }
    const ours = { name: 'list', chunks: failing(new TypeError('ours')), isDone: () => false };
    await assert.rejects(Array.fromAsync(targetsFrom([], terms, listsOf(stdin(), ours))), TypeError);
  });
});
