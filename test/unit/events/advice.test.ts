import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { adviceJsonSchema, adviceSchema } from '../../../src/events/advice.ts';
import { adviceReport, adviceScenes } from '../../support/advices.ts';

describe('the schema of an advice', () => {
  it('is the one that is published; docs/schema/advise.schema.json is made from it', () => {
    const published: unknown = JSON.parse(readFileSync('docs/schema/advise.schema.json', 'utf8'));
    assert.deepEqual(adviceJsonSchema(), published);
  });

  for (const [name, scene] of Object.entries(adviceScenes)) {
    it(`takes an advice: ${name}`, () => {
      const report = adviceReport(scene);
      assert.deepEqual(adviceSchema.parse(JSON.parse(JSON.stringify(report))), report);
    });
  }

  it('takes no key that it does not know', () => {
    const report = { ...adviceReport(adviceScenes.done), more: 1 };
    assert.equal(adviceSchema.safeParse(report).success, false);
  });
});
