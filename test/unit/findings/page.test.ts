import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { catalogue, checkIds, entryOf } from '../../../src/findings/catalogue.ts';
import type { CheckEntry } from '../../../src/findings/check.ts';
import { findingsPage } from '../../findings/page.ts';

const entries: readonly (readonly [string, CheckEntry])[] = Object.entries(catalogue);

describe('docs/findings.md', () => {
  it('is what the catalogue says: node_modules/.bin/node test/findings/run.ts --write', () => {
    assert.equal(readFileSync('docs/findings.md', 'utf8'), findingsPage(catalogue));
  });

  it('has every check once', () => {
    const text = findingsPage(catalogue);
    for (const id of checkIds) assert.equal(text.split(`\n### ${id}\n`).length, 2, id);
  });

  it('shows lines with backticks as they are', () => {
    const fix = [
      { who: 'mail-provider', do: 'Do.', lines: [{ for: 'sendmail', text: "define(`X', `y')dnl" }] },
    ] as const;
    const page = findingsPage({ 'x.y': { title: 't', severity: 'low', why: 'w', fix, reference: 'r' } });
    assert.ok(page.includes("  - sendmail: `` define(`X', `y')dnl ``"), page);
  });
});

describe('every check', () => {
  for (const [id, { title, why, fix, reference }] of entries) {
    it(`${id} has words, an order that is a sentence, and a reference`, () => {
      assert.match(id, /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/);
      assert.ok(title.length > 0 && title.length <= 80 && !title.endsWith('.'), title);
      assert.match(why, /\.$/);
      assert.ok(reference.length > 0);
      for (const { do: order, lines = [], verify } of fix) {
        assert.match(order, /^[A-Z].*[.)]$/s, order);
        for (const line of [...lines.map(({ text }) => text), ...(verify === undefined ? [] : [verify])]) {
          assert.ok(!/[\r\n]/.test(line), line);
        }
      }
    });
  }

  it('is found by its id', () => {
    for (const [id, entry] of entries) assert.ok(checkIds.includes(id) && entry.title.length > 0);
    assert.equal(entryOf('starttls.not-offered'), catalogue['starttls.not-offered']);
  });
});
