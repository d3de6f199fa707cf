import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseToml, readToml } from '../../../../src/cli/config/toml.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-toml-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function linesOf(text: string): Readonly<Record<string, number>> {
  const parsed = parseToml(text);
  assert.equal(parsed.kind, 'ok');
  return Object.fromEntries(parsed.lines);
}

function dotted(count: number): string {
  return Array.from({ length: count }, () => 'a').join('.');
}

describe('the line of a key', () => {
  it('is the first of its statement, also behind values that span lines', () => {
    const text = [
      'hostname = "a.test"',
      '',
      '[relay] # comment',
      'retry = [',
      '  "1m", # [limits]',
      ']',
      'tls = """',
      '[limits]',
      'may"""',
      'max_hops = 3',
    ].join('\n');
    assert.deepEqual(linesOf(text), {
      hostname: 1,
      relay: 3,
      'relay.retry': 4,
      'relay.retry[0]': 4,
      'relay.tls': 7,
      'relay.max_hops': 10,
    });
  });

  it('counts the items of lists of tables', () => {
    const lines = linesOf('[[route]]\nmatch = "a"\n[[route]]\n[route.x]\ny = 1\n');
    assert.equal(lines['route[0].match'], 2);
    assert.equal(lines['route[1]'], 3);
    assert.equal(lines['route[1].x.y'], 5);
  });

  it('is known for inline tables, dotted and quoted keys, and with CRLF', () => {
    const lines = linesOf('a.b = 1\r\n"my key" = 2\r\nroute = [{ match = "a" }]\r\n');
    assert.deepEqual([lines['a.b'], lines['"my key"'], lines['route[0].match']], [1, 2, 3]);
  });

  it('never keeps a document from being read', () => {
    const long = `a = [\n${'1,\n'.repeat(1000)}]\nb = 1\n`;
    assert.deepEqual(linesOf(long), {});
  });
});

describe('hostile TOML', () => {
  const cases: readonly (readonly [why: string, text: string, line: number])[] = [
    ['is not TOML', 'a = 1\nb == 2\n', 2],
    ['defines a key twice', 'a = 1\na = 2\n', 2],
    ['leaves a string open', 'a = "x\n', 1],
    ['nests without end', `a = ${'['.repeat(5000)}`, 1],
    ['has a number that would lose digits', 'a = 99999999999999999999', 1],
    ['holds a NUL', 'a = "\0"', 1],
  ];
  for (const [why, text, line] of cases) {
    it(`that ${why} is refused with its line`, () => {
      const parsed = parseToml(text);
      assert.equal(parsed.kind, 'invalid');
      assert.equal(parsed.line, line);
      assert.doesNotMatch(parsed.because, /\n/);
    });
  }

  it('that nests tables by headers or dotted keys is refused too, whatever the depth', () => {
    assert.equal(parseToml(`[${dotted(15)}]\nb = 1\n`).kind, 'ok');
    for (const count of [18, 20_000]) {
      for (const text of [`[${dotted(count)}]\n`, `${dotted(count)} = 1\n`]) {
        const parsed = parseToml(text);
        assert.equal(parsed.kind, 'invalid');
        assert.equal(parsed.because, 'has tables more than 16 levels deep');
      }
    }
  });

  it('keeps no date: no key takes one, and as an object it would pass for an empty table', () => {
    const parsed = parseToml('relay = 1979-05-27\nroute = [07:32:00]\n');
    assert.equal(parsed.kind, 'ok');
    assert.deepEqual({ ...parsed.tree }, { relay: null, route: [null] });
  });

  it('cannot reach the prototype of anything', () => {
    const parsed = parseToml('__proto__ = { polluted = 1 }\n[constructor.prototype]\npolluted = 1\n');
    assert.equal(parsed.kind, 'ok');
    assert.equal(Reflect.get({}, 'polluted'), undefined);
    assert.equal(Object.getPrototypeOf(parsed.tree), null);
  });

  it('any text is parsed or refused, never thrown', () => {
    const line = fc.constantFrom(
      '[a]',
      '[[a]]',
      'a = 1',
      'b = """',
      '"""',
      'c = [',
      ']',
      '# x',
      'a.b = {}',
      '',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n')),
    );
    fc.assert(fc.property(text, (toml) => ['ok', 'invalid'].includes(parseToml(toml).kind)));
  });
});

describe('a file', () => {
  it('is absent where there is none, also below something that is no folder', () => {
    assert.equal(readToml(join(folder, 'none.toml')).kind, 'absent');
    assert.equal(readToml(join(write('plain', ''), 'x.toml')).kind, 'absent');
  });

  it('is read with a byte order mark', () => {
    const read = readToml(write('bom.toml', '\ufeffa = 1\n'));
    assert.equal(read.kind, 'ok');
    assert.equal(read.tree['a'], 1);
  });

  const refused: readonly (readonly [string, () => string, RegExp])[] = [
    ['a folder', () => folder, /^cannot be read: EISDIR/],
    ['not UTF-8', () => write('latin.toml', Uint8Array.of(0x61, 0x3d, 0x22, 0xe9, 0x22)), /^is not UTF-8$/],
    ['over 1 MiB', () => write('big.toml', '#'.repeat(1024 * 1024 + 1)), /^is larger than 1048576 bytes$/],
  ];
  for (const [what, file, because] of refused) {
    it(`that is ${what} is refused`, () => {
      const read = readToml(file());
      assert.equal(read.kind, 'invalid');
      assert.match(read.because, because);
    });
  }

  it('of exactly 1 MiB is read', () => {
    assert.equal(readToml(write('full.toml', '#'.repeat(1024 * 1024))).kind, 'ok');
  });
});
