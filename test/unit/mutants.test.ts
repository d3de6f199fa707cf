import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

/** What a hunk expects to find: its context and the lines that it takes out. */
function expectedBy(hunk: string): string {
  const lines = hunk.split('\n').slice(1);
  return lines
    .filter((line) => line.startsWith(' ') || line.startsWith('-'))
    .map((line) => line.slice(1))
    .join('\n');
}

describe('every mutant still finds the guard that it breaks', () => {
  for (const patch of globSync('test/mutants/*.patch').toSorted()) {
    it(patch, () => {
      const text = readFileSync(patch, 'utf8');
      const file = /^--- a\/(.+)$/m.exec(text)?.[1] ?? assert.fail('no file is named');
      const source = readFileSync(file, 'utf8');
      const [, ...hunks] = text.split(/^(?=@@ )/m);
      assert.ok(hunks.length > 0);
      for (const hunk of hunks)
        assert.ok(source.includes(expectedBy(hunk)), `${file} has changed: make the patch anew`);
    });
  }

  it('and there are at least eight of them', () => {
    assert.ok(globSync('test/mutants/*.patch').length >= 8);
  });
});
