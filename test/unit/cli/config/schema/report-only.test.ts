import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportOnly } from '../../../../../src/cli/config/schema/report-only.ts';

const DAY = 86_400_000;

describe('[report_only]', () => {
  it('keeps a month where nothing is said', () => {
    assert.deepEqual(reportOnly.parse(undefined), { mode: 'on', keepMs: 30 * DAY });
  });

  it('is read', () => {
    assert.deepEqual(reportOnly.parse({ mode: 'off', keep: '1d' }), { mode: 'off', keepMs: DAY });
  });

  it('refuses less than the day by which it is kept', () => {
    const faults = reportOnly.safeParse({ keep: '23h' }).error?.issues ?? [];
    assert.deepEqual(
      faults.map(({ path, message }) => [path, message]),
      [[['keep'], 'has to be 1d at least: it is kept by day']],
    );
  });
});
