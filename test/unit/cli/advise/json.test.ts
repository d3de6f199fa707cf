import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toAdviceReport } from '../../../../src/cli/advise/json.ts';
import { adviceFor, adviceScenes } from '../../../support/advices.ts';

describe('an advice as JSON', () => {
  it('has every step with what is to be pasted, and null where there is no command', () => {
    const advice = adviceFor(adviceScenes.half);
    const report = toAdviceReport(advice);
    assert.deepEqual(
      [report.schema, report.domain, report.at],
      ['waxwing.advise/1', 'example.test', '2030-01-01T00:00:00.000Z'],
    );
    assert.deepEqual(
      report.steps.map(({ id, state, wait }) => ({ id, state, wait })),
      advice.steps.map(({ id, state, wait }) => ({ id, state, wait })),
    );
    const remedies = report.steps.flatMap(({ do: some }) => some);
    assert.ok(remedies.some(({ lines }) => lines.some(({ text }) => text.includes(' IN TLSA 3 1 1 '))));
    assert.ok(remedies.every(({ verify }) => verify === null || verify.length > 0));
  });

  it('says why there is nothing to advise', () => {
    const report = toAdviceReport(adviceFor(adviceScenes.noMail));
    assert.match(report.nothing ?? '', /accepts no mail/);
    assert.deepEqual([report.steps, report.next], [[], null]);
  });
});
