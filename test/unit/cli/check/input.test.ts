import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ChangedInput, inputOf, surveyOf } from '../../../../src/cli/check/input.ts';

function fileWith(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-input-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'list');
  writeFileSync(file, text);
  return file;
}

describe('a list in a file', () => {
  it('is surveyed: its digest, and how many lines have a target', async (t) => {
    const texts: readonly (readonly [string, number])[] = [
      ['', 0],
      ['a.test', 1],
      ['a.test\n\n# b.test\r\n\r\nc.test\r\n', 2],
      [`${'a.test\n'.repeat(300_000)}b.test`, 300_001],
    ];
    for (const [text, targets] of texts) {
      const sha256 = createHash('sha256').update(text).digest('hex');
      assert.deepEqual(await surveyOf(fileWith(t, text)), { kind: 'ok', value: { sha256, targets } });
    }
  });

  it('that is no file can be read once only; one that is not there is told', async (t) => {
    assert.deepEqual(await surveyOf('/dev/null'), { kind: 'ok', value: undefined });
    const missing = await surveyOf(`${fileWith(t, '')}.not`);
    assert.match(
      missing.kind === 'invalid' ? missing.because : '',
      /^--input .*list\.not: there is no such file$/,
    );
    const folder = await surveyOf(tmpdir());
    assert.match(folder.kind === 'invalid' ? folder.because : '', /it is a folder; name a file/);
  });

  it('that changes behind its survey is told of at its end', async (t) => {
    const file = fileWith(t, 'a.test\n');
    const survey = await surveyOf(file);
    assert.ok(survey.kind === 'ok');
    assert.equal(Buffer.concat(await Array.fromAsync(inputOf(file, survey.value))).toString(), 'a.test\n');
    appendFileSync(file, 'b.test\n');
    await assert.rejects(Array.fromAsync(inputOf(file, survey.value)), ChangedInput);
    assert.equal((await Array.fromAsync(inputOf(file, undefined))).length, 1);
  });
});
