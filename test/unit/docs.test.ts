import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { eventNames } from '../../src/events/delivery-event.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const sources = globSync('src/**/*.ts', { cwd: root });

describe('docs/rfcs.md', () => {
  /** The rows `| RFC nnnn | ... |`: number to status. */
  function rows(): Map<string, string> {
    const found = new Map<string, string>();
    for (const row of read('docs/rfcs.md').matchAll(/^\| *\[?RFC (\d+)\b[^|]*\|(.*)\|\s*$/gm)) {
      const status = (row[2] ?? '')
        .split('|')
        .map((cell) => cell.trim())
        .find((cell) => /^(?:yes|partly|no)\b/.test(cell));
      const number = row[1] ?? '';
      assert.ok(status !== undefined, `RFC ${number} has no status: yes, partly or no`);
      assert.ok(!found.has(number), `RFC ${number} is listed twice`);
      found.set(number, /^\w+/.exec(status)?.[0] ?? '');
    }
    assert.notEqual(found.size, 0, 'there is no row');
    return found;
  }

  const cited = new Map<string, string>();
  for (const path of sources) {
    for (const citation of read(path).matchAll(/\bRFC[ -]?(\d+)/g)) cited.set(citation[1] ?? '', path);
  }

  it('lists every RFC that the source cites', () => {
    assert.ok(cited.size > 20);
    const listed = rows();
    const missing = [...cited]
      .filter(([number]) => !listed.has(number))
      .map(([number, path]) => `RFC ${number} (${path})`);
    assert.deepEqual(missing, []);
  });

  it('claims no RFC that the source does not cite', () => {
    const claimed = [...rows()].filter(([, status]) => status !== 'no').map(([number]) => number);
    assert.deepEqual(
      claimed.filter((number) => !cited.has(number)).map((number) => `RFC ${number}`),
      [],
    );
  });

  it('the source cites RFCs in one way: "RFC 5321 §4.1.2"', () => {
    const odd = sources.flatMap((path) =>
      [...read(path).matchAll(/\bRFC(?:-| {2,})?\d+|\bRFC \d+,? (?:section|sec\.|§ )/g)].map(
        (match) => `${path}: ${match[0]}`,
      ),
    );
    assert.deepEqual(odd, []);
  });
});

describe('docs/operating.md', () => {
  it('says what each event means', () => {
    const text = read('docs/operating.md');
    assert.deepEqual(
      eventNames.filter((name) => !text.includes(`\`${name}\``)),
      [],
    );
  });
});

describe('links', () => {
  const pages = globSync(['*.md', 'docs/**/*.md', 'test/**/*.md', 'bench/**/*.md'], { cwd: root });
  it('there are pages to look at', () => assert.ok(pages.includes('README.md')));

  for (const page of pages) {
    it(`every relative link in ${page} points to a file that is there`, () => {
      const prose = read(page)
        .replace(/^```[\s\S]*?^```/gm, '')
        .replace(/`[^`\n]*`/g, '');
      const targets = [...prose.matchAll(/\]\(<?([^)>\s]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s*(\S+)/gm)].map(
        (match) => match[1] ?? match[2] ?? '',
      );
      const files = targets
        .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
        .map((target) => target.split('#')[0] ?? '');
      assert.deepEqual(
        files.filter((file) => !existsSync(join(root, dirname(page), file))),
        [],
      );
    });
  }
});
