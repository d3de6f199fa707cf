import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { configOf, errorsOf, load } from '../support.ts';

const KEY = 's07ycIZgzKdur+RfWRj5jZ9os527sbguJzD3d0HNQxw=';

function list(rest: string): string {
  return `[list]\nkeys = ["${KEY}"]\n${rest}\n`;
}

describe('[list]', () => {
  it('is none without a key', () => {
    assert.equal(configOf('').list, null);
    assert.equal(configOf('[list]\nrefresh = "2h"\n').list, null);
  });

  it('with keys alone is one that is imported', () => {
    assert.deepEqual(configOf(list('')).list, {
      source: null,
      keys: [{ id: '8bf8eebe700a93eb', base64: KEY }],
      refreshMs: 3_600_000,
    });
  });

  it('may come from a file, by its place beside the configuration', () => {
    const source = configOf(list('source = "lists/policy.json"\nrefresh = "5m"')).list?.source;
    assert.ok(source?.kind === 'file');
    assert.match(source.path, /^\/.*\/lists\/policy\.json$/);
  });

  it('may come over HTTPS, from a host by its name', () => {
    assert.deepEqual(configOf(list('source = "https://Lists.test:8443/a/policy.json"')).list?.source, {
      kind: 'url',
      url: 'https://Lists.test:8443/a/policy.json',
      host: 'lists.test',
      port: 8443,
      path: '/a/policy.json',
    });
  });

  for (const url of [
    'http://lists.test/policy.json',
    'ftp://lists.test/policy.json',
    'https://lists.test',
    'https://user@lists.test/policy.json',
    'https://lists.test/policy.json?new',
    'https://lists.test/policy.json#x',
    'https://lists.test:0/policy.json',
    'https://lists.test:65536/policy.json',
    'https://[::1]/policy.json',
    'https://192.0.2.1/policy.json',
    'https://lists.test/a b',
  ])
    it(`does not come from ${url}`, () => {
      const errors = errorsOf(load(list(`source = "${url}"`)));
      assert.deepEqual(
        errors.map(({ path }) => path),
        ['list.source'],
      );
    });

  it('names no key twice', () => {
    const errors = errorsOf(load(`[list]\nkeys = ["${KEY}", "${KEY}"]\n`));
    assert.deepEqual(
      errors.map(({ path, message }) => `${path}: ${message}`),
      ['list.keys: names 8bf8eebe700a93eb twice'],
    );
  });
});
