import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refusalOf, type Usage, whyNotAllSuites } from '../../../../src/cli/check/usage.ts';

const usage = (change: Partial<Usage>): Usage => ({
  targets: [],
  from: undefined,
  input: undefined,
  resume: undefined,
  format: undefined,
  json: false,
  withoutRecording: false,
  ...change,
});

describe('which words go together', () => {
  const wrong: readonly (readonly [Partial<Usage>, RegExp])[] = [
    [{}, /name a target/],
    [{ targets: ['a.test'], json: true, format: 'text' }, /--json and --format text/],
    [{ from: 'x', targets: ['a.test'] }, /--from has its targets/],
    [{ from: 'x', input: 'y' }, /--from has its targets/],
    [{ targets: ['-', '-'] }, /stdin can be read once only/],
    [{ targets: ['-'], input: '-' }, /stdin can be read once only/],
    [{ targets: ['-'], resume: 's', format: 'ndjson' }, /--resume goes on with the list of --input FILE/],
    [{ input: '-', resume: 's', format: 'ndjson' }, /stdin cannot be read again/],
    [{ targets: ['a.test'], input: 'x', resume: 's', format: 'ndjson' }, /name no target beside it/],
    [{ input: 'x', resume: 's' }, /--format ndjson, or csv; text is one document/],
    [{ input: 'x', resume: 's', json: true }, /--format ndjson, or csv; json is one document/],
    [{ input: 'x', resume: 's', format: 'sarif' }, /sarif is one document, which one run writes/],
    [{ input: 'x', resume: 's', format: 'nagios' }, /nagios adds up all targets of one run/],
    [{ input: 'x', resume: 's', format: 'openmetrics' }, /openmetrics adds up all targets of one run/],
    [
      { targets: ['a.test'], withoutRecording: true },
      /--no-recording is for .*; text holds no recording anyway/,
    ],
    [{ input: 'x', format: 'csv', withoutRecording: true }, /csv holds no recording anyway/],
    [{ from: 'x', resume: 's', format: 'ndjson' }, /--resume goes on with the list of --input FILE/],
  ];
  for (const [change, because] of wrong) {
    it(`${JSON.stringify(change)} do not`, () => assert.match(refusalOf(usage(change)) ?? '', because));
  }

  it('--suites all is for one domain or server, and for no list', () => {
    const why = (change: Partial<Usage>, depth: 'quick' | 'standard' = 'standard'): string =>
      whyNotAllSuites(usage(change), depth) ?? '';
    const one = ['mx.example.test:25'];
    for (const targets of [one, ['a.test']]) assert.equal(why({ targets }), '');
    for (const change of [{ targets: [...one, ...one] }, { targets: ['-'] }, { targets: [], input: 'x' }])
      assert.match(why(change), /name one domain, or one server such as mx/);
    assert.match(why({ targets: one, input: 'x' }), /or one server/);
    assert.match(why({ targets: one }, 'quick'), /--depth quick do not go together/);
  });

  const right: readonly Partial<Usage>[] = [
    { targets: ['a.test'] },
    { targets: ['-'], format: 'ndjson' },
    { targets: ['a.test'], input: 'x' },
    { input: '-' },
    { from: '-', json: true, format: 'json' },
    { input: 'x', resume: 's', format: 'ndjson' },
    { input: 'x', resume: 's', format: 'csv' },
    { input: 'x', format: 'sarif' },
    { input: 'x', format: 'ndjson', withoutRecording: true },
    { targets: ['a.test'], json: true, withoutRecording: true },
  ];
  for (const change of right) {
    it(`${JSON.stringify(change)} do`, () => assert.equal(refusalOf(usage(change)), undefined));
  }
});
