import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { checkIds } from '../../../src/findings/catalogue.ts';
import { notHere } from '../../zoo/not-here.ts';
import { pageFile, shownIds, zooPage } from '../../zoo/page.ts';
import { unchecked } from '../../zoo/unchecked.ts';

describe('docs/zoo.md', () => {
  it('is what `node_modules/.bin/node test/zoo/run.ts page` writes', () => {
    assert.equal(readFileSync(pageFile, 'utf8'), zooPage());
  });

  it('shows for each check what provokes and what clears it, or why nothing here does', () => {
    const missing = shownIds().flatMap(({ id, provokedBy, clearedBy, elsewhere }) => [
      ...(provokedBy.length > 0 || elsewhere?.provoked !== undefined ? [] : [`nothing provokes ${id}`]),
      ...(clearedBy.length > 0 || elsewhere?.cleared !== undefined ? [] : [`nothing clears ${id}`]),
    ]);
    assert.deepEqual(missing, []);
  });

  it('has no excuse for what is shown all the same', () => {
    const idle = shownIds().flatMap(({ id, provokedBy, clearedBy, elsewhere }) => [
      ...(provokedBy.length > 0 && elsewhere?.provoked !== undefined ? [`${id} is provoked`] : []),
      ...(clearedBy.length > 0 && elsewhere?.cleared !== undefined ? [`${id} is cleared`] : []),
    ]);
    assert.deepEqual(idle, []);
    assert.deepEqual(
      Object.keys(notHere).filter((id) => !checkIds.includes(id)),
      [],
    );
  });

  it('says of nothing that a unit test has it which none has', () => {
    const rules = join(import.meta.dirname, '..', 'findings', 'rules');
    const tests = readdirSync(rules)
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(join(rules, name), 'utf8'))
      .join('');
    assert.deepEqual(
      Object.keys(notHere).filter((id) => !tests.includes(`'${id}`)),
      [],
    );
  });

  it('calls nothing unchecked that is checked, and nothing twice', () => {
    const ids = unchecked.flatMap((one) => one.ids);
    assert.deepEqual(
      ids.filter((id) => checkIds.includes(id)),
      [],
    );
    assert.equal(new Set(ids).size, ids.length);
  });
});
