/** The cases of docs/policy.md have the tests that the page names. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'policy.md'), 'utf8');

interface Named {
  readonly file: string;
  readonly title: string;
}

/** The tests in a text: `file`: “title”; a file alone stands in the folder of its section. */
function testsIn(text: string, folder: string): Named[] {
  return [...text.matchAll(/`([^`]+\.test\.ts)`: “([^”]+)”/g)].map(([, file = '', title = '']) => ({
    file: file.startsWith('test/') ? file : `${folder}${file}`,
    title: title.replaceAll(String.raw`\"`, '"'),
  }));
}

function checkNamed({ file, title }: Named): void {
  assert.ok(existsSync(join(root, file)), `${file} is not there`);
  const text = readFileSync(join(root, file), 'utf8').replaceAll(String.raw`\'`, "'");
  assert.ok(text.includes(title), `${file} has no test “${title}”`);
}

const sections = [
  { name: 'MTA-STS', letter: 'S', cases: 22, folder: 'test/unit/policies/mta-sts/' },
  { name: 'DANE', letter: 'D', cases: 26, folder: 'test/unit/policies/dane/' },
  { name: 'the policy list', letter: 'L', cases: 17, folder: 'test/unit/policies/list/' },
  { name: 'Memory', letter: 'R', cases: 22, folder: 'test/unit/policies/memory/' },
] as const;

for (const { name: section, letter, cases, folder } of sections) {
  describe(`docs/policy.md, ${section}`, () => {
    const rows = [...page.matchAll(new RegExp(`^\\| (${letter}\\d+) \\|.*$`, 'gm'))].map(
      ([row, name = '']) => ({
        row,
        name,
      }),
    );

    it(`has a row for each of ${letter}1 to ${letter}${cases}`, () => {
      assert.deepEqual(
        rows.map(({ name }) => name),
        Array.from({ length: cases }, (_, index) => `${letter}${index + 1}`),
      );
    });

    for (const { row, name } of rows) {
      const tests = testsIn(row, folder);
      it(`${name} names a test, or says with what it comes`, () => {
        assert.ok(tests.length > 0 || / comes with /.test(row), row);
      });
      for (const named of tests) it(`${name}: ${named.file}: ${named.title}`, () => checkNamed(named));
    }
  });
}

it('the tests that docs/policy.md names beside its tables are there', () => {
  const prose = page.replaceAll(/^\|.*$/gm, '');
  for (const named of testsIn(prose.replaceAll('\n', ' '), '')) checkNamed(named);
});
