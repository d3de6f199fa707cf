import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRows, kindOf } from '../../../../../src/cli/check/formats/kinds.ts';
import type { Format } from '../../../../../src/cli/check/output.ts';

const forms: readonly Format[] = [
  'text',
  'json',
  'ndjson',
  'csv',
  'sarif',
  'junit',
  'nagios',
  'openmetrics',
  'html',
  'markdown',
];

describe('how results of a form stand beside each other', () => {
  it('lines are rows, which any thread and several runs may write; nothing else is', () => {
    assert.deepEqual(forms.filter(isRows), ['ndjson', 'csv']);
  });

  it('sums and pages are told apart: only pages have an order', () => {
    assert.deepEqual(
      forms.filter((form) => kindOf(form) === 'sums'),
      ['nagios', 'openmetrics'],
    );
  });
});
